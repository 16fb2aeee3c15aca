"""Can this picture be read, what is it, and if not: why, and what to send instead, in customers' words."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from bot.conversation import Box, Noun, Outcome
from bot.screenshots.ocr import Line, Reading
from prompts import say

PictureKind = Literal["screen", "photo", "document", "picture", "empty"]
Grey = npt.NDArray[np.float32]

UNSURE = 0.9
"""A word read with less than this is not relied upon."""
GUESSED = 0.72
"""The mean score of sharp words that are of a script without weights: their letters are only guessed."""
SMALL = 9.5
"""Lines lower than this, in pixels, hold letters that cannot be told apart."""
SOFT = 0.2
"""Share of a letter's contrast that the steepest step between two pixels makes up: less is blurred."""
FLAT = 0.45
"""Share of neighbouring pixels that are alike: screens have more, photos less."""


class Verdict(Noun):
    """What a picture is, and what became of it."""

    kind: PictureKind = "screen"
    outcome: Outcome = "read"
    reason: str = ""
    why: str = ""
    """The line of `prompts/*/legibility.toml` that `reason` is in English."""
    theme: Literal["light", "dark"] = "light"


def judge(picture: Image.Image, reading: Reading) -> Verdict:
    """The verdict on a picture and its reading: exactly one outcome, with a reason unless all was read."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32)
    theme: Literal["light", "dark"] = "dark" if float(np.median(grey)) < 110 else "light"
    kind = _kind(grey, reading)
    outcome, why = _outcome(grey, reading, kind)
    return Verdict(kind=kind, outcome=outcome, reason=say(f"legibility.{why}") if why else "", why=why, theme=theme)


def _kind(grey: Grey, reading: Reading) -> PictureKind:
    lines = reading.lines
    if not lines and not reading.foreign and not reading.unread:
        if float(np.percentile(grey, 99.5) - np.percentile(grey, 0.5)) < 12:
            return "empty"
        return "photo" if _flat(grey) < FLAT else "picture"
    if _flat(grey) < FLAT:
        return "photo"
    return "document" if _document(grey, lines) else "screen"


def _outcome(grey: Grey, reading: Reading, kind: PictureKind) -> tuple[Outcome, str]:
    """What became of it, and the line of `prompts/en/legibility.toml` that says why."""
    if kind == "empty":
        return "unreadable", "black" if float(np.median(grey)) < 16 else "empty"
    words = [word for line in reading.lines if _wide(line.box) for word in line.words]
    bad = [_wide(box) for box in reading.foreign] + [_width(w.box) for w in words if w.score < UNSURE]
    good = [_width(w.box) for w in words if w.score >= UNSURE]
    lost = sum(bad) / max(1e-6, sum(bad) + sum(good))
    if not reading.lines and reading.unread:
        return "skipped", "no_time_at_all"
    if not sum(bad) and not good:
        whole = (0.0, 0.0, float(grey.shape[1]), float(grey.shape[0]))
        soft = kind != "photo" and _sharpness(grey, [whole]) < SOFT / 2
        return "unreadable", "photo" if kind == "photo" else "blurred" if soft else "picture"
    if lost > 0.7 or (lost > 0.5 and len(good) < 5):
        return "unreadable", _trouble(grey, reading, kind)
    if lost > 0.15 and sum(1 for width in bad if width) >= 2:
        return "partly", "partly_" + _trouble(grey, reading, kind)
    if reading.unread:
        return "partly", "no_time"
    if _cut(grey, reading.lines):
        return "partly", "cropped"
    if kind == "photo" and len(reading.lines) < 3:
        return "partly", "photo_words"
    return "read", ""


def _trouble(grey: Grey, reading: Reading, kind: PictureKind) -> str:
    """Why text was seen and not read."""
    boxes = [*reading.foreign, *(x.box for x in reading.lines)]
    grown = [(b[3] - b[1]) / 1.7 for b in reading.foreign]  # these boxes are higher than their letters
    if float(np.median([*grown, *(x.box[3] - x.box[1] for x in reading.lines)])) < SMALL:
        return "small"
    if _sharpness(grey, boxes) < SOFT:
        return "blurred"
    if float(np.percentile(grey, 99)) < 70:
        return "dark"
    if kind == "photo":
        return "photo"
    seen = sum(_wide(box) for box in reading.foreign)  # what reads as nothing at all, not just unsurely
    unsure = sum(_width(w.box) for x in reading.lines for w in x.words if w.score < UNSURE)
    scores = [w.score for x in reading.lines for w in x.words if w.score < UNSURE]
    guessed = bool(scores) and float(np.mean(scores)) < GUESSED  # sharp and large, and like none of the letters known
    return "script" if guessed or seen >= 0.5 * unsure else "unsure"


def _sharpness(grey: Grey, boxes: Sequence[Box]) -> float:
    """The median, over boxes of text, of the steepest step between neighbours as a share of the contrast."""
    found = []
    for left, top, right, bottom in boxes:
        part = grey[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
        if part.shape[0] > 3 and part.shape[1] > 3:
            contrast = float(part.max() - part.min())
            steps = np.abs(np.diff(part, axis=1))
            found.append(float(np.percentile(steps, 98)) / max(20.0, contrast))
    return float(np.median(found)) if found else 1.0


def _flat(grey: Grey) -> float:
    steps = np.abs(np.diff(grey, axis=1))
    return float((steps < 1.5).mean()) if steps.size else 1.0


def _document(grey: Grey, lines: Sequence[Line]) -> bool:
    """A page of running text on white: many long lines that begin at one edge."""
    if len(lines) < 12 or grey.shape[0] < 1.2 * grey.shape[1] or float(np.median(grey)) < 235:
        return False
    long = [x for x in lines if len(x.text.split()) >= 6]
    if len(long) < 0.6 * len(lines):
        return False
    edges = np.array([x.box[0] for x in long])
    return float((np.abs(edges - np.median(edges)) < 0.02 * grey.shape[1]).mean()) > 0.7


def _cut(grey: Grey, lines: Sequence[Line]) -> bool:
    """Whether the picture's edge goes through the text of much of what is on it."""
    height, width = grey.shape
    cut = [x for x in lines if x.box[0] <= 1 or x.box[2] >= width - 1 or x.box[1] <= 0 or x.box[3] >= height]
    return len(cut) >= 2 and len(cut) > 0.4 * len(lines)


def _width(box: Box) -> float:
    return box[2] - box[0]


def _wide(box: Box) -> float:
    """The width of a box that holds words, 0 for one that may be an icon."""
    width, height = _width(box), box[3] - box[1]
    return width if width > 2.2 * height else 0.0
