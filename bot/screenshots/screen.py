"""look(picture) -> Screen: reading, entities, legibility, redaction and controls of one picture in one frozen value."""

from typing import Literal

from bot.conversation import Box, Noun, Outcome
from bot.screenshots.entities import Entity
from bot.screenshots.grounding import Control
from bot.screenshots.ocr import Line
from bot.screenshots.redaction import Sensitive

PictureKind = Literal["screen", "photo", "document", "picture", "empty"]


class Mark(Noun):
    """Something that the picture stresses: a drawn arrow or frame, a dialog, the active tab, a greyed-out control."""

    kind: Literal["drawn", "dialog", "active", "disabled", "alert"]
    box: Box


class Screen(Noun):
    """All that is known of one picture. Boxes are in pixels of the upright original; texts are as read, unredacted."""

    sha256: str
    width: int
    height: int
    kind: PictureKind = "screen"
    outcome: Outcome = "read"
    reason: str = ""
    """Empty when all was read, else the sentence for the customer: why not, and what to send instead."""
    lines: tuple[Line, ...] = ()
    entities: tuple[Entity, ...] = ()
    sensitive: tuple[Sensitive, ...] = ()
    controls: tuple[Control, ...] = ()
    marks: tuple[Mark, ...] = ()
    where: str = ""
    """Where in the product: the page's title, or the path of menu entries that are active."""
    error: str = ""
    """The exact error text, empty when the screen shows none."""
    theme: Literal["light", "dark"] = "light"
    language: str = ""
    """ISO 639-1 code of the screen's text, empty when too little was read to tell."""
    seconds: dict[str, float] = {}

    @property
    def legible(self) -> bool:
        """Whether enough was read to search with."""
        return self.outcome in ("read", "partly")

    @property
    def text(self) -> str:
        """All lines, top to bottom, one per row."""
        return "\n".join(line.text for line in self.lines)
