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
_PLAIN = re.compile(r"[\w.+%'’!#$&*/=?^`{|}~-]*[\w+%-]@(?:[\w-]+\.)+[\w-]{2,}")
_SPACED = re.compile(
    rf"[\w+%-]+(?: ?[.,] ?[\w+%-]+)* ?[@©®] ?[\w-]+(?: ?[.,] ?[\w-]+)*?(?: ?[.,] ?(?:{_TOP}))+(?![A-Za-z])"
)
_LOST_DOT = re.compile(rf"[\w.+%-]+ ?[@©®] ?(?:{_PROVIDERS})[ .,]?(?:{_TOP})(?![a-z])", re.I)
_LOST_AT = re.compile(rf"[\w+%-]+\.[\w.+%-]+?(?:[@©®aeQ]| )?(?:{_PROVIDERS})\.(?:{_TOP})(?![a-z])", re.I)
_STUCK = re.compile(rf"@.*\.(?:{_TOP})(?=[A-Z][\w-]*$)")
"""The next label begins with a capital right after the last letter of the address."""
_NO_ADDRESS = re.compile(
    r"git@|//|.*://|.*@[23]x\.|(?:www|docs|help|support|status|login|mail|app|api|my|accounts?)\.(?!.*@)", re.I
)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses; `git@host` and image names with an @2x are none."""
    for pattern in (_PLAIN, _SPACED, _LOST_DOT, _LOST_AT):
        for m in pattern.finditer(text):
            if not _NO_ADDRESS.match(m[0]):
                stuck = _STUCK.search(m[0])
                yield Span(m.start(), m.start() + stuck.end() if stuck else m.end(), "email")
