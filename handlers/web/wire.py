"""Events and pictures as they leave the house: what a customer may see, and links that open for a while;
and text as it comes in.

Not here: how they travel (`stream`), which routes ask for them (`conversations`, `desk`).
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from bot.case import why
from bot.conversation import (
    STAFF_EVENTS,
    Answered,
    Attached,
    Attachment,
    Conversation,
    Event,
    Held,
    Message,
    Owner,
    OwnerChanged,
    Planned,
    Pointed,
    Rated,
    Reminded,
    Seen,
)

Plain = Annotated[str, AfterValidator(lambda text: text.encode().decode())]
"""Text that came in as JSON: half a surrogate pair is valid there, and nowhere after."""
Link = Callable[[str], str]
"""An attachment's id -> the address that opens it for a while."""


class Picture(Attachment):
    """A picture with the addresses that open it for 15 minutes."""

    url: str
    original: str | None = Field(default=None, description="At the desk: the picture uncovered; opening it is logged.")


class SaidMessage(Message):
    """A message whose pictures can be opened."""

    attachments: tuple[Picture, ...] = ()


class Standing(BaseModel):
    """A conversation as it stands: what was said, what was seen, what was answered."""

    id: str
    owner: Owner
    who: str | None
    last_event: int = Field(description="Read the events after this one to go on from here.")
    messages: list[SaidMessage]
    attachments: list[Picture]
    seen: list[Seen]
    answers: list[Answered]
    pointed: list[Pointed]
    ratings: list[Rated]


def picture(attachment: Attachment, link: Link) -> Picture:
    """An attachment with its link."""
    return Picture(**attachment.model_dump(), url=link(attachment.id))


def message(said: Message, link: Link) -> SaidMessage:
    """A message with links to its pictures."""
    pictures = tuple(picture(attachment, link) for attachment in said.attachments)
    return SaidMessage(**said.model_dump(exclude={"attachments", "agent"}), attachments=pictures)


def for_customer(event: Event, link: Link) -> dict[str, Any] | None:
    """The event as a customer reads it; None for what is among staff."""
    if event.event in STAFF_EVENTS:
        return None
    match event:
        case Reminded(text=""):
            return None
        case Planned():  # what a model is called and costs is between the owner and the team
            return event.model_dump(mode="json", exclude={"asks", "price"})
        case OwnerChanged():
            return event.model_dump(mode="json", exclude={"agent"})
        case _:
            return for_staff(event, link)


def for_staff(event: Event, link: Link) -> dict[str, Any]:
    """The event as an agent reads it: all of it, with links to its pictures."""
    match event:
        case Message():
            return message(event, link).model_dump(mode="json", exclude={"agent"})
        case Held():
            pictures = [picture(attachment, link).model_dump(mode="json") for attachment in event.attachments]
            return event.model_dump(mode="json") | {"attachments": pictures}
        case OwnerChanged():
            return event.model_dump(mode="json") | {"team": why(event) if event.owner == "waiting" else ""}
        case Attached():
            return event.model_dump(mode="json") | {"attachment": picture(event.attachment, link).model_dump()}
        case _:
            return event.model_dump(mode="json")


def standing(conversation: Conversation, link: Link) -> Standing:
    """A conversation as it stands, with links to its pictures."""
    return Standing(
        id=conversation.id,
        owner=conversation.owner,
        who=conversation.who,
        last_event=conversation.last_event,
        messages=[message(said, link) for said in conversation.messages],
        attachments=[picture(attachment, link) for attachment in conversation.attachments.values()],
        seen=list(conversation.seen.values()),
        answers=list(conversation.answers.values()),
        pointed=[place for places in conversation.pointed.values() for place in places],
        ratings=list(conversation.ratings.values()),
    )
