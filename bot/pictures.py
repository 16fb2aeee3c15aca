"""Pictures on their way in: cleaned, kept under `<folder>/<sha256>`, and found again when somebody says something.

Not here: what makes a picture clean (`bot.screenshots.intake`), what it shows (`bot.screenshots.eye`), who may add one
to a conversation (`bot.helpdesk`).
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.conversation import Attachment
from bot.screenshots.intake import Picture
from bot.state.errors import Refused


class Intake(Protocol):
    """Any bytes -> a clean picture."""

    async def clean(self, data: bytes, name: str = "") -> Picture:
        """The picture in `data`. Raises `bot.screenshots.intake.Refused` when it cannot be taken."""


class Storage(Protocol):
    """Where pictures lie, under `<conversation>/<sha256>`."""

    async def put(self, path: str, data: bytes) -> None:
        """Keeps `data`; the same path twice is fine."""

    async def delete(self, prefix: str) -> int:
        """Removes everything under `prefix`; how many there were."""

    async def remove(self, path: str) -> None:
        """Removes one picture and what was seen of it; one that is gone already is fine."""


async def take(intake: Intake, storage: Storage, folder: str, data: bytes, name: str = "") -> Attachment:
    """The picture in `data`, cleaned and kept. Raises `bot.screenshots.intake.Refused` when it cannot be taken."""
    picture = await intake.clean(data, name)
    path = f"{folder}/{picture.sha256}"
    await storage.put(path, picture.data)
    return Attachment(
        id=path,
        name=name,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(picture.data),
    )


def chosen(
    conversation_id: str, given: Sequence[str | Attachment], known: Mapping[str, Attachment]
) -> tuple[Attachment, ...]:
    """The pictures of one message, each once: ids among the conversation's `known` ones, or what `take` returned for
    this conversation. Raises `Refused` for any other."""
    taken = {a.id: a for a in given if isinstance(a, Attachment) and a.id.startswith(f"{conversation_id}/")}
    all_ = taken | dict(known)
    ids = [picture.id if isinstance(picture, Attachment) else picture for picture in given]
    if any(id_ not in all_ for id_ in ids):
        raise Refused("handoff.unknown_picture")
    return tuple(all_[id_] for id_ in dict.fromkeys(ids))
