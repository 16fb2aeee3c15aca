"""Indexing a help centre with its progress shown, for `helplens up SOURCE`."""

import re
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from bot.knowledge.index import build
from bot.settings import Settings


async def index_source(settings: Settings, source: str, console: Console) -> Path:
    """The index of `source` in the data folder, brought up to date. What could not be read is said.

    Raises FileNotFoundError when there is no such folder.
    """
    name = re.sub(r"[^a-z0-9]+", "-", Path(source).resolve().as_posix().casefold() if "://" not in source else source)
    to = settings.data / "index" / name.strip("-")[-80:]
    columns = (TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TextColumn("[dim]{task.fields[name]}[/]"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("index", name="")
        report = await build(
            Path(source), to, lambda done, total, at: bar.update(task, completed=done, total=total, name=at[-60:])
        )
    console.print(f"[dim]{report.articles} articles from {source}[/]")
    for line in report.unreadable:
        console.print(f"[yellow]not indexed:[/] {line}")
    return to
