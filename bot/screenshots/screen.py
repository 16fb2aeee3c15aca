"""look(picture) -> Screen: reading, entities, legibility, redaction and controls of one picture in one frozen value."""

import asyncio
import time
from collections.abc import Sequence
from typing import Literal

from PIL import Image
from pydantic import Field

from bot.conversation import Noun, Outcome
from bot.screenshots import entities, grounding, icons, legibility, marks, redaction
from bot.screenshots.entities import Entity
from bot.screenshots.grounding import Control
from bot.screenshots.legibility import PictureKind
from bot.screenshots.marks import Mark as Mark
from bot.screenshots.ocr import Line, Reader, Reading
from bot.screenshots.redaction import Sensitive
from prompts import say


class Screen(Noun):
    """All that is known of one picture. Boxes are in pixels of the upright original; texts are as read, unredacted."""

    sha256: str
    width: int
    height: int
    kind: PictureKind = "screen"
    outcome: Outcome = "read"
    reason: str = ""
    """Empty when all was read, else the sentence for the customer, in English: why not, and what to send instead."""
    why: str = ""
    """The line of `prompts/*/legibility.toml` that `reason` is."""
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
    seconds: dict[str, float] = Field(default_factory=dict)

    @property
    def legible(self) -> bool:
        """Whether enough was read to search with."""
        return self.outcome in ("read", "partly")

    def told(self, language: str) -> str:
        """`reason` in the customer's language; a screen that an older process kept knows it in English alone."""
        return say(f"legibility.{self.why}", language) if self.why else self.reason

    @property
    def text(self) -> str:
        """All lines, top to bottom, one per row."""
        return "\n".join(line.text for line in self.lines)


async def look(
    picture: Image.Image,
    sha256: str,
    reader: Reader,
    *,
    budget: float | None = None,
    own_patterns: Sequence[str] = (),
) -> Screen:
    """All that can be known of an upright `picture`, off the event loop, within about `budget` seconds of reading.

    `own_patterns` are the owner's own private patterns, see `redaction.find`.
    """
    reading = await reader.read(picture, budget)
    return await asyncio.to_thread(understand, picture, sha256, reading, own_patterns)


def understand(picture: Image.Image, sha256: str, reading: Reading, own_patterns: Sequence[str] = ()) -> Screen:
    """What a reading of `picture` means; blocking."""
    started = time.monotonic()
    lines, _ = icons.parted(reading.lines)
    verdict = legibility.judge(picture, reading)
    controls = grounding.controls(lines, picture)
    used = time.monotonic()
    buttons = [c.box for c in controls if c.kind in ("button", "input") or c.odds > 1.5]
    facts = entities.find(lines, picture, buttons, marks.dialogs(picture))
    sensitive = redaction.find(lines, picture, own_patterns)
    stressed = marks.find(picture, lines, [e.box for e in facts.entities if e.kind == "error"], controls)
    ended = time.monotonic()
    seconds = {**reading.seconds, "understand": ended - used, "controls": used - started}
    return Screen(
        sha256=sha256,
        width=picture.width,
        height=picture.height,
        kind=verdict.kind,
        outcome=verdict.outcome,
        reason=verdict.reason,
        why=verdict.why,
        lines=lines,
        entities=facts.entities,
        sensitive=sensitive,
        controls=controls,
        marks=tuple(stressed),
        where=facts.where or " › ".join(c.label for c in controls if c.active),
        error=facts.error,
        theme=verdict.theme,
        language=facts.language,
        seconds={**seconds, "total": sum(seconds.values())},
    )
