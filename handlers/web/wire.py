"""Events and pictures as they leave the house: what a customer may see, and links that open for a while;
and text as it comes in.

Not here: how they travel (`stream`), which routes ask for them (`conversations`, `desk`).
"""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

from bot.conversation import STAFF_EVENTS, Attached, Attachment, Event, Held, Message, OwnerChanged, Reminded

Plain = Annotated[str, AfterValidator(lambda text: text.encode().decode())]
"""Text that came in as JSON: half a surrogate pair is valid there, and nowhere after."""
Link = Callable[[str], str]
"""An attachment's id -> the address that opens it for a while."""


def for_customer(event: Event, link: Link) -> dict[str, Any] | None:
    """The event as a customer reads it; None for what is among staff."""
    if event.event in STAFF_EVENTS:
        return None
    match event:
        case Reminded(text=""):
            return None
        case OwnerChanged():
            return event.model_dump(mode="json", exclude={"agent"})
        case _:
            return for_staff(event, link)


def for_staff(event: Event, link: Link) -> dict[str, Any]:
    """The event as an agent reads it: all of it, with links to its pictures."""
    data = event.model_dump(mode="json")
    match event:
        case Message(attachments=attachments) | Held(attachments=attachments) if attachments:
            data["attachments"] = [picture(attachment, link) for attachment in attachments]
        case Attached(attachment=attachment):
            data["attachment"] = picture(attachment, link)
        case _:
            pass
    return data


def picture(attachment: Attachment, link: Link) -> dict[str, Any]:
    """An attachment with its link."""
    return attachment.model_dump(mode="json") | {"url": link(attachment.id)}
