"""For how long nobody has been reading a running answer: what stops a model that writes for nobody.

A reader of the event stream says now and then that they are there; who has said so and then has not for longer than
that interval has left. Of somebody who never said so (a program that asks and fetches later) nothing is known, so they
count as there. Not here: who says it (`handlers.web.stream`), what becomes of the answer (`bot.answering.fallback`).
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from bot.state.errors import Unconfirmed
from bot.state.store import Store

BEAT_S = 20.0
"""How often a reader says that they are there."""
LOOK_S = 5.0
Away = Callable[[], float]
"""For how many seconds nobody has been reading; 0 while somebody is, or while nothing is known."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Presence:
    """Looks into the store every `look_s` seconds, for as long as an answer is running and longer than that."""

    store: Store
    look_s: float = LOOK_S
    beat_s: float = BEAT_S

    @contextmanager
    def watched(self, conversation_id: str) -> Iterator[Away]:
        """Whether a conversation's customer is there, while this lasts."""
        watch = _Watch(self, conversation_id)
        try:
            yield watch.away
        finally:
            watch.stop()


class _Watch:
    def __init__(self, presence: Presence, conversation_id: str) -> None:
        self._presence = presence
        self._id = conversation_id
        self._left: float | None = None
        """When they left, on our own clock; None: they are there, or nothing is known."""
        self._looking: asyncio.Task[None] | None = None
        self._next = asyncio.get_running_loop().call_later(presence.look_s, self._look)

    def away(self) -> float:
        return 0.0 if self._left is None else max(0.0, time.monotonic() - self._left)

    def stop(self) -> None:
        self._next.cancel()
        if self._looking:
            self._looking.cancel()

    def _look(self) -> None:
        # Most answers have ended before the first look: those cost no task at all.
        self._looking = asyncio.create_task(self._ask(), name=f"presence {self._id}")
        self._next = asyncio.get_running_loop().call_later(self._presence.look_s, self._look)

    async def _ask(self) -> None:
        store = self._presence.store
        try:
            last, now = await store.last_present(self._id), await store.now()
        except Unconfirmed as error:
            log.info("presence not known", conversation=self._id, why=str(error))
            return
        silent = (now - last) / 1000 - self._presence.beat_s
        self._left = time.monotonic() - silent if last and silent > 0 else None
