"""`helplens settings`: every setting, what it means and where its value came from. Secrets are never printed."""

import json
import sys
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bot.settings import PREFIX, Settings, origin_of, without_password


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per setting and line.")] = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="All settings with their defaults, as docs/settings.md has them.")
    ] = False,
) -> None:
    """Print every setting: name, value, where the value came from, what it means."""
    if as_markdown:
        sys.stdout.write(table_in_docs())
        return
    values = Settings()
    rows = [
        (f"{PREFIX}{name}".upper(), _shown(getattr(values, name)), origin_of(values, name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        for name, value, origin, meaning in rows:
            print(json.dumps({"name": name, "value": value, "from": origin, "meaning": meaning}))  # noqa: T201
        return
    table = Table(show_lines=False, header_style="bold")
    for column in ("setting", "value", "from", "meaning"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def table_in_docs() -> str:
    """docs/settings.md: every setting, its default and its meaning."""
    lines = [
        "# Settings",
        "",
        "As `helplens settings --markdown` prints them (a test compares). Each comes from the environment, else from",
        "`helplens.toml` where the command is started (`HELPLENS_CONFIG` names another file; its names are in small",
        "letters, without the prefix), else from its default. Lists are written with commas in the environment.",
        "`helplens settings` prints the values that hold on a machine, and where each came from.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = _shown(field.default)
        meaning = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if default else ''} | {meaning} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set, not shown)"
    if isinstance(value, tuple):
        return ", ".join(without_password(str(part)) for part in value)
    return "" if value is None else without_password(str(value))
