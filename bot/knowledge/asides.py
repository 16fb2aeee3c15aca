"""What stands aside of an article's text, and whether it warns: by an element's class, or by the words before it.

Not here: HTML (`blocks`), how the dialects of Markdown mark an aside (`formats`).
"""

import re
from typing import NamedTuple

WARNING = frozenset(
    re.findall(
        r"\S+",
        """warning caution danger important attention error warnung achtung vorsicht wichtig gefahr advertencia atención
        cuidado precaución importante peligro avertissement prudence""",
    )
)
"""What an aside is called that warns."""
KINDS = WARNING | frozenset(["note", "tip", "hint", "info", "hinweis", "tipp", "nota", "consejo", "remarque", "astuce"])
"""What asides are called: no label on a screen."""
CLASSES = frozenset({"admonition", "admonitionblock", "alert", "callout", "notice", "infobox", "hint"})
ALERT = re.compile(r"\s*\[!(\w+)\]\s*")
"""`[!WARNING]`, GitHub's and Microsoft's."""
CALLED = re.compile(r"[^\w\n`\[(]{0,6}(?P<kind>\w+)[ \u00a0]*(?:[:!][ \u00a0]*\*\*|\*\*[ \u00a0]*[:!]|[:!])\s*(?=\S)")
"""`Warning:`, `**Warning:**`, `⚠️ **Warning**:` before the rest of a block."""
TITLED = re.compile(r"[^\w\n`\[(]{0,6}(?P<kind>\w+)[^\w\n]{0,4}(?:\n|$)|\*\*(?P<bold>\w+)\*\*\s+")
"""An aside's title: a word on a line of its own, or set in bold before the rest."""


class Told(NamedTuple):
    """What kind of aside a text says that it is, empty when it does not, and the text without that."""

    kind: str
    rest: str


def kind_of(classes: str) -> str:
    """The kind of aside that an element of these classes is (`callout callout--warning`, `warning`), empty for none."""
    names = set(classes.split())
    words = re.split(r"[-_\s]+", classes)
    if not (CLASSES & set(words) or (WARNING | {"note", "tip"}) & names):
        return ""
    return next((word for word in words if word in WARNING), "note")


def called_of(text: str) -> Told:
    """Text that begins with `Warning:` or the like."""
    match = CALLED.match(text)
    kind = match["kind"].lower() if match else ""
    return Told(kind, text[match.end() :]) if match and kind in KINDS else Told("", text)


def titled_of(text: str, kind: str) -> Told:
    """The first block of an aside (of a `kind` that its class says) that begins with what the aside is called."""
    if match := ALERT.match(text):
        return Told(match[1].lower(), text[match.end() :])
    match = TITLED.match(text)
    name = (match["kind"] or match["bold"]).lower() if match else ""
    if match and name and (name in KINDS or name == kind):
        return Told(name if name in WARNING else kind, text[match.end() :])
    return Told("", text)
