"""Claims what is due, keeps the lease, runs what it was handed: one loop per kind and partition, many conversations
side by side, one conversation in order.

A worker may vanish at any point: its lease runs out and another one claims. A claim that follows a vanished or failed
holder counts a try; from the third on a turn runs alone in its process, so that it takes nobody with it.

Not here: what a turn does (`bot.orchestrator`, run by `bot.turns`), what the mirror posts (`handlers.slack`).
CPU work belongs in threads or processes of whoever does it: heartbeats share this event loop.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog
from redis.exceptions import RedisError

from bot.state.errors import Unconfirmed
from bot.state.lease import Lease, Lost
from bot.state.records import Claim, Idle, Kind
from bot.state.store import Store
from prompts import languages, say

Job = Callable[[Lease], Awaitable[None]]
"""Runs one claim and finishes its lease (`done` or `again`). Raising counts as a failed try."""

ALONE_FROM = 2
"""Tries that vanished or failed before a claim runs alone."""
DEADLINE_S = 120.0
NEWER_MS = 1_000
UPDATE_MS = 600_000
"""How long a rolling update may take: past it, an event of the future no longer sends its conversation back."""
RETRY_S = 0.3

log = structlog.get_logger()


class Worker:
    """One process's share of the work. `jobs` names the kinds it claims; `slots` how many of each run side by side."""

    def __init__(
        self,
        store: Store,
        jobs: Mapping[Kind, Job],
        *,
        slots: int = 8,
        lease_s: float = 6.0,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._store = store
        self._jobs = dict(jobs)
        self._lease_s = lease_s
        self._deadline_s = deadline_s
        self._reasons = {language: say("handoff.interrupted", language) for language in languages()}
        self._slots: dict[Kind, asyncio.Semaphore] = {kind: asyncio.Semaphore(slots) for kind in jobs}
        self._stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._crowd = _Crowd()
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def run(self, grace_s: float = 20.0) -> None:
        """Works until `stop`; then what runs gets `grace_s` to end, and is given back uncounted after that."""
        loops = [
            asyncio.create_task(self._serve(kind, partition), name=f"{kind} {partition}")
            for kind in self._jobs
            for partition in range(self._store.partitions)
        ]
        try:
            await asyncio.gather(*loops)
            if self._running:
                await asyncio.wait(self._running, timeout=grace_s)
        finally:
            for task in (*loops, *self._running):
                task.cancel()
            await asyncio.gather(*loops, *self._running, return_exceptions=True)

    def stop(self) -> None:
        """Claims nothing more; `run` returns when what runs has ended."""
        self._stopping.set()

    async def drain(self) -> None:
        """Works, in this task, until nothing is due any more."""
        idle = False
        while not idle:
            idle = True
            for kind in self._jobs:
                for partition in range(self._store.partitions):
                    while isinstance(claim := await self._claim(kind, partition), Claim):
                        idle = False
                        await self._hold(claim)

    async def _serve(self, kind: Kind, partition: int) -> None:
        slots = self._slots[kind]
        while not self._stopping.is_set():
            await slots.acquire()  # before claiming: what cannot run is another worker's
            claim: Claim | None = None
            idle: Idle | None = None
            try:
                if kind == "turn":
                    await self._crowd.open.wait()
                if self._stopping.is_set():
                    return
                found = await self._claim(kind, partition)
                claim, idle = (found, None) if isinstance(found, Claim) else (None, found)
            except (Unconfirmed, RedisError) as error:
                log.warning("the store is away", kind=kind, error=str(error))
            finally:
                if claim is None:
                    slots.release()
            if claim:
                self._start(claim, slots)
            elif idle:
                await self._wait(kind, partition, idle)
            else:
                await asyncio.sleep(RETRY_S)

    def _start(self, claim: Claim, slots: asyncio.Semaphore) -> None:
        task = asyncio.create_task(self._hold(claim), name=f"{claim.kind} {claim.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: slots.release())

    async def _claim(self, kind: Kind, partition: int) -> Claim | Idle:
        lease_ms = int(self._lease_s * 1000)
        return await self._store.claim(kind, self.name, lease_ms, partition=partition, reasons=self._reasons)

    async def _wait(self, kind: Kind, partition: int, idle: Idle) -> None:
        """Until there may be something to claim, or the worker is stopped."""
        woken = asyncio.ensure_future(self._store.wait(kind, idle, partition=partition))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({woken, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in (woken, stopped):
                future.cancel()
            results = await asyncio.gather(woken, stopped, return_exceptions=True)
        if isinstance(results[0], (Unconfirmed, RedisError)):
            await asyncio.sleep(RETRY_S)

    async def _hold(self, claim: Claim) -> None:
        """One claim from its lease to its end. Never raises but when cancelled."""
        lease = Lease(self._store, claim, self._lease_s)
        job = self._jobs[claim.kind]
        facts = log.bind(kind=claim.kind, conversation=claim.id, tries=claim.tries)
        work = asyncio.ensure_future(self._work(job, lease))
        beat = asyncio.ensure_future(lease.keep())
        try:
            await asyncio.wait({work, beat}, timeout=self._deadline_s, return_when=asyncio.FIRST_COMPLETED)
            failure: BaseException | None = TimeoutError(f"not done within {self._deadline_s:.0f} s")
            if work.done():
                failure = work.exception()
            elif beat.done():
                failure = beat.exception()
        except asyncio.CancelledError:
            await _end(work, beat)
            await self._give_back(lease)
            raise
        await _end(work, beat)
        if isinstance(failure, Lost):
            facts.debug("lost", why=str(failure))
        elif failure is not None:
            facts.error("failed", exc_info=failure)
            await self._fail(lease)

    async def _work(self, job: Job, lease: Lease) -> None:
        claim = lease.claim
        if any(event is None and event_id > claim.now - UPDATE_MS for event_id, event in claim.log):
            await lease.again(NEWER_MS)
            return
        if claim.kind != "turn":  # only turns take a process down, and the rest may be cut off anywhere
            await job(lease)
        else:
            async with self._crowd.alone() if claim.tries >= ALONE_FROM else self._crowd.among():
                await job(lease)
        if not lease.finished:
            await lease.done()

    async def _give_back(self, lease: Lease) -> None:
        if not lease.finished:
            try:
                await lease.again(0)
            except (Lost, Unconfirmed) as error:
                log.info("not given back", conversation=lease.claim.id, why=str(error))

    async def _fail(self, lease: Lease) -> None:
        if not lease.finished:
            try:
                await lease.failed(min(1000 * 2**lease.claim.tries, 30_000))
            except (Lost, Unconfirmed) as error:
                log.info("not given up", conversation=lease.claim.id, why=str(error))


class _Crowd:
    """Lets a claim run while no other does, without the two starving each other."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self._working = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self._loner = asyncio.Lock()

    @asynccontextmanager
    async def among(self) -> AsyncIterator[None]:
        """Runs beside others, once nobody runs alone."""
        while not self.open.is_set():
            await self.open.wait()
        self._working += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Waits until the others have ended, and keeps new ones from being claimed meanwhile."""
        async with self._loner:
            self.open.clear()
            try:
                await self._empty.wait()
                yield
            finally:
                self.open.set()


async def _end(*futures: "asyncio.Future[None]") -> None:
    for future in futures:
        future.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
