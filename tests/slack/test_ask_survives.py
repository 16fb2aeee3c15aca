"""An agent's question outlives the process that was answering it."""

from slack_house import House, text_of, until

from bot.answering.brief import Answer
from handlers.slack.questions import Question
from handlers.slack.sandbox.server import SUPPORT
from handlers.slack.sandbox.workspace import BOT_USER


async def test_a_question_of_a_process_that_ends_is_answered_by_the_next(house: House) -> None:
    """From the store, once, from the beginning, and the agent reads why."""
    house.gate.clear()
    house.answer = Answer(text="The bank refused.", model="test")
    house.ana.say("D0ANA", "What is PAY-4021?")
    await until(lambda: len(house.asked) == 1)
    await house.service.background.close()
    house.gate.set()
    await house.settle()
    assert len(house.asked) == 1
    for _ in range(2):
        await house.service.questions.sweep()
        await house.settle()
    assert len(house.asked) == 2
    reply = list(house.slack.workspace.channels["D0ANA"].messages.values())[-1]
    assert "interrupted" in text_of(reply) and "The bank refused." in text_of(reply)


async def test_a_mention_of_a_process_that_ends_is_answered_too(house: House) -> None:
    conversation, card = await house.taken()
    house.gate.clear()
    house.answer = Answer(text="The bank refused.", model="test")
    house.ana.say(SUPPORT, f"<@{BOT_USER}> what is this?", card["ts"])
    await until(lambda: len(house.asked) == 1)
    await house.service.background.close()
    house.gate.set()
    await house.service.questions.sweep()
    await house.settle()
    assert "The bank refused." in text_of(house.ana.prompts(SUPPORT)[-1])
    assert await house.customer_reads(conversation) == []


async def test_what_broke_off_again_and_again_is_said(house: House) -> None:
    """Two tries ended with their process: a third would be a loop."""
    event = {"type": "message", "channel": "D0ANA", "user": "U0ANA", "text": "What is PAY-4021?", "ts": "1.0"}
    question = Question(event=event, user="slack:U0ANA", who="Ana", tries=2)
    assert await house.service.memory.heard("Ev1", question.model_dump_json(), 60)
    assert not await house.service.memory.heard("Ev1", question.model_dump_json(), 60)
    await house.service.questions.sweep()
    await house.settle()
    assert house.asked == []
    said = [text_of(m) for m in house.slack.workspace.channels["D0ANA"].messages.values()]
    assert any("could not answer" in text for text in said)
    assert await house.service.memory.questions() == {}


async def test_what_is_being_answered_is_not_taken_by_another_process(house: House) -> None:
    house.gate.clear()
    house.answer = Answer(text="Yes.", model="test")
    house.ana.say("D0ANA", "Really?")
    await until(lambda: len(house.asked) == 1)
    await house.serve_another()
    await house.services[-1].questions.sweep()
    house.gate.set()
    await house.settle()
    assert len(house.asked) == 1
