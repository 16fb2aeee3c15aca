"""What the team does about a problem that many have: announce it, see who waits with it, end it and say so to them.

The same at the desk, in Slack and in the terminal. Only those are told that it is over whose conversation waits for a
person or has one: it is said there, in the assistant's name. Not here: when an error counts as the same
(`bot.knowledge.incidents`), what a turn says of it (`bot.incidents`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from bot.conversation import Message, Seen
from bot.helpdesk import HelpDesk, LogEntry, NotFound, Summary
from bot.incidents import ANNOUNCED_HOURS, Incidents
from bot.knowledge.incidents import KnownProblem

log = structlog.get_logger()


@dataclass(frozen=True)
class Met:
    """A known problem, and the conversations of those who wait (or are answered by a person) that show it."""

    problem: KnownProblem
    conversations: tuple[Summary, ...] = ()


@dataclass(frozen=True)
class Announcing:
    """The team's side of known problems."""

    desk: HelpDesk
    incidents: Incidents

    async def known(self) -> list[Met]:
        """What is known now, newest first."""
        return await self._met(await self.incidents.all())

    async def announce(self, error: str, text: str, hours: float = ANNOUNCED_HOURS, *, by: str) -> Met:
        """`error` is known: who meets it is told `text` at once. The same error again replaces what was said. Raises
        ValueError when `error` says too little to tell it from others."""
        problem = await self.incidents.announce(error, text, hours, by=by)
        log.info("a problem was announced", problem=problem.id, by=by, hours=hours)
        return (await self._met([problem]))[0]

    async def shown_by(self, conversation_id: str) -> list[KnownProblem]:
        """The known problems that a conversation's pictures or words show."""
        problems = await self.incidents.all()
        met = await self.incidents.meeting(problems, {conversation_id: texts_of(await self.desk.log(conversation_id))})
        return [problem for problem in problems if met[problem.id]]

    async def over(self, problem_id: str, tell: str = "", *, by: str) -> tuple[Met, int] | None:
        """The problem has ended; `tell` is said to those who wait with it. Returns how many were told, None when there
        is no such problem (any more)."""
        problem = next((p for p in await self.incidents.all() if p.id == problem_id), None)
        if problem is None:
            return None
        met = (await self._met([problem]))[0]
        await self.incidents.end(problem_id)
        log.info("a known problem was ended", problem=problem_id, by=by)
        text, told = self.incidents.told(tell), 0
        for summary in met.conversations if text else ():
            try:
                await self.desk.tell(summary.id, text, key=f"over:{problem_id}:{problem.until}")
            except NotFound:
                continue  # erased a moment ago
            told += 1
        return met, told

    async def _met(self, problems: Sequence[KnownProblem]) -> list[Met]:
        waiting = {summary.id: summary for summary in await self.desk.queue()} if problems else {}
        logs = await asyncio.gather(*(self.desk.log(id_) for id_ in waiting), return_exceptions=True)
        cases = {
            id_: texts_of(entries) for id_, entries in zip(waiting, logs, strict=True) if isinstance(entries, list)
        }
        met = await self.incidents.meeting(problems, cases)
        return [Met(problem, tuple(waiting[id_] for id_ in met[problem.id])) for problem in problems]


def texts_of(entries: list[LogEntry]) -> list[str]:
    """What a customer's pictures and words say."""
    events = [event for _, event in entries]
    said = [event.text for event in events if isinstance(event, Message) and event.sender == "customer"]
    return [text for text in [*(event.error for event in events if isinstance(event, Seen)), *said] if text]
