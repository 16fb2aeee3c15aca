"""Exact values in a line of text: codes, addresses, versions, numbers of orders, amounts, dates, browser and system.

Pure: text in, spans out. Not here: which lines are an error (`failures`), what is private (`private`).
"""

# ruff: noqa: E501  (a pattern is read more easily on one line than broken in two)

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

ValueKind = Literal["code", "url", "version", "order", "invoice", "ticket", "amount", "date", "browser", "os"]


class Value(NamedTuple):
    """One value: its kind, and where it stands in the text."""

    kind: ValueKind
    start: int
    end: int
    text: str


_MONTH = (
    r"(?:jan(?:uary|uar|vier|\.)?|feb(?:ruary|ruar|\.)?|février|mar(?:ch|s|\.)?|märz|apr(?:il|\.)?|avril|may|mai|june?|"
    r"juni?|juin|july?|juli|juillet|aug(?:ust|\.)?|août|sep(?:t(?:ember|embre)?|\.)?|o[ck]t(?:ober|obre|\.)?|"
    r"nov(?:ember|embre|\.)?|de[cz](?:ember|embre|\.)?|décembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|octubre|noviembre|diciembre)"
)
_NUMBER = r"\s?(?:#|no\.?|nr\.?|n°|number|nummer|numéro|número|id|key|ref(?:erence)?|code)?\.?\s?[:#]?\s?"
_NAMED = r"(?=[\w-]*\d)#?[A-Z0-9][A-Z0-9_-]{2,24}"
_CURRENCY = r"(?:EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|BRL|MXN|ZAR|R\$|zł|kr\.?)"
_FIGURE = r"\d{1,3}(?:[.,'’  ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_TLD = r"(?:com|org|net|io|dev|app|ai|co|de|fr|es|it|nl|eu|uk|ch|at|us|ca|info|biz|cloud|example|test|local)"

_PATTERNS: tuple[tuple[ValueKind, re.Pattern[str]], ...] = (
    ("url", re.compile(r"https?:/?/\S+|\bwww\.\S+|\blocalhost:\d+\S*|\b\d{1,3}(?:\.\d{1,3}){3}:\d+/\S*", re.I)),
    ("url", re.compile(rf"(?<![@\w.-])(?:[a-z0-9-]+\.)+{_TLD}(?::\d+)?/\S*", re.I)),
    ("url", re.compile(rf"^\W{{0,3}}(?:[a-z0-9-]+\.)+{_TLD}(?=\W{{0,3}}$)", re.I)),
    ("code", re.compile(r"\b(?:net::)?ERR_[A-Z0-9_]+|\b0x[0-9A-Fa-f]{4,16}\b|\bORA-\d{4,5}\b")),
    ("code", re.compile(r"\bE(?:CONN|TIME|HOST|NOT|ADDR|ACC|PERM|PIPE|EXIST|NOENT|NET|INVAL|NOSPC)[A-Z]*\b")),
    (
        "code",
        re.compile(
            r"\b(?:error|fehler|erreur|errore?|status|exception)(?:[ -]?(?:code|id|no\.?|nr\.?|number))?\s?[:#(]?\s?"
            r"(?P<value>(?=[\w.-]*\d)[A-Z0-9][A-Za-z0-9_.-]{1,24}(?<![.,-]))",
            re.I,
        ),
    ),
    ("code", re.compile(r"\b(?:code|código|HTTP(?:/\d\.\d)?)\s?[:#]?\s?(?P<value>(?=[\w-]*\d)[A-Z0-9-]{3,24})\b", re.I)),
    ("code", re.compile(r"\b[45]\d\d(?= (?:bad|unauthori|forbidden|not|method|conflict|gone|too|internal|service|gateway))", re.I)),
    ("code", re.compile(r"\b(?:request|trace|correlation|reference|incident)[ -]id\s?[:#]?\s?(?P<value>[\w-]{6,40})", re.I)),
    ("code", re.compile(r"\b[A-Z]{2,}[A-Z0-9]*(?:_[A-Z0-9]+)+\b|\b[a-z]+(?:_[a-z]+)*_(?:declined|failed|error|invalid|expired|denied)\b")),
    ("invoice", re.compile(rf"\b(?:invoice|bill|rechnung|facture|factura|fattura){_NUMBER}(?<=[\s#:.°])(?P<value>{_NAMED})\b", re.I)),
    ("order", re.compile(rf"\b(?:order|bestellung|auftrag|commande|pedido|ordine){_NUMBER}(?<=[\s#:.°])(?P<value>{_NAMED})\b", re.I)),
    ("ticket", re.compile(rf"\b(?:ticket|case|issue|request|incident|vorgang|anfrage|demande){_NUMBER}(?<=[\s#:.°])(?P<value>{_NAMED})\b", re.I)),
    ("invoice", re.compile(r"\b(?:INV|RE|RG|FA)[-–]?\d[\d-]{2,14}\b")),
    ("order", re.compile(r"\b(?:ORD|SO|PO|ORDER)[-–]?\d[\d-]{2,14}\b")),
    ("ticket", re.compile(r"\b(?:TKT|TICKET|CASE|INC|REQ|CS|SR)[-–]?\d[\d-]{2,14}\b")),
    ("amount", re.compile(rf"[-+−]?(?:[€$£¥₹]|\b{_CURRENCY})\s?(?:{_FIGURE})(?![\d.,]*\d)")),
    ("amount", re.compile(rf"(?<![\d.,])[-+−]?(?:{_FIGURE})\s?(?:[€$£¥₹]|{_CURRENCY}(?!\w))")),
    ("date", re.compile(r"\b(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[T ]\d\d:\d\d(?::\d\d)?)?\b")),
    ("date", re.compile(r"(?<![\d.])(?:0?[1-9]|[12]\d|3[01])[./-](?:0?[1-9]|[12]\d|3[01])[./-](?:(?:19|20)\d\d|\d\d)(?![\d.])")),
    ("date", re.compile(rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d\b", re.I)),
    ("date", re.compile(rf"\b\d{{1,2}}(?:\.|st|nd|rd|th)?(?: de| of)? {_MONTH}(?: de)?,? (?:19|20)\d\d\b", re.I)),
    ("browser", re.compile(r"\b(?:Google Chrome|Chrome|Chromium|Mozilla Firefox|Firefox|Safari|Microsoft Edge|Edge|Opera)[/ ]v?\d+(?:\.\d+)*")),
    ("os", re.compile(r"\b(?:Windows (?:XP|7|8(?:\.1)?|1[01]|NT \d+\.\d)|mac ?OS(?: X)?(?: \d+(?:[._]\d+)*| [A-Z][a-z]+)|Ubuntu \d\d\.\d\d|Android \d+|iOS \d+(?:[._]\d+)*|iPadOS \d+)\b")),
    ("version", re.compile(r"\b(?:version|release|build)\s?:?\s?(?P<value>v?\d[\w.+-]*\w)", re.I)),
    ("version", re.compile(r"(?<![\w.@/-])v\d+(?:\.\d+)+(?:[-+.]?[a-z][a-z0-9.]*)?(?![\w.]*\w)", re.I)),
    ("code", re.compile(r"\((?P<value>(?:code |exit code )?[A-Z]{1,6}[-_]?\d{2,6})\)")),
    ("code", re.compile(r"\b(?!(?:ISO|UTF|RFC|SHA|AES|TLS|SSL|USB|A|B|GMT|UTC|COVID|MP|PDF|FAQ|Q)-?\d)[A-Z]{2,6}-\d{3,6}\b")),
)  # fmt: skip


def values(text: str) -> Iterator[Value]:
    """The values of a line, left to right; where two kinds claim the same characters, the first of the list has them."""
    taken = [False] * len(text)
    found = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            while end > start and text[end - 1] in ".,;:!?)]}'\"”›>":
                end -= 1
            if end > start and not any(taken[start:end]) and not (kind == "version" and _is_date(text[start:end])):
                taken[start:end] = [True] * (end - start)
                found.append(Value(kind, start, end, text[start:end].strip()))
    yield from sorted(found, key=lambda v: v.start)


LABELS: tuple[tuple[ValueKind, re.Pattern[str]], ...] = (
    ("order", re.compile(r"(?:order|bestell|auftrags|commande|pedido)[ -]?(?:number|no\.?|nr\.?|id|nummer|#)\s?:?", re.I)),
    ("invoice", re.compile(r"(?:invoice|rechnungs|facture|factura)[ -]?(?:number|no\.?|nr\.?|id|nummer|#)\s?:?", re.I)),
    ("ticket", re.compile(r"(?:ticket|case|support request)[ -]?(?:number|no\.?|id|nummer|#)\s?:?", re.I)),
    ("code", re.compile(r"(?:error|reference|request|trace|fehler)[ -]?(?:code|id|number)\s?:?", re.I)),
    ("version", re.compile(r"(?:app |product |software )?version\s?:?|build\s?:?", re.I)),
)  # fmt: skip
"""A line that is only this names the kind of the value beside or below it."""
VALUE = re.compile(r"#?(?=[\w.-]*\d)[A-Za-z0-9][\w.-]{2,30}")


def doubtful(kind: str, text: str, score: float) -> bool:
    """Whether a value is opaque and holds characters that reading confuses, so that no one should rely on it alone."""
    if kind not in ("code", "order", "invoice", "ticket", "version"):
        return False
    if score < 0.85:
        return True
    mixed = [part for part in re.split(r"[-_.#:]", text) if re.search(r"\d", part) and re.search(r"[A-Za-z]", part)]
    return any(re.search(r"[0Oo1lI5S8B]", part) and len(part) > 3 for part in mixed if not part.startswith("0x"))


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,2}\.\d{1,2}\.(?:\d\d|\d{4})", text))
