"""Promise 3: nobody writes without the lease, and a repeated write changes nothing."""

import asyncio
from dataclasses import replace

import pytest
from gated import EVENTS, Hand, ahead, drain, plain_turn
from killing import speak
from ledger import Reader, check
from redis.asyncio import Redis

from bot.conversation import Answered, Delta, Message, OwnerChanged
from bot.state.errors import Changed, NotFound, Unconfirmed
from bot.state.lease import Lease, Lost
from bot.state.records import DONE, Claim, Idle, Write
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

LEASE_MS = 60_000
"""Long enough for the busiest machine: where a lease has to end, the store's clock goes on."""


async def claimed(store: Store, holder: str = "one", lease_ms: int = LEASE_MS) -> Claim:
    found = await store.claim("turn", holder, lease_ms)
    assert isinstance(found, Claim), found
    return found


@pytest.mark.parametrize("writes", range(EVENTS + 1))
async def test_a_worker_that_slept_past_its_lease_changes_nothing(store: Store, writes: int) -> None:
    """Stopped at each write of a turn; another one answers; the sleeper wakes up and is refused."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    sleeper = Hand(store, await claimed(store), LEASE_MS / 1000)
    await sleeper.settle()
    for _ in range(writes):
        await sleeper.step()
    async with ahead(store, LEASE_MS + 1) as later:
        await drain(later)
    before = await store.read_after(conversation)
    if not sleeper.task.done():
        await sleeper.finish()
        with pytest.raises(Lost):
            await sleeper.task
    assert await store.read_after(conversation) == before
    assert sum(event.event == "answered" for _, event in before.events if event) == 1


async def test_the_same_lease_number_in_another_hand_is_refused(store: Store) -> None:
    """After a failover the same number may be handed out twice: the holder's name decides."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    claim = await claimed(store)
    other = replace(claim, holder="somebody else")
    word = Delta(turn=1, offset=0, text="x")
    assert (await store.write(other, 1, [word], basis=claim.basis, extend_ms=LEASE_MS))[0] == "lost"
    assert (await store.write(claim, 1, [word], basis=claim.basis, extend_ms=LEASE_MS))[0] == "ok"


async def test_a_repeated_write_is_answered_as_done_the_last_one_too(store: Store) -> None:
    """redis-py repeats a command whose reply was lost."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    claim = await claimed(store)
    word = [Delta(turn=1, offset=0, text="x")]
    for expected in ("ok", "same", "same"):
        assert (await store.write(claim, 1, word, basis=claim.basis, extend_ms=LEASE_MS))[0] == expected
    for expected in ("ok", "same"):
        assert (await store.write(claim, 2, [], basis=claim.basis, extend_ms=LEASE_MS, finish=DONE))[0] == expected
    assert (await store.write(claim, 3, word, basis=claim.basis, extend_ms=LEASE_MS))[0] == "lost"
    assert [e.event for _, e in (await store.read_after(conversation)).events if e] == ["message", "delta"]


async def test_a_gap_in_the_numbers_is_refused(store: Store) -> None:
    """A write that never arrived must not be overtaken by the next."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    claim = await claimed(store)
    word = [Delta(turn=1, offset=0, text="x")]
    assert (await store.write(claim, 2, word, basis=claim.basis, extend_ms=LEASE_MS))[0] == "lost"


async def test_heartbeats_keep_a_slow_turn(store: Store, redis: Redis) -> None:
    """Without a word the end of the lease moves on, and it is still its holder's."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    lease = Lease(store, await claimed(store, lease_ms=3000), 3)
    first = await redis.zscore("{p0}:due:turn", conversation)
    beating = asyncio.create_task(lease.keep())
    async with asyncio.timeout(60):
        while await redis.zscore("{p0}:due:turn", conversation) < first + 1500:  # noqa: ASYNC110  two beats
            await asyncio.sleep(0.02)
    assert isinstance(await store.claim("turn", "two", LEASE_MS), Idle)
    await lease.done()
    await beating


async def test_news_during_a_turn_makes_it_due_again_when_it_ends(store: Store) -> None:
    """A message that arrives while a turn ends is never left without one."""
    conversation = await store.open()
    await speak(store, conversation, "first")
    lease = Lease(store, await claimed(store), 6)
    await speak(store, conversation, "second")
    assert isinstance(await store.claim("turn", "two", LEASE_MS), Idle), "accepting never steals a running lease"
    await lease.done()
    assert (await claimed(store, "two")).log[-1][0] > lease.basis


async def test_scripts_refuse_a_conversation_that_is_gone(store: Store) -> None:
    """Only `open` creates one."""
    missing = "p0-" + "0" * 24
    message = Message(id="m", sender="customer", text="?")
    with pytest.raises(NotFound):
        await store.accept(missing, Write((message,), key="k", digest=""))
    with pytest.raises(NotFound):
        await store.take_over(missing, Write((), key="k", digest="", epoch=0))
    with pytest.raises(NotFound):
        await store.read_after("../../etc/passwd")
    conversation = await store.open()
    await speak(store, conversation, "hello")
    lease = Lease(store, await claimed(store), 6)
    await store.erase(conversation)
    with pytest.raises(Lost):
        await lease.write(Delta(turn=1, offset=0, text="x"))


@pytest.mark.parametrize("writes", range(EVENTS))
async def test_a_reader_sees_a_broken_off_answer_begin_again(store: Store, writes: int) -> None:
    """Words that were shown are taken back by a `reset` before new ones come; without words there is none."""
    conversation = await store.open()
    reader = Reader(store, conversation).start()
    await speak(store, conversation, "hello")
    first = Hand(store, await claimed(store), LEASE_MS / 1000)
    await first.settle()
    for _ in range(writes):
        await first.step()
    await first.vanish()
    async with ahead(store, LEASE_MS + 1) as later:
        await drain(later)
    await reader.until(lambda events: bool(events) and events[-1].event == "done")
    await reader.stop()
    events = [event for _, event in reader.seen]
    assert check(events) == []
    assert ("reset" in [event.event for event in events]) == (writes > 1)


async def test_what_was_decided_under_another_owner_is_refused(store: Store) -> None:
    """Accept and take-over carry the epoch that they were decided on."""
    conversation = await store.open()
    for owner in ("human", "bot", "waiting"):
        stale = (await store.head(conversation)).epoch
        change = Write((OwnerChanged(owner=owner, who="Ann"),), key=f"o{owner}", digest="", epoch=stale)  # type: ignore[arg-type]
        await store.take_over(conversation, change)
        message = Message(id="m", sender="customer", text="?")
        for refused in (store.accept, store.take_over):
            with pytest.raises(Changed) as changed:
                await refused(conversation, Write((message,), key="late", digest="", epoch=stale))
            assert changed.value.owner == owner
    assert [e.event for _, e in await store.log(conversation) if e] == ["owner"] * 3


async def test_an_answer_whose_worker_died_before_its_end_is_ended_not_given_again(store: Store) -> None:
    """And what came meanwhile is a turn of its own, not a replacement of that answer."""
    conversation = await store.open()
    first = await speak(store, conversation, "hello")
    claim = await claimed(store)
    answer = Answered(turn=1, to=(first,), text="there")
    await store.write(claim, 1, [answer], basis=claim.basis, extend_ms=LEASE_MS)
    await speak(store, conversation, "and now?")
    async with ahead(store, LEASE_MS + 1) as later:
        await drain(later)
    events = [event for _, event in (await store.read_after(conversation)).events if event]
    assert check(events) == []
    assert [event.turn for event in events if isinstance(event, Answered)] == [1, 2]


async def test_a_stopped_worker_ends_what_runs_and_claims_nothing_more(store: Store) -> None:
    """With all its slots taken it is about to claim the next one at the moment it is stopped."""
    due = {await store.open() for _ in range(2)}
    for conversation in due:
        await speak(store, conversation, "hello")
    began, may_end, ran = asyncio.Event(), asyncio.Event(), []

    async def job(lease: Lease) -> None:
        ran.append(lease.claim.id)
        began.set()
        await may_end.wait()

    worker = Worker(store, {"turn": job}, slots=1)
    running = asyncio.create_task(worker.run(grace_s=30))
    await began.wait()
    worker.stop()
    may_end.set()
    await running
    assert len(ran) == 1
    assert (await claimed(store, "another")).id == (due - set(ran)).pop()


async def test_a_worker_outlives_a_server_that_cannot_write(store: Store, redis: Redis) -> None:
    """A full disk, or too few replicas: the server refuses every write for a while. What was due then is done after."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    await redis.config_set("min-replicas-to-write", 1)
    worker = Worker(store, {"turn": Turns(plain_turn)})
    running = asyncio.create_task(worker.run())
    try:
        with pytest.raises(Unconfirmed):
            await speak(store, conversation, "is anybody there?")
        with pytest.raises(Unconfirmed):
            await store.claim("turn", "another", LEASE_MS)
    finally:
        await redis.config_set("min-replicas-to-write", 0)
    async for _, event in store.follow(conversation):
        if event.event == "done":
            break
    worker.stop()
    await running
