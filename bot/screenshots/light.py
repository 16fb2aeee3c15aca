"""Lines lit on a picture, as by a marker: what was read stays readable, on light grounds and on dark ones.

Each group has a colour; a line of several groups is framed once for each, one frame outside the other. Not here: which
lines (`bot/knowledge/deciding.py`), rings around what is to be clicked (`ring`).
"""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

from bot.conversation import Box

DECIDED, WANTED = "#f59e0b", "#16a34a"
"""What spoke for the article ranked first, and for a right one."""
MARKER = 60
"""Opacity of the fill, of 255."""


def light(picture: Image.Image, groups: Mapping[str, Sequence[Box]]) -> Image.Image:
    """A copy of `picture` with boxes lit, by colour (`#rrggbb`)."""
    out = picture.convert("RGBA")
    layer = Image.new("RGBA", out.size)
    pen = ImageDraw.Draw(layer)
    width = max(2, round(max(out.size) / 640))
    framed: dict[Box, int] = {}
    for colour, boxes in groups.items():
        for box in dict.fromkeys(boxes):
            around = framed.get(box, 0)
            framed[box] = around + 1
            left, top, right, bottom = box
            by = 2 + around * (width + 1)
            place = (left - by, top - by, max(left, right) + by, max(top, bottom) + by)
            pen.rounded_rectangle(place, width + 2, None if around else colour + f"{MARKER:02x}", colour, width)
    return Image.alpha_composite(out, layer).convert("RGB")
