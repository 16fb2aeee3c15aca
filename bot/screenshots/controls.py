"""What can be used on a screen: labels whose evidence in the picture says so, with their kind and their box.

How much each piece of evidence weighs was learned on screens of several products (`tests/bench/controls.py` prints
it, trained without the product that it is measured on).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image

from bot.conversation import Box, Noun
from bot.screenshots import states
from bot.screenshots.evidence import NAMES, Evidence
from bot.screenshots.labels import Label, around
from bot.screenshots.ocr import Line
from bot.screenshots.shapes import Region

ControlKind = Literal["button", "link", "tab", "input", "menu", "checkbox", "icon", "text"]

WEIGHTS = {
    "tight": 1.86,
    "centred": 0.30,
    "filled": 1.59,
    "bar": 1.15,
    "gridded": -0.71,
    "chroma": 1.72,
    "own_colour": 1.11,
    "size": -1.06,
    "words": -0.02,
    "length": -0.89,
    "sentence": -0.72,
    "column": 1.68,
    "row": -0.23,
    "side": 0.82,
    "top": 2.44,
    "icon": 2.46,
    "chevron": -0.11,
    "described": -0.38,
    "weight": -1.19,
    "contrast": -0.69,
    "underlined": -0.15,
    "footed": 1.31,
    "capitals": -0.99,
    "repeated": -0.15,
    "common": -0.28,
    "at_end": -0.89,
    "room": 0.75,
    "outlined": 1.14,
    "wide": -1.57,
    "alike": -0.20,
}
BIAS = -0.27
LIKELY = -0.8
"""The log-odds from which a label counts as a control."""


class Control(Noun):
    """Something that can be used, worked out from the picture."""

    kind: ControlKind
    label: str
    box: Box
    enabled: bool = True
    active: bool = False
    """Whether it is the one entry of its menu or tabs that one is on."""
    text_box: Box | None = None
    """Where its label stands; `box` is the whole control's."""
    odds: float = 0.0
    """Log-odds that it can be used, by the evidence."""


def controls(lines: Sequence[Line], picture: Image.Image) -> tuple[Control, ...]:
    """The controls of a picture, top to bottom."""
    evidence = Evidence(lines, picture)
    found = evidence.found
    odds = evidence.rows @ np.array([WEIGHTS[name] for name in NAMES]) + BIAS
    active, disabled = states.active(evidence), states.disabled(evidence)
    return tuple(
        Control(
            kind=_kind(evidence, n),
            label=label.text,
            box=_box(evidence, n),
            enabled=n not in disabled,
            active=n in active,
            text_box=label.box,
            odds=round(float(odds[n]), 2),
        )
        for n, label in enumerate(found)
        if odds[n] >= LIKELY or n in active
    )


def _kind(evidence: Evidence, n: int) -> ControlKind:
    has = dict(zip(NAMES, evidence.rows[n], strict=True))
    if has["footed"] or (has["row"] >= 0.3 and has["top"] and not has["tight"]):
        return "tab"
    if has["bar"] and _alone(evidence, n):
        return "input"
    if has["tight"] and not has["gridded"]:
        return "button" if has["centred"] or has["filled"] else "input"
    if has["side"] or has["column"] >= 0.5:
        return "menu"
    return "link" if has["own_colour"] or has["underlined"] else "text"


def _box(evidence: Evidence, n: int) -> Box:
    """The whole control's box: its ground where that is its own, else the text with the icon before it."""
    label, region = evidence.found[n], evidence.regions[n]
    has = dict(zip(NAMES, evidence.rows[n], strict=True))
    if (region and has["tight"]) or (region and has["bar"] and _alone(evidence, n)):
        return around([region.box, label.box])
    left = label.box[0] - (1.9 * label.height if has["icon"] else 0)
    return max(0.0, left), label.box[1], label.box[2], label.box[3]


def _alone(evidence: Evidence, n: int) -> bool:
    """Whether no other label stands on the same ground, and the label begins where a field's text does."""
    label, region = evidence.found[n], evidence.regions[n]
    if region is None or label.box[0] - region.box[0] > 2.2 * label.height:
        return False
    return not any(other is not label and _in(other, region) for other in evidence.found)


def _in(label: Label, region: Region) -> bool:
    x, y = (label.box[0] + label.box[2]) / 2, (label.box[1] + label.box[3]) / 2
    return region.box[0] <= x <= region.box[2] and region.box[1] <= y <= region.box[3]
