"""Known problems: what a turn asks before it answers, and what the team does at the desk or in the terminal.

Joins what counts (`bot.state.sightings`) with what is said (`bot.knowledge.incidents`). Everything that is kept has
passed the redactor. When Redis is away an answer goes out without this, and the log says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

import structlog
from redis.exceptions import RedisError

from bot.knowledge.incidents import KnownProblem, fingerprint, matching, phrase, told, words
from bot.screenshots import redaction
from bot.screenshots.screen import Screen
from bot.state.sightings import Sightings
from prompts import say

QUIET_MS = 86_400_000
"""How long an error that was only counted stays quiet after the team ended it: it was no incident."""
ANNOUNCED_HOURS = 24.0

log = structlog.get_logger()


async def nobody(conversation_id: str) -> None:
    """Whose it is, where nobody knows."""


@dataclass(frozen=True)
class Incidents:
    """Problems that many customers have. Times are told in `zone`."""

    sightings: Sightings
    zone: tzinfo = UTC
    own_patterns: tuple[str, ...] = ()
    customer: Callable[[str], Awaitable[str | None]] = nobody
    """A conversation's id -> the hash of whose it is, None when nobody knows: a customer counts once."""

    async def known(
        self, conversation_id: str, screens: Sequence[Screen], question: str, language: str = "en"
    ) -> str | None:
        """What a customer with these screens and this question is told of a known problem; None: nothing is known.

        The screens' errors count as met by this customer, once; a conversation of nobody's counts for itself.
        """
        try:
            errors = [screen.error for screen in screens if screen.error]
            phrases = await asyncio.to_thread(self._phrases, errors) if errors else []
            who = (await self.customer(conversation_id) or conversation_id) if any(phrases) else ""
            for met in filter(None, phrases):
                if await self.sightings.add(fingerprint(met), met, who):
                    log.warning("several customers meet the same error", problem=fingerprint(met), error=met)
            problems = await self.all()
            if not problems:
                return None
            others = [screen.text for screen in screens if not screen.error] + [question]
            texts = await asyncio.to_thread(lambda: [words(text, self.own_patterns) for text in others])
            problem = matching(problems, [*phrases, *texts])
            if problem is None:
                return None
            error = next((e for e, p in zip(errors, phrases, strict=True) if matching([problem], [p])), "")
            return told(problem, error, await self.sightings.now(), self.zone, language)
        except RedisError as error:
            log.warning("known problems could not be looked up", error=str(error))
            return None

    def _phrases(self, errors: Sequence[str]) -> list[str]:
        return [phrase(error, self.own_patterns) for error in errors]

    async def all(self) -> list[KnownProblem]:
        """The problems that are known now, newest first."""
        return [KnownProblem.model_validate(problem) for problem in await self.sightings.known()]

    async def announce(self, error: str, text: str, hours: float = ANNOUNCED_HOURS, *, by: str = "") -> KnownProblem:
        """The team says that an error is known, for so many hours; the same error again replaces what was said. `by` is
        who says it.

        Raises ValueError when `error` says too little to tell it from others.
        """
        met = phrase(error, self.own_patterns)
        if not met:
            raise ValueError(say("incidents.too_little"))
        id_, now = fingerprint(met), await self.sightings.now()
        before = next((p for p in await self.all() if p.id == id_), None)
        problem = KnownProblem(
            id=id_,
            phrase=met,
            since=before.since if before else now,
            until=now + int(hours * 3_600_000),
            text=self.told(text),
            by=by,
            seen=before.seen if before else 0,
        )
        await self.sightings.put(id_, problem.model_dump())
        return problem

    def told(self, text: str) -> str:
        """What the team wrote, as customers may read it: one paragraph, without private data."""
        return redaction.text(" ".join(text.split()), self.own_patterns)

    async def meeting(
        self, problems: Sequence[KnownProblem], cases: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """Which cases met each problem: ids of cases, each of which is what its pictures and words say."""

        def look() -> dict[str, list[str]]:
            said = {
                case: [
                    *(phrase(text, self.own_patterns) for text in texts),
                    *(words(t, self.own_patterns) for t in texts),
                ]
                for case, texts in cases.items()
            }
            return {p.id: [case for case, texts in said.items() if matching([p], texts)] for p in problems}

        return await asyncio.to_thread(look) if problems and cases else {p.id: [] for p in problems}

    async def end(self, id_: str) -> KnownProblem | None:
        """A known problem is over, or was none; None when there is no such problem.

        One that was announced may be found again after the sightings' window, and so may what was counted of the same
        error in the longer words of customers' screens; one that was only counted is quiet for a day.
        """
        problems = await self.all()
        problem = next((p for p in problems if p.id == id_), None)
        if problem is None:
            return None
        quiet = self.sightings.window_ms if problem.text else QUIET_MS
        until = await self.sightings.now() + quiet
        same = [p for p in problems if not p.text and p.id != id_ and problem.text and matching([problem], [p.phrase])]
        for over in (problem, *same):
            await self.sightings.put(over.id, over.model_dump() | {"until": until, "ended": True})
        return problem
