"""What a site says of its customer's version, plan and audience, in a signed token or in a page's context -> facets.

Hostile text becomes short plain words or nothing; nothing here decides what it opens. Not here: whose word it is
(`identity`, `words`), which articles are found with it (`bot.knowledge.filters`).
"""

import math
import re
import unicodedata
from collections.abc import Mapping

from bot.conversation import Facets

CLAIMS = {"version": ("version",), "plan": ("plan", "plans"), "audience": ("audience", "role", "roles")}
"""Under which names each is looked for; the first that says something counts."""
LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_][A-Za-z0-9]{2,8})*\Z")
"""A language's tag: `de`, `pt-BR`, `zh_Hans`."""
LONGEST = 60
"""Characters of one value. A longer one is none, rather than the beginning of another."""
MOST_BYTES = 400
"""Of the values of one kind together: they travel in each token."""


def signed(claims: Mapping[str, object]) -> Facets:
    """What a token's claims say."""
    said = {kind: next((v for name in names if (v := values(claims.get(name)))), ()) for kind, names in CLAIMS.items()}
    return Facets.model_validate(said)


def named(context: Mapping[str, object]) -> dict[str, object]:
    """What a page's context says: the fields of `Facets` that it names, an empty one to take back what it said."""
    changes: dict[str, object] = {}
    for kind, names in CLAIMS.items():
        if present := [name for name in names if name in context]:
            changes[kind] = values(context[present[0]])
    if "language" in context:
        tag = LANGUAGE.match(text(context["language"]).strip())
        changes["language"] = tag[1].lower() if tag else ""
    return changes


def values(given: object) -> tuple[str, ...]:
    """A value, several parted by commas, or a list of them, each once; what is neither text nor number is left out."""
    found: dict[str, str] = {}
    room = MOST_BYTES
    for one in given if isinstance(given, list) else [given]:
        for part in text(one).split(","):
            value = " ".join(part.split())
            if not value or len(value) > LONGEST or value.casefold() in found:
                continue
            room -= len(value.encode())
            if room < 0:
                return tuple(found.values())
            found[value.casefold()] = value
    return tuple(found.values())


def text(value: object) -> str:
    """A scalar as text, composed; empty for what is none, and for one in which something invisible stands: it is not
    what it looks like."""
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if not isinstance(value, str | int | float):
        return ""
    said = str(value)
    if len(said) > 10 * MOST_BYTES or any(unicodedata.category(character)[0] == "C" for character in said):
        return ""
    return unicodedata.normalize("NFC", said)
