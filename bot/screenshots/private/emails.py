"""E-mail addresses, as written and as OCR leaves them: spaces around dots and @, another sign for @, or none."""

import re
from collections.abc import Iterator

from bot.screenshots.private.text import Span

_TOP = (
    "com|org|net|edu|gov|mil|int|info|biz|name|io|co|me|dev|app|ai|xyz|online|site|shop|store|tech|cloud|email|pro|tv|"
    "de|at|ch|fr|be|nl|lu|es|pt|it|uk|ie|dk|se|no|fi|is|pl|cz|sk|hu|ro|bg|gr|tr|ru|ua|ee|lv|lt|si|hr|rs|eu|us|ca|mx|br|"
    "ar|cl|pe|au|nz|jp|cn|hk|tw|kr|in|sg|my|th|vn|ph|za|ng|ke|eg|ma|il|ae|sa|ir|example|test|local|invalid|internal"
)
_PROVIDERS = (
    "gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|icloud|protonmail|proton|gmx|web|aol|mail|fastmail|zoho|"
    "posteo|t-online|orange|wanadoo|libero|yandex|qq|163|126|hey|tutanota"
)
_AT = re.compile(r" ?[@©®] ?")
_PLAIN_LOCAL = re.compile(r"[\w.+%'’!#$&*/=?^`{|}~-]*[\w+%-]$")
_PLAIN_DOMAIN = re.compile(r"(?:[\w-]{1,63}\.){1,8}[\w-]{2,24}")
_SPACED_LOCAL = re.compile(r"[\w+%-]+(?: ?[.,] ?[\w+%-]+){0,6}$")
_SPACED_DOMAIN = re.compile(rf"[\w-]{{1,63}}(?: ?[.,] ?[\w-]{{1,63}}){{0,6}}?(?: ?[.,] ?(?:{_TOP})){{1,3}}(?![A-Za-z])")
_LOST_DOT_DOMAIN = re.compile(rf"(?:{_PROVIDERS})[ .,]?(?:{_TOP})(?![a-z])", re.I)
_LOST_AT_DOMAIN = re.compile(rf"(?:{_PROVIDERS})\.(?:{_TOP})(?![a-z])", re.I)
_LOST_AT_LOCAL = re.compile(r"[\w+%-]+\.[\w.+%-]*[\w+%-] ?$")
_STUCK = re.compile(rf"@.*\.(?:{_TOP})(?=[A-Z][\w-]*$)")
"""The next label begins with a capital right after the last letter of the address."""
_NO_ADDRESS = re.compile(
    r"git@|//|.*://|.*@[23]x\.|(?:www|docs|help|support|status|login|mail|app|api|my|accounts?)\.(?!.*@)", re.I
)
_LONGEST = 64
"""Characters before the @; nothing further back is looked at, so that no text takes long."""


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses; `git@host` and image names with an @2x are none."""
    for start, end in _candidates(text):
        address = text[start:end]
        if not _NO_ADDRESS.match(address):
            stuck = _STUCK.search(address)
            yield Span(start, start + stuck.end() if stuck else end, "email")


def _candidates(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of what stands around each @, and before the name of a provider whose @ was lost."""
    for at in _AT.finditer(text):
        before = text[max(0, at.start() - _LONGEST) : at.start()]
        plain = at[0] == "@"
        for local, domain in (
            (_PLAIN_LOCAL, _PLAIN_DOMAIN),
            (_SPACED_LOCAL, _SPACED_DOMAIN),
            (_SPACED_LOCAL, _LOST_DOT_DOMAIN),
        ):
            front, back = local.search(before), domain.match(text, at.end())
            if front and back and (plain or domain is not _PLAIN_DOMAIN):
                yield at.start() - len(front[0]), back.end()
    for back in _LOST_AT_DOMAIN.finditer(text):
        front = _LOST_AT_LOCAL.search(text[max(0, back.start() - _LONGEST) : back.start()])
        if front:
            yield back.start() - len(front[0]), back.end()
