"""What a picture stresses: a drawn arrow or frame, a dialog over a dimmed page, the alert, what is greyed out."""

from collections.abc import Iterator, Sequence
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from bot.conversation import Box, Noun
from bot.screenshots.grounding import Control
from bot.screenshots.ocr import Line

Pixels = npt.NDArray[np.uint8]


class Mark(Noun):
    """Something that the picture stresses."""

    kind: Literal["drawn", "dialog", "active", "disabled", "alert"]
    box: Box


def find(picture: Image.Image, lines: Sequence[Line], error: Sequence[Box], controls: Sequence[Control]) -> list[Mark]:
    """The marks of a picture; `error` are the boxes of the lines of its error."""
    pixels = np.asarray(picture.convert("RGB"))
    marks = [Mark(kind="drawn", box=box) for box in _drawn(pixels, lines)]
    marks += [Mark(kind="dialog", box=box) for box in _dialogs(pixels)]
    if error:
        box = (min(b[0] for b in error), min(b[1] for b in error), max(b[2] for b in error), max(b[3] for b in error))
        marks.append(Mark(kind="alert", box=box))
    marks += [Mark(kind="active", box=c.box) for c in controls if c.active]
    marks += [Mark(kind="disabled", box=c.box) for c in controls if not c.enabled]
    return marks


def dialogs(picture: Image.Image) -> list[Box]:
    """The dialogs over a dimmed page."""
    return list(_dialogs(np.asarray(picture.convert("RGB"))))


def _drawn(pixels: Pixels, lines: Sequence[Line]) -> Iterator[Box]:
    """Frames and arrows in a loud colour: thin for their size, and no word."""
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    loud = ((colours[..., 1] > 190) & (colours[..., 2] > 150)).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(loud, connectivity=8)
    height, width = loud.shape
    for left, top, w, h, area in stats[1:count].tolist():
        if min(w, h) < 24 or max(w, h) < 48 or area > 0.25 * w * h or w > 0.95 * width or h > 0.95 * height:
            continue
        box = (float(left), float(top), float(left + w), float(top + h))
        stroke = area / (2 * (w + h))
        holds = any(box[0] < x.box[2] and x.box[0] < box[2] and box[1] < x.box[3] and x.box[1] < box[3] for x in lines)
        if 1.6 <= stroke <= 14 and (holds or min(w, h) > 40):
            yield box


def _dialogs(pixels: Pixels) -> Iterator[Box]:
    """A large bright panel on a page that is dimmed all around it."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    border = np.concatenate([grey[:2].ravel(), grey[-2:].ravel(), grey[:, :2].ravel(), grey[:, -2:].ravel()])
    around = float(np.percentile(border, 95))
    if not 20 < around < 190:  # a bright page, or a dark theme, is not a dimmed one
        return
    bright = (grey > min(250.0, around + 40)).astype(np.uint8)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=4)
    for left, top, w, h, area in stats[1:count].tolist():
        inside = left > 2 and top > 2 and left + w < width - 2 and top + h < height - 2
        if inside and w > 0.15 * width and h > 0.08 * height and area > 0.8 * w * h:
            yield float(left), float(top), float(left + w), float(top + h)
