"""Lines -> what a screen says exactly: error text and codes, URL, product area, version, numbers, amounts."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from PIL import Image

from bot.conversation import Box, Noun
from bot.screenshots.failures import failure
from bot.screenshots.language import language
from bot.screenshots.ocr import Line
from bot.screenshots.values import LABELS, VALUE, Value, doubtful, values

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


def find(
    lines: Sequence[Line], picture: Image.Image, controls: Sequence[Box] = (), dialogs: Sequence[Box] = ()
) -> Facts:
    """The facts of a screen's lines; colours in `picture` help to tell which lines are an error.

    What is one of `controls` is not the page's title, and what stands in one of `dialogs` is more likely its error.
    """
    error = failure(lines, picture, dialogs)
    found = [Entity(kind="error", text=line.text, box=line.box) for line in error]
    titled = [x for x in lines if not any(_in(x.box, control) for control in controls)]
    title = _title(titled, picture.size)
    if title is not None:
        found.append(Entity(kind="title", text=title.text, box=title.box))
    for line in lines:
        found += [_entity(line, value) for value in values(line.text)]
    found += _wrapped(lines, found)
    found += _labelled(lines, found)
    return Facts(
        entities=_once(found),
        where=_where(title, lines),
        error="\n".join(line.text for line in error).replace("-\n", "-"),
        language=language(line.text for line in lines),
    )


def _entity(line: Line, value: Value) -> Entity:
    words, at = [], 0
    for word in line.words:
        start = line.text.find(word.text, at)
        at = start + len(word.text)
        if start < value.end and at > value.start:
            words.append(word)
    boxes = [word.box for word in words] or [line.box]
    box = (min(b[0] for b in boxes), line.box[1], max(b[2] for b in boxes), line.box[3])
    score = min((word.score for word in words), default=line.score)
    return Entity(kind=value.kind, text=value.text, box=box, doubt=doubtful(value.kind, value.text, score))


def _wrapped(lines: Sequence[Line], known: list[Entity]) -> list[Entity]:
    """Values that begin at the end of one line and go on at the start of the next; what was half of one is let go."""
    whole = []
    for line in lines:
        height = line.box[3] - line.box[1]
        below = [x for x in lines if _below(line, x) and x.box[1] - line.box[3] < height]
        after = min(below, key=lambda x: x.box[1], default=None)
        if after is None or max(height, after.box[3] - after.box[1]) > 1.6 * min(height, after.box[3] - after.box[1]):
            continue
        joined = line.text + ("" if line.text.endswith("-") else " ")
        for value in values(joined + after.text):
            if value.start < len(line.text) - 1 and value.end > len(joined):
                box = (min(line.box[0], after.box[0]), line.box[1], max(line.box[2], after.box[2]), after.box[3])
                doubt = doubtful(value.kind, value.text, min(line.score, after.score))
                whole.append(Entity(kind=value.kind, text=value.text, box=box, doubt=doubt))
                halves = (line.box, after.box)
                known[:] = [e for e in known if e.text not in value.text or not any(_in(e.box, b) for b in halves)]
    return whole


def _in(box: Box, of: Box) -> bool:
    return of[0] - 1 <= box[0] and box[2] <= of[2] + 1 and of[1] - 1 <= box[1] and box[3] <= of[3] + 1


def _labelled(lines: Sequence[Line], known: Sequence[Entity]) -> Iterator[Entity]:
    """Values that a label of their own names: right of it, or below it."""
    texts = {entity.text for entity in known}
    for label in lines:
        kind = next((k for k, pattern in LABELS if pattern.fullmatch(label.text.strip())), None)
        if kind is None:
            continue
        beside = [x for x in lines if VALUE.fullmatch(x.text) and (_beside(label, x) or _below(label, x))]
        value = min(beside, key=lambda x: _far(label, x), default=None)
        if value is not None and value.text not in texts:
            yield Entity(kind=kind, text=value.text, box=value.box, doubt=doubtful(kind, value.text, value.score))


def _beside(label: Line, other: Line) -> bool:
    height = label.box[3] - label.box[1]
    level = abs(label.box[1] + label.box[3] - other.box[1] - other.box[3]) < height
    return other is not label and level and 0 <= other.box[0] - label.box[2] < 20 * height


def _below(label: Line, other: Line) -> bool:
    height = label.box[3] - label.box[1]
    under = 0 <= other.box[1] - label.box[3] < 2 * height
    return other is not label and under and abs(other.box[0] - label.box[0]) < 2 * height


def _far(label: Line, other: Line) -> float:
    return max(0.0, other.box[0] - label.box[2]) + 2 * max(0.0, other.box[1] - label.box[3])


def _once(found: Sequence[Entity]) -> tuple[Entity, ...]:
    """Each kind and text once, where it first stands."""
    seen: dict[tuple[str, str], Entity] = {}
    for entity in found:
        seen.setdefault((entity.kind, entity.text), entity)
    return tuple(seen.values())


LONGEST_TITLE = 7
"""Words of a page's name."""


def _title(lines: Sequence[Line], size: tuple[int, int]) -> Line | None:
    """The page's title: the largest words of the upper half, the brand in the corner only if there are no others."""
    width, height = size
    named = [x for x in lines if len(re.findall(r"[^\W\d_]", x.text)) >= 4 and x.score >= 0.8]
    if not named:
        return None
    usual = float(np.median([_size(x) for x in named]))
    named = [x for x in named if _names(x)]

    def worth(line: Line) -> float:
        return _size(line) / usual - 0.6 * line.box[1] / height

    upper = [x for x in named if x.box[1] < 0.5 * height and _size(x) >= 1.2 * usual]
    corner = [x for x in upper if x.box[1] < 0.08 * height and x.box[2] < 0.25 * width]
    return max((x for x in upper if x not in corner), key=worth, default=max(corner, key=worth, default=None))


def _names(line: Line) -> bool:
    """Whether a line may be a page's name: not a sentence, a piece of one, or what a crop has left of a name."""
    text = line.text.strip()
    words = len(text.split())
    cut = text[:1].islower() and (words > 1 or line.box[0] < line.box[3] - line.box[1])
    return words <= LONGEST_TITLE and not cut and not re.search(r"[@<{}=\"]|://|[.,:;…]$", text)


def _size(line: Line) -> float:
    """About the size of a line's font: its ink is higher where letters go up and down."""
    up = any(c.isupper() or c.isdigit() or c in "bdfhklt" for c in line.text)
    down = any(c in "gjpqyçąęįţşQ,;()" for c in line.text)
    return (line.box[3] - line.box[1] - 2) / (0.53 + 0.2 * up + 0.21 * down)


def _where(title: Line | None, lines: Sequence[Line]) -> str:
    """The path of bread crumbs above the title, and the title."""
    if title is None:
        return ""
    tall = title.box[3] - title.box[1]
    above = [
        x
        for x in lines
        if 0 <= title.box[1] - x.box[3] < 2 * tall
        and abs(x.box[0] - title.box[0]) < tall
        and _crumbs(x.text, title.text)
    ]
    path = _crumbs(above[-1].text, title.text) if above else []
    if not path or path[-1].casefold() != title.text.casefold():
        path.append(title.text)
    return " › ".join(path)


def _crumbs(text: str, title: str) -> list[str]:
    """The parts of a path; the mark between the last two may have been too small to be read."""
    if text.endswith(f" {title}") and re.search(r"\w", text.removesuffix(title)):
        return [*re.split(r"\s*[›»>/]\s*", text.removesuffix(title).strip(" ›»>/")), title]
    parts = [part.strip() for part in re.split(r"\s*[›»>/]\s*", text)]
    return parts if len(parts) > 1 and all(1 < len(part) < 40 for part in parts) else []
