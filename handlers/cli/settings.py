"""`helplens settings`: every setting, what it means and where its value came from. Secrets are never printed."""

import json
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from bot.settings import PREFIX, Settings, origin_of


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per setting and line.")] = False,
) -> None:
    """Print every setting: name, value, where the value came from, what it means."""
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


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set, not shown)"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
