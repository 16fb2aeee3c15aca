"""What is private in a picture or a text, and solid fill over it.

Which characters are private is said by `bot.screenshots.private`; here they are found in lines of a picture, pieced
together where a value is broken over boxes, rows or a form's label and field, and covered. No redactor is perfect:
`tests/bench/redaction.py` prints the measured recall per kind.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from bot.conversation import Box, Noun
from bot.screenshots.fields import around_street, flipped, mirrored, streets, values
from bot.screenshots.glyphs import Glyph, glyphs
from bot.screenshots.ink import Grey, cut, gaps
from bot.screenshots.labels import labels
from bot.screenshots.ocr import Line
from bot.screenshots.private import SURE, spans
from bot.screenshots.private.people import told_by
from bot.screenshots.private.text import SensitiveKind, Span

COVER = (24, 24, 27)
"""Near black: a black-out on light grounds, and, with its edge, on dark ones."""
EDGE = (113, 113, 122)


class Sensitive(Noun):
    """A private place. The private text itself is never kept; the box covers its characters, not the whole line."""

    kind: SensitiveKind
    box: Box


class RedactionFailed(Exception):
    """The picture could not be covered, so no copy of it may leave."""


def find(
    lines: Sequence[Line], picture: Image.Image | None = None, own_patterns: Sequence[str] = ()
) -> tuple[Sensitive, ...]:
    """The private places of a picture's lines, top to bottom.

    With `picture`, boxes are moved out to the next gap between characters. `own_patterns` are the owner's regular
    expressions, and what they match is of kind `other`. Raises re.error when one of them does not parse.
    """
    patterns = tuple(re.compile(p) for p in own_patterns)
    rows = [glyphs(line, number) for number, line in enumerate(lines)]
    private: list[tuple[SensitiveKind, list[Glyph]]] = []
    for row in rows:
        private += _private(row, spans(_text(row), patterns))
    alone = {id(g): kind for kind, run in private for g in run}
    for joined in _joins(lines, rows):
        private += [
            (k, run)
            for k, run in _private(joined, spans(_text(joined), patterns, SURE))
            if _goes_on(k, run, alone, rows)
        ]
    private += _told(lines, rows, [_text(run) for kind, run in private if kind == "email"])
    private += _labelled(lines, rows, private)
    grey = None if picture is None else np.asarray(picture.convert("L"))
    boxes = [Sensitive(kind=kind, box=_box(lines, rows, run, grey)) for kind, g in private for run in _by_line(g)]
    return tuple(sorted(_without_repeats(boxes), key=lambda s: (s.box[1], s.box[0])))


def _labelled(
    lines: Sequence[Line], rows: Sequence[list[Glyph]], private: Sequence[tuple[SensitiveKind, list[Glyph]]]
) -> list[tuple[SensitiveKind, list[Glyph]]]:
    """Values that stand beside or under a label, and what stands around the streets that were found."""
    found = labels(lines)
    places = [_glyphs_in(label.box, lines, rows) for label in found]
    if mirrored(found):
        found = flipped(found)
    known = {id(g): kind for kind, run in private for g in run}
    kinds = [{known[id(g)] for g in run if id(g) in known} for run in places]
    told = list(values(found, [bool(k & {"email", "phone"}) for k in kinds]))
    known_streets = {n for n, k in enumerate(kinds) if "address" in k}
    told += [v for n in sorted(known_streets) for v in around_street(found, n) if v.label != n]
    told += [v for n in streets(found) if n not in known_streets for v in around_street(found, n)]
    return [(value.kind, places[value.label]) for value in told if places[value.label]]


def _glyphs_in(box: Box, lines: Sequence[Line], rows: Sequence[list[Glyph]]) -> list[Glyph]:
    """The glyphs of the lines whose middles lie in `box`."""
    return [
        g
        for line, row in zip(lines, rows, strict=True)
        if box[1] - 1 <= (line.box[1] + line.box[3]) / 2 <= box[3] + 1
        for g in row
        if box[0] - 1 <= (g.left + g.right) / 2 <= box[2] + 1
    ]


def _told(
    lines: Sequence[Line], rows: Sequence[list[Glyph]], addresses: Sequence[str]
) -> list[tuple[SensitiveKind, list[Glyph]]]:
    """Names that an e-mail address on the same screen spells."""
    out: list[tuple[SensitiveKind, list[Glyph]]] = []
    for row in rows:
        words = list(re.finditer(r"\S+", _text(row)))
        for start, end in told_by(addresses, [w[0] for w in words]):
            out.append(("name", row[words[start].start() : words[end - 1].end()]))
    return out


def cover(picture: Image.Image, sensitive: Sequence[Sensitive]) -> Image.Image:
    """A copy of `picture` with solid fill over every private place, without any of the original's metadata.

    Raises RedactionFailed when anything goes wrong, also when a covered place is not of one colour afterwards.
    """
    try:
        covered = Image.new("RGB", picture.size)
        covered.paste(picture.convert("RGB"))
        draw = ImageDraw.Draw(covered)
        for place in sensitive:
            left, top, right, bottom = _whole_pixels(place.box, picture.size)
            draw.rectangle((left, top, right, bottom), fill=COVER, outline=EDGE)
        _check(covered, sensitive)
    except (ValueError, TypeError, OSError, MemoryError, ArithmeticError) as error:
        raise RedactionFailed(f"the picture could not be covered ({error}): do not send it") from error
    return covered


def text(value: str, own_patterns: Sequence[str] = ()) -> str:
    """`value` with every private part replaced by its kind in brackets: for logs, transcripts and traces."""
    patterns = tuple(re.compile(p) for p in own_patterns)
    out, at = [], 0
    for span in spans(value, patterns):
        out += [value[at : span.start], f"[{span.kind}]"]
        at = span.end
    return "".join(out) + value[at:]


def _text(row: Sequence[Glyph]) -> str:
    return "".join(g.text for g in row)


def _private(row: list[Glyph], found: Sequence[Span]) -> list[tuple[SensitiveKind, list[Glyph]]]:
    return [(span.kind, row[span.start : span.end]) for span in found]


def _goes_on(
    kind: SensitiveKind, run: Sequence[Glyph], alone: Mapping[int, SensitiveKind], rows: Sequence[list[Glyph]]
) -> bool:
    """Whether a value that was found in two joined lines stands on both of them.

    What is a value on its own line is whole, and the other line only happens to follow; but the rest of a long secret
    looks as random as its beginning.
    """
    parts = list(_by_line(run))
    if len(parts) < 2:
        return False
    known = {alone[id(g)] for g in run if id(g) in alone}
    if known != {kind}:
        return not known
    first, rest = _text(parts[0]), _text(parts[-1])
    if kind == "phone":  # the country's code stands in a box of its own, or the line ended within the number
        ended = _text(rows[parts[0][-1].line]).rstrip().endswith(first) and rest[:1].isdigit()
        short = first.startswith("+") and sum(c.isdigit() for c in first) < 10
        return re.fullmatch(r"\+\d{1,3}", first) is not None or (short and ended)
    if kind == "name":  # "Signed in as Anna", and below it "Kowalska"
        return rest.strip() == _text(rows[parts[-1][0].line]).strip()
    if re.match(r"[\w.\-]+\s?[=:]", rest):  # the next setting
        return False
    return kind == "secret" and len(rest) >= 6 and any(c.isdigit() for c in rest) and any(c.isalpha() for c in rest)


def _by_line(run: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """The glyphs of one private value, apart for each line that it stands on, without spaces at the ends."""
    for number in dict.fromkeys(g.line for g in run):
        part = [g for g in run if g.line == number]
        while part and part[0].text == " ":
            part.pop(0)
        while part and part[-1].text == " ":
            part.pop()
        if part:
            yield part


def _joins(lines: Sequence[Line], rows: Sequence[list[Glyph]]) -> Iterator[list[Glyph]]:
    """Lines that may be one value: neighbours on a row, and a line with the one that goes on below it."""
    after = {
        a: b for b in range(len(lines)) for a in range(len(lines)) if a != b and _beside(lines[a].box, lines[b].box)
    }
    chains = [[a] for a in after if a not in after.values()]
    for chain in chains:
        while chain[-1] in after and after[chain[-1]] not in chain:
            chain.append(after[chain[-1]])
    below = [[a, b] for a in range(len(lines)) for b in range(len(lines)) if _below(lines[a].box, lines[b].box)]
    for numbers in chains + below:
        for glue in (" ", ""):
            joined = list(rows[numbers[0]])
            for before, number in pairwise(numbers):
                end = lines[before].box[2]
                joined += [*(Glyph(c, before, end, end) for c in glue), *rows[number]]
            yield joined


def _beside(a: Box, b: Box) -> bool:
    height = min(a[3] - a[1], b[3] - b[1])
    return min(a[3], b[3]) - max(a[1], b[1]) >= 0.6 * height and -0.5 * height <= b[0] - a[2] <= 1.2 * height


def _below(a: Box, b: Box) -> bool:
    height, other = a[3] - a[1], b[3] - b[1]
    near = -0.4 * height <= b[1] - a[3] <= 0.8 * height and 0.75 <= height / max(other, 1.0) <= 1.33
    aligned = min(abs(a[0] - b[0]), abs(a[2] - b[2])) <= height or abs((a[0] + a[2]) - (b[0] + b[2])) <= 2 * height
    return near and aligned


def _box(lines: Sequence[Line], rows: Sequence[list[Glyph]], run: Sequence[Glyph], grey: Grey | None) -> Box:
    """The box of a run of glyphs on one line: cut from its neighbours at the gap, else a little wider than they are."""
    line, row = lines[run[0].line], rows[run[0].line]
    height = line.box[3] - line.box[1]
    found = [] if grey is None else gaps(grey, line.box)
    before = next((g for g in reversed(row[: _place(row, run[0])]) if g.text != " "), None)
    after = next((g for g in row[_place(row, run[-1]) + 1 :] if g.text != " "), None)
    left = max([run[0].left - 0.3 * height, *_ends(lines, line, run[0].left)])
    right = min([run[-1].right + 0.3 * height, *_starts(lines, line, run[-1].right)])
    if before:
        middle = (before.right + run[0].left) / 2
        gap = cut(found, middle, height)
        left = max(gap[0], gap[1] - 0.15 * height) if gap else middle - 0.15 * height
    if after:
        middle = (after.left + run[-1].right) / 2
        gap = cut(found, middle, height)
        right = min(gap[1], gap[0] + 0.15 * height) if gap else middle + 0.15 * height
    return left, line.box[1] - 0.04 * height, right, line.box[3] + 0.04 * height


def _ends(lines: Sequence[Line], line: Line, left: float) -> list[float]:
    """Half way to where the lines on the same row end that lie left of `left`."""
    return [(o.box[2] + left) / 2 for o in lines if o is not line and _same_row(o.box, line.box) and o.box[2] <= left]


def _starts(lines: Sequence[Line], line: Line, right: float) -> list[float]:
    """Half way to where the lines on the same row begin that lie right of `right`."""
    return [(o.box[0] + right) / 2 for o in lines if o is not line and _same_row(o.box, line.box) and o.box[0] >= right]


def _same_row(a: Box, b: Box) -> bool:
    return min(a[3], b[3]) - max(a[1], b[1]) >= 0.3 * min(a[3] - a[1], b[3] - b[1])


def _place(row: Sequence[Glyph], glyph: Glyph) -> int:
    return next(n for n, g in enumerate(row) if g is glyph)


def _without_repeats(boxes: Sequence[Sensitive]) -> list[Sensitive]:
    """Without those that lie wholly in another."""
    kept: list[Sensitive] = []
    for one in sorted(boxes, key=lambda s: -(s.box[2] - s.box[0]) * (s.box[3] - s.box[1])):
        if not any(_inside(one.box, other.box) for other in kept):
            kept.append(one)
    return kept


def _inside(a: Box, b: Box) -> bool:
    return a[0] >= b[0] - 1 and a[1] >= b[1] - 1 and a[2] <= b[2] + 1 and a[3] <= b[3] + 1


def _whole_pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
    right, bottom = min(size[0] - 1, int(np.ceil(box[2]))), min(size[1] - 1, int(np.ceil(box[3])))
    if right < left or bottom < top:
        raise ValueError("a private place lies outside the picture")
    return left, top, right, bottom


def _check(covered: Image.Image, sensitive: Sequence[Sensitive]) -> None:
    pixels = np.asarray(covered)
    allowed = {COVER, EDGE}
    for place in sensitive:
        left, top, right, bottom = _whole_pixels(place.box, covered.size)
        part = pixels[top : bottom + 1, left : right + 1].reshape(-1, 3)
        if {tuple(int(v) for v in colour) for colour in np.unique(part, axis=0)} - allowed:
            raise ValueError("a private place shows through")
