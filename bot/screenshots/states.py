"""Which entry of a menu or a row of tabs is the active one, and which controls are greyed out.

Active is what stands out among its like, once: by its ground, a bar under or beside it, or its ink. What looks like
its like tells nothing, and neither does a filled button beside others, so a row's first action is no tab.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bot.conversation import Box
from bot.screenshots.evidence import NAMES, Evidence
from bot.screenshots.shapes import Colour, Region

ALIKE = 40
"""Inks nearer than this (sum over three channels) are the same."""
GROUNDS = 16
"""Grounds further apart than this are different."""
LOUDER = 60
"""An ink stands out when its contrast, or its colour, is by so much greater than the others'."""
GREYED = 0.52
"""The ink of a greyed button has less than this share of the usual contrast."""
FAINT = 0.36
"""So has a greyed entry without a shape of its own."""
_ACTION = re.compile(
    r"(?:add|new|create|save|submit|send|apply|continue|next|upload|start|delete|remove|cancel|close|ok|yes|no|confirm|buy|pay|"
    r"sign|log|invite|import|export|download|connect|upgrade|edit|done|finish|retry|try|update|publish|launch|pause|stop|"
    r"reply|forward|hinzufügen|neue?r?|erstellen|speichern|senden|weiter|löschen|abbrechen|schließen|anmelden|ajouter|"
    r"nouveau|créer|enregistrer|envoyer|continuer|supprimer|annuler|fermer|añadir|nuev[oa]|crear|guardar|enviar|continuar|"
    r"eliminar|cancelar|cerrar|dodaj|zapisz|usuń|anuluj|salva|aggiungi|salvar|adicionar)\b",
    re.I,
)  # fmt: skip


def active(evidence: Evidence) -> set[int]:
    """The numbers of the labels that are the active entry of their group."""
    out: set[int] = set()
    for group in _columns(evidence):
        tests = (_own_ground, _side_bar, *((_ink,) if _at_side(evidence, group) else ()))
        both = 2 if len(group) >= 6 and _at_side(evidence, group) else 1  # an entry, and the one that it is under
        odd = _odd(evidence, group, tests, both)
        out |= {n for n in odd if not _is_button(evidence, n) and _alone(evidence, n)}
    for group in _rows(evidence):
        tests = (_own_ground, _foot_bar, *((_ink,) if _at_edge(evidence, group) else ()))
        odd = _odd(evidence, group, tests)
        told = {n for n in odd if not _ACTION.match(evidence.found[n].text)}
        out |= {n for n in told if not _is_field(evidence, n) and not _in_corner(evidence, n)}
    return out


def _is_button(evidence: Evidence, n: int) -> bool:
    """Whether an entry of a column is rather the button below a form."""
    return bool(_has(evidence, n, "centred")) and _ACTION.search(evidence.found[n].text) is not None


def _is_field(evidence: Evidence, n: int) -> bool:
    """Whether a label is what stands in a field: at its left, with room after it."""
    region, label = evidence.regions[n], evidence.found[n]
    if region is None or not _alone(evidence, n) or not (_has(evidence, n, "tight") or _has(evidence, n, "bar")):
        return False
    return label.box[0] - region.box[0] < 0.4 * (region.box[2] - label.box[2])


def _in_corner(evidence: Evidence, n: int) -> bool:
    """Whether a label stands on a ground of its own in the picture's corner, as a brand does."""
    region = evidence.regions[n]
    return region is not None and region.box[0] <= 2 and region.box[1] <= 2 and _has(evidence, n, "tight") > 0


def _alone(evidence: Evidence, n: int) -> bool:
    """Whether nothing but a badge stands on the same ground: more, and it is a table's row."""
    region, here = evidence.regions[n], evidence.found[n]
    level = [
        o
        for o in evidence.found
        if o is not here and abs(o.box[1] + o.box[3] - here.box[1] - here.box[3]) <= here.height
    ]
    return (
        region is None
        or sum(region.box[0] <= (o.box[0] + o.box[2]) / 2 <= region.box[2] and len(o.text) > 3 for o in level) == 0
    )


def disabled(evidence: Evidence) -> set[int]:
    """The numbers of the labels that are greyed out, or paler copies of another button."""
    contrasts = [_far(evidence.inks[n], _ground(evidence, n)) for n in range(len(evidence.found))]
    usual = float(np.percentile(contrasts, 75)) if contrasts else 1.0
    out = set()
    for n, contrast in enumerate(contrasts):
        tight = bool(_has(evidence, n, "tight")) and not _is_field(evidence, n) and _alone(evidence, n)
        grey = _chroma(evidence.inks[n]) < 30 and _chroma(_ground(evidence, n)) < 30
        field = bool(_has(evidence, n, "bar"))
        if grey and not field and contrast < (GREYED if tight else FAINT) * usual:
            out.add(n)
    return out | _paler(evidence)


def _paler(evidence: Evidence) -> set[int]:
    """Buttons whose ground and ink are those of another button, mixed with what is under them."""
    filled = [n for n in range(len(evidence.found)) if _has(evidence, n, "filled") and _has(evidence, n, "tight")]
    under = np.array(evidence.shapes.ground(), np.float64)
    out = set()
    for n in filled:
        ground, ink = np.array(_ground(evidence, n), np.float64), np.array(evidence.inks[n], np.float64)
        for other in filled:
            full = np.array(_ground(evidence, other), np.float64) - under
            if other == n or _chroma(_ground(evidence, other)) < 60:
                continue
            share = float(((ground - under) @ full) / max(1.0, float(full @ full)))
            expected = under + share * (np.array(evidence.inks[other], np.float64) - under)
            if (
                0.3 <= share <= 0.8
                and np.abs(ground - under - share * full).max() <= 10
                and np.abs(ink - expected).max() <= 40
            ):
                out.add(n)
    return out


Test = Callable[[Evidence, Sequence[int]], set[int]]


def _odd(evidence: Evidence, group: Sequence[int], tests: Sequence[Test], most: int = 1) -> set[int]:
    """What the first of `tests` to tell anything tells apart in a group; none when that is more than `most`."""
    for test in tests:
        told = test(evidence, group)
        if told:
            return told if len(told) <= most else set()
    return set()


def _own_ground(evidence: Evidence, group: Sequence[int]) -> set[int]:
    """Those that stand on a ground of their own, while all others share one."""
    grounds = [_ground(evidence, n) for n in group]
    usual = min(grounds, key=lambda g: sorted(_far(g, o) for o in grounds)[len(grounds) // 2])
    odd = {n for n, g in zip(group, grounds, strict=True) if _far(g, usual) > GROUNDS}
    flat = all(_low(evidence.regions[n], evidence.found[n].height) for n in odd)
    return odd if flat and 2 * len(odd) < len(group) else set()


def _foot_bar(evidence: Evidence, group: Sequence[int]) -> set[int]:
    return {n for n in group if _bar_below(evidence, n)}


def _side_bar(evidence: Evidence, group: Sequence[int]) -> set[int]:
    return {n for n in group if _bar_left(evidence, n)}


def _ink(evidence: Evidence, group: Sequence[int]) -> set[int]:
    """Those that are drawn louder than the others, which are alike. A brand at a row's head is often as loud."""
    inks = [evidence.inks[n] for n in group]
    usual = min(inks, key=lambda g: sorted(_far(g, o) for o in inks)[len(inks) // 2])
    odd = [n for n in group if _far(evidence.inks[n], usual) > ALIKE]
    quiet = next(n for n, ink in zip(group, inks, strict=True) if ink == usual)
    contrast, colour = _far(usual, _ground(evidence, quiet)), _chroma(usual)
    loud = [
        n
        for n in odd
        if (
            _far(evidence.inks[n], _ground(evidence, n)) > contrast + LOUDER
            or _chroma(evidence.inks[n]) > colour + LOUDER
        )
        and not _red(evidence.inks[n])
    ]
    if loud[:1] == [group[0]] and (
        len(loud) == 2 or evidence.found[group[0]].height > 1.15 * evidence.found[quiet].height
    ):
        loud = loud[1:]
    return set(loud) if len(odd) <= 2 and len(group) - len(odd) >= 2 else set()


def _bar_below(evidence: Evidence, n: int) -> bool:
    """Whether a bar lies under the label, as long as it or its tab, and stands out from what goes on beside it."""
    label, height = evidence.found[n], evidence.found[n].height
    left, right, bottom = label.box[0], label.box[2], label.box[3]
    part = _off(evidence, (left - 4 * height, bottom + 0.2 * height, right + 4 * height, bottom + 2.4 * height), n)
    start = int(min(left, 4 * height))
    width = int(right - left)
    if part.size == 0 or part.shape[1] < start + width:
        return False
    strong = part > 60
    full = strong[:, start : start + width].mean(axis=1) >= 0.97
    rows = np.flatnonzero(full)
    if not rows.size or rows.size > max(2, 0.4 * height):
        return False
    beside = np.concatenate([strong[rows][:, : max(1, start // 3)], strong[rows][:, -max(1, start // 3) :]], axis=1)
    return bool(beside.mean() < 0.4)


def _bar_left(evidence: Evidence, n: int) -> bool:
    """Whether a thin upright bar stands left of the label, higher than its text."""
    left, top, _, bottom = evidence.found[n].box
    height = bottom - top
    part = _off(evidence, (left - 6 * height, top - 0.3 * height, left - 0.3 * height, bottom + 0.3 * height), n)
    if part.size == 0:
        return False
    full = (part > 90).mean(axis=0) >= 0.97
    runs = np.flatnonzero(np.diff(np.concatenate(([0], full.astype(np.int8), [0]))))
    return any(2 <= b - a <= 0.45 * height for a, b in zip(runs[::2], runs[1::2], strict=True))


def _columns(evidence: Evidence) -> Iterator[list[int]]:
    """Short labels of one size that begin in one place, one below the other."""
    short = [n for n, label in enumerate(evidence.found) if len(label.words) <= 4 and len(label.text) > 1]
    left = sorted(short, key=lambda n: evidence.found[n].box[1])
    while left:
        first = evidence.found[left[0]]
        run = [left[0]]
        for n in left[1:]:
            label, last = evidence.found[n], evidence.found[run[-1]]
            same = abs(label.box[0] - first.box[0]) <= 0.3 * first.height
            if (
                same
                and _as_high(label.height, first.height)
                and 0.6 * first.height <= label.box[1] - last.box[1] <= 5 * first.height
            ):
                run.append(n)
        if len(run) >= 3:
            yield run
        left = [n for n in left if n not in run]


def _rows(evidence: Evidence) -> Iterator[list[int]]:
    """Short labels of one size side by side, that are not the heads of a table."""
    short = [n for n, label in enumerate(evidence.found) if len(label.words) <= 3 and len(label.text) > 1]
    left = sorted(short, key=lambda n: evidence.found[n].box[0])
    while left:
        run = [left[0]]
        first = evidence.found[left[0]]
        for n in left[1:]:
            label, last = evidence.found[n], evidence.found[run[-1]]
            level = abs(label.box[1] + label.box[3] - last.box[1] - last.box[3]) <= 0.6 * first.height
            if (
                level
                and _as_high(label.height, first.height)
                and 0.7 * first.height < label.box[0] - last.box[2] <= 9 * first.height
            ):
                run.append(n)
        if len(run) >= 3 and sum(_headed(evidence, n) for n in run) < 0.5 * len(run):
            yield run
        left = [n for n in left if n not in run]


def _headed(evidence: Evidence, n: int) -> bool:
    """Whether a label stands right under this one and begins with it, as a cell does under its column's head."""
    box, height = evidence.found[n].box, evidence.found[n].height
    return any(
        0 <= other.box[1] - box[3] <= 2.5 * height and abs(other.box[0] - box[0]) <= 0.35 * height
        for other in evidence.found
    )


def _at_side(evidence: Evidence, group: Sequence[int]) -> bool:
    width = evidence.shapes.size[0]
    boxes = [evidence.found[n].box for n in group]
    return max(b[2] for b in boxes) < 0.28 * width or min(b[0] for b in boxes) > 0.75 * width


def _at_edge(evidence: Evidence, group: Sequence[int]) -> bool:
    """Whether a row stands where screens have their bars: near the top, or at the very bottom."""
    height = evidence.shapes.size[1]
    box = evidence.found[group[0]].box
    return box[3] < 0.25 * height or box[1] > 0.88 * height


def _low(region: Region | None, height: float) -> bool:
    """Whether a ground is not higher than an entry's."""
    return region is not None and region.box[3] - region.box[1] <= 4.5 * height


def _off(evidence: Evidence, box: Box, n: int) -> np.ndarray:
    """How far the pixels of a part of the picture are from the ground that label n stands on."""
    left, top, right, bottom = (max(0, round(v)) for v in box)
    part = evidence.shapes.rgb[top:bottom, left:right].astype(np.int16)
    ground = evidence.shapes.rgb.dtype.type(0) if not part.size else np.array(_ground(evidence, n), np.int16)
    return np.asarray(np.abs(part - ground).sum(axis=2))


def _has(evidence: Evidence, n: int, name: str) -> float:
    return float(evidence.rows[n][NAMES.index(name)])


def _ground(evidence: Evidence, n: int) -> Colour:
    region = evidence.regions[n]
    return region.colour if region else evidence.shapes.ground()


def _as_high(a: float, b: float) -> bool:
    return abs(a - b) <= 0.42 * max(a, b)


def _far(a: Colour, b: Colour) -> float:
    return float(sum(abs(x - y) for x, y in zip(a, b, strict=True)))


def _chroma(colour: Colour) -> float:
    return float(max(colour) - min(colour))


def _red(colour: Colour) -> bool:
    return colour[0] - max(colour[1:]) > 70
