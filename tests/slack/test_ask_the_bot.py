"""An agent asks the bot: in the Messages tab, streamed; by mention, privately. Nothing is lost when a stream ends."""

from slack_house import House, png, text_of
from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.brief import Answer
from bot.conversation import Citation, Facets
from handlers.slack.clock import HandClock
from handlers.slack.sandbox.server import BOT_TOKEN, SUPPORT, Sandbox
from handlers.slack.sandbox.workspace import BOT_USER
from handlers.slack.stream import Stream

SOURCE = Citation(n=1, article="cards.md", title="Replace a card", url="https://help.example/cards")


async def test_a_question_in_the_messages_tab_is_answered_in_a_stream_with_sources(house: House) -> None:
    house.ana.open_app()
    house.pieces, house.answer = (
        ["PAY-4021 means ", "that the bank refused [1]."],
        Answer(text="PAY-4021 means that the bank refused [1].", citations=(SOURCE,), model="test"),
    )
    await house.settle()
    assert len(house.slack.workspace.prompts["D0ANA"]) == 3

    house.ana.say("D0ANA", "What is PAY-4021?", files=[house.ana.upload("s.png", png())])
    await house.settle()
    assert house.asked == [("What is PAY-4021?", 1)]
    reply = list(house.slack.workspace.channels["D0ANA"].messages.values())[-1]
    assert "PAY-4021 means that the bank refused [1]." in text_of(reply)
    assert "<https://help.example/cards|Replace a card>" in text_of(reply)
    assert reply["streaming"] is False
    assert house.slack.workspace.statuses == {}
    called = [name for _, name, _ in house.slack.calls]
    assert {"assistant.threads.setStatus", "chat.startStream", "chat.stopStream"} <= set(called)

    await house.ana.click("D0ANA", reply["ts"], "ask_feedback", value={"button": "positive_button"})
    await house.settle()
    assert house.ana.prompts("D0ANA")[-1]["text"] == "Thank you, noted."


async def test_the_same_event_twice_is_answered_once(house: House) -> None:
    house.slack.faults.delivery = lambda payload: (0.0, 0.0, 5.0)
    house.answer = Answer(text="Yes.", model="test")
    house.ana.say("D0ANA", "Really?")
    await house.settle()
    assert len(house.asked) == 1


async def test_a_mention_in_a_thread_is_answered_to_the_one_who_asked_alone(house: House) -> None:
    conversation, card = await house.taken()
    house.answer = Answer(text="Choose **Replace card** [1].", citations=(SOURCE,), model="test")
    question = f"<@{BOT_USER}> what is this?"
    house.ana.say(SUPPORT, question, card["ts"], [house.ana.upload("s.png", png())])
    await house.settle()
    assert house.asked == [("what is this?", 1)]  # the event has no files: they were fetched
    assert await house.customer_reads(conversation) == []
    prompt = house.ana.prompts(SUPPORT)[-1]
    assert "Choose *Replace card* [1]." in text_of(prompt)
    assert house.ben.prompts(SUPPORT) == []

    await house.ana.click(SUPPORT, prompt["ts"], "ask_send")
    await house.settle()
    assert await house.customer_reads(conversation) == ["Choose **Replace card**."]
    assert house.ana.prompts(SUPPORT) == []


async def test_an_answer_in_the_messages_tab_can_go_to_ones_own_customer(house: House) -> None:
    conversation, _ = await house.taken("Where is the invoice?")
    house.answer = Answer(text="Under Billing [1].", citations=(SOURCE,), model="test")
    house.ana.say("D0ANA", "Where are invoices?")
    await house.settle()
    reply = list(house.slack.workspace.channels["D0ANA"].messages.values())[-1]
    assert "Send to customer: Where is the invoice?" in text_of(reply)
    await house.ana.click("D0ANA", reply["ts"], "ask_send_0")
    await house.settle()
    assert await house.customer_reads(conversation) == ["Under Billing."]


async def test_a_question_in_a_customers_thread_is_about_what_they_have(house: House) -> None:
    """Their plan and version, whoever said so; the agent is every audience. Elsewhere it is about nobody."""
    conversation, card = await house.taken()
    await house.desk.vouch(conversation, Facets(plan=("pro",), audience=("admin",)), 1)
    await house.desk.describe(conversation, {"version": ("8.2",), "language": "de"})
    house.answer = Answer(text="Yes.", model="test")
    house.ana.say(SUPPORT, f"<@{BOT_USER}> can they?", card["ts"])
    await house.settle()
    house.ana.say("D0ANA", "Can anybody?")
    await house.settle()
    assert house.about == [Facets(plan=("pro",), version=("8.2",)), Facets()]


async def test_an_answer_from_a_closed_article_stays_with_the_team(house: House) -> None:
    conversation, card = await house.taken()
    house.internal = (SOURCE.article,)
    house.answer = Answer(text="Refund by hand [1].", citations=(SOURCE,), model="test")
    house.ana.say(SUPPORT, f"<@{BOT_USER}> how?", card["ts"])
    await house.settle()
    prompt = house.ana.prompts(SUPPORT)[-1]
    assert "Refund by hand" in text_of(prompt) and "it is for the team" in text_of(prompt)
    house.ana.say("D0ANA", "How?")
    await house.settle()
    reply = list(house.slack.workspace.channels["D0ANA"].messages.values())[-1]
    assert "it is for the team" in text_of(reply)
    house.answer = Answer(text="By hand.", model="test", told=("cards.md",))
    house.ana.say(SUPPORT, f"<@{BOT_USER}> and now?", card["ts"])
    await house.settle()
    uncited = house.ana.prompts(SUPPORT)[-1]
    assert "By hand." in text_of(uncited) and "it is for the team" in text_of(uncited)
    assert "Send to customer" not in text_of(prompt) + text_of(reply) + text_of(uncited)
    assert await house.customer_reads(conversation) == []


async def streamed(words: list[str], gap: float, **faults: object) -> tuple[str, Sandbox, int]:
    """Words said `gap` seconds apart; returns what all messages together show, and how many there are."""
    clock = HandClock()
    async with Sandbox(clock) as slack:
        for name, value in faults.items():
            setattr(slack.faults, name, value)
        thread = slack.person("U0ANA").say("D0ANA", "question")["ts"]
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url, retry_handlers=[])  # as in `Service.build`
        stream = Stream(client, clock, "D0ANA", thread)
        for word in words:
            await stream.say(word)
            clock.wake_at(clock.now() + gap)
        await stream.finish([{"type": "context", "elements": [{"type": "mrkdwn", "text": "END"}]}])
        messages = [m for m in slack.workspace.channels["D0ANA"].messages.values() if m.get("bot_id")]
        text = "".join(m["blocks"][0]["text"] for m in messages if m["blocks"][0]["type"] == "markdown")
        assert text_of(messages[-1]).endswith("END")
        assert not any(m.get("streaming") for m in messages if m["ts"] in slack.workspace.streams)
        return text, slack, len(messages)


WORDS = [f"word{n} " for n in range(400)]


async def test_a_stream_that_slack_ends_goes_on_in_a_new_message_with_nothing_lost() -> None:
    text, _, messages = await streamed(WORDS, gap=2.0)  # 800 seconds, against five minutes
    assert text == "".join(WORDS)
    assert messages == 3

    text, _, messages = await streamed(WORDS, gap=1.0, stream_seconds=40.0)  # Slack ends it long before we would
    assert text == "".join(WORDS)
    assert messages > 8


async def test_an_answer_that_is_too_long_for_a_message_goes_on_in_the_next() -> None:
    long = [f"{n:04d} " * 100 for n in range(70)]  # 35,000 characters
    text, _, messages = await streamed(long, gap=1.0)
    assert text.replace("\n", "") == "".join(long)
    assert messages == 4


async def test_a_refused_stream_becomes_one_post() -> None:
    text, slack, messages = await streamed(
        WORDS, gap=1.0, refuse=lambda method, args: 30.0 if method == "chat.startStream" else None
    )
    assert text.strip() == "".join(WORDS).strip()
    assert messages == 1
    assert len(slack.posts("chat.startStream")) == 1


async def test_pieces_that_are_refused_for_a_while_are_sent_later() -> None:
    seen: list[int] = []

    def refuse(method: str, args: dict[str, object]) -> float | None:
        seen.append(1)
        return 0.0 if method == "chat.appendStream" and len(seen) % 3 == 0 else None

    text, _, messages = await streamed(WORDS[:60], gap=0.0, refuse=refuse)
    assert text == "".join(WORDS[:60])
    assert messages == 1


async def test_a_piece_whose_answer_was_lost_is_there_once_and_so_is_what_never_arrived() -> None:
    lost = iter([False, True, False, True])
    text, _, messages = await streamed(
        WORDS[:80], gap=1.0, swallow=lambda method, args: method == "chat.appendStream" and next(lost, False)
    )
    assert text == "".join(WORDS[:80])
    assert messages == 1

    class Away:
        """Slack is away for the fifth piece."""

        pieces = 0

        def __call__(self, clock: HandClock) -> bool:
            self.pieces += 1
            return self.pieces == 5

    text, _, messages = await streamed(WORDS[:80], gap=1.0, is_down=Away())
    assert text == "".join(WORDS[:80])
    assert messages == 1
