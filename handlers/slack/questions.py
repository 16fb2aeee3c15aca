"""Agents' questions to the bot, kept until they are answered: a process that dies loses none.

A question is kept in the same step in which its event is known as heard, and held by whoever answers it for as long as
that process lives. One that nobody holds is answered anew, and the agent is told so; after two tries it is said that it
failed. Not here: how a question is answered (`asking`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

import structlog

from bot.conversation import Noun
from bot.helpdesk import Agent
from handlers.slack.agents import Spot
from handlers.slack.memory import Memory
from handlers.slack.private import Background

HOLD = 30.0
"""Seconds after which a question of a process that died is anybody's."""
TRIES = 2
DAY = 86_400.0
log = structlog.get_logger(__name__)


class Question(Noun):
    """One question, as Slack told it. `spot` is empty for one in the Messages tab."""

    event: dict[str, Any]
    user: str
    who: str
    avatar: str | None = None
    team: str = ""
    spot: tuple[str, ...] = ()
    tries: int = 0

    @property
    def agent(self) -> Agent:
        """Who asks."""
        return Agent(self.user, self.who, self.avatar)


class Answers(Protocol):
    """What answers: `again` is whether an earlier try broke off, `last` that none will follow."""

    async def direct(self, event: dict[str, Any], agent: Agent, team: str, *, again: bool = False) -> None:
        """A question in the Messages tab."""

    async def mention(self, event: dict[str, Any], spot: Spot, *, again: bool = False) -> None:
        """A question in a thread."""

    async def failed(self, event: dict[str, Any], spot: Spot | None) -> None:
        """Says that a question could not be answered."""


class Questions:
    """One serves a process."""

    def __init__(self, kept: Memory, answers: Answers, background: Background, hold: float = HOLD) -> None:
        self._kept, self._answers, self._background, self._hold = kept, answers, background, hold
        self._holder = uuid4().hex

    async def take(self, event_id: str, question: Question) -> None:
        """Keeps a question that is new and begins to answer it; durable when this returns."""
        if await self._kept.heard(event_id, question.model_dump_json(), DAY):
            self._background.start(self._answer(event_id, question))

    async def sweep(self) -> None:
        """Answers what nobody holds any more."""
        for event_id, text in (await self._kept.questions()).items():
            if await self._kept.holds(event_id, self._holder, 0.0):  # free: what this process answers is held
                self._background.start(self._answer(event_id, Question.model_validate_json(text)))

    async def _answer(self, event_id: str, question: Question) -> None:
        if not await self._kept.holds(event_id, self._holder + event_id, self._hold):
            return
        async with self._holding(event_id):
            spot = Spot(*question.spot) if question.spot else None
            tried = question.model_copy(update={"tries": question.tries + 1})
            await self._kept.question(event_id, tried.model_dump_json())
            try:
                if question.tries >= TRIES:
                    await self._answers.failed(question.event, spot)
                elif spot is not None:
                    await self._answers.mention(question.event, spot, again=question.tries > 0)
                else:
                    await self._answers.direct(question.event, question.agent, question.team, again=question.tries > 0)
            except asyncio.CancelledError:
                raise  # this process ends: the question stays for another
            except Exception:  # whatever it was: told on, and logged where background tasks end
                await self._kept.question(event_id, "")  # it was said to the agent, and is logged above
                raise
            await self._kept.question(event_id, "")

    @asynccontextmanager
    async def _holding(self, event_id: str) -> AsyncIterator[None]:
        """Keeps hold of a question while it is answered; given back also when this process is told to end."""
        holder = self._holder + event_id

        async def beat() -> None:
            while True:
                await asyncio.sleep(self._hold / 3)
                if not await self._kept.holds(event_id, holder, self._hold):
                    return  # this process stood still for so long that another has it

        beating = asyncio.create_task(beat())
        try:
            yield
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
            await self._kept.holds(event_id, holder, 0.0)
