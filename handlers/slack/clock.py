"""The clock that everything Slack-facing waits on, handed in so that tests need no real minutes.

Not here: the store's clock. Leases and due times are always on the server's own clock (`bot.state`).
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since the epoch, and a way to wait for them to pass."""

    def now(self) -> float:
        """Seconds since the epoch."""

    async def sleep(self, seconds: float) -> None:
        """Returns once `seconds` have passed on this clock."""


class WallClock:
    """The real time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Waits in real time."""
        await asyncio.sleep(seconds)


class HandClock:
    """A clock that only `advance` and `run` move: minutes pass in microseconds, and every run is the same."""

    def __init__(self, start: float | None = None) -> None:
        self._now = time.time() if start is None else start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> float:
        """Seconds since the epoch, as far as this clock has been moved."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Waits until somebody has moved the clock that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), wake))
        await wake

    async def advance(self, seconds: float, settle: float = 0.005) -> None:
        """Moves the clock on, waking sleepers in order and giving each `settle` real seconds to do its work."""
        end = self._now + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            self.wake_next()
            await asyncio.sleep(settle)
        self._now = max(self._now, end)
        await asyncio.sleep(settle)

    def wake_at(self, moment: float) -> None:
        """Sets the clock to a later moment at once; sleepers notice with their next wake-up."""
        self._now = max(self._now, moment)

    async def run(self, idle: float = 0.003) -> None:
        """Moves to the next sleeper whenever nothing happened for `idle` real seconds; runs until cancelled."""
        while True:
            await asyncio.sleep(idle)
            if self._sleepers:
                self.wake_next()

    def wake_next(self) -> None:
        """Moves the clock to its next sleeper and wakes it; a sleeper that was cancelled is only dropped."""
        when, _, wake = heapq.heappop(self._sleepers)
        if not wake.done():
            self._now = max(self._now, when)
            wake.set_result(None)
