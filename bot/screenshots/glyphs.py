"""Where each character of a line stands in the picture, from its words' boxes and how wide characters are."""

from collections.abc import Iterator
from typing import NamedTuple

from bot.screenshots.ocr import Line
from bot.screenshots.widths import edges


class Glyph(NamedTuple):
    """One character, with its horizontal place; `line` counts the lines that it was taken from."""

    text: str
    line: int
    left: float
    right: float


def glyphs(line: Line, number: int = 0) -> list[Glyph]:
    """One glyph per character of `line.text`, spaces included, left to right."""
    placed = list(_placed(line))
    out: list[Glyph] = []
    for start, end, left, right, even in placed:
        if out and start > len(out):  # the space between two words
            out += [Glyph(c, number, out[-1].right, left) for c in line.text[len(out) : start]]
        places = edges(line.text[start:end], left, right, even)
        out += [Glyph(c, number, a, b) for c, a, b in zip(line.text[start:end], places, places[1:], strict=False)]
    return out + [Glyph(c, number, line.box[2], line.box[2]) for c in line.text[len(out) :]]


def _placed(line: Line) -> Iterator[tuple[int, int, float, float, bool]]:
    """Each word of a line: its start and end in the text, left and right, and whether its characters are of one width.

    The whole line where the words do not add up to it.
    """
    at, found = 0, []
    for word in line.words:
        start = line.text.find(word.text, at)
        if start < 0:
            break
        found.append((start, start + len(word.text), word.box[0], word.box[2], word.even))
        at = start + len(word.text)
    if found and len(found) == len(line.words) and not line.text[at:].strip():
        yield from found
    else:
        yield 0, len(line.text), line.box[0], line.box[2], False
