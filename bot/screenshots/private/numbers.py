"""Private numbers: cards, IBANs, telephones, IP addresses and national numbers, by shape and check digit.

No rule asks for a word boundary, because OCR sticks words together: a number may begin after a letter and end before
one, and parts of a longer run of digits are tried too. Dates, amounts, versions and order numbers are left alone.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from bot.screenshots.private.checksums import IBAN_LENGTHS, iban, luhn
from bot.screenshots.private.text import Span, digits_restored

_RUN = re.compile(r"\d(?:[ \-.·]{0,2}\d)+")
"""Digits with at most two separators between them."""
_CARD_SHAPES = ((4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3), (4, 6, 4))
_CARD_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720))\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|(?:6011|65\d\d|64[4-9]\d)\d{12,15}|35\d{14,17}|62\d{14,17}|(?:5[06-9]|6[37])\d{14,17}"
)
_IBAN_RUN = re.compile(r"[A-Z]{2}(?:[ \-.]?[A-Za-z0-9]){13,32}")
_FOURS = re.compile(r"[A-Z]{2}[0-9OIl]{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?(?![A-Za-z0-9])")
_LETTERS_AS_DIGITS = str.maketrans("OQIL", "0011")
_IBAN_START = re.compile(r"(?=([A-Z]{2}) ?\d ?\d)")
_SMALL_IBAN = re.compile(r"(?<![A-Za-z0-9])[a-z]{2}\d{2}[a-z0-9]{11,30}(?![A-Za-z0-9])")
_ACCOUNT = re.compile(
    r"(?<![A-Za-z])(?:(?:bank )?account ?(?:number|no\.?|nr\.?)|kontonummer|kontonr\.?|sort code|routing(?: number)?|"
    r"blz|bankleitzahl|clabe|n[uú]mero de cuenta)\s?[:#]?\s{0,2}(?P<value>\d(?:[ \-]?\d){5,19})(?![\d\-])",
    re.I,
)
_PLUS_PHONE = re.compile(r"(?<![\w+])\+ ?\(?[1-9]\d{0,2}\)?(?:[ \-./()]{0,3}\d){6,13}(?!\d)")
_STUCK_PLUS_PHONE = re.compile(r"\+[1-9]\d{0,2}(?:[ \-.()]{0,3}\d){7,12}(?!\d)")
_ZEROS_PHONE = re.compile(r"(?<!\d)(?<!\d[ .,\-])00[1-9]\d{0,2}[ \-./](?:[ \-./()]{0,3}\d){7,12}(?!\d)")
_NATIONAL_PHONES = (
    # North America
    re.compile(r"(?<![\d.])(?:1[ \-.])?\([2-9]\d{2}\)[ \-.]{0,2}\d{3}[ \-.]\d{4}(?!\d)"),
    re.compile(r"(?<![\d.\-/#])(?:1[\-. ])?[2-9]\d{2}([\-.])[2-9]\d{2}\1\d{4}(?![\d\-])"),
    re.compile(r"(?<![\d.\-/#])[2-9]\d{2}[ ][2-9]\d{2}[ \-]\d{4}(?![\d\-])"),
    # a trunk zero, then groups: Britain, Germany, Italy, Australia, India ...
    re.compile(r"(?<![\d.,\-/#:])\(?0[1-9]\d{1,4}\)?[ /\-]{1,3}\d{2,4}(?:[ \-]\d{2,5}){1,3}(?![\d\-])"),
    re.compile(r"(?<![\d.,\-/#:])\(?0[1-9]\d{1,4}\)?(?: ?/ ?|[ ])\d{5,8}(?![\d\-])"),
    # France, Belgium, Switzerland: pairs
    re.compile(r"(?<![\d.,\-/#:])0[1-9]([ .\-])\d\d\1\d\d\1\d\d\1\d\d(?![\d\-])"),
    # an area code in brackets: Brazil, Australia, Russia, Mexico
    re.compile(r"(?<![\d.])(?:[78][ \-]?)?\(0?\d{2,3}\)[ \-]?\d{3,5}[ \-]\d{2,4}(?:[ \-]\d{2})?(?![\d\-])"),
    # China, Japan, Korea
    re.compile(r"(?<![\d.,\-/#:])(?:1[3-9]\d|0[789]0|01[016-9])([ \-])\d{3,4}\1\d{4}(?![\d\-])"),
    # the Netherlands
    re.compile(r"(?<![\d.,\-/#:])0[1-9]\d?-\d{7,8}(?![\d\-])"),
    # Spain, Poland, Portugal: three groups of three are a telephone only with a mobile's first digit
    re.compile(r"(?<![\d.,\-/#: ])[679]\d{2} \d{3} \d{3}(?![ ]?\d)"),
)
_LOST_PLUS = re.compile(r"(?<![\d.,\-/#:])(?:44|49|33|34|39|31|48|61|91) \d{2,4} \d{3,4} \d{3,5}(?! ?\d)")
"""The plus sign is the smallest of a telephone's characters and the first that OCR loses."""
_LABELLED_PHONE = re.compile(
    r"(?<![^\W_])(?:tel|tél|phone|mobile|mobil|handy|cell|whatsapp|signal|fax|gsm|telefon|telefonnummer|handynummer|"
    r"rufnummer|"
    r"teléfono|telefono|telefone|téléphone|portable|móvil|cellulare|celular|telemóvel|telefoon|komórka|puhelin|"
    r"电话|手机|電話(?:番号)?|携帯|"
    r"phone number|mobile number|telephone)(?: ?(?:no|nr|number))?\.?\s?[:.]?\s{1,3}"
    r"(?P<value>\(?\d(?:[ \-./()]{0,3}\d){6,13})(?![\d\-])",
    re.I,
)
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}")
_IPV4 = re.compile(r"(?:\d{1,3} ?\. ?){2}\d{1,3}(?: ?[.,] ?| )\d{1,5}(?!\.\d)")
_NOT_IP = re.compile(
    r"(?:\bv|version|vers\.?|ver\.?|release|build|firmware|driver|chrome|chromium|firefox|safari|edge|edg|opr|opera|"
    r"electron|webkit|gecko|mozilla|node|php|mysql|nginx|section|chapter|§)[\s:/=#v]{0,3}$",
    re.I,
)
_NO_ONE = re.compile(r"0\.0\.0\.0|127\.0\.0\.1|255\.255\.\d+\.\d+|8\.8\.[48]\.[48]|1\.[01]\.[01]\.1")
"""Addresses that belong to nobody: this machine, masks, public resolvers."""
_IPV6 = re.compile(r"(?<![\w:])(?=[0-9a-f:]*\d)[0-9a-f]{0,4}:[0-9a-f:]{3,36}[0-9a-f](?![\w:])", re.I)
_MAC = re.compile(r"(?<![\w:\-])[0-9a-f]{2}([:\-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:\-])", re.I)


def cards(text: str) -> Iterator[Span]:
    """Payment cards: a brand's digits with Luhn's check, or grouped as a card is (one digit may be misread)."""
    restored = digits_restored(text)
    for run in _RUN.finditer(restored):
        places = [i for i in range(run.start(), run.end()) if restored[i].isdigit()]
        digits = "".join(restored[i] for i in places)
        if len(digits) < 13 or _DATE.match(run[0]) or re.search(r"\d -\d", run[0]):
            continue
        groups = tuple(len(g) for g in re.split(r"[^\d]+", run[0]))
        found = _card_in(digits, groups)
        if found:
            yield Span(places[found[0]], places[found[1] - 1] + 1, "card")


def _card_in(digits: str, groups: tuple[int, ...]) -> tuple[int, int] | None:
    """The part of `digits` that is a card, the longest first, beginning or ending where a group does if it can."""
    if groups in _CARD_SHAPES and _CARD_BRANDS.fullmatch(digits):
        return 0, len(digits)
    edges = {0, *accumulate(groups)}
    parts = [
        (a, a + size)
        for size in (19, 16, 15, 14, 13)
        for a in range(len(digits) - size + 1)
        if _CARD_BRANDS.fullmatch(digits[a : a + size]) and luhn(digits[a : a + size])
    ]
    grouped = [p for p in parts if p[0] in edges and p[1] in edges and _grouped(edges, *p)]
    if grouped:
        return grouped[0]
    stuck = [p for p in parts if p[1] - p[0] == 16 and _grouped(edges, *p)]  # OCR stuck it to its neighbour
    return stuck[0] if stuck and len(digits) <= 19 else None


def _grouped(edges: set[int], start: int, end: int) -> bool:
    """Whether digits are grouped as cards are, give or take spaces that were lost or seen where there are none."""
    inner = {e - start for e in edges if start < e < end}
    return any(inner <= usual or inner >= usual - {end - start} for usual in map(set, map(accumulate, _CARD_SHAPES)))


def ibans(text: str) -> Iterator[Span]:
    """IBANs: mod 97 holds for a run that ends where a group does, or a known country's number in groups of four."""
    for small in _SMALL_IBAN.finditer(text):
        if iban(small[0].upper()):
            yield Span(*small.span(), "iban")
    for start in (m.start() for m in _IBAN_START.finditer(text)):
        if text[start : start + 2] not in IBAN_LENGTHS:
            continue
        run = _IBAN_RUN.match(text, start)
        places = [i for i in range(start, run.end()) if text[i].isalnum()] if run else []
        size = _iban_size(text, places)
        if size:
            yield Span(start, places[size - 1] + 1, "iban")
    for m in _ACCOUNT.finditer(digits_restored(text)):
        if sum(c.isdigit() for c in m["value"]) >= 8 or "-" in m["value"]:
            yield Span(*m.span("value"), "iban")


def _iban_size(text: str, places: Sequence[int]) -> int:
    """How many of the characters at `places` are an IBAN; 0 when none are."""
    value = "".join(text[i] for i in places)
    country = IBAN_LENGTHS[value[:2]] if value else 0
    ends = [n for n in range(len(value), 14, -1) if n in (len(value), country) or _may_end(text, places[n - 1])]
    for size in ends:
        if _mod97(value[:size]) and _mostly_digits(value[:size]):
            return size
    grouped = _FOURS.match(text, places[0]) if places else None
    if grouped and sum(c.isdigit() for c in grouped[0]) >= 10:  # one character was misread
        return sum(c.isalnum() for c in grouped[0])
    return 0


def _mostly_digits(value: str) -> bool:
    """Whether a number may be an IBAN and is no run of words that happens to pass: few small letters, many digits."""
    return sum(c.islower() for c in value) <= 2 and sum(c.isdigit() for c in value) >= 0.45 * len(value)


def _may_end(text: str, place: int) -> bool:
    """Whether a value may end at `place`: a space follows, or a word that is stuck to its last digit."""
    return not text[place + 1].isalnum() or (text[place].isdigit() and text[place + 1].isalpha())


def _mod97(value: str) -> bool:
    capital = value.upper()
    return iban(capital) or iban(capital[:2] + capital[2:].translate(_LETTERS_AS_DIGITS))


def phones(text: str) -> Iterator[Span]:
    """Telephones: international with their plus or zeros, and the national shapes that nothing else has."""
    restored = digits_restored(text)
    for pattern in (_PLUS_PHONE, _STUCK_PLUS_PHONE, _ZEROS_PHONE, *_NATIONAL_PHONES, _LOST_PLUS):
        for m in pattern.finditer(restored):
            if _DATE.fullmatch(m[0]) or not 7 <= sum(c.isdigit() for c in m[0]) <= 15:
                continue
            if not (m[0].startswith("+ ") and re.search(r"[\d)] ?$", restored[: m.start()])):  # a sum
                yield Span(m.start(), m.end(), "phone")
    for m in _LABELLED_PHONE.finditer(restored):
        if not _DATE.fullmatch(m["value"]):
            yield Span(*m.span("value"), "phone")


def addresses(text: str) -> Iterator[Span]:
    """IPv4 (but no version), IPv6 and MAC addresses."""
    restored = digits_restored(text)
    for m in _IPV4.finditer(restored):
        if restored[max(0, m.start() - 1) : m.start()] == "." or _NOT_IP.search(restored[: m.start()].rstrip(" ")):
            continue
        part = _ipv4_part(m[0], stuck=restored[max(0, m.start() - 1) : m.start()].isdigit())
        if part:
            yield Span(m.start(), m.start() + part, "ip")
    for m in _IPV6.finditer(text):
        if m[0].count(":") >= 3 and _is_ipv6(m[0]):
            yield Span(m.start(), m.end(), "ip")
    for m in _MAC.finditer(text):
        yield Span(m.start(), m.end(), "other")


def _ipv4_part(match: str, stuck: bool) -> int:
    """How many characters of `match` are an address, 0 when it is none; its last number may run on into a text."""
    numbers = re.findall(r"\d+", match)
    last = numbers[-1]
    if any(int(n) > 255 for n in numbers[:3]) or (stuck and len(numbers[0]) < 3):
        return 0
    if len(last) > 3 or int(last) > 255:
        if sum(int(n) >= 10 for n in numbers[:3]) < 2:  # a version's build number
            return 0
        last = last[:3] if int(last[:3]) <= 255 else last[:2]
    address = ".".join([*numbers[:3], last])
    return 0 if _NO_ONE.fullmatch(address) else len(match) - len(numbers[-1]) + len(last)


def _is_ipv6(value: str) -> bool:
    try:
        return not ipaddress.IPv6Address(value).is_loopback
    except ValueError:
        return False
