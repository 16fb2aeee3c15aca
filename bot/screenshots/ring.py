"""Rings around places on a picture: rounded, numbered, visible on dark and on light, and never over what they ring.

A ring is a bright line between two dark and light ones, so that one of the three stands out on any ground. Its number
sits on the corner that hides the least. A place that is small beside the picture is shown again, magnified, in an
inset where the picture is emptiest. Drawn four times as large and scaled down, so that curves are smooth.

Not here: where the place is (`grounding`), and what may be shown (`redaction`: rings go on the covered copy).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bot.conversation import Box, Point

RING = (236, 37, 90)
LIGHT = (255, 255, 255)
DARK = (17, 17, 27)
FINE = 4
"""Drawn so many times as large."""
SMALL = 0.02
"""A place below this share of the picture's width or height, on a picture wider than INSET_FROM, gets an inset."""
INSET_FROM = 1000
MAGNIFIED = 2.2
Busy = NDArray[np.float64]


class Style(NamedTuple):
    """Sizes in pixels of the picture, by its size."""

    line: float
    gap: float
    badge: float

    @classmethod
    def of(cls, size: tuple[int, int]) -> "Style":
        """A computer's window at one pixel per point has a line of 3."""
        unit = max(0.75, min(3.0, max(size) / 1280))
        return cls(3.0 * unit, 5.0 * unit, 11.0 * unit)


def draw(picture: Image.Image, points: Sequence[Point]) -> Image.Image:
    """A copy of `picture` with a ring around each point, numbered by its step, else in order when there are several."""
    out = picture.convert("RGB").copy()
    style = Style.of(out.size)
    busy = _busy(out)
    rings = [_ring_box(point.box, out.size, style) for point in points]
    taken = list(rings)
    for number, (point, ring) in enumerate(zip(points, rings, strict=True), 1):
        _draw_ring(out, ring, style)
        label = str(point.step or number) if len(points) > 1 or point.step else ""
        if label:
            place = _badge_place(busy, ring, [p.box for p in points], style, out.size)
            _draw_badge(out, place, label, style)
    for point, ring in zip(points, rings, strict=True):
        if _is_small(point.box, out.size):
            inset = _inset_place(busy, ring, taken, out.size)
            if inset:
                _draw_inset(out, picture.convert("RGB"), ring, inset, style)
                taken.append(inset)
    return out


def _busy(picture: Image.Image) -> Busy:
    """How much is drawn around each pixel: the local contrast, summed so that any box's total is four look-ups."""
    grey = np.asarray(picture.convert("L"), np.float32)
    edges = np.zeros_like(grey)
    edges[:, 1:] += np.abs(np.diff(grey, axis=1))
    edges[1:, :] += np.abs(np.diff(grey, axis=0))
    total = np.minimum(edges, 80).cumsum(0, dtype=np.float64).cumsum(1)
    return np.pad(total, ((1, 0), (1, 0)))


def _within(busy: Busy, box: Box) -> float:
    """What is drawn in `box`, per pixel."""
    height, width = busy.shape[0] - 1, busy.shape[1] - 1
    left, right = (int(np.clip(v, 0, width)) for v in (box[0], box[2]))
    top, bottom = (int(np.clip(v, 0, height)) for v in (box[1], box[3]))
    if right <= left or bottom <= top:
        return 0.0
    total = busy[bottom, right] - busy[top, right] - busy[bottom, left] + busy[top, left]
    return float(total) / ((right - left) * (bottom - top))


def _ring_box(box: Box, size: tuple[int, int], style: Style) -> Box:
    """The middle of the ring's line: outside of the place by a gap, and inside of the picture as far as that goes."""
    away = style.gap + style.line / 2
    edge = style.line
    return (
        max(edge, box[0] - away),
        max(edge, box[1] - away),
        min(size[0] - 1 - edge, box[2] + away),
        min(size[1] - 1 - edge, box[3] + away),
    )


def _draw_ring(picture: Image.Image, ring: Box, style: Style) -> None:
    """The line, a light and a dark one beside it, and a soft shadow outside."""
    reach = 4 * style.line
    left, top = int(max(0, ring[0] - reach)), int(max(0, ring[1] - reach))
    right, bottom = int(min(picture.width, ring[2] + reach) + 1), int(min(picture.height, ring[3] + reach) + 1)
    local = tuple((v - o) * FINE for v, o in zip(ring, (left, top, left, top), strict=True))
    layer = Image.new("RGBA", ((right - left) * FINE, (bottom - top) * FINE))
    pen = ImageDraw.Draw(layer)
    radius = min(0.35 * (ring[3] - ring[1]), 5 * style.line) * FINE
    half = style.line / 2 * FINE
    for colour, out_by, width in (((*DARK, 110), 0.8, 0.35), ((*LIGHT, 255), 0.45, 1.9), ((*RING, 255), 0.0, 1.0)):
        grown = out_by * style.line * FINE + half
        box = (local[0] - grown, local[1] - grown, local[2] + grown, local[3] + grown)
        pen.rounded_rectangle(box, radius=radius + grown, outline=colour, width=round(width * style.line * FINE))
    small = layer.resize((right - left, bottom - top), Image.Resampling.LANCZOS)
    shadow = Image.new("RGBA", small.size, (*DARK, 0))
    shadow.putalpha(
        small.getchannel("A").filter(ImageFilter.GaussianBlur(1.2 * style.line)).point([v // 3 for v in range(256)])
    )
    inside = Image.new("L", small.size, 255)
    hole = tuple(v / FINE for v in local)
    ImageDraw.Draw(inside).rounded_rectangle(hole, radius=radius / FINE, fill=0)
    shadow.putalpha(Image.composite(shadow.getchannel("A"), Image.new("L", small.size, 0), inside))
    picture.paste(shadow, (left, top), shadow)
    picture.paste(small, (left, top), small)


def _badge_place(
    busy: Busy, ring: Box, targets: Sequence[Box], style: Style, size: tuple[int, int]
) -> tuple[float, float]:
    """The centre of the number's disc: the place around the ring where the least is drawn, the upper corners first."""
    r = style.badge
    left, top, right, bottom = ring
    middle = (top + bottom) / 2
    choices = [(left, top - 0.4 * r), (right, top - 0.4 * r), (left - 0.9 * r, middle), (right + 0.9 * r, middle)]
    choices += [
        (left, bottom + 0.4 * r),
        (right, bottom + 0.4 * r),
        ((left + right) / 2, top - r),
        ((left + right) / 2, bottom + r),
    ]

    def cost(place: tuple[int, tuple[float, float]]) -> float:
        rank, (x, y) = place
        disc = (x - r, y - r, x + r, y + r)
        off = sum(max(0.0, v) for v in (-disc[0], -disc[1], disc[2] - size[0], disc[3] - size[1]))
        hidden = sum(_overlap(disc, target) for target in targets)
        return _within(busy, disc) + 0.4 * rank + 6 * off + 2 * hidden

    _, (x, y) = min(enumerate(choices), key=cost)
    return min(max(x, r + 1), size[0] - r - 1), min(max(y, r + 1), size[1] - r - 1)


def _draw_badge(picture: Image.Image, centre: tuple[float, float], label: str, style: Style) -> None:
    r = style.badge
    side = int(2 * r + 6)
    left, top = round(centre[0] - side / 2), round(centre[1] - side / 2)
    layer = Image.new("RGBA", (side * FINE, side * FINE))
    pen = ImageDraw.Draw(layer)
    middle = side * FINE / 2
    for colour, radius in (((*DARK, 120), r + 1.2), ((*LIGHT, 255), r + 0.4), ((*RING, 255), r - 1.2)):
        pen.ellipse(
            [middle - radius * FINE, middle - radius * FINE, middle + radius * FINE, middle + radius * FINE],
            fill=colour,
        )
    font = ImageFont.load_default(1.25 * r * FINE / max(1.0, 0.72 * len(label)))
    pen.text((middle, middle), label, fill=LIGHT, font=font, anchor="mm", stroke_width=FINE // 2, stroke_fill=LIGHT)
    small = layer.resize((side, side), Image.Resampling.LANCZOS)
    picture.paste(small, (left, top), small)


def _is_small(box: Box, size: tuple[int, int]) -> bool:
    return max(size) > INSET_FROM and (box[2] - box[0]) < SMALL * size[0] and (box[3] - box[1]) < 2 * SMALL * size[1]


def _inset_place(busy: Busy, ring: Box, taken: Sequence[Box], size: tuple[int, int]) -> Box | None:
    """Where the inset goes: the emptiest place near the ring that covers no ring; None when there is no room."""
    reach = max(ring[2] - ring[0], ring[3] - ring[1])
    side = min(MAGNIFIED * 2.2 * reach, 0.3 * min(size))
    x, y = (ring[0] + ring[2]) / 2, (ring[1] + ring[3]) / 2
    best: tuple[float, Box] | None = None
    for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        for distance in (0.9, 1.3, 1.8):
            cx, cy = x + np.cos(angle) * side * distance, y + np.sin(angle) * side * distance
            box = (cx - side / 2, cy - side / 2, cx + side / 2, cy + side / 2)
            if box[0] < 4 or box[1] < 4 or box[2] > size[0] - 4 or box[3] > size[1] - 4:
                continue
            if any(_overlap(box, other) > 0 for other in taken):
                continue
            cost = _within(busy, box) + 1.5 * distance
            if best is None or cost < best[0]:
                best = cost, box
    return best[1] if best else None


def _draw_inset(picture: Image.Image, original: Image.Image, ring: Box, place: Box, style: Style) -> None:
    """The place again, magnified, in a disc joined to the ring by a line."""
    side = round(place[2] - place[0])
    x, y = (ring[0] + ring[2]) / 2, (ring[1] + ring[3]) / 2
    half = side / MAGNIFIED / 2
    x = min(max(x, half), original.width - half)
    y = min(max(y, half), original.height - half)
    part = original.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
    part = part.resize((side, side), Image.Resampling.LANCZOS)
    margin = round(4 * style.line)
    whole = side + 2 * margin
    mask = Image.new("L", (whole * FINE, whole * FINE))
    m = margin * FINE
    ImageDraw.Draw(mask).ellipse((m, m, m + side * FINE, m + side * FINE), fill=255)
    frame = Image.new("RGBA", mask.size)
    pen = ImageDraw.Draw(frame)
    for colour, grown, width in (((*DARK, 150), 1.7, 0.5), ((*LIGHT, 255), 1.4, 1.9), ((*RING, 255), 0.9, 1.0)):
        g = grown * style.line * FINE
        pen.ellipse(
            (m - g, m - g, m + side * FINE + g, m + side * FINE + g),
            outline=colour,
            width=round(width * style.line * FINE),
        )
    corner = round(place[0]) - margin, round(place[1]) - margin
    _draw_lead(picture, ring, place, style)
    disc = Image.new("RGB", (whole, whole))
    disc.paste(part, (margin, margin))
    picture.paste(disc, corner, mask.resize((whole, whole), Image.Resampling.LANCZOS))
    small = frame.resize((whole, whole), Image.Resampling.LANCZOS)
    picture.paste(small, corner, small)


def _draw_lead(picture: Image.Image, ring: Box, place: Box, style: Style) -> None:
    """A line from the ring's edge to the inset's."""
    start = np.array([(ring[0] + ring[2]) / 2, (ring[1] + ring[3]) / 2])
    end = np.array([(place[0] + place[2]) / 2, (place[1] + place[3]) / 2])
    way = end - start
    length = float(np.hypot(*way)) or 1.0
    unit = way / length
    inside = min((ring[2] - ring[0]) / 2 / max(abs(unit[0]), 1e-6), (ring[3] - ring[1]) / 2 / max(abs(unit[1]), 1e-6))
    a, b = start + unit * (inside + style.line), end - unit * (place[2] - place[0]) / 2
    layer = Image.new("RGBA", (picture.width * 2, picture.height * 2))
    pen = ImageDraw.Draw(layer)
    for colour, width in (((*LIGHT, 255), 2.2), ((*RING, 255), 1.0)):
        pen.line((*(a * 2), *(b * 2)), fill=colour, width=round(width * style.line * 2))
    small = layer.resize(picture.size, Image.Resampling.LANCZOS)
    picture.paste(small, (0, 0), small)


def _overlap(a: Box, b: Box) -> float:
    """The common area as a share of the smaller box."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / max(1.0, min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))
