"""Labels: lines of text cut and joined into the pieces that a person would read as one label each.

Detection draws its boxes by distance: two menu entries may share one, and one button's words may have two. A label
has its words, so that a part of it can be named too.
"""

from collections.abc import Sequence

from bot.conversation import Box, Noun
from bot.screenshots.ocr import Line, Word

APART = 0.9
"""A gap between words wider than this share of the height parts two labels."""
TOGETHER = 0.55
"""Boxes on one row nearer than this share of the height are one label."""


class Label(Noun):
    """Words on one row that belong together; its box is as high as the text's line."""

    words: tuple[Word, ...]
    text: str
    box: Box
    score: float

    @property
    def height(self) -> float:
        """Of the line, so about 1.3 times the size of the font."""
        return self.box[3] - self.box[1]


def label(words: Sequence[Word], score: float) -> Label:
    """The label of words on one row, left to right."""
    joined = " ".join(w.text for w in words)
    return Label(words=tuple(words), text=joined, box=around([w.box for w in words]), score=score)


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box around all of them."""
    return (
        min(b[0] for b in boxes),
        min(b[1] for b in boxes),
        max(b[2] for b in boxes),
        max(b[3] for b in boxes),
    )


def labels(lines: Sequence[Line]) -> list[Label]:
    """The labels of a picture's lines, top to bottom, then left to right."""
    pieces = sorted((piece for line in lines for piece in _pieces(line)), key=lambda p: p.box[0])
    done: list[Label] = []
    for piece in pieces:  # from the left, so that what a piece may go on from is already there
        before = next((n for n, other in enumerate(done) if _one_label(other, piece)), None)
        if before is None:
            done.append(piece)
        else:
            done[before] = label((*done[before].words, *piece.words), min(done[before].score, piece.score))
    return sorted(done, key=lambda p: (p.box[1], p.box[0]))


def _pieces(line: Line) -> list[Label]:
    """A line cut where the gap between its words is wide."""
    words = line.words or (Word(text=line.text, box=line.box, score=line.score),)
    height = line.box[3] - line.box[1]
    runs: list[list[Word]] = []
    for word in words:
        upright = word.model_copy(update={"box": (word.box[0], line.box[1], word.box[2], line.box[3])})
        if runs and word.box[0] - runs[-1][-1].box[2] <= APART * height:
            runs[-1].append(upright)
        else:
            runs.append([upright])
    return [label(run, line.score) for run in runs]


def _one_label(a: Label, b: Label) -> bool:
    """Whether `b` goes on right after `a`."""
    height = min(a.height, b.height)
    same_row = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1]) >= 0.7 * height
    return (
        same_row
        and max(a.height, b.height) <= 1.35 * height
        and -0.4 * height <= b.box[0] - a.box[2] <= TOGETHER * height
    )
