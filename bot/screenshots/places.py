"""At which size a picture is searched for text, what need not be searched again, and what is most telling.

Two looks at one page differ in a line or two: where a picture of the same size was searched before, only what changed
is searched, with some of its surroundings.

Not here: the search itself (`detection`).
"""

import math
from collections import OrderedDict
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from bot.conversation import Box
from bot.screenshots.detection import Detector, Found, Pixels, Slope

Boxes = npt.NDArray[np.float32]
LONGEST = 1280
"""Text is searched at this size of the longer side at most: below about 832 accuracy is lost."""
SMALLEST = 9.5
"""A picture is shrunk for the search only as far as its smallest letters stay this high."""
LARGEST = 3200
"""No search above this size of the longer side."""
TILE = 16
"""Changes are looked for in tiles of so many pixels."""
AROUND = 48
"""A change is searched with so many pixels around it: the network sees that far."""
SIDE = 256
"""What is searched has sides that are multiples of this, where the picture has room."""
MOST = 0.4
"""If more of the picture than this share has to be searched, all of it is."""
ROOM = 12_000_000
"""Bytes of pictures that are kept to compare with."""


class Searched(NamedTuple):
    """A picture that was searched: at which scale, and what was found."""

    pixels: Pixels
    scale: float
    boxes: Boxes
    slopes: list[Slope]


class Places:
    """Boxes of text of one picture after the other."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._searched: OrderedDict[int, Searched] = OrderedDict()
        self._count = 0

    def find(self, pixels: Pixels) -> Found:
        """What is found in a picture, searched at the smallest size at which its letters stay readable."""
        for number in reversed(self._searched):
            before = self._searched[number]
            if before.pixels.shape == pixels.shape:
                boxes = self._again(before, pixels)
                if boxes is not None:
                    del self._searched[number]
                    self._keep(Searched(pixels, before.scale, boxes, before.slopes))
                    return Found(boxes, before.slopes)
        scale, found = self.anew(pixels)
        self._keep(Searched(pixels, scale, *found))
        return found

    def anew(self, pixels: Pixels) -> tuple[float, Found]:
        """The same, without a look at what was searched before; and the scale of the search."""
        longest = max(pixels.shape[:2])
        scale = min(1.0, LONGEST / longest)
        found = self._detector.find(pixels, scale)
        boxes = found.boxes
        if scale == 1 or not len(boxes):
            return scale, found
        letters = float(np.percentile(boxes[:, 3] - boxes[:, 1], 10)) / 1.6
        needed = min(1.0, LARGEST / longest, SMALLEST / letters)
        return (needed, self._detector.find(pixels, needed)) if needed > scale else (scale, found)

    def _again(self, before: Searched, pixels: Pixels) -> Boxes | None:
        """What was found before, with what changed searched anew; None when that is too much to be worth it."""
        places = changes(before.pixels, pixels)
        if places is None:
            return None
        boxes = before.boxes
        areas = [_area(place, boxes, pixels, before.scale) for place in places]
        size = pixels.shape[0] * pixels.shape[1]
        if sum((a[2] - a[0]) * (a[3] - a[1]) for a in areas) > MOST * size:
            return None
        for place, (left, top, right, bottom) in zip(places, areas, strict=True):
            found = self._detector.find(pixels[top:bottom, left:right], before.scale).boxes
            found += np.array([left, top, left, top], np.float32)
            boxes = np.concatenate([boxes[~_touch(boxes, place)], found[_touch(found, place)]])
        return np.asarray(boxes, np.float32)

    def _keep(self, searched: Searched) -> None:
        self._searched[self._count] = searched
        self._count += 1
        while sum(s.pixels.nbytes for s in self._searched.values()) > ROOM:
            self._searched.popitem(last=False)


def changes(before: Pixels, after: Pixels) -> list[Box] | None:
    """Where two pictures of one size differ; None when they differ in too many places."""
    height, width = after.shape[:2]
    rows, columns = -(-height // TILE), -(-width // TILE)
    differs = np.zeros((rows * TILE, columns * TILE), np.bool_)
    differs[:height, :width] = (before != after).any(2)
    tiles = differs.reshape(rows, TILE, columns, TILE).any((1, 3)).astype(np.uint8)
    near = cv2.dilate(tiles, np.ones((3, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    if count > 9:
        return None
    out: list[Box] = []
    for left, top, w, h, _ in stats[1:].tolist():
        out.append((float(left * TILE), float(top * TILE), float((left + w) * TILE), float((top + h) * TILE)))
    return out


def _area(place: Box, boxes: Boxes, pixels: Pixels, scale: float) -> tuple[int, int, int, int]:
    """What is searched for a change: it, the text that it touches, and some of what is around."""
    touched = boxes[_touch(boxes, place)]
    whole = np.concatenate([touched, np.array([place], np.float32)])
    height, width = pixels.shape[:2]
    left, right = _stepped(float(whole[:, 0].min()), float(whole[:, 2].max()), width, scale)
    top, bottom = _stepped(float(whole[:, 1].min()), float(whole[:, 3].max()), height, scale)
    return left, top, right, bottom


def _stepped(low: float, high: float, size: int, scale: float) -> tuple[int, int]:
    """From .. to around low .. high, within 0 .. size, of one of few lengths: each new one costs memory for good."""
    step = SIDE / scale
    length = min(size, int(math.ceil((high - low + 2 * AROUND / scale) / step) * step))
    start = int(max(0, min((low + high - length) / 2, size - length)))
    return start, start + length


def _touch(boxes: Boxes, place: Box) -> npt.NDArray[np.bool_]:
    return np.asarray(
        (boxes[:, 0] < place[2]) & (boxes[:, 2] > place[0]) & (boxes[:, 1] < place[3]) & (boxes[:, 3] > place[1])
    )


def telling(boxes: Boxes, pixels: Pixels) -> list[int]:
    """Indices of the boxes, the most telling first: red, large, near the middle."""
    height, width = pixels.shape[:2]

    def worth(i: int) -> float:
        box = boxes[i]
        x, y = (box[0] + box[2]) / 2 / width - 0.5, (box[1] + box[3]) / 2 / height - 0.5
        crop = pixels[int(box[1]) : int(box[3]) : 2, int(box[0]) : int(box[2]) : 2].astype(np.int16)
        red = float(((crop[..., 2] - crop[..., :2].max(2)) > 60).mean()) if crop.size else 0.0
        return float(-2 * (x * x + y * y) + 4 * min(0.25, red) + min(0.5, (box[3] - box[1]) / 80))

    return sorted(range(len(boxes)), key=worth, reverse=True)
