"""Evidence that a label can be used: what its shape, colour, size and neighbours say, in numbers from about 0 to 1.

Sizes are in heights of the label's own line, so that nothing depends on scale, theme or a product's style. How much
each piece of evidence weighs is learned (`controls`).
"""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from PIL import Image

from bot.conversation import Box
from bot.screenshots.labels import Label, labels
from bot.screenshots.labels import label as labelled
from bot.screenshots.ocr import Line
from bot.screenshots.shapes import Region, Shapes

NAMES = (
    "tight", "centred", "filled", "bar", "gridded", "chroma", "own_colour", "size", "words", "length", "sentence",
    "column", "row", "side", "top", "icon", "chevron", "described", "weight", "contrast", "underlined", "footed",
    "capitals", "repeated", "common", "at_end", "room", "outlined", "wide", "alike",
)  # fmt: skip


COLOURED = 60
"""A colour whose channels differ by so much is a colour, not a shade of grey."""


class Evidence:
    """The labels of one picture and the evidence for each: `rows[n]` in the order of NAMES, `regions[n]` its ground."""

    def __init__(self, lines: Sequence[Line], picture: Image.Image) -> None:
        self.shapes = Shapes(picture)
        found = [part for label in labels(lines) for part in self._by_colour(label)]
        self.found = found
        self.regions = [self.shapes.around(label.box) for label in found]
        self.inks = [
            self.shapes.ink(label.box, region.colour if region else (255, 255, 255))
            for label, region in zip(found, self.regions, strict=True)
        ]
        self._boxes = np.array([label.box for label in found], np.float64).reshape(-1, 4)
        self._heights = self._boxes[:, 3] - self._boxes[:, 1]
        self._usual = float(np.median(self._heights)) if len(found) else 1.0
        self._wordy = np.array([len(label.words) > 4 for label in found], np.bool_)
        self._ground = self.shapes.ground()
        self._texts = [label.text.casefold() for label in found]
        self._shaped = np.array(
            [
                tight_in(label, region) or bar_of(label, region)
                for label, region in zip(found, self.regions, strict=True)
            ],
            np.bool_,
        )
        self.rows = np.array([self._row(n) for n in range(len(found))], np.float64).reshape(-1, len(NAMES))

    def _by_colour(self, label: Label) -> list[Label]:
        """A label cut where its words turn from a text's colour to a link's or back."""
        region = self.shapes.around(label.box)
        if region is None or len(label.words) < 2:
            return [label]
        coloured = [_chroma(self.shapes.ink(word.box, region.colour)) >= COLOURED for word in label.words]
        runs = [
            [word for _, word in run]
            for _, run in groupby(zip(coloured, label.words, strict=True), lambda pair: pair[0])
        ]
        return [label] if len(runs) == 1 else [labelled(run, label.score) for run in runs]

    def _row(self, n: int) -> list[float]:
        label, region = self.found[n], self.regions[n]
        tight, bar = tight_in(label, region), bar_of(label, region)
        box, height = label.box, label.height
        ground = region.colour if region else self._ground
        column, row = self._column(n), self._row_mates(n)
        width, tall = self.shapes.size
        chroma = _chroma(self.inks[n])
        return [
            float(tight),
            float(tight and region is not None and _centred(label, region)),
            float((tight or bar) and _far(ground, self._ground) > 24),
            float(bar),
            float((tight or bar) and self._gridded(n)),
            min(chroma / 120, 1.0),
            float(chroma >= COLOURED and _chroma(ground) < 40),
            float(np.clip(np.log2(height / self._usual), -1, 2)),
            min(np.log2(len(label.words)), 4) / 4,
            min(len(label.text), 40) / 40,
            float(label.text.rstrip()[-1:] in ".!?:,;"),
            min(column, 6) / 6,
            min(row, 6) / 6,
            float(column >= 3 and (box[2] < 0.25 * width or box[0] > 0.78 * width)),
            float(row >= 2 and box[3] < 0.16 * tall),
            float(self._drawn(_within((box[0] - 2.2 * height, box[1], box[0] - 0.25 * height, box[3]), region), n)),
            float(self._drawn(_within((box[2] + 0.15 * height, box[1], box[2] + 1.4 * height, box[3]), region), n)),
            float(self._described(n)),
            self.shapes.density(box, ground),
            min(_far(self.inks[n], ground) / 500, 1.0),
            float(self.shapes.underlined(box, ground)),
            float(self.shapes.footed(box, ground)),
            float(label.text.isupper()),
            float(self._texts.count(self._texts[n]) > 1),
            self._common(n),
            0.0 if region is None else float(np.clip((region.box[2] - box[2]) / (8 * height), 0, 1)),
            0.0 if region is None else float(np.clip((region.box[3] - region.box[1]) / (12 * height), 0, 1)),
            float((tight or bar) and not self._gridded(n) and _far(ground, self._ground) <= 24),
            float(bar and region is not None and region.box[2] - region.box[0] > 0.4 * width),
            min(self._alike(n), 5) / 5,
        ]

    def _alike(self, n: int) -> int:
        """How many other labels stand in a shape of their own as this one does, in the same column or row."""
        if not self._shaped[n]:
            return 0
        box, height = self._boxes[n], self._heights[n]
        near = (np.abs(self._boxes[:, 0] - box[0]) <= height) | (np.abs(self._boxes[:, 1] - box[1]) <= 0.3 * height)
        return int((self._shaped & near).sum()) - 1

    def _gridded(self, n: int) -> bool:
        """Whether the ground of this label lies edge to edge with that of another on its row: a table's cell."""
        here = self.regions[n]
        return here is not None and any(
            other is not None
            and other != here
            and min(abs(other.box[0] - here.box[2]), abs(other.box[2] - here.box[0])) <= 4
            and abs(other.box[1] - here.box[1]) <= 4
            and abs(other.box[3] - here.box[3]) <= 4
            for other in self.regions
        )

    def _common(self, n: int) -> float:
        """The share of the labels that are drawn in this size and colour: a screen's usual text is no link."""
        ink = np.array(self.inks[n], np.float64)
        same = (np.abs(np.array(self.inks, np.float64) - ink).sum(axis=1) <= 60) & (
            np.abs(self._heights - self._heights[n]) <= 0.2 * self._heights[n]
        )
        return float(same.mean())

    def _column(self, n: int) -> int:
        """How many short labels of this size begin (or end) where this one does, at most four heights apart in turn."""
        box, height = self._boxes[n], self._heights[n]
        same = (np.abs(self._boxes[:, 0] - box[0]) <= 0.25 * height) | (
            np.abs(self._boxes[:, 2] - box[2]) <= 0.15 * height
        )
        same &= (np.abs(self._heights - height) <= 0.22 * height) & ~self._wordy
        same[n] = True
        tops = np.sort(self._boxes[same, 1])
        here = int(np.searchsorted(tops, box[1]))
        mates, at = 0, here
        for step in (-1, 1):
            at = here
            while 0 <= at + step < len(tops) and abs(tops[at + step] - tops[at]) <= 4 * height:
                at += step
                mates += 1
        return mates

    def _row_mates(self, n: int) -> int:
        box, height = self._boxes[n], self._heights[n]
        level = np.abs((self._boxes[:, 1] + self._boxes[:, 3]) - (box[1] + box[3])) <= 0.4 * height
        return int((level & (np.abs(self._heights - height) <= 0.22 * height) & ~self._wordy).sum()) - 1

    def _described(self, n: int) -> bool:
        """Whether a longer text follows right below, as under a heading or a setting's title."""
        box, height = self._boxes[n], self._heights[n]
        gap = self._boxes[:, 1] - box[3]
        below = (np.abs(self._boxes[:, 0] - box[0]) <= 0.4 * height) & (gap >= -0.4 * height) & (gap <= 1.1 * height)
        return bool((below & (self._wordy | (self._heights < 0.85 * height))).any())

    def _drawn(self, box: Box, n: int) -> bool:
        """Whether something that is no label is drawn in `box`: an icon, an arrow."""
        overlap = (np.minimum(self._boxes[:, 2], box[2]) > np.maximum(self._boxes[:, 0], box[0])) & (
            np.minimum(self._boxes[:, 3], box[3]) > np.maximum(self._boxes[:, 1], box[1])
        )
        for other in np.flatnonzero(overlap):
            if other != n and len(self.found[int(other)].text) > 2:
                return False
        if box[2] - box[0] < 3:
            return False
        region = self.regions[n]
        return 0.03 <= self.shapes.density(box, region.colour if region else self._ground) <= 0.6


def _within(box: Box, region: Region | None) -> Box:
    """`box` as far as it lies on the label's own ground, a little in from its edge."""
    if region is None:
        return box
    return max(box[0], region.box[0] + 3), box[1], min(box[2], region.box[2] - 3), box[3]


def tight_in(label: Label, region: Region | None) -> bool:
    """Whether the label's ground is hardly larger than the label: a button, a badge, a chip."""
    if region is None or not _inside(label, region):
        return False
    left, top, right, bottom = region.box
    return bottom - top <= 3.6 * label.height and right - left <= 8 * label.height + 2 * (label.box[2] - label.box[0])


def bar_of(label: Label, region: Region | None) -> bool:
    """Whether the label's ground is a bar, as high as a field or a menu's row, and longer than the label."""
    if region is None or not _inside(label, region) or tight_in(label, region):
        return False
    left, top, right, bottom = region.box
    return bottom - top <= 3.6 * label.height and right - left >= 4 * label.height


def _inside(label: Label, region: Region) -> bool:
    slack = 0.2 * label.height
    return (
        region.box[0] <= label.box[0] + slack
        and region.box[2] >= label.box[2] - slack
        and region.box[1] <= label.box[1] + 2 * slack
        and region.box[3] >= label.box[3] - 2 * slack
    )


def _centred(label: Label, region: Region) -> bool:
    return abs((label.box[0] - region.box[0]) - (region.box[2] - label.box[2])) <= 0.5 * label.height


def _chroma(colour: tuple[int, int, int]) -> float:
    return float(max(colour) - min(colour))


def _far(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    return float(sum(abs(x - y) for x, y in zip(a, b, strict=True)))
