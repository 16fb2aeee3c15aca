"""Conversations that were solved and show the same error (else the same page): for the person who has the next one.

Not here: what counts as the same (`bot.knowledge.solved`), what of it may leave for Slack (the channel masks).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.knowledge.solved import LogEntry, Solved, marks, solved
from bot.state.errors import NotFound, StateError
from bot.state.store import Store

SHOWN = 2
log = structlog.get_logger()


@dataclass(frozen=True)
class Precedents:
    """Looks through what was solved before."""

    store: Store
    own_patterns: tuple[str, ...] = ()

    async def marks(self, entries: Sequence[LogEntry]) -> tuple[str, ...]:
        """What a conversation is found by once it is solved."""
        return await asyncio.to_thread(marks, entries, self.own_patterns)

    async def like(self, conversation_id: str, entries: Sequence[LogEntry]) -> list[Solved]:
        """The newest solved conversations with the same marks, at most two; none when the store is away: a card goes
        out without them."""
        found: dict[str, Solved] = {}
        try:
            for mark in await self.marks(entries):
                for other in await self.store.solved(mark):
                    if other in found or other == conversation_id:
                        continue
                    if told := await self._told(other):
                        found[other] = told
                    if len(found) == SHOWN:
                        return list(found.values())
        except StateError as error:
            log.warning("solved conversations could not be looked up", error=str(error))
        return list(found.values())

    async def _told(self, conversation_id: str) -> Solved | None:
        try:
            return solved(conversation_id, await self.store.log(conversation_id))
        except NotFound:
            return None
