"""Rings around places on a picture: rounded, numbered, visible on dark and on light. Draws, and decides nothing."""

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from bot.conversation import Point

RING = (225, 29, 72)


def draw(picture: Image.Image, points: Sequence[Point]) -> Image.Image:
    """A copy of `picture` with a numbered ring around each point."""
    out = picture.convert("RGB")
    out = out.copy() if out is picture else out
    pen = ImageDraw.Draw(out)
    for number, point in enumerate(points, 1):
        left, top, right, bottom = point.box
        box = (left - 6, top - 6, right + 6, bottom + 6)
        pen.rounded_rectangle(box, radius=8, outline=(255, 255, 255), width=5)
        pen.rounded_rectangle((box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1), radius=7, outline=RING, width=3)
        pen.text((box[0], max(0, box[1] - 14)), str(point.step or number), fill=RING, font=ImageFont.load_default(14))
    return out
