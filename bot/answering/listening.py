"""One call of a rung, watched: it must begin in time, go on, come to an end, and not repeat itself.

The call runs in a task of its own, so that whatever it waits for, it can be stopped: leaving `listen` cancels it, and
with it the request to the model's server. Not here: what happens after a failure (`fallback`).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial

from bot.answering.breaker import Clock, NotWanted, RungFailed, Seats
from bot.answering.brief import Answer, Brief, Rung, Words

TICK = 0.2
"""Seconds between two looks at the clock while nothing comes."""
STOPPING = 2.0
"""Seconds that a cancelled call gets to close its connection."""


class Stalled(RungFailed):
    """No word came when one was due."""


class Rambling(RungFailed):
    """What comes is no answer any more: endless, or the same again and again."""


class Quiet:
    """Nothing came for a moment."""


QUIET = Quiet()
Heard = asyncio.Queue[Words | Answer | Quiet]


@dataclass(frozen=True)
class Patience:
    """For how long one call is listened to, on the caller's clock."""

    first_due: float
    ends: float
    silence: float
    characters: int
    unread: Callable[[], bool]
    """Whether nobody has wanted this answer for so long that it may stop."""
    clock: Clock


async def listen(
    rung: Rung, brief: Brief, seats: Seats | None, patience: Patience
) -> AsyncGenerator[Words | Quiet | Answer]:
    """Words, `QUIET` when none came for a moment, then exactly one Answer that says something.

    Raises RungFailed, whatever the rung itself raised. A rung without seats is never waited for, so never late.
    """
    items: Heard = asyncio.Queue(maxsize=256)
    within = patience.first_due - patience.clock()
    task = asyncio.create_task(_run(rung, brief, seats, items, within))
    task.add_done_callback(partial(_over, items))
    clock = _Ticking(items)
    said = _Said(patience.characters)
    try:
        while True:
            if items.empty():
                if task.done():
                    raise _ended(task)
                if seats is not None:
                    _be_patient(patience, said)
            match item := await items.get():
                case Words():
                    said.add(item.text, patience.clock())
                    yield item
                case Quiet():
                    yield item
                case Answer() if not item.text.strip():
                    raise RungFailed("an empty answer", retry_after=0.2)
                case Answer():
                    yield item
                    return
    finally:
        clock.stop()
        task.cancel()
        await asyncio.wait({task}, timeout=STOPPING)


def _ended(task: "asyncio.Task[None]") -> RungFailed:
    """Why a call ended without an answer: a rung's code may raise whatever it likes."""
    error = task.exception()
    if error is None:
        return RungFailed("it ended without an answer", retry_after=0.2)
    if isinstance(error, RungFailed):
        return error
    failure = RungFailed(f"{type(error).__name__}: {error}")
    failure.__cause__ = error
    return failure


def _be_patient(patience: Patience, said: "_Said") -> None:
    now = patience.clock()
    if now >= patience.ends:
        raise Stalled("the turn's time is over")
    if said.text and now >= said.at + patience.silence:
        raise Stalled(f"silent for {patience.silence:g} s in mid-answer")
    if not said.text and now >= patience.first_due:
        raise Stalled("no first word in time")
    if patience.unread():
        raise NotWanted("nobody reads this answer any more")


def _over(items: Heard, task: "asyncio.Task[None]") -> None:
    """A call has ended, well or not: `listen` looks at it, unless it has left already."""
    if not task.cancelled():
        task.exception()  # asked for here, so that nobody complains when `listen` has left
    _wake(items)


def _wake(items: Heard) -> None:
    """Whoever waits for the next item looks around; whoever has items to take will do so anyway."""
    if items.empty():
        items.put_nowait(QUIET)


class _Ticking:
    """Wakes whoever waits, now and then: one timer for a whole call, not one for each word."""

    def __init__(self, items: Heard) -> None:
        self._items = items
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_later(TICK, self._tick)

    def stop(self) -> None:
        """No more ticks."""
        self._next.cancel()

    def _tick(self) -> None:
        _wake(self._items)
        self._next = self._loop.call_later(TICK, self._tick)


async def _run(rung: Rung, brief: Brief, seats: Seats | None, items: Heard, within: float) -> None:
    """Everything that the rung yields, put into `items`, up to its Answer; a seat must be free `within` so many
    seconds."""
    async with AsyncExitStack() as stack:
        if seats is not None:
            await stack.enter_async_context(seats.taken(within))
        answer = await stack.enter_async_context(aclosing(rung.answer(brief)))  # type: ignore[type-var]
        async for item in answer:
            await items.put(item)
            if isinstance(item, Answer):
                return


@dataclass
class _Said:
    """The text so far, and whether it still goes anywhere."""

    most: int
    text: str = ""
    at: float = field(default=0.0, init=False)
    _looked: int = field(default=0, init=False)

    def add(self, piece: str, now: float) -> None:
        self.text += piece
        self.at = now
        if len(self.text) > self.most:
            raise Rambling(f"longer than {self.most} characters")
        if len(self.text) >= self._looked + 100:
            self._looked = len(self.text)
            if repeats(self.text):
                raise Rambling("the same again and again")


def repeats(text: str, times: int = 6, least: int = 120) -> bool:
    """Whether `text` ends in one piece said `times` times over, at least `least` characters in all."""
    tail = text[-1200:]
    for length in range(1, len(tail) // times + 1):
        if tail[-1 - length] != tail[-1]:  # most lengths fail here, and this is asked all the time
            continue
        piece = tail[-length:]
        if piece.strip(" -=_.*|\n") and length * times >= least and tail.endswith(piece * times):
            return True
    return len(tail) >= least and _short_piece(tail[-least:])


def _short_piece(tail: str) -> bool:
    """Whether `tail` is nothing but one piece of at most 20 characters, over and over."""
    for length in range(1, 21):
        if tail[length:] == tail[:-length]:
            return bool(tail.strip(" -=_.*|\n"))
    return False
