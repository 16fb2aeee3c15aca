"""Every word said to customers, and every prompt, as files beside this one.

`say("intake.too_large", limit="10 MB")` is line `too_large` of `en/intake.toml` with its inputs filled in: a missing
or a surplus input is an error here, not a `{limit}` in front of a customer. One folder per language, one file per
room of the house, so that a newcomer finds the words by the room that says them; a language that lacks a line falls
back to English, line by line. What agents and operators read (`desk`, `slack`, `routing`) is English alone. Prompts for
models are whole files (`prompt("answer", ...)`, from `answer.md`).
"""

import re
import string
import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

DEFAULT_LANGUAGE = "en"
STAFF_ROOMS = ("desk", "routing", "slack")
"""What no customer reads."""
_ACCEPTED = re.compile(r"([A-Za-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")
_LONGEST_ACCEPTED = 500


class WordsError(KeyError):
    """A line that does not exist, or inputs that do not fit it: a mistake of ours, found by the tests."""


def say(line: str, /, language: str = DEFAULT_LANGUAGE, **inputs: object) -> str:
    """The words of `line` ("room.name") in `language`, with every one of its inputs filled in.

    Raises WordsError when the line does not exist or the inputs are not exactly those that it names.
    """
    room, _, name = line.partition(".")
    template = _room(language, room).get(name) or _room(DEFAULT_LANGUAGE, room).get(name)
    if template is None:
        raise WordsError(f"no words for {line!r}: add them to prompts/{DEFAULT_LANGUAGE}/{room}.toml")
    return fill(template, line, inputs)


@cache
def patterns(line: str) -> tuple[re.Pattern[str], ...]:
    """The regular expressions of `line`, one of each language that has it: a customer's words are held against all,
    since nobody has to write in the language that their browser speaks."""
    room, _, name = line.partition(".")
    found = (_room(language, room).get(name) for language in languages())
    return tuple(re.compile(text, re.IGNORECASE | re.VERBOSE) for text in found if text)


def matches(line: str, text: str) -> bool:
    """Whether a customer's `text` is what `line` looks for, in any language."""
    return any(pattern.search(text) for pattern in patterns(line))


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are words in, English first."""
    folders = (folder.name for folder in files(__package__).iterdir() if (folder / "web.toml").is_file())
    return (DEFAULT_LANGUAGE, *sorted(name for name in folders if name != DEFAULT_LANGUAGE))


def accepted(header: str | None) -> str | None:
    """The language that an Accept-Language header asks for first, of those that there are words in; None: none of
    them, or the header says nothing."""
    parts = (_ACCEPTED.fullmatch(part.strip()) for part in (header or "")[:_LONGEST_ACCEPTED].split(","))
    wanted = [(float(part[2] or 1), part[1].lower()) for part in parts if part]
    best = sorted(wanted, key=lambda one: -one[0])  # stable: of two that weigh the same, the first
    return next((language for weight, language in best if weight and language in languages()), None)


def moment(then: datetime, language: str = DEFAULT_LANGUAGE, *, today: bool = False) -> str:
    """A moment as people write it, in its own time zone; of `today`'s only the time."""
    time = then.strftime("%H:%M")
    if today:
        return say("dates.time", language, time=time, zone=then.tzname())
    return say(
        "dates.moment",
        language,
        weekday=say(f"dates.weekday_{then.isoweekday()}", language),
        day=then.day,
        month=say(f"dates.month_{then.month}", language),
        time=time,
        zone=then.tzname(),
    )


def prompt(name: str, /, **inputs: object) -> str:
    """The prompt in `<name>.md`, with every one of its inputs filled in."""
    path = files(__package__) / f"{name}.md"
    if not path.is_file():
        raise WordsError(f"no prompt {name!r}: prompts/{name}.md does not exist")
    return fill(path.read_text("utf-8"), name, inputs)


def fill(template: str, name: str, inputs: dict[str, object]) -> str:
    """`template` with its `{inputs}`; raises WordsError unless they are exactly those that it names."""
    wanted = placeholders(template)
    if wanted != inputs.keys():
        raise WordsError(f"{name!r} takes {sorted(wanted)}, not {sorted(inputs)}")
    return template.format(**inputs)


def placeholders(template: str) -> set[str]:
    """The inputs that `template` names."""
    return {field for _, field, _, _ in string.Formatter().parse(template) if field}


@cache
def _room(language: str, room: str) -> dict[str, Any]:
    path = files(__package__) / language / f"{room}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
