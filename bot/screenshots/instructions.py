"""An instruction, or an article's step, in words -> the names of the controls to use, in order.

`click "Save changes"` names one; `Open **Settings** and choose **Billing**` names two; `go to Settings > Billing` too.
Without marks the words after the verb are the name, up to the word that says what kind of control it is.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from bot.screenshots.controls import ControlKind

_MARKED = re.compile(
    r"\*\*(?P<bold>[^*]+?)\*\*|__(?P<under>[^_]+?)__|``?(?P<code>[^`]+?)``?"
    r"|[\"“”„«»](?P<quoted>[^\"“”„«»]+?)[\"“”«»]|(?<!\w)['‘‚](?P<single>[^'‘’]{1,60}?)['’](?!\w)"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*]*?)\*(?!\w)|\[(?P<bracket>[^\]]+)\](?:\([^)]*\))?"
)
_PATH = re.compile(r"\s*(?:>|›|»|→|->|⇒|▸)\s*")
_KINDS: dict[str, ControlKind] = {
    **dict.fromkeys(("button", "schaltfläche", "bouton", "botón", "knop"), "button"),
    **dict.fromkeys(("link", "hyperlink", "lien", "enlace"), "link"),
    **dict.fromkeys(("tab", "reiter", "registerkarte", "onglet", "pestaña"), "tab"),
    **dict.fromkeys(("field", "input", "box", "textbox", "text box", "feld", "champ", "campo", "search bar"), "input"),
    **dict.fromkeys(("menu", "menu item", "menu entry", "entry", "section", "menü", "menüpunkt", "menú"), "menu"),
    **dict.fromkeys(("checkbox", "check box", "switch", "toggle", "radio button"), "checkbox"),
    **dict.fromkeys(("icon", "symbol", "icône", "icono"), "icon"),
    **dict.fromkeys(("dropdown", "drop-down", "select", "list", "auswahl"), "input"),
    **dict.fromkeys(("option", "item", "page", "heading"), "text"),
}
_KIND_WORDS = "|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True))
_VERB = (
    r"(?:(?:double|right)[- ]?)?click(?: on)?|tap(?: on)?|press|hit|push|open(?: up)?|choose|select|pick|"
    r"go (?:back )?to|navigate to|"
    r"switch to|head (?:over )?to|visit|use|find|look for|expand|check|tick|untick|uncheck|enable|disable|"
    r"turn (?:on|off)|toggle|"
    r"fill in|fill out|enter (?:it |them |this )?(?:in|into)|type (?:it |this )?(?:in|into)|type in|scroll to|"
    r"hover over|point (?:to|at)|"
    r"see|log in with|sign in with|follow|"
    r"klicken sie auf|klicke auf|klick auf|öffnen sie|öffne|wählen sie|wähle|gehen sie (?:zu|auf)|drücken sie|"
    r"cliquez sur|ouvrez|choisissez|sélectionnez|allez (?:dans|à|sur)|appuyez sur|"
    r"haz clic en|haga clic en|pulse|pulsa|abra|abre|seleccione|selecciona|elija|elige|vaya a"
)
_SPOKEN = re.compile(
    rf"(?:^|[\s,;(])(?:{_VERB})\s+(?:the |a |an |your |on |in |den |die |das |dem |der |le |la |les |el |los |las )*"
    rf"(?P<name>[^,.;:()]+?)"
    rf"(?:\s+(?P<kind>{_KIND_WORDS})s?\b|(?=\s+(?:and|then|to|in|on|at|from|under|so|for|or|und|dann|et|puis|y|"
    rf"luego)\s)|[,.;:()]|$)",
    re.I,
)
_KIND_BESIDE = re.compile(rf"\s*(?P<kind>{_KIND_WORDS})\b", re.I)
_KIND_BEFORE = re.compile(rf"\b(?P<kind>{_KIND_WORDS})\s*(?:called|named|labelled|labeled|namens)?\s*$", re.I)

_PLACE = re.compile(
    r"(?<!\w)(?<!click )(?<!tap )(?:under(?:neath)?|below|beneath|beside|next to|inside|within|in|on|at|from|"
    r"unter|neben|im|auf|sous|dans|à côté de|bajo|debajo de|junto a|en)\s+"
    r"(?:the |your |den |der |dem |le |la |el )?$",
    re.I,
)
"""Before a name: where to look, not what to use."""
_USE = (
    r"click(?: on)?|tap(?: on)?|press|hit|choose|select|pick|use|open|klicken sie auf|klicke auf|wählen sie|wähle|"
    r"cliquez sur|choisissez|sélectionnez|haga clic en|haz clic en|seleccione|selecciona|elija|elige|pulse"
)
_THEN_USE = re.compile(
    rf"^\s*(?:{_KIND_WORDS}|area|panel|bereich)?\s*,?\s*(?:you can |then )?(?:{_USE})\s+(?:the |on the |your )?$", re.I
)
"""Between a place and the name of what is used there."""


class Target(NamedTuple):
    """The name of a control as it stands on it, and what kind it is said to be."""

    name: str
    kind: ControlKind | None = None


def targets(instruction: str) -> tuple[Target, ...]:
    """The controls that `instruction` names, in order; the whole instruction when it names none otherwise."""
    names = list(_MARKED.finditer(instruction))
    if names:
        places = [a for a, b in pairwise(names) if _is_place(a, b, instruction)]
        # a place is looked for last: what is used in it may be on the screen already
        order = [m for m in names if m not in places] + places
        return tuple(t for m in order for t in _named(m, instruction))
    spoken = [t for m in _SPOKEN.finditer(instruction) for t in _path(m["name"], m["kind"])]
    return tuple(spoken) or tuple(_path(instruction.strip(" .!"), None))


def _is_place(name: re.Match[str], following: re.Match[str], instruction: str) -> bool:
    """Whether `name` says where `following` is: "Under **Payment method**, choose **Replace card**"."""
    between = instruction[name.end() : following.start()]
    return bool(_PLACE.search(instruction[: name.start()]) and _THEN_USE.match(between))


def _named(match: re.Match[str], instruction: str) -> Iterator[Target]:
    name = next(g for g in match.groups() if g)
    beside = _KIND_BESIDE.match(instruction, match.end()) or _KIND_BEFORE.search(instruction[: match.start()])
    yield from _path(name, beside["kind"] if beside else None)


def _path(name: str, kind: str | None) -> Iterator[Target]:
    parts = [p.strip(" \t:*…") for p in _PATH.split(name)]
    parts = [p for p in parts if p]
    for n, part in enumerate(parts, 1):
        yield Target(part, _KINDS[kind.lower()] if kind and n == len(parts) else None)
