"""Ink: which pixels of a text's box are drawn on its ground, and where the gaps between characters are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Box

Grey = NDArray[np.uint8]
Gap = tuple[int, int]
"""Columns from .. up to without ink."""
BAND = (0.12, 0.86)
"""The part of a line's height that is looked at: an underline or a field's border below it would fill every column."""


def inked(part: Grey) -> NDArray[np.bool_]:
    """Of a part of a grey picture: the pixels that stand out from its ground (the median)."""
    off = np.abs(part.astype(np.int16) - np.int16(np.median(part)))
    return np.asarray(off > max(12.0, 0.25 * float(off.max(initial=0))))


def gaps(grey: Grey, box: Box) -> list[Gap]:
    """The gaps between the characters of the line in `box`, left to right, up to a line's height beyond its ends."""
    height = box[3] - box[1]
    left, right = max(0, round(box[0] - height)), min(grey.shape[1], round(box[2] + height))
    top, bottom = max(0, round(box[1] + BAND[0] * height)), min(grey.shape[0], round(box[1] + BAND[1] * height))
    if bottom - top < 3 or right - left < 3:
        return []
    blank = ~inked(grey[top:bottom, left:right]).any(axis=0)
    steps = np.flatnonzero(np.diff(np.concatenate(([False], blank, [False])).astype(np.int8)))
    return [(left + int(a), left + int(b)) for a, b in zip(steps[::2], steps[1::2], strict=True)]


def cut(found: Sequence[Gap], x: float, height: float) -> Gap | None:
    """The gap at which a text is cut that was expected to be cut at `x`: near, and rather wide than narrow."""

    def cost(gap: Gap) -> float:
        away = max(gap[0] - x, x - gap[1], 0.0) / height
        return away - min((gap[1] - gap[0]) / height, 0.2)

    near = [g for g in found if max(g[0] - x, x - g[1], 0.0) <= 0.6 * height]
    return min(near, key=cost, default=None)
