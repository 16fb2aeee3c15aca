"""Promise 4: one owner, and silence after: no word of the bot's follows a take-over, until it is handed back."""

import asyncio

import pytest
from gated import EVENTS, Hand, drain
from killing import speak
from ledger import BOT_WORDS, Reader, check
from pictures import NoIntake, NoStorage

from bot.conversation import Answered, Event, OwnerChanged, Stopped
from bot.handoff import Agent
from bot.helpdesk import Changed, HelpDesk
from bot.state.records import Claim
from bot.state.store import Store

ANN, BEN = Agent("U1", "Ann"), Agent("U2", "Ben")


@pytest.fixture
def desk(store: Store) -> HelpDesk:
    return HelpDesk(store, NoIntake(), NoStorage())


async def working(store: Store) -> Hand:
    claim = await store.claim("turn", "worker", 6000)
    assert isinstance(claim, Claim)
    hand = Hand(store, claim, 6)
    await hand.settle()
    return hand


@pytest.mark.parametrize("writes", range(EVENTS))
async def test_a_take_over_at_any_write_silences_the_bot(store: Store, desk: HelpDesk, writes: int) -> None:
    """At each write of a turn; the words said so far stay, the customer's later messages are the human's."""
    conversation = (await desk.open()).id
    reader = Reader(store, conversation).start()
    await desk.say(conversation, "customer", "help", key="1")
    hand = await working(store)
    for _ in range(writes):
        await hand.step()
    await desk.take_over(conversation, ANN, key="t")
    await asyncio.gather(hand.finish(), desk.say(conversation, "customer", "still there?", key="2"))
    await desk.say(conversation, "agent", "I am here", key="a", who=ANN)
    await drain(store)
    await desk.hand_back(conversation, ANN, key="b")
    await drain(store)
    await desk.say(conversation, "customer", "and now?", key="3")
    await drain(store)
    await reader.until(lambda events: events[-1].event == "done" if events else False)
    await reader.stop()
    events = [event for _, event in reader.seen]
    assert check(events) == []
    answers = [event for event in events if isinstance(event, Answered)]
    messages = {m.text: m.id for m in (await desk.conversation(conversation)).messages}
    assert [answer.to for answer in answers] == [(messages["and now?"],)]
    stopped = [event.text for event in events if isinstance(event, Stopped)]
    assert stopped == (
        ["Here is 🧭 the way."[: len("".join(("Here ", "is 🧭 ", "the way.")[: writes - 1]))]] if writes > 1 else []
    )


async def test_two_agents_race_and_one_is_told_who_won(desk: HelpDesk) -> None:
    """By button, at the same moment; the loser learns the winner's name."""
    for round_ in range(25):
        conversation = (await desk.open()).id
        both = (desk.take_over(conversation, agent, key=f"{agent.id}{round_}") for agent in (ANN, BEN))
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        lost = [error for error in outcomes if isinstance(error, Changed)]
        assert len(lost) == 1
        winner = (await desk.conversation(conversation)).who
        assert lost[0].who == winner
        assert winner in lost[0].words()
        owners = [event for _, event in await desk.log(conversation) if isinstance(event, OwnerChanged)]
        assert len(owners) == 1


async def test_taking_what_one_owns_and_repeating_a_take_over_change_nothing(desk: HelpDesk) -> None:
    """A button pressed twice."""
    conversation = (await desk.open()).id
    for key in ("t", "t", "u"):
        await desk.take_over(conversation, ANN, key=key)
    assert len(await desk.log(conversation)) == 1
    with pytest.raises(Changed):
        await desk.hand_back(conversation, BEN, key="b")
    with pytest.raises(Changed):
        await desk.resolve(conversation, BEN, key="r")


async def test_asking_for_a_person_leaves_the_bot_speaking_until_one_comes(store: Store, desk: HelpDesk) -> None:
    """Waiting is not silence."""
    conversation = (await desk.open()).id
    await desk.request_human(conversation, key="h")
    await desk.request_human(conversation, key="h2")
    await desk.say(conversation, "customer", "meanwhile", key="1")
    await drain(store)
    assert (await desk.conversation(conversation)).owner == "waiting"
    assert len((await desk.conversation(conversation)).answers) == 1
    assert [summary.id for summary in await desk.queue()] == [conversation]
    assert sum(isinstance(event, OwnerChanged) for _, event in await desk.log(conversation)) == 1


async def test_a_message_to_a_closed_conversation_opens_it_again(store: Store, desk: HelpDesk) -> None:
    """With a marked boundary, and a second handoff works like the first."""
    conversation = (await desk.open()).id
    for round_ in range(2):
        await desk.say(conversation, "customer", "help", key=f"m{round_}")
        await desk.request_human(conversation, key=f"h{round_}")
        await desk.take_over(conversation, ANN, key=f"t{round_}")
        await desk.resolve(conversation, ANN, key=f"r{round_}")
        assert (await desk.conversation(conversation)).owner == "closed"
        assert await desk.queue() == []
    await desk.say(conversation, "customer", "again", key="m")
    await drain(store)
    folded = await desk.conversation(conversation)
    assert folded.owner == "bot"
    assert [answer.to for answer in folded.answers.values()] == [(folded.messages[-1].id,)]


async def test_pictures_are_still_looked_at_in_a_humans_time(store: Store) -> None:
    """The card helps the agent; no word is said."""
    conversation = await store.open()
    desk = HelpDesk(store, NoIntake(), NoStorage())
    await desk.take_over(conversation, ANN, key="t")
    await speak(store, conversation, "", picture=True)
    await drain(store)
    events: list[Event] = [event for _, event in await store.log(conversation) if event]
    assert "seen" in [event.event for event in events]
    assert not [event for event in events if event.event in BOT_WORDS]
