"""Where each character of a line stands in the picture, from its words' boxes and the widths of common fonts."""

from collections.abc import Iterator
from typing import NamedTuple

from bot.screenshots.ocr import Line

_NARROW = {
    **dict.fromkeys("iljI|!'’.,:;", 0.45),
    **dict.fromkeys("ftr()[]{}/\\- ", 0.6),
    **dict.fromkeys("mwMW@%", 1.55),
    **dict.fromkeys("ABCDEFGHKNOPQRSUVXYZ&", 1.2),
}
"""Widths beside that of a digit; those of a monospaced font differ, but then no character is far from its place."""


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
    for start, end, left, right in placed:
        if out and start > len(out):  # the space between two words
            out += [Glyph(c, number, out[-1].right, left) for c in line.text[len(out) : start]]
        widths = [_NARROW.get(c, 1.0) for c in line.text[start:end]]
        unit, x = (right - left) / (sum(widths) or 1.0), left
        for char, width in zip(line.text[start:end], widths, strict=True):
            out.append(Glyph(char, number, x, x + unit * width))
            x += unit * width
    return out + [Glyph(c, number, line.box[2], line.box[2]) for c in line.text[len(out) :]]


def _placed(line: Line) -> Iterator[tuple[int, int, float, float]]:
    """(start, end, left, right) of each word of a line within its text; the whole line where words do not add up."""
    at, found = 0, []
    for word in line.words:
        start = line.text.find(word.text, at)
        if start < 0:
            break
        found.append((start, start + len(word.text), word.box[0], word.box[2]))
        at = start + len(word.text)
    if found and len(found) == len(line.words) and not line.text[at:].strip():
        yield from found
    else:
        yield 0, len(line.text), line.box[0], line.box[2]
