"""The desk's routes for known problems: announce one, see what is known, end it.

Customers who meet an announced error are told at once, before the article's steps. Not here: when an error counts as
the same (`bot.knowledge.incidents`).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from bot.conversation import Message, Owner, Seen
from bot.helpdesk import LogEntry, NotFound, Summary
from bot.incidents import ANNOUNCED_HOURS
from bot.knowledge.incidents import KnownProblem
from handlers.web.context import AtDesk, Parts, Web
from handlers.web.desk import ACCESS
from handlers.web.problems import Problem, problems
from handlers.web.wire import Plain

log = structlog.get_logger()
router = APIRouter(prefix="/desk/incidents", tags=["desk"])


class Announcement(BaseModel):
    """A problem that the team knows: `error` as customers see it (or its code), `text` as they are told of it."""

    error: Plain = Field(min_length=1, max_length=500)
    text: Plain = Field(min_length=1, max_length=1000)
    hours: float = Field(default=ANNOUNCED_HOURS, gt=0, le=24 * 30, description="How long it is told, unless ended.")


class Meeting(BaseModel):
    """A conversation whose pictures or words show the problem."""

    id: str
    owner: Owner
    title: str


class Ending(BaseModel):
    """`tell` is said, in the assistant's name, to every customer who waits for a person (or has one) and met it."""

    tell: Plain = Field(default="", max_length=1000)


class Incident(BaseModel):
    """A known problem. `error` is what counts as the same: without private data, numbers and ids."""

    id: str
    error: str
    text: str = Field(description="What customers are told; empty when it was only seen by several of them.")
    announced: bool
    since: datetime
    until: datetime
    by: str = Field(description="Who announced it, empty for the terminal and for what was only counted.")
    seen: int = Field(description="Customers who met it.")
    conversations: list[Meeting] = Field(description="Those that wait for a person, or have one, and met it.")


class Ended(BaseModel):
    """The problem as it was, and how many were told that it is over."""

    problem: Incident
    told: int


@router.post("", status_code=201, responses=problems("unclear_request", *ACCESS))
async def announce(web: Parts, who: AtDesk, body: Announcement) -> Incident:
    """Announce a known problem. The same error again replaces what was said. Private data is taken out of both texts;
    the answer shows what customers will be told."""
    try:
        problem = await web.incidents.announce(body.error, body.text, body.hours, by=who.name)
    except ValueError as error:
        raise Problem("unclear_request", what=str(error)) from error
    log.info("a problem was announced", problem=problem.id, agent=who.id, hours=body.hours)
    return (await shown(web, [problem]))[0]


@router.get("", responses=problems(*ACCESS))
async def known(web: Parts, who: AtDesk) -> list[Incident]:
    """What is known now, newest first: announced by the team, or seen by several customers."""
    return await shown(web, await web.incidents.all())


@router.delete("/{incident_id}", responses=problems("no_such_incident", *ACCESS))
async def end(web: Parts, who: AtDesk, incident_id: Annotated[str, Path(max_length=64)]) -> Incident:
    """End a known problem: nobody is told any more. One that was only seen by several is quiet for a day."""
    return (await over(web, who, incident_id, Ending())).problem


@router.post("/{incident_id}/end", responses=problems("no_such_incident", *ACCESS))
async def over(web: Parts, who: AtDesk, incident_id: Annotated[str, Path(max_length=64)], body: Ending) -> Ended:
    """End a known problem and, with `tell`, say so in the conversations of those who wait and met it."""
    problem = next((p for p in await web.incidents.all() if p.id == incident_id), None)
    if problem is None:
        raise Problem("no_such_incident")
    known_as = (await shown(web, [problem]))[0]
    await web.incidents.end(incident_id)
    log.info("a known problem was ended", problem=incident_id, agent=who.id)
    text, told = web.incidents.told(body.tell), 0
    for met in known_as.conversations if text else ():
        with contextlib.suppress(NotFound):  # erased a moment ago
            await web.desk.tell(met.id, text, key=f"over:{incident_id}:{problem.until}")
            told += 1
    return Ended(problem=known_as, told=told)


async def shown(web: Web, problems_: Sequence[KnownProblem]) -> list[Incident]:
    """Known problems as the desk sees them, with who of those that wait has met them."""
    waiting = {summary.id: summary for summary in await web.desk.queue()} if problems_ else {}
    logs = await asyncio.gather(*(web.desk.log(id_) for id_ in waiting), return_exceptions=True)
    cases = {id_: texts_of(log_) for id_, log_ in zip(waiting, logs, strict=True) if isinstance(log_, list)}
    met = await web.incidents.meeting(problems_, cases)
    return [incident(problem, [waiting[id_] for id_ in met[problem.id]]) for problem in problems_]


def texts_of(entries: list[LogEntry]) -> list[str]:
    """What a customer's pictures and words say."""
    events = [event for _, event in entries]
    said = [event.text for event in events if isinstance(event, Message) and event.sender == "customer"]
    return [text for text in [*(event.error for event in events if isinstance(event, Seen)), *said] if text]


def incident(problem: KnownProblem, met: Sequence[Summary] = ()) -> Incident:
    """A known problem as the desk sees it."""
    return Incident(
        id=problem.id,
        error=problem.phrase,
        text=problem.text,
        announced=bool(problem.text),
        since=datetime.fromtimestamp(problem.since / 1000, UTC),
        until=datetime.fromtimestamp(problem.until / 1000, UTC),
        by=problem.by,
        seen=problem.seen,
        conversations=[Meeting(id=one.id, owner=one.owner, title=one.title) for one in met],
    )
