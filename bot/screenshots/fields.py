"""Forms: which lines are a label's value, beside it or below it. For private values whose label is all that tells.

Not here: which labels name something private (`bot.screenshots.private.people`), or what can be clicked (`grounding`).
"""

import re
from collections.abc import Iterator, Sequence

from bot.conversation import Box
from bot.screenshots.ocr import Line
from bot.screenshots.private import people
from bot.screenshots.private.text import SensitiveKind

_PLACEHOLDER = re.compile(
    r"(?:enter|type|your|e\.?g\.?|example|select|choose|search|add|none|not set|n/a|unknown|optional|required|please|"
    r"bitte|eingeben|auswählen|entrez|saisissez|introduzca)\b.*|[-–—.…*•]+|.*(?:\.\.\.|…)",
    re.I,
)


def labelled_values(lines: Sequence[Line]) -> Iterator[tuple[SensitiveKind, int, int, int]]:
    """(kind, line, start, end) of each value whose label stands left of it or above it."""
    labels = {n: found for n, line in enumerate(lines) if (found := people.label(line.text))}
    for number, found in labels.items():
        for value in _values(lines, number, set(labels)):
            text = lines[value].text
            if _PLACEHOLDER.fullmatch(text.strip()):
                continue
            if found.kind == "name" and not people.is_name(text, words=1 if found.certain else 2):
                continue
            if found.kind in ("address", "other") and not any(c.isdigit() for c in text) and found.kind == "other":
                continue
            yield found.kind, value, 0, len(text)


def _values(lines: Sequence[Line], number: int, labels: set[int]) -> list[int]:
    """The line right of the label, else the first one below it (and what goes on below that, for an address)."""
    label = lines[number].box
    height = label[3] - label[1]
    right = [n for n, line in enumerate(lines) if n != number and _right_of(label, line.box)]
    if right:
        nearest = min(right, key=lambda n: lines[n].box[0])
        if nearest not in labels and lines[nearest].box[0] - label[2] <= 14 * height:
            return [nearest]
    below = [n for n, line in enumerate(lines) if n != number and _under(label, line.box)]
    nearest_below = min(below, key=lambda n: lines[n].box[1], default=None)
    return [] if nearest_below is None or nearest_below in labels else [nearest_below]


def _right_of(label: Box, box: Box) -> bool:
    height = min(label[3] - label[1], box[3] - box[1])
    return min(label[3], box[3]) - max(label[1], box[1]) >= 0.5 * height and box[0] >= label[2] - 2


def _under(label: Box, box: Box) -> bool:
    height = label[3] - label[1]
    return -0.3 * height <= box[1] - label[3] <= 1.6 * height and -height <= box[0] - label[0] <= 1.6 * height
