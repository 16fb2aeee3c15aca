"""Ink: which pixels of a text's box are drawn on its ground, and where the gaps between characters are."""

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Box

Grey = NDArray[np.uint8]


def inked(part: Grey) -> NDArray[np.bool_]:
    """Of a part of a grey picture: the pixels that stand out from its ground (the median)."""
    off = np.abs(part.astype(np.int16) - np.int16(np.median(part)))
    return np.asarray(off > max(12.0, 0.25 * float(off.max(initial=0))))


def snapped(grey: Grey, box: Box, reach: float = 0.5) -> Box:
    """`box` with its left and right edge moved out, by `reach` of its height at most, to a column without ink."""
    height, width = grey.shape
    left, top, right, bottom = round(box[0]), max(0, round(box[1])), round(box[2]), min(height, round(box[3]))
    far = max(2, round(reach * (bottom - top)))
    start, end = max(0, left - far), min(width, right + far)
    if bottom - top < 3 or end - start < 3:
        return box
    columns = inked(grey[top:bottom, start:end]).any(axis=0)
    if columns.mean() > 0.97:  # a frame or a line crosses the box: nothing can be told
        return box
    lo, hi = max(0, left - start), min(len(columns) - 1, right - start)
    while lo > 0 and columns[lo]:
        lo -= 1
    while hi < len(columns) - 1 and columns[hi]:
        hi += 1
    return float(start + lo), box[1], float(start + hi + 1), box[3]
