"""Promise 5: nothing waits, nothing spins; and what cannot be done ends in an honest line and a person."""

import asyncio
import time
from collections.abc import AsyncIterator
from statistics import median

import orjson
from gated import PIECES, drain, plain_turn
from killing import speak
from ledger import Reader, check
from redis.asyncio import Redis

from bot.conversation import Answered, Conversation, Event, OwnerChanged, fold
from bot.state.records import Claim
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker


async def test_an_accepted_message_is_claimed_at_once_and_an_idle_worker_is_quiet(store: Store, redis: Redis) -> None:
    """A wake-up ends the wait; silence costs at most one claim in four seconds and kind."""
    worker = Worker(store, {"turn": Turns(plain_turn), "timer": Turns(plain_turn)})
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(60):
        while (await redis.info("clients"))["blocked_clients"] < 2:  # noqa: ASYNC110  each kind waits for its wake-up
            await asyncio.sleep(0.01)
    before = (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"]
    await asyncio.sleep(4.5)
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] - before <= 4
    waited = []
    for _ in range(5):
        conversation = await store.open()
        reader = Reader(store, conversation).start()
        started = time.monotonic()
        await speak(store, conversation, "hello")
        await reader.until(lambda events: bool(events) and events[-1].event == "done")
        waited.append(time.monotonic() - started)
        await reader.stop()
    assert median(waited) < 1, "on average an unheard wake-up costs two seconds"
    worker.stop()
    await running


async def test_a_turn_that_always_fails_ends_with_an_honest_line_and_a_person(redis_url: str) -> None:
    """Four tries, then no model and no picture is touched; the picture is accounted for; later questions are new."""
    now = 1_900_000_000_000

    def clock() -> int:
        return now

    tries = 0

    async def broken(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        nonlocal tries
        tries += 1
        raise ZeroDivisionError("a fault of ours")
        yield

    async with Store(redis_url, clock=clock) as store:
        conversation = await store.open()
        await speak(store, conversation, "hello", picture=True)
        worker = Worker(store, {"turn": Turns(broken)})
        for _ in range(8):
            await worker.drain()
            now += 60_000
        events = [event for _, event in await store.log(conversation) if event]
        assert tries == 4
        assert [e.event for e in events] == ["attached", "message", "seen", "answered", "owner", "done"]
        folded = fold(conversation, await store.log(conversation))
        assert folded.owner == "waiting"
        assert not folded.unanswered and not folded.unlooked
        assert check(events) == []
        await speak(store, conversation, "and now?")
        await drain(store)
        assert check([event for _, event in (await store.read_after(conversation)).events if event]) == []


async def test_a_turn_past_its_deadline_is_ended_and_tried_again(store: Store) -> None:
    """Its heartbeat ends with it."""
    slow = True

    async def stuck(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        nonlocal slow
        if slow:
            slow = False
            await asyncio.sleep(3600)
        async for event in plain_turn(conversation, turn):
            yield event

    conversation = await store.open()
    reader = Reader(store, conversation).start()
    await speak(store, conversation, "hello")
    worker = Worker(store, {"turn": Turns(stuck)}, deadline_s=1.0)
    running = asyncio.create_task(worker.run())
    await reader.until(lambda events: bool(events) and events[-1].event == "done")
    await reader.stop()
    worker.stop()
    await running
    assert check([event for _, event in reader.seen]) == []


async def test_the_third_try_runs_alone_and_the_others_go_on_after_it(store: Store, redis: Redis) -> None:
    """What takes its process down must not take the others' answers with it."""
    together: list[set[str]] = []
    working: set[str] = set()
    crowd = asyncio.Event()

    async def watched(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        working.add(conversation.id)
        together.append(set(working))
        if conversation.id != suspect:
            if len(working) > 1:
                crowd.set()
            await crowd.wait()
        async for event in plain_turn(conversation, turn):
            yield event
        working.discard(conversation.id)

    suspect = await store.open()
    await speak(store, suspect, "boom?")
    for _ in range(3):
        assert isinstance(await store.claim("turn", "one that vanishes", 1), Claim)
        await asyncio.sleep(0.005)
    others = [await store.open() for _ in range(6)]
    for other in others:
        await speak(store, other, "hello")
    worker = Worker(store, {"turn": Turns(watched)})
    running = asyncio.create_task(worker.run())
    for conversation in (suspect, *others):
        reader = Reader(store, conversation).start()
        await reader.until(lambda events: bool(events) and events[-1].event == "done")
        await reader.stop()
    worker.stop()
    await running
    assert {suspect} in together
    assert all(group == {suspect} for group in together if suspect in group)
    assert max(map(len, together)) > 1


async def test_a_stopping_worker_gives_back_what_it_cannot_end(store: Store) -> None:
    """Uncounted, and at once: the next worker does not wait for the lease."""

    begun = asyncio.Event()

    async def endless(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        begun.set()
        await asyncio.sleep(3600)
        yield Answered(turn=turn, to=(), text="")

    conversation = await store.open()
    await speak(store, conversation, "hello")
    worker = Worker(store, {"turn": Turns(endless)})
    running = asyncio.create_task(worker.run(grace_s=0.1))
    await asyncio.wait_for(begun.wait(), 60)
    worker.stop()
    await running
    claim = await store.claim("turn", "the next", 6000)
    assert isinstance(claim, Claim)
    assert claim.tries == 0


async def test_an_event_of_the_future_sends_the_conversation_to_a_newer_worker(store: Store, redis: Redis) -> None:
    """During a rolling update; ten minutes later this worker answers, skipping what it does not know."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    log = f"{{p0}}:{conversation}:log"
    future = orjson.dumps({"v": 99, "event": "telepathy", "thought": "?"})
    await redis.xadd(log, {"e": "telepathy", "d": future})
    await drain(store)
    assert "answered" not in [event.event for _, event in await store.log(conversation) if event]
    now = await store.now()
    async with Store(store.url, clock=lambda: now + 700_000) as later:
        await drain(later)
        events = await later.log(conversation)
    assert events[1][1] is None
    folded = fold(conversation, events)
    assert [answer.text for answer in folded.answers.values()] == ["".join(PIECES)]
    assert folded.last_event == events[-1][0]


async def test_asked_for_by_a_turn_a_person_is_really_wanted(store: Store) -> None:
    """An owner event of a turn is a state change: the queue has it, and the epoch has moved."""

    async def handing_over(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        to = tuple(message.id for message in conversation.unanswered)
        if to:
            yield Answered(turn=turn, to=to, text="A person will look.", handoff="asked")
            yield OwnerChanged(owner="waiting", reason="asked")

    conversation = await store.open()
    await speak(store, conversation, "a person please")
    await Worker(store, {"turn": Turns(handing_over)}).drain()
    head = await store.head(conversation)
    assert (head.owner, head.epoch) == ("waiting", 1)
    assert [summary.id for summary in await store.queue()] == [conversation]
