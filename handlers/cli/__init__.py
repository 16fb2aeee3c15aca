"""The `helplens` command. Each group of commands is a file beside this one; here they only get their names.

What a command prints for machines goes to stdout, one JSON object per line; progress and messages go to stderr.
"""

import sys

import typer
from rich.console import Console

from bot.state.embedded import EmbeddedError
from handlers.cli.ask import ask
from handlers.cli.doctor import doctor
from handlers.cli.evaluate import evaluate
from handlers.cli.gaps import gaps
from handlers.cli.incidents import incident
from handlers.cli.knowledge import kb, learn
from handlers.cli.look import look
from handlers.cli.model import capacity, model
from handlers.cli.run import serve, up
from handlers.cli.settings import settings
from handlers.cli.slack import slack

app = typer.Typer(
    name="helplens",
    help="A customer support bot that reads screenshots, finds the article that answers, and rings the place to click.",
    epilog="Start with `helplens up`. What is missing on this machine: `helplens doctor`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up)
app.command("ask")(ask)
app.command("look")(look)
app.add_typer(kb, name="kb")
app.add_typer(evaluate, name="eval")
app.add_typer(learn, name="learn")
app.command("serve")(serve)
app.add_typer(incident, name="incident")
app.add_typer(gaps, name="gaps")
app.add_typer(slack, name="slack")
app.add_typer(model, name="model")
app.command("capacity")(capacity)
app.command("doctor")(doctor)
app.command("settings")(settings)


def main() -> None:
    """Runs the command. What the person can mend is one line that says how; everything else keeps its traceback."""
    try:
        app()
    except (OSError, ValueError, EmbeddedError) as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(2)
