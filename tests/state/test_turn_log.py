"""Every turn leaves one line in the log: which, how it was answered, how sure, how long, at what price, and no word of
the customer's."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import redirect_stderr

import pytest
import structlog
from gated import Hand, plain_turn
from killing import speak
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.conversation import Answered, Conversation, Delta, Done, Event, Planned, Reset, Spent
from bot.handoff import Agent, taken
from bot.state.records import Claim, Write
from bot.state.store import Store
from bot.telemetry import Metrics, set_up_logs
from bot.turns import GIVE_UP_AFTER, Turns
from bot.worker import Worker

SECRET = "The safe's code is 7391"


async def answered(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
    """A turn that a model answered at the second try, and that cites the customer."""
    to = tuple(message.id for message in conversation.unanswered)
    yield Planned(turn=turn, to=to, plan="words", reason=f"since you wrote: {SECRET}")
    yield Delta(turn=turn, offset=0, text="Well")
    yield Reset(turn=turn, reason="")
    yield Delta(turn=turn, offset=0, text=SECRET)
    yield Answered(turn=turn, to=to, text=SECRET, model="openai:m", confidence=0.8333333, answered=True, handoff=SECRET)
    yield Spent(turn=turn, tokens_read=1840, tokens_written=212, price=0.0029)
    yield Done(turn=turn)


def lines(logged: list[EventDict]) -> list[EventDict]:
    return [line for line in logged if line["event"] == "turn"]


async def test_a_turns_line_says_all_but_what_was_said(store: Store) -> None:
    conversation, metrics = await store.open(), Metrics()
    await speak(store, conversation, SECRET, picture=True)
    with capture_logs() as logged:
        await Worker(store, {"turn": Turns(answered, metrics=metrics)}).drain()
    (line,) = lines(logged)
    told = {name: line[name] for name in ("conversation", "turn", "outcome", "model", "plan", "confidence", "restarts")}
    assert told == {
        "conversation": conversation,
        "turn": 1,
        "outcome": "answered",
        "model": "openai:m",
        "plan": "words",
        "confidence": 0.8333,
        "restarts": 1,
    }
    assert (line["tokens_read"], line["tokens_written"], line["price"]) == (1840, 212, 0.0029)
    stages = [line[name] for name in ("look", "search", "first_word", "words", "rest")]
    assert min(stages) >= 0
    assert line["whole"] == pytest.approx(sum(stages), abs=0.001)
    assert line["whole"] > 0
    assert 0 <= line["waited"] < 60
    assert "7391" not in json.dumps(line)
    counted = {sample.name: sample.value for metric in metrics.registry.collect() for sample in metric.samples}
    assert counted["helplens_turn_dollars_total"] == pytest.approx(0.0029)


async def test_pictures_alone_are_looked_at_and_nothing_to_do_is_not_told(store: Store) -> None:
    conversation = await store.open()
    await speak(store, conversation, "", picture=True)

    async def looks(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        async for event in plain_turn(conversation, turn):
            if event.event == "seen":
                yield event

    with capture_logs() as logged:
        await Worker(store, {"turn": Turns(looks)}).drain()
    assert [(line["outcome"], line["pictures"]) for line in lines(logged)] == [("looked", 1)]

    async def idles(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        return
        yield

    await speak(store, conversation, "there?")
    with capture_logs() as logged:
        await Worker(store, {"turn": Turns(idles)}).drain()
    assert lines(logged) == []


async def test_a_turn_that_a_person_ends_is_lost_and_one_that_breaks_has_failed(store: Store) -> None:
    conversation = await store.open()
    await speak(store, conversation, "hello")
    claim = await store.claim("turn", "me", 60_000)
    assert isinstance(claim, Claim)
    hand = Hand(store, claim, 60.0)
    await hand.settle()
    agent = Agent("slack:U1", "Ann")
    write = Write((taken(agent),), key="take", digest="", epoch=claim.head.epoch, ends_turn=True)
    await store.take_over(conversation, write)
    with capture_logs() as logged:
        await hand.finish()
    assert [line["outcome"] for line in lines(logged)] == ["lost"]

    async def breaks(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        yield Planned(turn=turn, to=(), plan="words", reason="")
        raise ValueError(SECRET)

    other = await store.open()
    await speak(store, other, "hello")
    claim = await store.claim("turn", "me", 60_000)
    assert isinstance(claim, Claim)
    with capture_logs() as logged, pytest.raises(ValueError, match="safe"):
        await Turns(breaks)(Hand(store, claim, 60.0).lease)
    (line,) = lines(logged)
    assert (line["outcome"], line["plan"]) == ("failed", "words")
    assert "7391" not in json.dumps(line)


async def test_an_honest_line_after_many_tries_is_told_as_such(store: Store) -> None:
    conversation = await store.open()
    await speak(store, conversation, "hello")
    for tries in range(GIVE_UP_AFTER + 1):
        claim = await store.claim("turn", "me", 1)
        assert isinstance(claim, Claim)
        assert claim.tries == tries
        if tries < GIVE_UP_AFTER:
            while await store.now() <= claim.now + 1:
                pass
    with capture_logs() as logged:
        await Turns(answered)(Hand(store, claim, 60.0).lease)
    (line,) = lines(logged)
    assert (line["outcome"], line["called"], line["tries"], line["model"]) == ("given_up", "failure", 4, "")


async def test_a_terminal_shows_a_sentence(store: Store) -> None:
    conversation = await store.open()
    await speak(store, conversation, "hello")
    before = structlog.get_config()
    with redirect_stderr(io.StringIO()) as shown:
        set_up_logs("info", str, as_json=False)
        try:
            await Worker(store, {"turn": Turns(answered)}).drain()
        finally:
            structlog.configure(**before)
    assert f"{conversation} turn 1: answered by openai:m (0.83) in 0." in shown.getvalue()
    assert "tokens 1840 + 212; $0.0029; begun again 1" in shown.getvalue()
    assert "tokens_read" not in shown.getvalue()
