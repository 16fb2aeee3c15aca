"""What a crop says: the PP-OCR recogniser of the rapidocr wheel, batched by width, with positions per character.

The recogniser looks at strips 48 pixels high and names one character, or none, per eight columns. Labels on screens
are short, so strips are batched with others of their own width instead of being padded to one width for all.

Not here: where text stands (`detection`), splitting into words (`spacing`), how the 8-bit network is made
(`quantised`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from bot.screenshots.detection import Pixels
from bot.screenshots.engine import session

HEIGHT = 48
STRIDE = 8
"""Columns of a strip per time step."""
LEAST = 16
"""The narrowest strip."""
WIDEST = 3200
BUCKET = 32
"""Widths are rounded up to this, so that few shapes occur."""
COLUMNS = 800
"""About this many columns go into one batch."""


@dataclass(frozen=True)
class Character:
    """One character, at a share (0..1) of the crop's width."""

    text: str
    at: float
    score: float


class Recogniser:
    """Reads crops, on the thread that asks. Thread-safe; the model is loaded once."""

    def __init__(self, weights: Path) -> None:
        self._session = session(weights, threads=1)
        self._input = self._session.get_inputs()[0].name
        self._characters = alphabet(self._session.get_modelmeta().custom_metadata_map["character"])

    def read(self, crops: Sequence[Pixels]) -> list[tuple[Character, ...]]:
        """The characters of each crop, left to right. Crops of like widths should come together."""
        strips = [strip(crop) for crop in crops]
        width = max(BUCKET, -(-max(s.shape[1] for s in strips) // BUCKET) * BUCKET)
        batch = np.zeros((len(strips), 3, HEIGHT, width), np.float32)
        for row, sized in zip(batch, strips, strict=True):
            row[:, :, : sized.shape[1]] = sized.transpose(2, 0, 1)
        best, sure = self._run(batch)
        return [self._decode(b, s, sized.shape[1]) for b, s, sized in zip(best, sure, strips, strict=True)]

    def _run(self, batch: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The best class of each step, and how sure it is (0..1)."""
        outputs = self._session.run(None, {self._input: batch})
        if len(outputs) == 1:  # the wheel's own network: a probability for each class
            best = outputs[0].argmax(2)
            return best, np.take_along_axis(outputs[0], best[..., None], 2)[..., 0]
        logits, classes = outputs  # `quantised`: the two best
        return classes[..., 0], 1 / (1 + np.exp(logits[..., 1] - logits[..., 0]))

    def _decode(self, best: npt.NDArray[np.int64], sure: npt.NDArray[np.float32], width: int) -> tuple[Character, ...]:
        """One character per run of equal winners that are not the blank (0)."""
        starts = np.flatnonzero(np.diff(best, prepend=-1))
        ends = np.append(starts[1:], len(best))
        out = []
        for start, end in zip(starts, ends, strict=True):
            if best[start]:
                at = (start + end) / 2 * STRIDE / width
                text = self._characters[best[start]]
                out.append(Character(text, min(1.0, float(at)), float(sure[start:end].max())))
        return tuple(out)


def alphabet(listed: str) -> tuple[str, ...]:
    """The characters by class: the blank first, the space last."""
    return ("", *listed.splitlines(), " ")


def strip_width(width: float, height: float) -> int:
    """How wide a crop becomes when it is brought to the recogniser's height."""
    return int(np.clip(np.ceil(HEIGHT * width / max(1.0, height)), LEAST, WIDEST))


def batches(widths: Sequence[int]) -> list[list[int]]:
    """Indices of strips put together by width, each batch about `COLUMNS` wide in all, in the order given."""
    buckets: dict[int, list[list[int]]] = {}
    order: list[list[int]] = []
    for i, width in enumerate(widths):
        bucket = -(-width // BUCKET)
        rows = buckets.setdefault(bucket, [])
        if not rows or len(rows[-1]) >= max(1, COLUMNS // (bucket * BUCKET)):
            rows.append([])
            order.append(rows[-1])
        rows[-1].append(i)
    return order


def strip(crop: Pixels) -> npt.NDArray[np.float32]:
    height, width = crop.shape[:2]
    sized = cv2.resize(crop, (strip_width(width, height), HEIGHT), interpolation=cv2.INTER_LINEAR)
    return np.asarray(sized.astype(np.float32) * np.float32(2 / 255) - np.float32(1))
