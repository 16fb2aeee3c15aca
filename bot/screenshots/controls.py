"""What can be used on a screen, worked out from the picture: shapes, colours, rows and columns of labels."""

from collections.abc import Sequence
from typing import Literal

from PIL import Image

from bot.conversation import Box, Noun
from bot.screenshots.labels import Label, labels
from bot.screenshots.ocr import Line
from bot.screenshots.shapes import Region, Shapes

ControlKind = Literal["button", "link", "tab", "input", "menu", "checkbox", "icon", "text"]


class Control(Noun):
    """Something that can be used, worked out from the picture."""

    kind: ControlKind
    label: str
    box: Box
    enabled: bool = True


def controls(lines: Sequence[Line], picture: Image.Image) -> tuple[Control, ...]:
    """The controls of a picture, top to bottom: labels that stand in a shape of their own, and coloured links."""
    shapes = Shapes(picture)
    out = []
    for label in labels(lines):
        region = shapes.around(label.box)
        if region and _tight(label, region):
            out.append(Control(kind="button", label=label.text, box=region.box))
        elif region and _coloured(shapes.ink(label.box, region.colour)):
            out.append(Control(kind="link", label=label.text, box=label.box))
    return tuple(out)


def _tight(label: Label, region: Region) -> bool:
    left, top, right, bottom = region.box
    inside = left <= label.box[0] + 2 and right >= label.box[2] - 2
    return (
        inside
        and bottom - top <= 3.4 * label.height
        and right - left <= 12 * label.height + 2.5 * (label.box[2] - label.box[0])
    )


def _coloured(colour: tuple[int, int, int]) -> bool:
    return max(colour) - min(colour) >= 60
