"""When a rung may be asked, and how often: a breaker fed by progress, a retry budget, seats with a bounded queue.

All three are plain arithmetic on a clock that is handed in; none of them sleeps, and none asks a model for its health:
a server that hangs still says that it is well, but no word comes out of it.
Not here: what is tried next (`fallback`).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

Clock = Callable[[], float]
"""Seconds that only grow."""


class RungFailed(Exception):
    """A rung could not answer. The message is for the log and the owner; the customer gets words of our own."""

    blames = True
    """Whether this says something about the rung's health."""

    def __init__(self, reason: str, *, retry_after: float | None = None, rest: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds after which the same rung may be asked once more; None when that would be pointless."""
        self.rest = rest
        """Seconds for which nobody should ask this rung, when it said so itself."""


class RungBusy(RungFailed):
    """So many wait for this rung that one more would not be answered in time."""

    blames = False


class NotSure(RungFailed):
    """A small model's answer that does not stand. Nobody has seen it."""

    blames = False


class NotWanted(RungFailed):
    """Nobody reads this answer any more."""

    blames = False


@dataclass
class Breaker:
    """Opens after `failures` broken calls in a row, or when calls run and no word has come out for `stall` seconds.

    After `rest` seconds exactly one call is let through; its whole answer closes the breaker, its failure opens it
    again. Words alone do not close it: a server that breaks off each answer makes progress and is still no use.
    """

    failures: int = 3
    stall: float = 10.0
    rest: float = 10.0
    clock: Clock = time.monotonic
    _broken: int = field(default=0, init=False)
    _running: int = field(default=0, init=False)
    _moved: float = field(default=0.0, init=False)
    _rests_until: float = field(default=float("-inf"), init=False)
    _probing: bool = field(default=False, init=False)

    def allows(self) -> bool:
        """Whether one more call may start now."""
        now = self.clock()
        if self._running and now - self._moved > self.stall and now >= self._rests_until:
            self._open(now, self.rest)
            self._broken = max(self._broken, self.failures)
        if now < self._rests_until:
            return False
        return not (self.broken and self._probing)

    @property
    def broken(self) -> bool:
        """Whether this rung has failed so often that only a single probe may pass."""
        return self._broken >= self.failures

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. It ends well when the block does; cancelled or not blamed, it proves nothing."""
        if not self._running:
            self._moved = self.clock()
        self._running += 1
        self._probing = self.broken
        try:
            yield
        except RungFailed as failure:
            if failure.blames:
                self._broken += 1
            if failure.rest or (failure.blames and self.broken):
                self._open(self.clock(), max(failure.rest or 0.0, self.rest if self.broken else 0.0))
            raise
        else:
            self._broken, self._rests_until = 0, float("-inf")
        finally:
            self._running -= 1
            self._probing = False

    def moved(self) -> None:
        """A word came out."""
        self._moved = self.clock()

    def _open(self, now: float, rest: float) -> None:
        self._rests_until = now + min(rest, 3 * self.rest)


@dataclass
class RetryBudget:
    """Retries that may still be made: each call earns `share` of one, so that retries never become the load."""

    share: float = 0.2
    most: float = 10.0
    _saved: float = field(default=0.0, init=False)

    def earn(self) -> None:
        """A call was made."""
        self._saved = min(self.most, self._saved + self.share)

    def spend(self) -> bool:
        """Takes one retry if there is one."""
        if self._saved < 1.0 - 1e-9:
            return False
        self._saved -= 1.0
        return True


@dataclass
class Seats:
    """At most `calls` at a time, at most `queue` waiting behind them, first come first served.

    How long a seat is kept is measured, so that whoever would wait in vain hears it at once.
    """

    calls: int
    queue: int
    clock: Clock = time.monotonic
    _waiting: int = field(default=0, init=False)
    _kept: float = field(default=0.0, init=False)
    """Seconds for which a seat is usually kept; the newest count most."""

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.calls)

    @property
    def wait(self) -> float:
        """About how many seconds somebody who comes now would wait for a seat."""
        return (self._waiting + 1) * self._kept / self.calls if self._free.locked() else 0.0

    @asynccontextmanager
    async def taken(self, within: float = math.inf) -> AsyncIterator[None]:
        """A seat for one call. Raises RungBusy at once when the queue is full, or so long that none would be free
        `within` so many seconds."""
        if self._free.locked() and (self._waiting >= self.queue or self.wait > within):
            raise RungBusy(f"{self.calls} calls run and {self._waiting} wait")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        since = self.clock()
        try:
            yield
            kept = self.clock() - since
            self._kept = 0.8 * self._kept + 0.2 * kept if self._kept else kept
        finally:
            self._free.release()
