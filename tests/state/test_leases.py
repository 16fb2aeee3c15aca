"""Promise 3: nobody writes without the lease, and a repeated write changes nothing."""

import asyncio
from dataclasses import replace

import pytest
from gated import EVENTS, Hand, plain_turn
from killing import speak

from bot.conversation import Delta, Message
from bot.state.errors import NotFound
from bot.state.lease import Lease, Lost
from bot.state.records import DONE, Claim, Idle, Write
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

LEASE_MS = 300


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
    await asyncio.sleep(LEASE_MS / 1000 + 0.02)
    await Worker(store, {"turn": Turns(plain_turn)}).drain()
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


async def test_heartbeats_keep_a_slow_turn(store: Store) -> None:
    """Three leases long without a word, and still its holder's."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    lease = Lease(store, await claimed(store), LEASE_MS / 1000)
    beating = asyncio.create_task(lease.keep())
    await asyncio.sleep(3 * LEASE_MS / 1000)
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
