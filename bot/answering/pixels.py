"""Pure: which pixels of a picture a model gets.

A picture's price is its area: it is shrunk until its smallest text is just large enough to read, on the model's own
grid so that its processor finds nothing left to resize, and where that is still too much, the part that matters is
sent at a legible size beside a smaller view of the whole. Not here: whether it needs any (`bot.routing`),
covering what is private (`privacy`).
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

from PIL import Image

from bot.conversation import Box
from bot.screenshots.screen import Screen

LEGIBLE = 9.0
"""Height in pixels below which text is lost to a reader; measured at 7 to 8, with a margin."""
COMFORTABLE = 11.0
"""Height in pixels that is aimed at: a screenshot of a dense display is exactly halved."""
LETTERS = 0.75
"""A line's box holds its letters and some air: this share of its height is the letters' size."""
MARGIN = 40.0
"""Pixels of surroundings around the part that matters."""


class Cut(NamedTuple):
    """The part `box` of the original, drawn `width` by `height` pixels."""

    box: Box
    width: int
    height: int


def smallest_text(screen: Screen) -> float:
    """Size in pixels of the smallest letters that matter, a few outliers left out; 0 when nothing was read."""
    heights = sorted(line.box[3] - line.box[1] for line in screen.lines)
    return LETTERS * heights[len(heights) // 20] if heights else 0.0


def focus(screen: Screen) -> Box | None:
    """The part that the question is about, as far as the picture says so: what is drawn around, a dialog, an error."""
    for kind in ("drawn", "dialog", "alert"):
        if boxes := [mark.box for mark in screen.marks if mark.kind == kind]:
            return _around(boxes, screen)
    errors = [entity.box for entity in screen.entities if entity.kind == "error"]
    return _around(errors, screen) if errors else None


def cuts(screen: Screen, grid: int = 28, room: int = 1600) -> tuple[Cut, ...]:
    """What to send of a picture: the whole, and the part that matters when the whole would not be legible.

    `grid` is the model's unit of pixels (one token each way), `room` the most tokens for one view.
    """
    whole = (0.0, 0.0, float(screen.width), float(screen.height))
    letters = smallest_text(screen)
    view = _cut(whole, letters, grid, room)
    part = focus(screen)
    if not letters or part is None or letters * view.width / screen.width >= LEGIBLE:
        return (view,)
    return _cut(whole, letters, grid, room // 2), _cut(part, letters, grid, room)


def part_of(screen: Screen, box: Box, grid: int = 28, room: int = 1600) -> Cut:
    """A closer look at `box`: as large as the original has it, at most twice, within `room`."""
    around = _around([box], screen)
    width, height = around[2] - around[0], around[3] - around[1]
    scale = min(2.0, sqrt(room * grid * grid / max(width * height, 1.0)))
    return _sized(around, scale, grid, room)


def drawn(picture: Image.Image, cut: Cut) -> Image.Image:
    """`picture` as `cut` says; exact fractions are averaged, which is quick and keeps thin strokes."""
    box = (int(cut.box[0]), int(cut.box[1]), ceil(cut.box[2]), ceil(cut.box[3]))
    if box != (0, 0, *picture.size):
        picture = picture.crop(box)
    factor = min(picture.width // cut.width, picture.height // cut.height)
    if factor >= 2:
        picture = picture.convert("RGB").reduce(factor)
    if picture.size == (cut.width, cut.height):
        return picture
    return picture.convert("RGB").resize((cut.width, cut.height), Image.Resampling.BICUBIC)


def _cut(box: Box, letters: float, grid: int, room: int) -> Cut:
    width, height = box[2] - box[0], box[3] - box[1]
    fits = sqrt(room * grid * grid / max(width * height, 1.0))
    return _sized(box, min(1.0, COMFORTABLE / letters if letters else 1.0, fits), grid, room)


def _sized(box: Box, scale: float, grid: int, room: int) -> Cut:
    columns = max(1, round((box[2] - box[0]) * scale / grid))
    rows = max(1, round((box[3] - box[1]) * scale / grid))
    while columns * rows > room:
        columns, rows = (columns - 1, rows) if columns >= rows else (columns, rows - 1)
    return Cut(box, columns * grid, rows * grid)


def _around(boxes: Sequence[Box], screen: Screen) -> Box:
    return (
        max(0.0, min(box[0] for box in boxes) - MARGIN),
        max(0.0, min(box[1] for box in boxes) - MARGIN),
        min(float(screen.width), max(box[2] for box in boxes) + MARGIN),
        min(float(screen.height), max(box[3] for box in boxes) + MARGIN),
    )
