"""An instruction -> the box of the control to use, or nothing. The ring around it is drawn by `ring`.

Names are compared without case, accents, spaces and signs, since that is what OCR and articles get wrong. Of several
places that bear the name the one that can be used is meant: a button before a heading, a menu entry before a sentence.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from PIL import Image
from rapidfuzz import fuzz

from bot.conversation import Box, Point
from bot.screenshots.controls import Control, ControlKind
from bot.screenshots.controls import controls as controls
from bot.screenshots.instructions import Target, targets
from bot.screenshots.labels import Label, around, labels
from bot.screenshots.ocr import Line, Word

__all__ = ["Control", "ControlKind", "controls", "point"]

LEAST = 82.0
"""Likeness (0 to 100) under which a name is not on the screen."""
EXACT = 8.0
"""A name that stands there letter for letter is worth so much likeness more than one that may be misread."""
SAME_CASE = 8.0
"""So does one that has its capitals where the name has them, or is all capitals, as a style sheet makes it."""
WHOLE = 6.0
"""A name that is a whole label is worth so much likeness more than one inside a sentence."""
USABLE = 4.0
"""One unit of log-odds that a place can be used is worth so much likeness."""
UNUSABLE = -2.0
"""Log-odds of a label that is no control, and of the last piece of a path ("Home / Orders"), the page one is on."""
KIND = 4.0
"""A control of the kind that the instruction says."""
_SEPARATOR = re.compile(r"[/›>»|•·→-]+")


class Run(NamedTuple):
    """Some words in a row that may be the name."""

    words: tuple[Word, ...]
    likeness: float
    here: bool = False
    """Whether they end a path, and so are the page that one is on."""
    said: str = ""
    """All that was compared, when that is more than the words."""

    @property
    def box(self) -> Box:
        return around([w.box for w in self.words])


class Match(NamedTuple):
    """A place that may be meant."""

    box: Box
    likeness: float
    worth: float


def point(
    instruction: str, lines: Sequence[Line], controls: Sequence[Control], picture: Image.Image | None = None
) -> tuple[Point, ...]:
    """The places to use for `instruction`, best first, empty when nothing fits.

    Of several names in one instruction the first that is on the screen counts: the later ones show after it was used.
    `controls` are those of the same picture; `picture` is not needed and reserved.
    """
    found = labels(lines)
    for target in targets(instruction):
        matches = sorted(_matches(target, found, controls), key=lambda m: -m.worth)
        if matches:
            return tuple(Point(label=target.name, box=m.box, score=round(m.likeness / 100, 3)) for m in matches)
    return ()


def _matches(target: Target, found: Sequence[Label], controls: Sequence[Control]) -> Iterator[Match]:
    wanted = plain(target.name)
    if not wanted:
        return
    for label in found:
        runs = list(_runs(wanted, label.words))
        longer = [r for below in found if _goes_on(label, below) for r in _two_rows(wanted, label, below)]
        runs += _badged(wanted, label, found)
        best = max(runs, key=lambda r: r.likeness, default=None)
        longest = max(longer, key=lambda r: r.likeness, default=None)
        if longest and longest.likeness > (best.likeness if best else 0) + 4:
            best = longest
        if best and best.likeness >= LEAST and _every_word(target.name, best, found):
            yield _match(target, best, best.words == label.words, controls)


def _every_word(name: str, run: Run, found: Sequence[Label]) -> bool:
    """Whether no word of the name is missing: one that OCR misread is still like it, another word is another place.

    A word may be missing that stands alone nearby, as a badge does, or a short one at the end, where a badge changes.
    """
    if run.likeness == 100:
        return True
    wanted = [plain(word) for word in name.split()]
    said = run.said or "".join(plain(w.text) for w in run.words)
    told = [word for n, word in enumerate(wanted) if len(word) >= 3 and (len(word) > 3 or n + 1 < len(wanted))]
    missing = [word for word in told if fuzz.partial_ratio(word, said) < 70]
    return all(any(plain(label.text) == word and _near(label.box, run.box) for label in found) for word in missing)


def _near(a: Box, b: Box) -> bool:
    height = b[3] - b[1]
    return (
        a[0] <= b[2] + 12 * height
        and a[2] >= b[0] - 4 * height
        and a[1] <= b[3] + 2 * height
        and a[3] >= b[1] - 2 * height
    )


def _match(target: Target, run: Run, whole: bool, controls: Sequence[Control]) -> Match:
    """The place of a run of words, and how well it fits: likeness, plus what speaks for its being a control."""
    control = max(controls, key=lambda c: _shared(run.box, c), default=None)
    if control and _shared(run.box, control) < 0.5:
        control = None
    said = " ".join(w.text for w in run.words)
    same_case = said.isupper() or said.strip(".,:;!?*") == target.name
    worth = run.likeness + EXACT * (run.likeness == 100) + SAME_CASE * same_case
    odds = UNUSABLE
    if control:
        whole = whole or _is_whole(said, control.label)
        odds = max(-3.0, min(control.odds, 3.0)) if whole else min(control.odds, UNUSABLE / 2)
        worth += KIND * (target.kind == control.kind)
    if run.here:
        odds = min(odds, UNUSABLE)
    worth += WHOLE * whole + USABLE * odds
    return Match(control.box if control and whole else run.box, run.likeness, worth)


def _is_whole(said: str, label: str) -> bool:
    """Whether `said` is all that a label says; an icon before or an arrow after it may have been read as a letter."""
    before, found, after = plain(label).partition(plain(said))
    return bool(found) and len(before) <= 2 and (not after or (len(after) == 1 and not after.isdigit()))


def _shared(box: Box, control: Control) -> float:
    """The share of `box` that the control's text covers."""
    text = control.text_box or control.box
    w, h = min(box[2], text[2]) - max(box[0], text[0]), min(box[3], text[3]) - max(box[1], text[1])
    return w * h / max(1.0, (box[2] - box[0]) * (box[3] - box[1])) if w > 0 and h > 0 else 0.0


@lru_cache(4096)
def plain(text: str) -> str:
    """Letters and digits alone, without accents and case: what a label says, however it was read."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_STROKED)).casefold()
    return re.sub(r"[\W_]", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


_STROKED = str.maketrans("łŁøØđĐıİ", "lLoOdDiI")


def _runs(wanted: str, words: Sequence[Word]) -> Iterator[Run]:
    """Each run of words that is about as long as the name."""
    for start in range(len(words)):
        text = ""
        for end in range(start, len(words)):
            text += plain(words[end].text)
            if len(text) > 1.6 * len(wanted) + 4:
                break
            if text:
                here = start > 0 and end == len(words) - 1 and _SEPARATOR.fullmatch(words[start - 1].text) is not None
                yield Run(tuple(words[start : end + 1]), fuzz.ratio(wanted, text), here)


def _two_rows(wanted: str, upper: Label, lower: Label) -> Iterator[Run]:
    """The same for the last words of a label and the first of the one below it: a name on two rows, or a broken one.

    The words are those of both rows when they are stacked, else those of the longer part.
    """
    for start in range(len(upper.words)):
        first = upper.words[start:]
        text = "".join(plain(w.text) for w in first)
        for end in range(1, len(lower.words) + 1):
            rest = lower.words[:end]
            both = text + "".join(plain(w.text) for w in rest)
            if not text or both == text:
                continue
            if len(both) > 1.6 * len(wanted) + 4:
                break
            stacked = start == 0 and first[0].box[0] < rest[-1].box[2]
            words = first + rest if stacked else max(first, rest, key=len)
            yield Run(words, fuzz.ratio(wanted, both), said=both)


def _badged(wanted: str, label: Label, found: Sequence[Label]) -> Iterator[Run]:
    """A label together with the badge at the end of its row ("Inbox  12"), when the name has both."""
    text = plain(label.text)
    if not text or not wanted.startswith(text) or len(wanted) - len(text) not in range(1, 8):
        return
    for other in found:
        level = abs((other.box[1] + other.box[3]) - (label.box[1] + label.box[3])) <= label.height
        if level and 0 < other.box[0] - label.box[2] <= 20 * label.height and plain(other.text) == wanted[len(text) :]:
            yield Run(label.words, 100.0)


def _goes_on(upper: Label, lower: Label) -> bool:
    """Whether `lower` stands right below `upper`, near enough to be its second row."""
    gap = lower.box[1] - upper.box[3]
    over = min(upper.box[2], lower.box[2]) - max(upper.box[0], lower.box[0])
    return -0.6 * upper.height <= gap <= 0.8 * upper.height and (
        over > 0 or (-30 * upper.height < over and lower.box[0] < upper.box[0])
    )
