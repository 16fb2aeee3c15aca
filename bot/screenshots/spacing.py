"""Characters of a crop -> words, each placed on its own ink.

The recogniser says roughly where a character stands, the picture says exactly. A gap in the ink that is as wide as a
space is one, also where the recogniser saw none; that is how labels stuck together come apart.

Not here: recognising (`recognition`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from bot.screenshots.detection import Pixels
from bot.screenshots.recognition import Character
from bot.screenshots.widths import is_even

Columns = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Run:
    """One word within a crop: its characters, and where its ink starts and ends, in columns of the crop."""

    text: str
    left: float
    right: float
    score: float
    even: bool = False
    """Whether its characters are all of one width."""


@dataclass(frozen=True)
class Ink:
    """Where a crop is drawn on: its columns, and the first and last row of the letters."""

    columns: Columns
    top: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def ink(crop: Pixels) -> Ink:
    """What is drawn in a crop. Rules, which cross it from side to side, and frames do not count."""
    height = crop.shape[0]
    ground = _ground(crop[int(0.3 * height) : max(int(0.7 * height), 1)])  # around it may be another one
    blue, green, red = cv2.split(cv2.absdiff(crop, (*map(float, ground), 0.0)))
    off = np.asarray(cv2.max(cv2.max(blue, green), red))
    strongest = np.searchsorted(np.cumsum(np.bincount(off.ravel(), minlength=256)), 0.99 * off.size)
    drawn = off > max(16.0, 0.3 * float(strongest))
    _without_frames(drawn)
    rows, across = drawn.mean(1), drawn.mean(0)
    drawn[rows > 0.9] = False
    drawn[:, across > 0.8] = False
    inked = np.flatnonzero(drawn.any(1))
    top, bottom = (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, height)
    return Ink(np.asarray(drawn.any(0)), top, bottom)


def _ground(part: Pixels) -> npt.NDArray[np.float64]:
    """The colour that most pixels have, or nearly: not the median, which in blurred letters is none of either."""
    flat = part.reshape(-1, 3)
    flat = flat[:: max(1, len(flat) // 1024)]
    shade = flat.sum(1, dtype=np.int32) >> 5
    counts = np.bincount(shade, minlength=26)
    peak = int((counts[:-1] + counts[1:]).argmax())
    return np.asarray(np.median(flat[(shade == peak) | (shade == peak + 1)], axis=0))


def _without_frames(drawn: npt.NDArray[np.bool_]) -> None:
    """Take out a frame around the letters, and what touches two sides of the crop: no letter stands in its corner."""
    height, width = drawn.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(drawn.astype(np.uint8), connectivity=8)
    for n in range(1, count):
        left, top, w, h, area = (int(v) for v in stats[n])
        sides = (left <= 1) + (top <= 1) + (left + w >= width - 1) + (top + h >= height - 1)
        corner = sides >= 2 and (w < 0.5 * width or h < 0.5 * height or sides >= 3 or area < 0.3 * w * h)
        if corner or (h > 0.6 * height and w > 0.5 * width and _framed(labels[top : top + h, left : left + w] == n)):
            drawn[labels == n] = False


def _framed(part: npt.NDArray[np.bool_]) -> bool:
    """Whether a rule runs along the top and the foot of what is drawn, as letters have none."""
    edges = max(2, len(part) // 8)
    return bool(part[:edges].mean(1).max() > 0.6 and part[-edges:].mean(1).max() > 0.6)


@dataclass(frozen=True)
class Text:
    """What a crop says, wherever the crop stands: its words, left to right, and the first and last row of its ink."""

    runs: tuple[Run, ...]
    top: int
    bottom: int
    score: float
    """The mean over its characters; 0 when there are none."""


def words(characters: Sequence[Character], crop: Pixels) -> Text:
    """The words of a crop."""
    drawn = ink(crop)
    if not characters:
        return Text((), drawn.top, drawn.bottom, 0.0)
    width = crop.shape[1]
    at = [c.at * width for c in characters]
    inked = np.flatnonzero(drawn.columns)
    groups = _groups(characters, at, drawn.height, inked)
    edges = [_first(drawn.columns, at[groups[0][0]], drawn.height)] if groups else []
    runs = []
    for number, group in enumerate(groups):
        last = at[group[-1]]
        if number + 1 < len(groups):
            right, following = _gap(inked, last, at[groups[number + 1][0]])
        else:
            right, following = _last(drawn.columns, last, drawn.height), 0.0
        text = "".join(characters[i].text for i in group)
        right = max(right, edges[-1] + 1)
        even = is_even(text, [at[i] for i in group], edges[-1], right)
        runs.append(Run(text, edges[-1], right, _mean([characters[i].score for i in group]), even))
        edges.append(following)
    return Text(tuple(runs), drawn.top, drawn.bottom, _mean([c.score for c in characters]))


def _groups(
    characters: Sequence[Character], at: Sequence[float], height: int, inked: npt.NDArray[np.intp]
) -> list[list[int]]:
    """Indices of the characters of each word: parted at the spaces that were read, and at gaps as wide as one."""
    groups: list[list[int]] = [[]]
    letters = [i for i, c in enumerate(characters) if c.text.strip()]
    between = {b: _gap(inked, at[a], at[b]) for a, b in pairwise(letters)}
    gaps = {b: end - start for b, (start, end) in between.items()}
    spaced = [g for i, g in gaps.items() if not characters[i - 1].text.strip()]
    tight = [g for i, g in gaps.items() if characters[i - 1].text.strip()]
    wide = max(0.45 * height, 2.5 * _median(tight) + 1, 0.8 * _median(spaced))
    for i in letters:
        apart = i > 0 and not characters[i - 1].text.strip()
        if groups[-1] and (apart or gaps.get(i, 0) >= wide):
            groups.append([])
        groups[-1].append(i)
    return [g for g in groups if g]


def _gap(inked: npt.NDArray[np.intp], start: float, end: float) -> tuple[float, float]:
    """The widest run of columns without ink between the ink at two places, or their middle twice when there is none."""
    lo, hi = _nearest(inked, start), _nearest(inked, end)
    steps = np.diff(inked[lo : hi + 1])
    if not len(steps) or steps.max() < 2:
        return (start + end) / 2, (start + end) / 2
    widest = lo + int(steps.argmax())
    return float(inked[widest] + 1), float(inked[widest + 1])


def _nearest(inked: npt.NDArray[np.intp], at: float) -> int:
    """The index of the inked column nearest to a place: the recogniser's places are good to half a character."""
    after = int(np.searchsorted(inked, at))
    if after == 0 or (after < len(inked) and inked[after] - at < at - inked[after - 1]):
        return min(after, len(inked) - 1)
    return after - 1


def _first(columns: Columns, at: float, height: float) -> float:
    """The column where the ink around `at` begins, looking as far as a character is wide."""
    lo, hi = max(0, int(at - height)), min(len(columns), int(at) + 2)
    inked = np.flatnonzero(columns[lo:hi])
    return float(lo + inked[0]) if len(inked) else max(0.0, at - height / 4)


def _last(columns: Columns, at: float, height: float) -> float:
    lo, hi = max(0, int(at) - 1), min(len(columns), int(at + height) + 1)
    inked = np.flatnonzero(columns[lo:hi])
    return float(lo + inked[-1] + 1) if len(inked) else min(float(len(columns)), at + height / 4)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else 0.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
