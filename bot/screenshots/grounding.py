"""An instruction -> the box of the control to use, or nothing. The ring around it is drawn by `ring`."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PIL import Image
from rapidfuzz import fuzz

from bot.conversation import Box, Point
from bot.screenshots.controls import Control, ControlKind
from bot.screenshots.controls import controls as controls
from bot.screenshots.instructions import targets
from bot.screenshots.labels import Label, around, labels
from bot.screenshots.ocr import Line

__all__ = ["Control", "ControlKind", "controls", "point"]

LEAST = 82.0
"""Likeness (0 to 100) under which a name is not on the screen."""


class Match(NamedTuple):
    """Words of a label that may be the name."""

    label: Label
    box: Box
    likeness: float
    whole: bool


def point(
    instruction: str, lines: Sequence[Line], controls: Sequence[Control], picture: Image.Image | None = None
) -> tuple[Point, ...]:
    """The places to use for `instruction`, best first, empty when nothing fits.

    Of several names in one instruction the first that is on the screen counts: the later ones show after it was used.
    """
    found = labels(lines)
    for target in targets(instruction):
        matches = sorted(_matches(target.name, found), key=lambda m: -_worth(m, controls))
        if matches:
            return tuple(Point(label=target.name, box=m.box, score=round(m.likeness / 100, 3)) for m in matches)
    return ()


def plain(text: str) -> str:
    """Letters and digits alone, without accents and case: what a label says, however it was read."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _matches(name: str, found: Sequence[Label]) -> Iterator[Match]:
    wanted = plain(name)
    if not wanted:
        return
    for label in found:
        best = max(_runs(wanted, label), key=lambda m: m.likeness, default=None)
        if best and best.likeness >= LEAST:
            yield best


def _runs(wanted: str, label: Label) -> Iterator[Match]:
    words = label.words
    for start in range(len(words)):
        text = ""
        for end in range(start, len(words)):
            text += plain(words[end].text)
            if len(text) > 1.6 * len(wanted) + 4:
                break
            likeness = fuzz.ratio(wanted, text)
            whole = start == 0 and end == len(words) - 1
            yield Match(label, around([w.box for w in words[start : end + 1]]), likeness, whole)


def _worth(match: Match, controls: Sequence[Control]) -> float:
    x, y = (match.box[0] + match.box[2]) / 2, (match.box[1] + match.box[3]) / 2
    on = any(c.box[0] <= x <= c.box[2] and c.box[1] <= y <= c.box[3] for c in controls)
    return match.likeness + 6 * match.whole + 8 * on
