"""Shapes: the flat regions of a picture, and which of them a text stands in (a button, a field, a menu entry, a card).

A region is an area without edges, so that a border of one pixel, a fill and a shadow's rim all end it.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.conversation import Box

STEP = 4
"""Neighbouring pixels that differ by more than this in one channel are an edge."""


class Region(NamedTuple):
    """A flat region: its box, its area as a share of that box, and its colour (RGB)."""

    box: Box
    filled: float
    colour: tuple[int, int, int]


class Shapes:
    """The flat regions of one picture, computed once."""

    def __init__(self, picture: Image.Image) -> None:
        self.rgb: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))
        signed = self.rgb.astype(np.int16)
        edge = np.zeros(self.rgb.shape[:2], np.bool_)
        across = np.abs(np.diff(signed, axis=1)).max(axis=2) > STEP
        down = np.abs(np.diff(signed, axis=0)).max(axis=2) > STEP
        edge[:, 1:] |= across
        edge[1:, :] |= down
        flat = (~edge).astype(np.uint8)
        _, self._labels, self._stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)

    def around(self, box: Box) -> Region | None:
        """The flat region that is the ground of the text in `box`, or None when there is none."""
        height, width = self._labels.shape
        pad = max(1, round(0.08 * (box[3] - box[1])))
        left, right = max(0, round(box[0]) - pad), min(width, round(box[2]) + pad)
        top, bottom = max(0, round(box[1])), min(height, round(box[3]))
        part = self._labels[top:bottom, left:right]
        counts = np.bincount(part[part > 0]) if part.size else np.zeros(0, np.int64)
        if not counts.size or not counts.max():
            return None
        label = int(counts.argmax())
        x, y, w, h, area = (int(v) for v in self._stats[label])
        colour = np.median(self.rgb[top:bottom, left:right][part == label], axis=0)
        return Region(
            (float(x), float(y), float(x + w), float(y + h)),
            area / (w * h),
            (int(colour[0]), int(colour[1]), int(colour[2])),
        )

    def ink(self, box: Box, ground: tuple[int, int, int]) -> tuple[int, int, int]:
        """The colour of what is drawn in `box`: the mean of the tenth that differs most from the ground."""
        left, top, right, bottom = (max(0, round(v)) for v in box)
        pixels = self.rgb[top:bottom, left:right].reshape(-1, 3).astype(np.int16)
        if not pixels.size:
            return ground
        off = np.abs(pixels - np.array(ground, np.int16)).sum(axis=1)
        strongest = pixels[off >= np.quantile(off, 0.93)]
        mean = strongest.mean(axis=0)
        return int(mean[0]), int(mean[1]), int(mean[2])
