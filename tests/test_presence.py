"""A model that writes for nobody is stopped, after a while; and who asks is told to the owner's tools, when proven."""

import asyncio
from collections.abc import AsyncIterator

from bot.answering.brief import Answer, Brief, Words
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder, Limits
from bot.answering.rungs import open_rungs
from bot.conversation import Answered, Conversation, Event, Introduced, Message, Reset
from bot.orchestrator import Orchestrator
from bot.presence import Presence
from bot.screenshots.screen import Screen
from bot.state.store import Store
from tests.answering_parts import parts, search
from tests.stand_in import StandIn, stand_in

LIMITS = Limits(away=0.2, silence=60, whole=120)
ASKED = Message(id="m1", sender="customer", text="Why does my export fail?")


class Blind:
    """There are no pictures here."""

    async def look(self, attachment: object) -> Screen:
        raise LookupError


async def turn(store: Store, conversation: str, server: StandIn, beat_s: float) -> list[Event]:
    """What is said in a turn whose model is `server`'s."""
    fault = "stops" if beat_s < 1 else "good"
    async with open_rungs([f"openai:{fault}@{server.url}", "extractive"], parts()) as rungs:
        watched = Presence(store, look_s=0.02, beat_s=beat_s).watched
        orchestrator = Orchestrator(Blind(), search, Ladder(rungs, LIMITS), watched=watched)
        return [event async for event in orchestrator.turn(Conversation(conversation).then(1, ASKED), 1)]


def models(events: list[Event]) -> list[str]:
    return [event.model.partition(":")[0] for event in events if isinstance(event, Answered)]


async def test_when_the_reader_has_left_the_model_is_stopped_and_the_articles_answer(store: Store) -> None:
    """It said some words and would say no more for a minute."""
    conversation = await store.open()
    await store.present(conversation)
    async with stand_in(pause=0) as server:
        events = await turn(store, conversation, server, beat_s=0.1)
        assert models(events) == ["extractive"]
        assert [event for event in events if isinstance(event, Reset)]
        async with asyncio.timeout(10):
            while not server.cancelled:  # noqa: ASYNC110  it counts, and has no event for it
                await asyncio.sleep(0.02)
        assert server.finished == 0


async def test_while_somebody_reads_or_nobody_ever_said_so_the_model_goes_on(store: Store) -> None:
    read, asked_only = await store.open(), await store.open()
    await store.present(read)
    async with stand_in(pause=0.02) as server:
        for conversation in (read, asked_only):
            assert models(await turn(store, conversation, server, beat_s=60)) == ["openai"]


class Curious:
    """A rung that keeps what it was told."""

    name = "curious"

    def __init__(self) -> None:
        self.told: list[Brief] = []

    async def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        self.told.append(brief)
        yield Words("Yes.")
        yield Answer(text="Yes.", model=self.name)


async def test_a_rung_is_told_who_asks_only_when_the_site_vouches_for_them() -> None:
    curious = Curious()
    orchestrator = Orchestrator(Blind(), search, Ladder([curious, Extractive()]))
    for introduced in (Introduced(name="The Boss"), Introduced(name="Mara", verified=True, user="u-17")):
        conversation = Conversation("c").then(1, introduced).then(2, ASKED)
        [_ async for _ in orchestrator.turn(conversation, 1)]
    assert [brief.customer for brief in curious.told] == [None, "u-17"]
