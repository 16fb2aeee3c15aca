"""One call of a rung, watched: it must begin in time, go on, come to an end, and not repeat itself.

The call runs in a task of its own, so that whatever it waits for, it can be stopped: leaving `listen` cancels it, and
with it the request to the model's server. Not here: what happens after a failure (`fallback`).
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from bot.answering.breaker import Clock, NotWanted, RungFailed, Seats
from bot.answering.brief import Answer, Brief, Rung, Words

TICK = 0.25
"""Seconds between two looks at the clock while nothing comes."""
STOPPING = 2.0
"""Seconds that a cancelled call gets to close its connection."""

Item = Words | Answer | Exception


class Stalled(RungFailed):
    """No word came when one was due."""


class Rambling(RungFailed):
    """What comes is no answer any more: endless, or the same again and again."""


class Quiet:
    """Nothing came for a moment."""


QUIET = Quiet()


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
    items: asyncio.Queue[Item] = asyncio.Queue(maxsize=256)
    task = asyncio.create_task(_run(rung, brief, seats, items))
    heard = _Heard(patience.characters)
    try:
        while True:
            if items.empty() and seats is not None:
                _be_patient(patience, heard)
            item = await _within(items, TICK)
            match item:
                case Words():
                    heard.add(item.text, patience.clock())
                    yield item
                case Quiet():
                    yield item
                case Answer() if not item.text.strip():
                    raise RungFailed("an empty answer", retry_after=0.2)
                case Answer():
                    yield item
                    return
                case RungFailed():
                    raise item
                case _:
                    raise RungFailed(f"{type(item).__name__}: {item}") from item
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=STOPPING)


def _be_patient(patience: Patience, heard: "_Heard") -> None:
    now = patience.clock()
    if now >= patience.ends:
        raise Stalled("the turn's time is over")
    if heard.text and now >= heard.at + patience.silence:
        raise Stalled(f"silent for {patience.silence:g} s in mid-answer")
    if not heard.text and now >= patience.first_due:
        raise Stalled("no first word in time")
    if patience.unread():
        raise NotWanted("nobody reads this answer any more")


async def _within(items: "asyncio.Queue[Item]", seconds: float) -> Item | Quiet:
    if not items.empty():
        return items.get_nowait()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await items.get()
    return QUIET


async def _run(rung: Rung, brief: Brief, seats: Seats | None, items: "asyncio.Queue[Item]") -> None:
    """Everything that the rung yields or raises, put into `items`; ends with an Answer or an exception."""
    try:
        if seats is None:
            await _copy(rung, brief, items)
        else:
            async with seats.taken():
                await _copy(rung, brief, items)
    except Exception as error:  # noqa: BLE001 - foreign code; whatever it raises is raised again by `listen`
        await items.put(error)


async def _copy(rung: Rung, brief: Brief, items: "asyncio.Queue[Item]") -> None:
    async with aclosing(rung.answer(brief)) as answer:  # type: ignore[type-var]
        async for item in answer:
            await items.put(item)
            if isinstance(item, Answer):
                return
    await items.put(RungFailed("it ended without an answer", retry_after=0.2))


@dataclass
class _Heard:
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
