"""Which lines of a screen are the error: what they say, how they are coloured, and what stands with them.

One sign is not enough: a red word may be a button, and a help text may speak of errors.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from bot.conversation import Box
from bot.screenshots.ocr import Line
from bot.screenshots.values import values

ENOUGH = 3.0
SAYS = re.compile(
    r"\b(?:errors?|fail(?:ed|ure|s)|could ?n[o'’]t|can(?: ?not|['’]t)|unable to|declined|denied|refused|rejected|"
    r"invalid|expired|forbidden|unauthori[sz]ed|"
    r"not (?:found|allowed|permitted|supported|available|saved|"
    r"uploaded|started|sent|valid|authori[sz]ed)|was not|is missing|is required|no longer|went wrong|"
    r"too (?:large|long|short|many)|"
    r"exceed(?:s|ed)|timed? ?out|stopped|"
    r"(?:is|are) (?:paused|blocked|locked|suspended|disabled|offline|unavailable)|"
    r"conflict|corrupt(?:ed)?|incorrect|try again|exception|blocked|missing|do(?:es)? not match|mismatch|unreachable|"
    r"unavailable|aborted|crashed|"
    r"fehler(?:haft|geschlagen)?|fehlgeschlagen|ungültig|abgelehnt|abgelaufen|konnten? nicht|kann nicht|"
    r"nicht (?:gefunden|erlaubt|möglich|gespeichert|verfügbar)|verweigert|schiefgelaufen|zu groß|gesperrt|"
    r"erreur|échoué|échec|impossible|invalide|expirée?|refusée?|introuvable|interdit|incorrecte?|"
    r"no se (?:pudo|puede|ha)|falló|inválid[oa]|caducad[oa]|rechazad[oa]|denegad[oa]|no (?:encontrad[oa]|válid[oa])|"
    r"não (?:foi possível|encontrad[oa]|permitid[oa])|erro|falhou|expirou|recusad[oa]|negad[oa]|impossibile|errore|"
    r"non (?:riuscit[oa]|valid[oa]|trovat[oa]|è stato possibile)|scadut[oa]|rifiutat[oa]|negat[oa]|"
    r"mislukt|fout|kan niet|ongeldig|verlopen|geweigerd|nie (?:udało się|można|znaleziono|powiodło się)|błąd|"
    r"nieprawidłow[yae]|"
    r"odrzucon[oya]|wygasł[oay]?|misslyckades|kunde inte|ogiltig|mislykkedes|fejl|kunne ikke|feil|epäonnistui|virhe|"
    r"hata|başarısız|nepodařilo|chyba|hiba|sikertelen|eroare)\b|"
    r"无法|失败|错误|無法|失敗|錯誤|エラー|できません|見つかりません|期限切れ",
    re.I,
)
"""Words with which screens report that something did not work."""


class Tone(NamedTuple):
    """The colours of a line: of its ground and of its letters, red, green and blue."""

    ground: npt.NDArray[np.float32]
    ink: npt.NDArray[np.float32]

    @property
    def red_ink(self) -> bool:
        return _red(self.ink) and not _red(self.ground)

    @property
    def red_ground(self) -> bool:
        red, green, blue = (float(v) for v in self.ground)
        tint = red - max(green, blue)
        dark = tint >= 7 and red < 140 and red >= 1.25 * max(green, blue)
        return _red(self.ground) or (tint >= 5 and red > 200) or dark


def tone(line: Line, pixels: npt.NDArray[np.uint8]) -> Tone:
    """The colours of a line of a picture (rows x columns x RGB)."""
    left, top, right, bottom = (max(0, round(v)) for v in line.box)
    part = pixels[top : bottom + 1, left : right + 1].reshape(-1, 3).astype(np.float32)
    if not len(part):
        return Tone(np.zeros(3, np.float32), np.zeros(3, np.float32))
    ground = np.median(part, axis=0)
    off = np.abs(part - ground).max(1)
    drawn = part[off >= 0.7 * off.max()]
    return Tone(ground, np.median(drawn, axis=0))


def failure(lines: Sequence[Line], picture: Image.Image, dialogs: Sequence[Box] = ()) -> tuple[Line, ...]:
    """The lines of the error that the screen shows, top to bottom; none when nothing is sure enough."""
    pixels = np.asarray(picture.convert("RGB"))
    usual = float(np.median([x.box[3] - x.box[1] for x in lines])) if lines else 1.0
    best: tuple[Line, ...] = ()
    most = 0.0
    for line in lines:
        if not SAYS.search(line.text) and not _red(tone(line, pixels).ink):
            continue
        worth = _worth(line, pixels, usual) + 0.8 * any(_in(line.box, dialog) for dialog in dialogs)
        if worth < 1.5:
            continue
        block = _block(line, lines, pixels)
        total = worth + any(v.kind == "code" for x in block for v in values(x.text))
        if total > most and any(SAYS.search(x.text) for x in block):
            best, most = block, total
    return best if most >= ENOUGH else ()


def _in(box: Box, of: Box) -> bool:
    return of[0] <= box[0] and of[1] <= box[1] and box[2] <= of[2] and box[3] <= of[3]


def _worth(line: Line, pixels: npt.NDArray[np.uint8], usual: float) -> float:
    colours = tone(line, pixels)
    count = len(line.text.split())
    says = SAYS.search(line.text) is not None
    large = line.box[3] - line.box[1] > 1.5 * usual
    return 1.2 * says + 0.8 * (says and count >= 3) + 1.6 * colours.red_ink + 1.4 * colours.red_ground + 0.7 * large


def _block(seed: Line, lines: Sequence[Line], pixels: npt.NDArray[np.uint8]) -> tuple[Line, ...]:
    """The seed with the lines right above and below it that stand on the same ground and begin near it."""
    ground = tone(seed, pixels).ground
    bare = float(np.mean([np.abs(tone(x, pixels).ground - ground).max() < 10 for x in lines])) > 0.5
    block = [seed]
    for direction in (-1, 1):
        edge = seed
        for _ in range(3):
            following = [x for x in lines if x not in block and _next(edge, x, direction)]
            same = [x for x in following if np.abs(tone(x, pixels).ground - ground).max() < 10]
            if bare and tone(seed, pixels).red_ink:  # nothing but its ink holds it together
                same = [x for x in same if np.abs(tone(x, pixels).ink - tone(seed, pixels).ink).max() < 60]
            if not same:
                break
            edge = min(same, key=lambda x: abs(x.box[1] - edge.box[1]))
            if len(edge.text.split()) < 3 and not SAYS.search(edge.text) and not _wraps(block[-1], edge, direction):
                break  # a button or a label
            block.append(edge)
    return tuple(sorted(block, key=lambda x: x.box[1]))


def _wraps(line: Line, other: Line, direction: int) -> bool:
    """Whether `other` is the rest of a sentence that did not fit on `line`."""
    height = min(line.box[3] - line.box[1], other.box[3] - other.box[1])
    return direction > 0 and other.box[1] - line.box[3] <= 0.8 * height and abs(other.box[0] - line.box[0]) <= height


def _next(line: Line, other: Line, direction: int) -> bool:
    height = min(line.box[3] - line.box[1], other.box[3] - other.box[1])
    between = other.box[1] - line.box[3] if direction > 0 else line.box[1] - other.box[3]
    near = -0.3 * height <= between <= 1.6 * height
    aligned = abs(other.box[0] - line.box[0]) <= 1.5 * height
    centred = abs(other.box[0] + other.box[2] - line.box[0] - line.box[2]) <= 2 * height
    sized = max(line.box[3] - line.box[1], other.box[3] - other.box[1]) <= 1.8 * height
    return near and (aligned or centred) and sized


def _red(colour: npt.NDArray[np.float32]) -> bool:
    red, green, blue = (float(v) for v in colour)
    return red - max(green, blue) > 55 and abs(green - blue) < 0.6 * (red - max(green, blue)) + 25
