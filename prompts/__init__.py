"""Every word said to customers, and every prompt, as files beside this one.

`say("intake.too_large", limit="10 MB")` is line `too_large` of `en/intake.toml` with its inputs filled in: a missing
or a surplus input is an error here, not a `{limit}` in front of a customer. One folder per language, one file per
room of the house, so that a newcomer finds the words by the room that says them; a language that lacks a line falls
back to English. Prompts for models are whole files (`prompt("answer", ...)`, from `answer.md`).
"""

import string
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

DEFAULT_LANGUAGE = "en"


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


def prompt(name: str, /, **inputs: object) -> str:
    """The prompt in `<name>.md`, with every one of its inputs filled in."""
    path = files(__package__) / f"{name}.md"
    if not path.is_file():
        raise WordsError(f"no prompt {name!r}: prompts/{name}.md does not exist")
    return fill(path.read_text("utf-8"), name, inputs)


def fill(template: str, name: str, inputs: dict[str, object]) -> str:
    """`template` with its `{inputs}`; raises WordsError unless they are exactly those that it names."""
    wanted = {field for _, field, _, _ in string.Formatter().parse(template) if field}
    if wanted != inputs.keys():
        raise WordsError(f"{name!r} takes {sorted(wanted)}, not {sorted(inputs)}")
    return template.format(**inputs)


@cache
def _room(language: str, room: str) -> dict[str, Any]:
    path = files(__package__) / language / f"{room}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
