"""What an agent sees of a conversation: a line in the queue, and the card with everything on it.

Pictures are shown with what is private blacked out; the original is one link further, and opening it is logged. Not
here: the routes (`desk`).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pydantic import BaseModel, Field

from bot.case import Has, Nearest, Tried, called_for, case
from bot.conversation import Attachment, Event, Held, Message, Owner, Seen, fold
from bot.helpdesk import LogEntry, Summary
from bot.knowledge.solved import Solved
from handlers.web.context import Web
from handlers.web.identity import SignedIn
from handlers.web.pictures import ORIGINAL, REDACTED, link
from handlers.web.wire import Link, Picture, Standing, for_staff, picture, standing


class Waiting(BaseModel):
    """One conversation of the queue."""

    id: str
    owner: Owner
    who: str | None
    name: str = Field(description="The customer's, empty when nobody has said it.")
    verified: bool = Field(description="Whether the site vouches for the name.")
    title: str
    reason: str = Field(description="Why a person was called, in the team's language.")
    at: int
    picture: Picture | None = Field(description="The newest picture, with what is private blacked out.")
    seen: Seen | None = Field(description="What was seen in it.")


class Card(Standing):
    """Everything that an agent needs to know."""

    name: str = Field(description="The customer's, empty when nobody has said it.")
    verified: bool = Field(description="Whether the site vouches for the name.")
    facets: list[Has] = Field(description="Plan, version and audience: what is found for the customer fits these.")
    language: str = Field(description="What the customer reads.")
    since: int = Field(description="Since when it stands where it stands, in milliseconds since the epoch.")
    reason: str = Field(description="Why a person was called, in the team's language; empty when none was.")
    draft: str = Field(description="What could be sent next, empty when there is nothing.")
    tried: list[Tried] = Field(description="The articles that answers stood on, the oldest first.")
    belief: str = Field(description="The article that the newest answer stood on.")
    confidence: float = Field(description="How sure the newest answer was, from 0 to 1.")
    nearest: list[Nearest] = Field(description="The articles closest to the question.")
    solved: list[Solved] = Field(description="Solved conversations that show the same error, else the same page.")
    plan: str = Field(description="Why the newest answer was made as it was.")
    model: str = Field(description="What gave the newest answer.")
    events: list[dict[str, Any]] = Field(description="The log: `id` is the event's; a message's own is `message_id`.")


class Earlier(BaseModel):
    """Another conversation of the same customer. Times are milliseconds since the epoch."""

    id: str
    owner: Owner
    who: str | None
    title: str
    opened: int
    at: int


def waiting(web: Web, who: SignedIn, summary: Summary, log: list[LogEntry]) -> Waiting:
    """A conversation as the queue shows it."""
    conversation = fold(summary.id, log)
    newest = next(reversed(conversation.attachments.values()), None)
    seen = conversation.seen.get(newest.id) if newest else None
    return Waiting(
        id=summary.id,
        owner=summary.owner,
        who=summary.who,
        name=conversation.name,
        verified=conversation.verified,
        title=summary.title,
        reason=called_for(log),
        at=summary.at,
        picture=picture(newest, covered(web, who)) if newest else None,
        seen=seen,
    )


def card_of(web: Web, who: SignedIn, conversation_id: str, log: list[LogEntry], solved: Sequence[Solved] = ()) -> Card:
    """The card of a conversation."""
    conversation, link_to = fold(conversation_id, log), covered(web, who)
    known_case = case(conversation_id, log)
    known = standing(conversation, link_to)
    pictures = [both(web, who, attachment) for attachment in conversation.attachments.values()]
    return Card(
        **known.model_dump(exclude={"attachments"}),
        attachments=pictures,
        name=known_case.name,
        verified=known_case.verified,
        facets=list(known_case.facets),
        language=known_case.language,
        since=round(known_case.since * 1000),
        reason=known_case.reason,
        draft=known_case.draft,
        tried=list(known_case.tried),
        belief=known_case.belief,
        confidence=known_case.confidence,
        nearest=list(known_case.nearest),
        solved=list(solved),
        plan=known_case.plan,
        model=known_case.model,
        events=[logged(event_id, event, link_to) for event_id, event in log if event],
    )


def covered(web: Web, who: SignedIn) -> Link:
    """Makes links to pictures with what is private blacked out."""
    return partial(link, web, viewer=f"{REDACTED}{who.id}")


def both(web: Web, who: SignedIn, attachment: Attachment) -> Picture:
    """A picture with a link to its covered copy and one to the original."""
    original = link(web, attachment.id, viewer=f"{ORIGINAL}{who.id}")
    return picture(attachment, covered(web, who)).model_copy(update={"original": original})


def logged(event_id: int, event: Event, link_to: Link) -> dict[str, Any]:
    """An event of the log, by the id that readers resume from; what it names itself by stays beside it."""
    own = {f"{event.event}_id": event.id} if isinstance(event, Message | Held) else {}
    return for_staff(event, link_to) | own | {"id": event_id}
