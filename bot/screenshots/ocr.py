"""Reading: a picture -> lines of text, each with a box, a score and its words.

`Reader` is a fast path of our own around the PP-OCR weights that the rapidocr wheel carries: no angle classifier,
strips batched by width, equal crops read once, also across pictures, the most telling lines first when time is short.

Not here: what the words mean (`entities`), what is private (`redaction`), what can be clicked (`grounding`).
"""

import asyncio
import hashlib
import importlib.util
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Field

from bot.conversation import Box, Noun
from bot.screenshots import quantised
from bot.screenshots.detection import Detector, Pixels
from bot.screenshots.engine import share_memory
from bot.screenshots.places import Places, telling
from bot.screenshots.recent import Recent
from bot.screenshots.recognition import Recogniser, batches, strip_width
from bot.screenshots.spacing import Text, words
from bot.screenshots.tilt import Tilt, tilt, upright

APART = 1.2
"""A gap wider than this share of the letters' height parts two lines: cells of a table, an icon and its label."""
DOUBTFUL = 0.5
"""A line that was read with less than this mean score is not text."""


class Word(Noun):
    """One word, placed by the recogniser's own positions."""

    text: str
    box: Box
    score: float
    even: bool = False
    """Whether its characters are all of one width, as in a terminal."""


class Line(Noun):
    """One run of text on one row, as a person would select it; `words` joined by spaces give `text`."""

    text: str
    box: Box
    score: float
    words: tuple[Word, ...] = ()


class Reading(Noun):
    """What a picture says, top to bottom, and where text was seen that there was no time to read, or no way."""

    lines: tuple[Line, ...] = ()
    unread: tuple[Box, ...] = ()
    """Not read for lack of time."""
    foreign: tuple[Box, ...] = ()
    """Looks like text and reads as nothing: blurred, too small, or of a script that the weights lack."""
    seconds: dict[str, float] = Field(default_factory=dict)


class Reader:
    """Reads pictures, one at a time, on threads of its own. Models are loaded when it is made.

    `async with Reader() as reader: reading = await reader.read(picture)`; `examine` is the same, blocking.
    """

    def __init__(self, threads: int | None = None, cache: Path | None = None) -> None:
        """Load the models. `cache` is the folder for the 8-bit recogniser (default: the user's folder for caches).

        It is made at the first use, in the background; until it is there the wheel's own weights read.
        """
        share_memory()
        self._threads = threads or min(4, os.cpu_count() or 1)
        folder = weights()
        full = folder / "PP-OCRv6_rec_small.onnx"
        self._places = Places(Detector(folder / "PP-OCRv6_det_small.onnx", self._threads))
        self._small: Path | None = quantised.place(full, cache or quantised.cache_folder())
        self._eight_bit = False
        self._making: subprocess.Popen[bytes] | None = None
        self._recogniser = self._swift() or Recogniser(full)
        if self._small is not None:
            self._making = quantised.start(full, self._small)
        self._pool = ThreadPoolExecutor(1, "reading")
        self._batches = ThreadPoolExecutor(self._threads, "recognising")
        self._lock = Lock()
        self._pictures: Recent[Reading] = Recent(64)
        self._crops: Recent[Text] = Recent(20_000)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the thread. A reading in progress ends first."""
        if self._making is not None and self._making.poll() is None:
            self._making.terminate()
            self._making.wait()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._batches.shutdown(wait=True, cancel_futures=True)

    @property
    def making(self) -> bool:
        """Whether the 8-bit recogniser is still being made."""
        return self._making is not None and self._making.poll() is None

    def prepare(self) -> bool:
        """Wait until the fastest recogniser for this machine is in use; says whether that is the 8-bit one."""
        if self._making is not None:
            self._making.wait()
        with self._lock:
            self._recogniser = self._swift() or self._recogniser
        return self._eight_bit

    def _swift(self) -> Recogniser | None:
        """The 8-bit recogniser, once, as soon as its file is there and not empty."""
        if self._small is None or not self._small.is_file():
            return None
        path, self._small = self._small, None
        self._eight_bit = path.stat().st_size > 0
        return Recogniser(path) if self._eight_bit else None

    async def read(self, picture: Image.Image, budget: float | None = None) -> Reading:
        """What `picture` says, off the event loop. After `budget` seconds the rest stays unread, and is said."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.examine, picture, budget)

    def examine(self, picture: Image.Image, budget: float | None = None) -> Reading:
        """The same as `read`, blocking."""
        started = time.monotonic()
        pixels = np.ascontiguousarray(np.asarray(picture.convert("RGB"))[:, :, ::-1])
        key = hashlib.blake2b(pixels.tobytes(), key=str(pixels.shape).encode()).digest()
        with self._lock:
            known = self._pictures.get(key)
            if known is not None:
                return known.model_copy(update={"seconds": {"read": time.monotonic() - started}})
            self._recogniser = self._swift() or self._recogniser
            reading = self._examine(pixels, started, None if budget is None else started + budget)
            if not reading.unread:
                self._pictures.put(key, reading)
            return reading

    def _examine(self, pixels: Pixels, started: float, until: float | None) -> Reading:
        boxes, slopes = self._places.find(pixels)
        tilted = tilt(slopes, pixels)
        if tilted is not None:  # a photograph of a screen
            pixels = upright(pixels, tilted)
            boxes = self._places.anew(pixels)[1].boxes
        detected = time.monotonic()
        order = telling(boxes, pixels) if until is not None else list(range(len(boxes)))
        crops = [_crop(pixels, box) for box in boxes]
        lines: list[Line] = []
        foreign: list[int] = []
        unread = set(range(len(boxes)))
        for number, read in self._recognise(crops, order, until):
            unread.discard(number)
            found = _lines(boxes[number], crops[number].shape[1], read)
            lines += found
            if not found:
                foreign.append(number)
        seconds = {"detect": detected - started, "recognise": time.monotonic() - detected}
        reading = Reading(
            lines=_ordered(lines),
            unread=tuple(_box(boxes[n]) for n in sorted(unread)),
            foreign=tuple(_box(boxes[n]) for n in sorted(foreign)),
            seconds=seconds,
        )
        return reading if tilted is None else _tilted_back(reading, tilted)

    def _recognise(
        self, crops: Sequence[Pixels], order: Sequence[int], until: float | None
    ) -> Iterator[tuple[int, Text]]:
        """Each crop's number and what it says, as they come; equal crops are read once. Missing where time ran out.

        Batches are read side by side, one thread each: short strips gain little from several threads on one batch.
        """
        alike: dict[bytes, list[int]] = {}
        for i in order:
            key = hashlib.blake2b(crops[i].tobytes(), key=str(crops[i].shape).encode(), digest_size=16).digest()
            alike.setdefault(key, []).append(i)
        known = {key: text for key in alike if (text := self._crops.get(key)) is not None}
        wanted = [key for key in alike if key not in known]
        running = []
        chunk = max(1, len(wanted)) if until is None else 32
        for start in range(0, len(wanted), chunk):
            part = wanted[start : start + chunk]
            for batch in batches([strip_width(*crops[alike[key][0]].shape[1::-1]) for key in part]):
                keys = [part[n] for n in batch]
                picked = [crops[alike[key][0]] for key in keys]
                running.append((keys, self._batches.submit(self._read_batch, picked, until)))
        yield from ((i, text) for key, text in known.items() for i in alike[key])
        for keys, future in running:
            for key, text in zip(keys, future.result(), strict=False):
                self._crops.put(key, text)
                yield from ((i, text) for i in alike[key])

    def _read_batch(self, crops: Sequence[Pixels], until: float | None) -> list[Text]:
        if until is not None and time.monotonic() > until:
            return []
        return [words(read, crop) for read, crop in zip(self._recogniser.read(crops), crops, strict=True)]


def weights() -> Path:
    """The folder of the weights in the rapidocr wheel, found without importing it."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package rapidocr, which carries the weights for reading, is missing: install it")
    return Path(spec.origin).parent / "models"


def _crop(pixels: Pixels, box: npt.NDArray[np.float32]) -> Pixels:
    left, top, right, bottom = int(box[0]), int(box[1]), int(np.ceil(box[2])), int(np.ceil(box[3]))
    crop = pixels[top:bottom, left:right]
    return np.rot90(crop, -1) if crop.shape[0] > 2 * crop.shape[1] and crop.shape[0] > 60 else crop


def _lines(box: npt.NDArray[np.float32], width: int, read: Text) -> list[Line]:
    """The lines of one crop of `width`: one, unless a gap wider than the letters are high parts two; none when it is
    no text."""
    if not read.runs or read.score < DOUBTFUL:
        return []
    if width > box[2] - box[0] + 4:  # turned text: its words stand above each other, the whole box is theirs
        return [_line([Word(text=run.text, box=_box(box), score=round(run.score, 3)) for run in read.runs])]
    left, top = int(box[0]), int(box[1])
    upper, lower = float(top + max(0, read.top - 1)), float(top + read.bottom + 1)
    parts: list[list[Word]] = []
    for run in read.runs:
        place = (left + run.left, upper, left + run.right, lower)
        word = Word(text=run.text, box=place, score=round(run.score, 3), even=run.even)
        if parts and word.box[0] - parts[-1][-1].box[2] <= APART * (lower - upper):
            parts[-1].append(word)
        else:
            parts.append([word])
    return [_line(part) for part in parts]


def _tilted_back(reading: Reading, tilted: Tilt) -> Reading:
    """A reading of the upright picture with its boxes in the tilted one."""
    lines = [
        line.model_copy(
            update={
                "box": tilted.back(line.box),
                "words": tuple(word.model_copy(update={"box": tilted.back(word.box)}) for word in line.words),
            }
        )
        for line in reading.lines
    ]
    unread, foreign = tuple(map(tilted.back, reading.unread)), tuple(map(tilted.back, reading.foreign))
    return reading.model_copy(update={"lines": tuple(lines), "unread": unread, "foreign": foreign})


def _line(parts: Sequence[Word]) -> Line:
    first, last = parts[0].box, parts[-1].box
    letters = np.array([len(word.text) for word in parts])
    score = float(np.average([word.score for word in parts], weights=letters))
    text = " ".join(word.text for word in parts)
    return Line(text=text, box=(first[0], first[1], last[2], first[3]), score=round(score, 3), words=tuple(parts))


def _box(box: npt.NDArray[np.float32]) -> Box:
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _ordered(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Top to bottom, and left to right among lines of one row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (_middle(line), line.box[0])):
        if rows and _middle(line) - _middle(rows[-1][-1]) < 0.4 * (line.box[3] - line.box[1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    by_left: Callable[[Line], float] = lambda line: line.box[0]  # noqa: E731
    return tuple(line for row in rows for line in sorted(row, key=by_left))


def _middle(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2
