"""The `helplens` command. Each group of commands is a file beside this one; here they only get their names.

What a command prints for machines goes to stdout, one JSON object per line; progress and messages go to stderr.
"""

import os
import sys
from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

from handlers.cli.errors import explained

HELP = {"help_option_names": ["-h", "--help"]}
COMMANDS = {
    "up": "run:up",
    "ask": "ask:ask",
    "look": "look:look",
    "kb": "knowledge:kb",
    "eval": "evaluate:evaluate",
    "learn": "knowledge:learn",
    "serve": "run:serve",
    "incident": "incidents:incident",
    "gaps": "gaps:gaps",
    "slack": "slack:slack",
    "desk": "desk:desk",
    "model": "model:model",
    "capacity": "model:capacity",
    "doctor": "doctor:doctor",
    "settings": "settings:settings",
}
"""Name -> file beside this one, and what it is called there."""
EXAMPLES = {
    "up": "helplens up ./docs/help  # a folder of articles\n\n"
    "helplens up https://help.example.com/  # a help centre's address\n\n"
    "helplens up --example --port 0  # the example help centre, on a free port",
    "ask": 'helplens ask "why was my card refused?" --image shot.png --kb data/index/help --ringed ringed.png',
    "look": "helplens look shot.png\n\nhelplens look *.png --json --redact clean/\n\n"
    "helplens look shot.png --point 'click \"Save changes\"'",
    "serve": "HELPLENS_REDIS_URL=redis://host/0 helplens serve web\n\n"
    "HELPLENS_REDIS_URL=redis://host/0 helplens serve worker",
}


class Commands(TyperGroup):
    """Imports a command when it is asked for: `look` starts in a third of a second, for it needs neither a web server
    nor language models."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, name: str) -> Any:  # type: ignore[override]
        """The command or group of this name, None when there is none."""
        if name not in COMMANDS:
            return None
        file, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(f"handlers.cli.{file}"), attribute)
        around = typer.Typer(add_completion=False, context_settings=HELP)
        around.callback()(lambda: None)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=name)
        else:
            around.command(name, epilog=EXAMPLES.get(name))(found)
        return typer.main.get_group(around).commands[name]


app = typer.Typer(
    name="helplens",
    cls=Commands,
    help="A customer support bot that reads screenshots, finds the article that answers, and rings the place to click.",
    epilog="Start with `helplens up`. What is missing on this machine: `helplens doctor`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


@app.callback()
def _helplens() -> None:
    pass


def main() -> None:
    """Runs the command. What the person can mend is one line that says how; everything else keeps its traceback."""
    # Matrices of a search are small: threads would only spin and wait for each other. Read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        app()
    except (OSError, ValueError) as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        for line in explained(error):
            console.print(Text("error: ", "bold red").append(line, "default not bold"))
        sys.exit(2)
