"""What the state costs: each call's round trip, the server's own time for it, and from accept to claim.

    python tests/bench/state.py [CALLS]

One embedded Valkey, one client, a log of 40 facts. The bare PING beside them is the floor of this machine and client:
compare with it, not across machines.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from redis.asyncio import Redis

from bot.conversation import Delta, Message
from bot.state.embedded import embedded
from bot.state.lease import Lease
from bot.state.records import Claim, Write
from bot.state.store import Store
from bot.worker import Worker


def message() -> Write:
    """A customer's message of ordinary length."""
    said = Message(id=uuid4().hex, sender="customer", text="My card is refused with PAY-402, what can I do? " * 4)
    return Write((said,), key=said.id, digest="d", result=said.id, needs_turn=True)


async def timed(calls: int, call: Callable[[], Awaitable[object]]) -> list[float]:
    """Microseconds of each call, sorted."""
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1e6)
    return sorted(times)


def line(name: str, times: list[float], server: str = "") -> None:
    """One line of the table."""
    print(f"{name:<34} {times[len(times) // 2]:>8.0f} {times[int(len(times) * 0.99)]:>8.0f}  {server}", flush=True)


async def wake_up(store: Store, calls: int) -> list[float]:
    """Microseconds from before `accept` to the worker's first line, the worker idle before each."""
    started: dict[str, float] = {}
    times: list[float] = []
    heard = asyncio.Event()

    async def job(lease: Lease) -> None:
        times.append((time.perf_counter() - started[lease.claim.id]) * 1e6)
        await lease.done()
        heard.set()

    worker = Worker(store, {"turn": job})
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.2)
    for _ in range(calls):
        conversation = await store.open()
        heard.clear()
        started[conversation] = time.perf_counter()
        await store.accept(conversation, message())
        await heard.wait()
        await asyncio.sleep(0.005)
    worker.stop()
    await running
    return sorted(times)


async def main(calls: int) -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as url, Store(url) as store:
            redis: Redis = Redis.from_url(url)

            async def server_us() -> str:
                stats = (await redis.info("commandstats")).get("cmdstat_evalsha", {})
                await redis.config_resetstat()
                return f"{stats.get('usec_per_call', 0):.0f}"

            await timed(100, redis.ping)
            print(f"{'microseconds':<34} {'p50':>8} {'p99':>8}  server's own")
            line("PING", await timed(calls, redis.ping))
            conversation = await store.open()
            await server_us()
            line("accept", await timed(40, lambda: store.accept(conversation, message())), await server_us())
            claim = await store.claim("turn", "bench", 600_000)
            assert isinstance(claim, Claim)
            lease = Lease(store, claim, 600)
            offset = 0

            async def word() -> None:
                nonlocal offset
                await lease.write(Delta(turn=1, offset=offset, text="a few words of it "))
                offset += 18

            await server_us()
            line("write of a batch of words", await timed(calls, word), await server_us())
            line("heartbeat", await timed(calls, lease.write), await server_us())
            line(f"read 40 facts, {calls} batches", await timed(50, lambda: store.read_after(conversation)))
            await lease.done()
            await server_us()

            async def claim_and_done() -> None:
                found = await store.claim("turn", "bench", 6000)
                assert isinstance(found, Claim)
                held = Lease(store, found, 6)
                await held.write()
                await held.again(0)

            await store.accept(conversation, message())
            line("claim 41 facts, write, give back", await timed(50, claim_and_done), await server_us())
            await store.erase(conversation)
            line("accept to a waiting worker's claim", await wake_up(store, min(calls, 200)))
            await redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
