"""What went wrong, for whoever typed the command: one line each, that says what to do."""

import difflib
import os

from pydantic import ValidationError

from bot.settings import PREFIX, Settings


def explained(error: Exception) -> list[str]:
    """The lines of an error; of a value that does not fit, its name and why, never the value (it may be a secret)."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return [f"{os.fsdecode(error.filename)}: {error.strerror[0].lower()}{error.strerror[1:]}"]
    if not isinstance(error, ValidationError):
        return [str(error) or type(error).__name__]
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, problem["loc"]))
        if error.title != Settings.__name__:
            lines.append(f"{name}: {problem['msg']}")
        elif problem["type"] == "extra_forbidden":
            close = difflib.get_close_matches(name, Settings.model_fields, 1)
            meant = f"did you mean {close[0]}?" if close else "`helplens settings` prints all there are"
            lines.append(f"there is no setting {name}: {meant}")
        else:
            lines.append(f"{PREFIX}{name.upper()}: {problem['msg']}")
    return lines
