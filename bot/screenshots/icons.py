"""Icons that were read as characters: taken out of the lines, so that no one searches for a bell as an ideograph."""

import re
from collections.abc import Sequence

from bot.conversation import Box
from bot.screenshots.ocr import Line

_IDEOGRAPH = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f]")
_LOOSE = re.compile(r"[^\w]|[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\u2460-\u27bf]")


def parted(lines: Sequence[Line]) -> tuple[tuple[Line, ...], tuple[Box, ...]]:
    """The lines without what must be icons, and the boxes of those.

    A screen with a line of three ideographs speaks such a language, and nothing is taken out of it.
    """
    if any(len(_IDEOGRAPH.findall(line.text)) >= 3 and line.score >= 0.8 for line in lines):
        return tuple(lines), ()
    kept: list[Line] = []
    icons: list[Box] = []
    for line in lines:
        words = [w for w in line.words if not _icon(w.text)]
        icons += [w.box for w in line.words if _icon(w.text)]
        named = [w.model_copy(update={"text": _IDEOGRAPH.sub("", w.text)}) for w in words]
        if named:
            box = (named[0].box[0], line.box[1], named[-1].box[2], line.box[3])
            kept.append(Line(text=" ".join(w.text for w in named), box=box, score=line.score, words=tuple(named)))
    return tuple(kept), tuple(icons)


def _icon(text: str) -> bool:
    """A word of one or two characters, all of them ideographs or signs that are not punctuation of a sentence."""
    signs = _LOOSE.sub("", text)
    return (
        len(text) <= 2 and not signs and not re.fullmatch(r"[-–—+*/&%$€£#@?!.,:;…·•|=<>()\[\]{}'\"›»«‹×✓→←↑↓]+", text)
    )
