"""Promise 1: every message is answered exactly once, in order, whatever happens to workers meanwhile."""

import asyncio
from typing import Any

import pytest
from gated import Hand, drain
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from killable import POINTS
from killing import kill_at, speak
from ledger import check
from redis.asyncio import Redis

from bot.conversation import Answered, Message, OwnerChanged
from bot.state.errors import Changed, Conflict
from bot.state.records import Claim, Write
from bot.state.store import Store

LEASE_S = 6.0


class Clock:
    """Unix ms that go on only when told to."""

    def __init__(self, now: int) -> None:
        self.now = self.latest = now

    def __call__(self) -> int:
        self.now += 1
        self.latest = max(self.latest, self.now)
        return self.now


class EveryMessageOnce(RuleBasedStateMachine):
    """Customers write, repeat and are taken over; workers claim, stall, vanish and come back; the clock jumps."""

    url = ""
    runner: asyncio.Runner

    def run(self, work: Any) -> Any:
        """Runs a coroutine on this machine's loop."""
        return self.runner.run(work)

    @initialize(pictures=st.booleans())
    def open(self, pictures: bool) -> None:
        self.clock = Clock(1_900_000_000_000)
        self.store = Store(self.url, clock=self.clock)
        self.hands: list[Hand] = []
        self.sent: list[Write] = []
        self.changes = 0

        async def start() -> str:
            client: Redis = Redis.from_url(self.url)
            await client.flushall()
            await client.aclose()
            return await self.store.open()

        self.conversation = self.run(start())
        if pictures:
            self.run(speak(self.store, self.conversation, "with a picture", picture=True))

    @rule()
    def say(self) -> None:
        async def accept() -> None:
            while True:
                head = await self.store.head(self.conversation)
                message = Message(id=f"m{len(self.sent)}", sender="customer", text="?")
                events = (message,) if head.owner != "closed" else (OwnerChanged(owner="bot"), message)
                write = Write(
                    events,
                    key=message.id,
                    digest="d",
                    result=message.id,
                    epoch=head.epoch,
                    needs_turn=head.owner != "human",
                    counts=head.owner != "human",
                )
                assert await self.store.accept(self.conversation, write) == message.id
                self.sent.append(write)
                return

        self.run(accept())

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        write = data.draw(st.sampled_from(self.sent))
        assert self.run(self.store.accept(self.conversation, write)) == write.result
        with pytest.raises(Conflict):
            self.run(self.store.accept(self.conversation, Write(write.events, key=write.key, digest="other")))

    @rule()
    def claim(self) -> None:
        async def claim() -> None:
            found = await self.store.claim("turn", f"worker {len(self.hands)}", int(LEASE_S * 1000))
            if isinstance(found, Claim):
                hand = Hand(self.store, found, LEASE_S)
                self.hands.append(hand)
                await hand.settle()

        self.run(claim())

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        self.run(data.draw(st.sampled_from(self.hands)).step())

    @precondition(lambda self: self.hands)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        hand = data.draw(st.sampled_from(self.hands))
        self.run(hand.vanish())
        self.hands.remove(hand)

    @rule(seconds=st.sampled_from([0.5, 3, 7, 60]))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += int(seconds * 1000)

    @rule(seconds=st.sampled_from([1, 30]))
    def clock_steps_back(self, seconds: float) -> None:
        self.clock.now -= int(seconds * 1000)

    @rule(owner=st.sampled_from(["human", "bot", "closed", "waiting"]))
    def owner_changes(self, owner: Any) -> None:
        async def change() -> None:
            head = await self.store.head(self.conversation)
            self.changes += 1
            write = Write((OwnerChanged(owner=owner),), key=f"o{self.changes}", digest="", epoch=head.epoch)
            if owner == "waiting":
                if head.owner == "bot":
                    await self.store.accept(self.conversation, write)
                return
            await self.store.take_over(self.conversation, write)
            stale = Write((OwnerChanged(owner="human"),), key="stale", digest="", epoch=head.epoch)
            with pytest.raises(Changed):
                await self.store.take_over(self.conversation, stale)

        self.run(change())

    @invariant()
    def nothing_is_torn(self) -> None:
        if hasattr(self, "store"):
            events = [event for _, event in self.run(self.store.read_after(self.conversation)).events if event]
            assert check(events, at_rest=False) == []

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return

        async def rest() -> None:
            for hand in self.hands:
                await hand.vanish()
            self.clock.now = self.clock.latest + 90_000
            await drain(self.store)
            events = [event for _, event in (await self.store.read_after(self.conversation)).events if event]
            assert check(events) == []
            client: Redis = Redis.from_url(self.url)
            assert await client.zcard("{p0}:due:turn") == 0
            await client.aclose()
            await self.store.aclose()

        self.run(rest())


def test_every_message_is_answered_once_under_any_schedule(valkey: str) -> None:
    """Any order of messages, repetitions, claims, stalls, crashes, take-overs and clock jumps."""
    with asyncio.Runner() as runner:
        machine = type("Machine", (EveryMessageOnce,), {"url": valkey, "runner": runner})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=60,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


async def test_a_worker_killed_at_any_of_ten_points_loses_and_doubles_nothing(redis_url: str) -> None:
    """Real processes, `kill -9`, another process goes on; judged by what the reader's stream showed."""

    async def one(database: int, point: str) -> None:
        async with Store(f"{redis_url}?db={database}") as store:
            outcome = await kill_at(store, point)
        assert outcome.killed, point
        assert (outcome.lost, outcome.twice, outcome.faults) == (0, 0, ()), outcome

    for start in range(0, len(POINTS), 4):
        await asyncio.gather(*(one(1 + i, point) for i, point in enumerate(POINTS[start : start + 4])))


@pytest.mark.parametrize("news_at", [0, 1, 2])
async def test_quick_messages_are_merged_until_the_first_word(store: Store, news_at: int) -> None:
    """Before the plan or before the first word the turn reads again; after it, the message gets a turn of its own."""
    conversation = await store.open()
    await speak(store, conversation, "first")
    claim = await store.claim("turn", "worker", 6000)
    assert isinstance(claim, Claim)
    hand = Hand(store, claim, LEASE_S)
    await hand.settle()
    for _ in range(news_at):
        await hand.step()
    await speak(store, conversation, "second")
    await hand.finish()
    await drain(store)
    events = [event for _, event in (await store.read_after(conversation)).events if event]
    assert check(events) == []
    assert [len(event.to) for event in events if isinstance(event, Answered)] == ([2] if news_at < 2 else [1, 1])


async def test_somebody_who_never_stops_writing_is_answered_all_the_same(store: Store) -> None:
    """The log is read again twice at most."""
    conversation = await store.open()
    await speak(store, conversation, "first")
    claim = await store.claim("turn", "worker", 6000)
    assert isinstance(claim, Claim)
    hand = Hand(store, claim, LEASE_S)
    await hand.settle()
    for number in range(5):
        await speak(store, conversation, f"and {number}")
        await hand.step()
    await hand.finish()
    events = [event for _, event in await store.log(conversation) if event]
    assert [len(event.to) for event in events if isinstance(event, Answered)] == [3]
    await drain(store)
    assert check([event for _, event in (await store.read_after(conversation)).events if event]) == []
