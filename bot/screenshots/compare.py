"""Two looks at a screen, before and after: what changed, and whether the error is gone.

Text is compared, not pixels: a screen that was scrolled, resized or photographed again is still the same screen. The
verdict is about what can be seen; whether the problem is solved is the customer's to say.
"""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Literal

from rapidfuzz import fuzz

from bot.conversation import Box, Noun
from bot.screenshots.grounding import plain
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen

Verdict = Literal["gone", "still", "another", "elsewhere", "none"]
"""The error is gone; still there; gone, but another is there; not to be seen on another screen; there was none."""
ALIKE = 85.0
"""Likeness (0 to 100) from which two lines say the same and differ by what OCR read."""
EDITED = 55.0
"""Likeness from which two different lines at one place are one that changed."""
SAME_SCREEN = 0.3
"""Share of lines in common from which both are looks at one screen."""


class Change(Noun):
    """One line that differs. `box` is in the picture after, for what is gone in the one before."""

    kind: Literal["appeared", "gone", "changed"]
    text: str
    was: str = ""
    box: Box


class Comparison(Noun):
    """What became of a screen."""

    verdict: Verdict
    common: float
    """The share of the smaller screen's lines that stand on both."""
    changes: tuple[Change, ...] = ()
    error_before: str = ""
    error_after: str = ""


def compare(before: Screen, after: Screen) -> Comparison:
    """What changed from `before` to `after`, top to bottom, and the error's fate."""
    pairs = _pairs(before.lines, after.lines)
    fewer = min(len(before.lines), len(after.lines))
    common = len(pairs) / fewer if fewer else 0.0
    errors_before, errors_after = _errors(before), _errors(after)
    return Comparison(
        verdict=_verdict(errors_before, errors_after, after, common),
        common=round(common, 3),
        changes=tuple(sorted(_changes(before, after, pairs), key=lambda c: (c.box[1], c.box[0]))),
        error_before=errors_before[0] if errors_before else "",
        error_after=errors_after[0] if errors_after else "",
    )


def _errors(screen: Screen) -> list[str]:
    return [entity.text for entity in screen.entities if entity.kind == "error"]


def _verdict(before: Sequence[str], after: Sequence[str], screen: Screen, common: float) -> Verdict:
    if not before:
        return "another" if after else "none"
    if any(_says(error, line.text) for error in before for line in screen.lines) or any(
        _says(a, b) for a in before for b in after
    ):
        return "still"
    if after:
        return "another"
    return "gone" if common >= SAME_SCREEN else "elsewhere"


def _says(error: str, text: str) -> bool:
    """Whether a line says the error, whole or as one row of several."""
    a, b = plain(error), plain(text)
    if not a or not b:
        return False
    return fuzz.ratio(a, b) >= ALIKE or (len(b) >= 12 and fuzz.partial_ratio(a, b) >= 95 and len(b) >= 0.4 * len(a))


def _pairs(before: Sequence[Line], after: Sequence[Line]) -> dict[int, int]:
    """Lines that say the same, from before to after: exact ones first, then those that OCR read otherwise."""
    texts = [plain(line.text) for line in after]
    free = set(range(len(after)))
    pairs: dict[int, int] = {}
    for least in (100.0, ALIKE):
        for n, line in enumerate(before):
            wanted = plain(line.text)
            if n in pairs or not wanted:
                continue
            alike = [m for m in free if texts[m] and fuzz.ratio(wanted, texts[m]) >= least]
            if alike and (least == 100.0 or len(wanted) >= 5):
                best = min(alike, key=lambda m: abs(after[m].box[1] - line.box[1]) + abs(after[m].box[0] - line.box[0]))
                if least == 100.0 or not _differs(line.text, after[best].text):
                    pairs[n] = best
                    free.discard(best)
    return pairs


def _differs(a: str, b: str) -> bool:
    """Whether two alike lines differ in a number: 3 of 10 and 4 of 10 are a change, not a misreading."""
    return [c for c in a if c.isdigit()] != [c for c in b if c.isdigit()]


def _changes(before: Screen, after: Screen, pairs: dict[int, int]) -> Iterator[Change]:
    gone = [n for n in range(len(before.lines)) if n not in pairs]
    new = [m for m in range(len(after.lines)) if m not in pairs.values()]
    moved = [
        (after.lines[m].box[0] - before.lines[n].box[0], after.lines[m].box[1] - before.lines[n].box[1])
        for n, m in pairs.items()
    ]
    across, down = (median(d[i] for d in moved) if moved else 0.0 for i in (0, 1))
    for n in gone:
        line = before.lines[n]
        edited = [m for m in new if _edited(line, after.lines[m], across, down)]
        if edited:
            m = max(edited, key=lambda m: fuzz.ratio(line.text, after.lines[m].text))
            new.remove(m)
            yield Change(kind="changed", text=after.lines[m].text, was=line.text, box=after.lines[m].box)
        else:
            yield Change(kind="gone", text=line.text, box=line.box)
    for m in new:
        yield Change(kind="appeared", text=after.lines[m].text, box=after.lines[m].box)


def _edited(old: Line, new: Line, across: float, down: float) -> bool:
    """Whether `new` stands where `old` stood, once scrolling is taken off, and still says some of it."""
    height = old.box[3] - old.box[1]
    level = abs(new.box[1] - down - old.box[1]) <= height
    begins = abs(new.box[0] - across - old.box[0]) <= 2 * height
    return (
        level
        and (begins or abs(new.box[2] - across - old.box[2]) <= 2 * height)
        and fuzz.ratio(old.text, new.text) >= EDITED
    )
