"""Lines -> what a screen says exactly: error text and codes, URL, product area, version, numbers, amounts."""

from typing import Literal

from bot.conversation import Box, Noun

EntityKind = Literal[
    "error", "code", "url", "title", "version", "order", "invoice", "ticket", "amount", "date", "browser", "os"
]


class Entity(Noun):
    """One exact thing on the screen. `doubt` marks an opaque code whose characters OCR may confuse (0O, 1lI)."""

    kind: EntityKind
    text: str
    box: Box
    doubt: bool = False
