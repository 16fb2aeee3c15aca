"""Can this picture be read, what is it, and if not: why, and what to send instead, in customers' words."""

from typing import Literal

import numpy as np
from PIL import Image

from bot.conversation import Noun, Outcome
from bot.screenshots.ocr import Reading
from prompts import say

PictureKind = Literal["screen", "photo", "document", "picture", "empty"]


class Verdict(Noun):
    """What a picture is, and what became of it."""

    kind: PictureKind = "screen"
    outcome: Outcome = "read"
    reason: str = ""
    theme: Literal["light", "dark"] = "light"


def judge(picture: Image.Image, reading: Reading) -> Verdict:
    """The verdict on a picture and its reading."""
    grey = np.asarray(picture.convert("L").reduce(max(1, min(picture.size) // 300)))
    theme: Literal["light", "dark"] = "dark" if float(np.median(grey)) < 100 else "light"
    if not reading.lines:
        kind: PictureKind = "empty" if float(grey.std()) < 3 else "picture"
        return Verdict(kind=kind, outcome="unreadable", reason=say(f"legibility.{kind}"), theme=theme)
    if reading.unread:
        return Verdict(outcome="partly", reason=say("legibility.no_time"), theme=theme)
    return Verdict(theme=theme)
