"""Shapes: the flat regions of a picture, and which of them a text stands in (a button, a field, a menu entry, a card).

A region is an area without edges, so that a border of one pixel, a fill and a shadow's rim all end it.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.conversation import Box

Colour = tuple[int, int, int]
"""Red, green, blue from 0 to 255."""
STEP = 4
"""Neighbouring pixels that differ by more than this in one channel are an edge."""


class Region(NamedTuple):
    """A flat region: its box, its area as a share of that box, and its colour (RGB)."""

    box: Box
    filled: float
    colour: Colour


class Shapes:
    """The flat regions of one picture, computed once."""

    def __init__(self, picture: Image.Image) -> None:
        self.rgb: NDArray[np.uint8] = np.asarray(picture.convert("RGB"))
        flat = np.ones(self.rgb.shape[:2], np.uint8)
        step = (STEP, STEP, STEP)
        if self.rgb.shape[1] > 1:  # OpenCV refuses the empty difference of a picture that is one pixel wide
            flat[:, 1:] &= cv2.inRange(cv2.absdiff(self.rgb[:, 1:], self.rgb[:, :-1]), (0, 0, 0), step)
        if self.rgb.shape[0] > 1:
            flat[1:, :] &= cv2.inRange(cv2.absdiff(self.rgb[1:], self.rgb[:-1]), (0, 0, 0), step)
        _, self._labels, self._stats, _ = cv2.connectedComponentsWithStats(flat, connectivity=4)

    def around(self, box: Box) -> Region | None:
        """The flat region that is the ground of the text in `box`, or None when there is none."""
        height, width = self._labels.shape
        pad = max(1, round(0.08 * (box[3] - box[1])))
        left, right = max(0, round(box[0]) - pad), min(width, round(box[2]) + pad)
        top, bottom = max(0, round(box[1])), min(height, round(box[3]))
        part = self._labels[top:bottom, left:right]
        present, counts = np.unique(part[part > 0], return_counts=True)
        if not present.size:
            return None
        label = int(present[counts.argmax()])
        x, y, w, h, area = (int(v) for v in self._stats[label])
        colour = np.median(self.rgb[top:bottom, left:right][part == label], axis=0)
        return Region(
            (float(x), float(y), float(x + w), float(y + h)),
            area / (w * h),
            _colour(colour),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.rgb.shape[1], self.rgb.shape[0]

    def ground(self) -> Colour:
        """The colour of the largest flat region."""
        if len(self._stats) < 2:
            return 255, 255, 255
        label = int(self._stats[1:, cv2.CC_STAT_AREA].argmax()) + 1
        x, y, w, h, _ = (int(v) for v in self._stats[label])
        part = self._labels[y : y + h, x : x + w] == label
        row, column = (int(v[len(v) // 2]) for v in np.nonzero(part))
        return _colour(self.rgb[y + row, x + column])

    def ink(self, box: Box, ground: Colour) -> Colour:
        """The colour of what is drawn in `box`: the mean of what differs most from the ground."""
        pixels = self._part(box).reshape(-1, 3)
        if not pixels.size:
            return ground
        off = _off(pixels, ground)
        return _colour(pixels[off >= 0.75 * off.max()].mean(axis=0))

    def density(self, box: Box, ground: Colour) -> float:
        """The share of the pixels in `box` that are not of the ground."""
        drawn = self._drawn(box, ground)
        return float(drawn.mean()) if drawn.size else 0.0

    def underlined(self, box: Box, ground: Colour) -> bool:
        """Whether a line runs under the text, as long as it."""
        height = box[3] - box[1]
        foot = self._drawn((box[0], box[3] - 0.3 * height, box[2], box[3] + 0.1 * height), ground)
        return bool(foot.size) and bool((foot.mean(axis=1) >= 0.85).any())

    def footed(self, box: Box, ground: Colour) -> bool:
        """Whether a bar of a strong colour runs under the text and hardly beyond it, as under an active tab."""
        height = box[3] - box[1]
        foot = self._drawn((box[0], box[3] + 0.2 * height, box[2], box[3] + 1.3 * height), ground)
        beyond = self._drawn(
            (box[2] + 1.5 * height, box[3] + 0.2 * height, box[2] + 3 * height, box[3] + 1.3 * height), ground
        )
        if not foot.size or not beyond.size:
            return False
        full = foot.mean(axis=1) >= 0.95
        return bool((full & (beyond.mean(axis=1)[: len(full)] < 0.3)).any()) and int(full.sum()) <= 0.35 * height

    def _part(self, box: Box) -> NDArray[np.uint8]:
        left, top, right, bottom = (max(0, round(v)) for v in box)
        return self.rgb[top:bottom, left:right]

    def _drawn(self, box: Box, ground: Colour) -> NDArray[np.bool_]:
        return _off(self._part(box), ground) > 60


def _off(pixels: NDArray[np.uint8], ground: Colour) -> NDArray[np.int16]:
    """How far pixels are from a colour: the sum over the three channels."""
    off = np.abs(pixels.astype(np.int16) - np.array(ground, np.int16))
    return np.asarray(off[..., 0] + off[..., 1] + off[..., 2], np.int16)


def _colour(value: NDArray[np.generic]) -> Colour:
    return int(value[0]), int(value[1]), int(value[2])
