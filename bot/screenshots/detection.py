"""Where text stands: the PP-OCR detector of the rapidocr wheel, with box finding of our own.

The network gives each pixel the probability that it belongs to the core of a line of text. Screens hold upright text,
so connected cores become upright boxes, grown back to the height of the letters; no polygons, no clipping library.

Not here: what the text says (`recognition`), how it is put in order (`ocr`).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from bot.screenshots.engine import session

Pixels = npt.NDArray[np.uint8]
"""Rows x columns x (blue, green, red): the order that the weights were trained on."""

CORE = 0.3
"""A pixel above this belongs to a core."""
SURE = 0.5
"""The mean over a core that makes it text."""
GROWTH = 1.6
"""How far a core is grown: this times area over perimeter, on each side."""
STEP = 32
"""The network takes sides that are multiples of this."""

LONG = 24
"""So many of the longest cores tell how text is tilted."""


class Slope(NamedTuple):
    """How a line of text runs: at its middle, it sinks by `slope` pixels per pixel; `length` in pixels."""

    x: float
    y: float
    slope: float
    length: float


class Found(NamedTuple):
    """Boxes of text (n, 4), and the slopes of the longest lines."""

    boxes: npt.NDArray[np.float32]
    slopes: list[Slope]


Network = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]


class Detector:
    """Finds boxes of text. Thread-safe; the model is loaded once, in OpenVINO where that is installed."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._network = _network(weights, threads)

    def find(self, pixels: Pixels, scale: float = 1.0) -> Found:
        """What is found, in pixels of the given picture, which is shrunk by `scale` (at most 1) for the search."""
        height, width = pixels.shape[:2]
        size = (_stepped(width * scale), _stepped(height * scale))
        shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        heat = self._network(_normal(shrunk)[None])[0, 0]
        boxes, slopes = cores(heat)
        boxes[:, 0::2] *= width / size[0]
        boxes[:, 1::2] *= height / size[1]
        boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
        boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
        large = (boxes[:, 2] - boxes[:, 0] > 3) & (boxes[:, 3] - boxes[:, 1] > 3)
        across, down = width / size[0], height / size[1]
        placed = [Slope(s.x * across, s.y * down, s.slope * down / across, s.length * across) for s in slopes]
        return Found(np.asarray(boxes[large], np.float32), placed)


def cores(heat: npt.NDArray[np.float32]) -> Found:
    """The grown boxes of the connected cores in a map of probabilities."""
    mask = cv2.dilate((heat > CORE).astype(np.uint8), np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return Found(np.zeros((0, 4), np.float32), [])
    sums = np.bincount(labels.ravel(), weights=heat.ravel(), minlength=count)
    left, top, width, height, area = (stats[1:, i].astype(np.float32) for i in range(5))
    sure = (sums[1:] / area >= SURE) & (np.minimum(width, height) >= 3)
    grow = width * height * GROWTH / (2 * (width + height))
    boxes = np.stack([left - grow, top - grow, left + width + grow, top + height + grow], 1)
    return Found(np.asarray(boxes[sure], np.float32), _slopes(labels, stats))


def _slopes(labels: npt.NDArray[np.int32], stats: npt.NDArray[np.int32]) -> list[Slope]:
    """Those of the longest cores: the height of their last fifth beside that of their first."""
    out = []
    for n in (np.argsort(stats[1:, cv2.CC_STAT_WIDTH])[::-1][:LONG] + 1).tolist():
        left, top, width, height, _ = (int(v) for v in stats[n])
        if width < 4 * height:
            continue
        part, fifth = labels[top : top + height, left : left + width] == n, width // 5
        ends = [float(np.nonzero(end)[0].mean()) for end in (part[:, :fifth], part[:, -fifth:])]
        out.append(Slope(left + width / 2, top + height / 2, (ends[1] - ends[0]) / (width - fifth), float(width)))
    return out


def _stepped(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)


def _normal(pixels: Pixels) -> npt.NDArray[np.float32]:
    scaled = pixels.astype(np.float32) * np.float32(2 / 255) - np.float32(1)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def _network(weights: Path, threads: int) -> Network:
    try:
        import openvino
    except ImportError:
        return _onnxruntime(weights, threads)
    return _openvino(openvino, weights, threads)


def _openvino(openvino: Any, weights: Path, threads: int) -> Network:
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
    model = openvino.Core().compile_model(str(weights), "CPU", settings)

    def run(batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = model.create_infer_request().infer([batch])[0]
        return result

    return run


def _onnxruntime(weights: Path, threads: int) -> Network:
    opened = session(weights, threads)
    name = opened.get_inputs()[0].name

    def run(batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = opened.run(None, {name: batch})[0]
        return result

    return run
