"""The desk's routes for known problems: announce one, see what is known, end it.

Customers who meet an announced error are told at once, before the article's steps. Not here: when an error counts as
the same (`bot.knowledge.incidents`).
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from bot.announcing import Announcing, Met
from bot.conversation import Owner
from bot.incidents import ANNOUNCED_HOURS
from handlers.web.context import AtDesk, Parts, Web
from handlers.web.desk import ACCESS
from handlers.web.problems import Problem, problems
from handlers.web.wire import Plain

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
        return incident(await announcing(web).announce(body.error, body.text, body.hours, by=who.name))
    except ValueError as error:
        raise Problem("unclear_request", what=str(error)) from error


@router.get("", responses=problems(*ACCESS))
async def known(web: Parts, who: AtDesk) -> list[Incident]:
    """What is known now, newest first: announced by the team, or seen by several customers."""
    return [incident(met) for met in await announcing(web).known()]


@router.delete("/{incident_id}", responses=problems("no_such_incident", *ACCESS))
async def end(web: Parts, who: AtDesk, incident_id: Annotated[str, Path(max_length=64)]) -> Incident:
    """End a known problem: nobody is told any more. One that was only seen by several is quiet for a day."""
    return (await over(web, who, incident_id, Ending())).problem


@router.post("/{incident_id}/end", responses=problems("no_such_incident", *ACCESS))
async def over(web: Parts, who: AtDesk, incident_id: Annotated[str, Path(max_length=64)], body: Ending) -> Ended:
    """End a known problem and, with `tell`, say so in the conversations of those who wait and met it."""
    ended = await announcing(web).over(incident_id, body.tell, by=who.name)
    if ended is None:
        raise Problem("no_such_incident")
    return Ended(problem=incident(ended[0]), told=ended[1])


def announcing(web: Web) -> Announcing:
    """The team's side of known problems."""
    return Announcing(web.desk, web.incidents)


def incident(met: Met) -> Incident:
    """A known problem as the desk sees it."""
    problem = met.problem
    return Incident(
        id=problem.id,
        error=problem.phrase,
        text=problem.text,
        announced=bool(problem.text),
        since=datetime.fromtimestamp(problem.since / 1000, UTC),
        until=datetime.fromtimestamp(problem.until / 1000, UTC),
        by=problem.by,
        seen=problem.seen,
        conversations=[Meeting(id=one.id, owner=one.owner, title=one.title) for one in met.conversations],
    )
