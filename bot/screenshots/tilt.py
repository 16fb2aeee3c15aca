"""Photographs of a screen: how its lines of text are tilted, the picture set upright, and places mapped back.

Over a photograph the tilt changes from place to place (perspective); it is taken as a + b·x + c·y. Only heights are
moved: letters may stand a little slanted, which reading does not mind.

Not here: finding text (`detection`).
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from bot.conversation import Box
from bot.screenshots.detection import Pixels, Slope

TILTED = 0.005
"""Half of the long lines are tilted by more than this (a third of a degree): then it is no screenshot."""
GRAINY_TILTED = 0.0015
"""The same for a picture that is grainy, as photographs are."""
FLAT = 0.45
"""Share of neighbouring pixels that are alike: screenshots have more."""
STEEPEST = 0.2
ENOUGH = 4
"""So many long lines have to tell it."""


class Tilt(NamedTuple):
    """The slope of text at a place of a picture: `level` + `across` · (x - `middle`) + `down` · y."""

    level: float
    across: float
    down: float
    middle: float

    def source(self, x: float, y: float) -> float:
        """Where row y of the upright picture lies in the tilted one, at column x."""
        away = x - self.middle
        return y + (self.level + self.down * y) * away + self.across / 2 * away * away

    def back(self, box: Box) -> Box:
        """The box in the tilted picture around a box of the upright one."""
        rows = [self.source(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        return box[0], min(rows), box[2], max(rows)


def tilt(slopes: list[Slope], pixels: Pixels) -> Tilt | None:
    """The tilt of a picture with long lines of these slopes; None when it is upright."""
    if len(slopes) < ENOUGH:
        return None
    steep = float(np.median([abs(s.slope) for s in slopes]))
    if steep <= GRAINY_TILTED or (steep <= TILTED and not _grainy(pixels)):
        return None
    middle = pixels.shape[1] / 2
    usual = float(np.median([s.slope for s in slopes]))
    fit = [s for s in slopes if abs(s.slope - usual) < 0.05]
    if len(fit) < ENOUGH or abs(usual) > STEEPEST:
        return None
    known = np.array([[1.0, s.x - middle, s.y] for s in fit])
    weights = np.sqrt([s.length for s in fit])
    told = np.array([s.slope for s in fit])
    columns = 3 if len(fit) >= 2 * ENOUGH else 1
    found = np.linalg.lstsq(known[:, :columns] * weights[:, None], told * weights, rcond=None)[0]
    level, across, down = [*map(float, found), 0.0, 0.0][:3]
    return Tilt(level, across, down, middle)


def _grainy(pixels: Pixels) -> bool:
    rows = pixels[::4, :, 1].astype(np.int16)
    return float((np.abs(np.diff(rows, axis=1)) < 2).mean()) < FLAT


def upright(pixels: Pixels, tilted: Tilt) -> Pixels:
    """The picture with its lines level, of the same size."""
    height, width = pixels.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    away = x - np.float32(tilted.middle)
    rows: npt.NDArray[np.float32] = (
        y
        + (np.float32(tilted.level) + np.float32(tilted.down) * y) * away
        + np.float32(tilted.across / 2) * away * away
    )
    columns = np.broadcast_to(x, rows.shape).copy()
    return np.asarray(cv2.remap(pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
