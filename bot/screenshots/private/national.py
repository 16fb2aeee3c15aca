"""National numbers: those whose shape and check digit tell them, and those that only their label tells."""

import re
from collections.abc import Callable, Iterator

from bot.screenshots.private import checksums
from bot.screenshots.private.text import Span, digits_restored


def _us(digits: str) -> bool:
    return digits[:3] not in ("000", "666") and digits[3:5] != "00" and digits[5:] != "0000"


def _with_day(digits: str) -> bool:
    """YYMMDD first, then Luhn over ten digits: Sweden's."""
    day = int(digits[4:6])
    return 1 <= int(digits[2:4]) <= 12 and (1 <= day <= 31 or 61 <= day <= 91) and checksums.luhn(digits)


def _south_african(digits: str) -> bool:
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31 and checksums.luhn(digits)


def _finnish(value: str) -> bool:
    if not value[6].isalpha() and value[6] not in "-+":
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(value[:6] + value[-4:-1]) % 31] == value[-1]


def _always(_: str) -> bool:
    return True


_BY_SHAPE: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"(?<![\d\-])\d{3}(?:-| - ?| ?- )\d{2}(?:-| - ?| ?- | )\d{4}(?![\d\-])"), _us),
    (re.compile(r"(?<![\d\-])\d{3} \d{2}-\d{4}(?![\d\-])"), _us),
    (re.compile(r"(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)"), checksums.cpf),
    (re.compile(r"(?<!\d)756[. ]\d{4}[. ]\d{4}[. ]\d{2}(?!\d)"), checksums.ahv),
    (re.compile(r"(?<!\d)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[23]\d) ?\d{2} ?\d{3} ?\d{3} ?\d{2}(?!\d)"), checksums.insee),
    (re.compile(r"(?<!\d)\d{4} \d{4} \d{4}(?! ?\d)"), checksums.verhoeff),
    (re.compile(r"(?<!\d)\d{6}[-+]\d{4}(?![\d\-])"), _with_day),
    (re.compile(r"(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"), _always),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), checksums.chinese),
)
"""Judged on their digits alone, separators taken out."""
_LETTERED: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(r"(?<![A-Za-z0-9])[XYZ]?\d{7,8}-?[A-HJ-NP-TV-Z](?![A-Za-z0-9])"), checksums.dni),
    (re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"), checksums.fiscale),
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|"
            r"ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D](?![A-Za-z0-9])"
        ),
        _always,
    ),
    (re.compile(r"(?<!\d)\d{6}[-+A-F]\d{3}[0-9A-FHJ-NPR-Y](?![A-Za-z0-9])"), _finnish),
)


LABEL_WORDS = (
    r"ssn|social security(?: (?:number|no\.?))?|national (?:id|insurance)(?: (?:number|no\.?))?|nino?|"
    r"ni (?:number|no\.?)|"
    r"tax(?:payer)? ?(?:id|identification number)|tin|itin|bsn|burgerservicenummer|steuer-?id(?:entifikationsnummer)?|"
    r"sozialversicherungsnummer|personnummer|cpr(?:[- ]nummer)?|pesel|dni|nie|nif|cpf|aadhaa?r|pan(?: number)?|sin|tfn|"
    r"codice fiscale|num[eé]ro de s[eé]curit[eé] sociale|personal (?:id|identity|identification)(?: (?:number|code))?|"
    r"passport(?: (?:number|no\.?))?|driver'?s? licen[cs]e(?: (?:number|no\.?))?|id card(?: (?:number|no\.?))?"
)
_LABEL = re.compile(
    rf"\b(?:{LABEL_WORDS})"
    r"[\s:#=.\-]{1,4}(?=[A-Z0-9 .\-/]*\d)(?P<value>[A-Z0-9](?:[ .\-/]?[A-Z0-9]){5,17})(?![A-Za-z0-9])",
    re.I,
)


def national_numbers(text: str) -> Iterator[Span]:
    """Numbers that a state gives to a person."""
    restored = digits_restored(text)
    for pattern, right in _BY_SHAPE:
        for m in pattern.finditer(restored):
            if right(re.sub(r"[^0-9Xx]", "", m[0])):
                yield Span(m.start(), m.end(), "ssn")
    for pattern, right in _LETTERED:
        for m in pattern.finditer(text):
            if right(m[0] if right is not checksums.dni else m[0].replace("-", "")):
                yield Span(m.start(), m.end(), "ssn")
    for m in _LABEL.finditer(text):
        if sum(c.isdigit() for c in m["value"]) >= max(4, 0.4 * sum(c.isalnum() for c in m["value"])):
            yield Span(*m.span("value"), "ssn")
