"""What every rule for private text shares: a span, and digits as they were before OCR confused them."""

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

SensitiveKind = Literal["email", "card", "iban", "phone", "secret", "ip", "ssn", "name", "address", "other"]

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪĮİĶĹĻŁŃŅŇŐŒŔŘŚŞŠŤŪŮŰŹŻŽ"
"""Capital letters, for a class of characters."""
_CONFUSED = str.maketrans("OoQlI|SBZ", "000111582")
_TOKEN = re.compile(r"[^\s/:,;]+")
_GROUPS = re.compile(r"(?<![A-Za-z0-9])[\dOoQlI|SBZ]{2,}(?:[ \-][\dOoQlI|SBZ]{2,})+(?![A-Za-z0-9])")


class Span(NamedTuple):
    """Characters `start` to `end` of a text are private."""

    start: int
    end: int
    kind: SensitiveKind


Rule = Callable[[str], Iterable[Span]]


def digits_restored(text: str) -> str:
    """`text`, of the same length, with letters that OCR puts in the place of digits turned back.

    Only in words that are digits for the most part, or in which only such letters stand beside them.
    """
    return _GROUPS.sub(_restored, _TOKEN.sub(_restored, text))


def _restored(match: re.Match[str]) -> str:
    word = match[0]
    inner = word.strip("|")  # at an end it is a table's rule
    plain = word.replace(inner, inner.translate(_CONFUSED)) if inner else word
    digits = sum(c.isdigit() for c in word)
    letters = sum(c.isalpha() for c in plain)
    return plain if digits >= 2 and letters == 0 and digits >= 0.5 * sum(c.isalnum() for c in word) else word
