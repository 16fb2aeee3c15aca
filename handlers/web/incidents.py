"""The desk's routes for known problems: announce one, see what is known, end it.

Customers who meet an announced error are told at once, before the article's steps. Not here: when an error counts as
the same (`bot.knowledge.incidents`).
"""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from bot.incidents import ANNOUNCED_HOURS
from bot.knowledge.incidents import KnownProblem
from handlers.web.context import AtDesk, Parts
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


class Incident(BaseModel):
    """A known problem. `error` is what counts as the same: without private data, numbers and ids."""

    id: str
    error: str
    text: str = Field(description="What customers are told; empty when it was only seen by several of them.")
    announced: bool
    since: datetime
    until: datetime
    seen: int = Field(description="Customers who met it.")


@router.post("", status_code=201, responses=problems("unclear_request", *ACCESS))
async def announce(web: Parts, who: AtDesk, body: Announcement) -> Incident:
    """Announce a known problem. The same error again replaces what was said. Private data is taken out of both texts;
    the answer shows what customers will be told."""
    try:
        problem = await web.incidents.announce(body.error, body.text, body.hours)
    except ValueError as error:
        raise Problem("unclear_request", what=str(error)) from error
    log.info("a problem was announced", problem=problem.id, agent=who.id, hours=body.hours)
    return incident(problem)


@router.get("", responses=problems(*ACCESS))
async def known(web: Parts, who: AtDesk) -> list[Incident]:
    """What is known now, newest first: announced by the team, or seen by several customers."""
    return [incident(problem) for problem in await web.incidents.all()]


@router.delete("/{incident_id}", responses=problems("no_such_incident", *ACCESS))
async def end(web: Parts, who: AtDesk, incident_id: Annotated[str, Path(max_length=64)]) -> Incident:
    """End a known problem: nobody is told any more. One that was only seen by several is quiet for a day."""
    ended = await web.incidents.end(incident_id)
    if ended is None:
        raise Problem("no_such_incident")
    log.info("a known problem was ended", problem=ended.id, agent=who.id)
    return incident(ended)


def incident(problem: KnownProblem) -> Incident:
    """A known problem as the desk sees it."""
    return Incident(
        id=problem.id,
        error=problem.phrase,
        text=problem.text,
        announced=bool(problem.text),
        since=datetime.fromtimestamp(problem.since / 1000, UTC),
        until=datetime.fromtimestamp(problem.until / 1000, UTC),
        seen=problem.seen,
    )
