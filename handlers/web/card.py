"""What an agent sees of a conversation: a line in the queue, and the card with everything on it.

Pictures are shown with what is private blacked out; the original is one link further, and opening it is logged. Not
here: the routes (`desk`).
"""

from functools import partial
from typing import Any

from pydantic import BaseModel, Field

from bot.conversation import Attachment, Conversation, Event, Held, Message, Owner, OwnerChanged, Seen, fold
from bot.helpdesk import LogEntry, Summary
from handlers.web.context import Web
from handlers.web.identity import SignedIn
from handlers.web.pictures import ORIGINAL, REDACTED, link
from handlers.web.wire import Link, Picture, Standing, for_staff, picture, standing


class Waiting(BaseModel):
    """One conversation of the queue."""

    id: str
    owner: Owner
    who: str | None
    title: str
    reason: str
    at: int
    picture: Picture | None = Field(description="The newest picture, with what is private blacked out.")
    seen: Seen | None = Field(description="What was seen in it.")


class Card(Standing):
    """Everything that an agent needs to know."""

    reason: str = Field(description="Why it is here.")
    draft: str = Field(description="What could be sent next, empty when there is nothing.")
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
        title=summary.title,
        reason=reason_of(log),
        at=summary.at,
        picture=picture(newest, covered(web, who)) if newest else None,
        seen=seen,
    )


def card_of(web: Web, who: SignedIn, conversation_id: str, log: list[LogEntry]) -> Card:
    """The card of a conversation."""
    conversation, link_to = fold(conversation_id, log), covered(web, who)
    known = standing(conversation, link_to)
    pictures = [both(web, who, attachment) for attachment in conversation.attachments.values()]
    return Card(
        **known.model_dump(exclude={"attachments"}),
        attachments=pictures,
        reason=reason_of(log),
        draft=draft_of(conversation),
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


def draft_of(conversation: Conversation) -> str:
    """What an agent could send next: the bot's last answer that stood on an article, without its sources' numbers."""
    last = max(conversation.answers.values(), key=lambda answer: answer.turn, default=None)
    if last is None:
        return ""
    text = last.text if last.citations else ""
    for citation in last.citations:
        text = text.replace(f" [{citation.n}]", "").replace(f"[{citation.n}]", "")
    return text.strip()


def reason_of(log: list[LogEntry]) -> str:
    """Why the conversation is where it is: the words of the last change of owner."""
    return next((event.reason for _, event in reversed(log) if isinstance(event, OwnerChanged)), "")
