"""Names: in greetings and closings, where a sentence states them, and beside their labels; and what those labels are.

A name without any of these is not looked for: a list of first names knows one country's people, and takes half of a
screen's words for persons. `label` tells the picture's rules which lines name a private value.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from bot.screenshots.private.ordinary import ordinary, proper
from bot.screenshots.private.text import UPPER, Span

_WORD = (
    rf"(?:(?:van|von|der|den|de|del|della|da|di|dos|du|la|le|bin|ibn|al|el|ter|ten|zu|y|e) |d['’]|O['’]|Mc|Mac|"
    rf"al-)*[{UPPER}](?:[^\W\d_]|['’\-](?=[^\W\d_])){{0,30}}\.?"
)
_NAME = rf"{_WORD}(?: {_WORD}){{0,3}}"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Herr|Frau|Herrn|M|Mme|Mlle|Sr|Sra|Srta|Señor|Señora|Pan|Pani)\.? )*"
_GREETING = re.compile(
    r"(?:(?<![^\W\d_])(?i:Hi|Hello|Hey|Dear|Welcome(?: back)?|Good (?:morning|afternoon|evening)|Howdy|Greetings|"
    r"Thanks|Thank you|Hallo|Liebe[r]?|Sehr geehrte[r]?|Guten (?:Tag|Morgen|Abend)|Willkommen(?: zurück)?|Bonjour|"
    r"Bonsoir|Salut|Chère?|Bienvenue|Hola|Buenos días|Buenas tardes|Estimad[oa]|Bienvenid[oa]|Ciao|Buongiorno|Gentile|"
    r"Olá|Beste|Dag|Hej|Cześć|Witaj))[,!]? (?:there[,!]? )?(?!Page\b)" + _TITLE + rf"(?P<name>{_NAME})"
)
_CLOSING = re.compile(
    r"(?i:(?:best |kind |warm )?(?:regards|wishes)|sincerely|cheers|grüße[n]?|cordialement|saludos|atentamente|saluti|"
    rf"groet(?:en)?),\s+(?P<name>{_NAME})"
)
_STATED = re.compile(
    r"(?i:(?:signed|logged) in as|signed in:|account of|assigned to|author:|(?:billed|shipped|sold) to|angemeldet als|"
    r"connecté en tant que|conectado como|zalogowano jako|connesso come)[ :]{1,2}" + _TITLE + rf"(?P<name>{_NAME})"
)
_DONE_BY = re.compile(
    r"(?i:(?:created|updated|modified|requested|invited|shared|sent|approved|posted|uploaded|reported|changed|edited|"
    r"(?:last )?changes?|comments?|notes?|reply|review|upload|update|request|invite|approval|signature|entry|report|"
    r"assigned|closed|resolved|reviewed|deleted|cancelled|opened|added|written) by|erstellt von|geändert von|"
    r"bearbeitet von|créé par|modifié par|creado por|modificado por)[ :]{1,2}" + _TITLE + rf"(?P<name>{_NAME})"
)
_GOES_ON = re.compile(r"\s+(?!(?:on|at|in|am|um|vor|le|à|el|il|hace|via|from)\b)[a-zà-ÿ]")
"""After one word: then the sentence is about a thing ("created by Okta or ..."), unless a time follows."""
_LOGIN = re.compile(
    r"(?i:(?:signed|logged) in as|angemeldet als|connecté en tant que|conectado como|zalogowano jako)[ :]{1,2}"
    r"(?P<name>[a-z][\w.\-]{2,30}\w)"
)
_DOES = re.compile(
    rf"^(?P<name>{_WORD}(?: {_WORD}){{1,2}}) (?:mentioned|commented|replied|invited|assigned|joined|liked|reacted|"
    rf"wrote|"
    r"says|added|sent|shared|requested|approved|uploaded|is typing|has (?:commented|replied|joined|left|shared|added)|"
    r"hat (?:kommentiert|geantwortet)|a commenté|ha comentado)\b"
)
_IDEOGRAPHS = re.compile(
    r"(?:姓名|联系人|聯絡人|收件人|收货人|客户(?:姓名)?|持卡人|用户姓名|お名前|氏名|名前|ご担当者|宛名|受取人)\s?[:：]?\s?"
    r"(?!请|請|未|必|入力|選択|输入)"
    r"(?P<name>[\u3400-\u9fff\u3040-\u30ff々]{2,8}(?:[ 　][\u3400-\u9fff\u3040-\u30ff]{1,6})?)(?:様|さん|先生)?"
)
"""Names of the Far East beside their labels."""
_FROM = re.compile(
    r"(?i:message|e-?mail|call|reply|comment|request|invitation|nachricht|mitteilung|anruf|mensaje|appel) (?i:from|"
    r"von|de) "
    rf"(?P<name>{_WORD}(?: {_WORD}){{1,2}})"
)
_BRACKETED = re.compile(rf"(?P<name>{_NAME}) <[^<>\s]+@[^<>\s]+>?")
_LOOSE_LETTER = re.compile(r"(?<=[^\W\d_]) (?=[^\W\d_A-Z]\b)")
"""A space that OCR saw before a word's last letter."""


def is_name(text: str, words: int = 1) -> bool:
    """Whether `text`, whole, is shaped like a person's name of at least so many words."""
    text = _LOOSE_LETTER.sub("", text.strip())
    shaped = len(text.split()) >= words and re.fullmatch(_TITLE + _NAME, text) is not None
    return shaped and proper(text) == text


def beginning(text: str) -> str:
    """The name that `text` begins with, up to its first ordinary word; empty when there is none."""
    name = re.match(_TITLE + _NAME, text)
    return proper(name[0]) if name else ""


def names(text: str) -> Iterator[Span]:
    """Names in greetings ("Hi Anna,") and closings, before an address in brackets, and those that are stated."""
    yield from stated(text)
    for pattern in (_GREETING, _CLOSING, _BRACKETED):
        yield from _named(pattern, text)
    for pattern in (_DOES, _FROM):
        yield from (span for span in _named(pattern, text) if " " in text[span.start : span.end])


def stated(text: str) -> Iterator[Span]:
    """Names that a sentence states ("Signed in as ...", "Created by ...")."""
    yield from _named(_STATED, text)
    for span in _named(_DONE_BY, text):
        if " " in text[span.start : span.end] or not _GOES_ON.match(text, span.end):
            yield span
    for m in _IDEOGRAPHS.finditer(text):
        yield Span(*m.span("name"), "name")
    for m in _LOGIN.finditer(text):
        if not ordinary(m["name"]):
            yield Span(*m.span("name"), "name")


def _named(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for m in pattern.finditer(text):
        name = proper(m["name"])
        if name:
            yield Span(m.start("name"), m.start("name") + len(name), "name")


def told_by(addresses: Sequence[str], words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """(from, to) of the runs of `words` that are a name because an e-mail address on the same screen spells it.

    Two words at least, all of them in one address before its @.
    """
    for address in addresses:
        told = {_folded(part) for part in re.split(r"[._\-+\d]+", address.partition("@")[0]) if len(part) > 1}
        if len(told) < 2:
            continue
        here = [word[:1].isupper() and all(p in told for p in _name_parts(word)) for word in words]
        for start in range(len(words)):
            end = start
            while end < len(words) and here[end]:
                end += 1
            if end - start >= 2 and not (start and here[start - 1]):
                yield start, end


def _name_parts(word: str) -> list[str]:
    return [_folded(p) for p in re.split(r"[-'’]", word.strip(".,;:!?()")) if p] or [""]


def _folded(word: str) -> str:
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
