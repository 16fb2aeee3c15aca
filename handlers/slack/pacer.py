"""One post a second in each channel, the customer's words first, and silence for as long as Slack asks for it.

Waiting posts of one process stand in line by rank; between processes the store hands out the seconds (`Slots`).
"""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from handlers.slack.clock import Clock

INTERVAL = 1.0
"""Seconds between two posts in one channel: Slack's own limit."""


class Rank(IntEnum):
    """Who goes first when several posts wait for the same channel."""

    CUSTOMER = 0
    BOT = 1
    STATUS = 2
    CARD = 3


class Slots(Protocol):
    """The next free moment in a channel, shared by every process that posts there."""

    async def reserve(self, channel: str, interval: float) -> float:
        """Takes the next free moment and returns the seconds until it; the one after is `interval` later."""

    async def hold(self, channel: str, seconds: float) -> None:
        """Leaves no free moment in the channel for so many seconds from now."""


class OwnSlots:
    """Slots for a single process, on its own clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free: dict[str, float] = {}

    async def reserve(self, channel: str, interval: float) -> float:
        """Takes the next free moment."""
        now = self._clock.now()
        start = max(now, self._free.get(channel, now))
        self._free[channel] = start + interval
        return start - now

    async def hold(self, channel: str, seconds: float) -> None:
        """Leaves no free moment for so long."""
        self._free[channel] = max(self._free.get(channel, 0.0), self._clock.now() + seconds)


@dataclass
class _Line:
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    busy: bool = False


class Pacer:
    """`async with pacer.turn(channel, rank):` posts inside; the next one waits a second from its end."""

    def __init__(self, clock: Clock, slots: Slots, interval: float = INTERVAL) -> None:
        self._clock, self._slots, self._interval = clock, slots, interval
        self._lines: dict[str, _Line] = {}
        self._order = itertools.count()

    @asynccontextmanager
    async def turn(self, channel: str, rank: Rank) -> AsyncIterator[None]:
        """Waits for this post's turn, and keeps the next one a second away from the end of it."""
        line = self._lines.setdefault(channel, _Line())
        await self._line_up(line, rank)
        try:
            await self._clock.sleep(await self._slots.reserve(channel, self._interval))
            yield
            await self._slots.hold(channel, self._interval)
        finally:
            line.busy = False
            self._call_next(line)

    async def hold(self, channel: str, seconds: float) -> None:
        """Slack said 429: nothing is posted in this channel before that."""
        await self._slots.hold(channel, seconds)

    async def _line_up(self, line: _Line, rank: Rank) -> None:
        if not line.busy:
            line.busy = True
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(line.waiting, (rank, next(self._order), called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():  # called and given up in the same moment: pass it on
                line.busy = False
                self._call_next(line)
            raise

    def _call_next(self, line: _Line) -> None:
        while line.waiting and not line.busy:
            _, _, called = heapq.heappop(line.waiting)
            if not called.done():
                line.busy = True
                called.set_result(None)
