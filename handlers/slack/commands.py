"""The ways in words: what an agent may type in a thread instead of pressing a button. Pure.

A line that starts with `!` is for the app and never for the customer, also when it is misspelt.
"""

import re
from dataclasses import dataclass
from typing import Literal

Name = Literal[
    "take", "send", "note", "assign", "snooze", "screenshot", "resolve", "reopen", "bot", "known", "fixed", "unknown"
]
_NAMES: dict[str, Name] = {
    "take": "take",
    "send": "send",
    "note": "note",
    "assign": "assign",
    "snooze": "snooze",
    "screenshot": "screenshot",
    "resolve": "resolve",
    "close": "resolve",
    "reopen": "reopen",
    "bot": "bot",
    "known": "known",
    "fixed": "fixed",
}
_UNITS = {"m": 60, "min": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,3})\s*(m|min|h|d)\b")
_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass(frozen=True)
class Command:
    """What was asked for: `text` of a note, `user` to assign to, `seconds` to snooze."""

    name: Name
    typed: str
    text: str = ""
    user: str = ""
    seconds: int = 3_600


def command(text: str) -> Command | None:
    """The command in a message as Slack delivered it; None when the message is words for somebody."""
    line = text.strip()
    if not line.startswith("!"):
        return None
    typed, _, rest = line[1:].partition(" ")
    name = _NAMES.get(typed.lower().strip(":"), "unknown")
    if not typed and not rest:
        name = "unknown"
    person, duration = _PERSON.search(rest), _DURATION.search(rest)
    if name == "assign" and person is None:
        name = "unknown"
    return Command(
        name,
        f"!{typed}",
        text=rest.strip(),
        user=person[1] if person else "",
        seconds=int(duration[1]) * _UNITS[duration[2]] if duration else 3_600,
    )
