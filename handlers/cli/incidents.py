"""`helplens incident`: known problems from the terminal, as at the desk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from bot.incidents import ANNOUNCED_HOURS, Incidents
from bot.knowledge.incidents import KnownProblem
from bot.settings import Settings
from handlers import wiring
from handlers.cli.beside import beside

incident = typer.Typer(help="Known problems: what customers are told before the answer.", no_args_is_help=True)
stderr = Console(stderr=True, highlight=False)


@incident.command()
def announce(
    error: Annotated[str, typer.Argument(help="The error as customers see it, or its code.")],
    text: Annotated[str, typer.Argument(help="What customers who meet it are told.")],
    hours: Annotated[float, typer.Option(min=0.01, max=720, help="How long, unless it is ended.")] = ANNOUNCED_HOURS,
) -> None:
    """Announce a known problem. The same error again replaces what was said."""
    problem = asyncio.run(_announce(error, text, hours))
    stderr.print(f"Customers who meet “{problem.phrase}” are told: {problem.text}", markup=False)
    print(problem.id)  # noqa: T201


@incident.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")] = False) -> None:
    """What is known now: announced, or seen by several customers."""
    problems = asyncio.run(_all())
    if as_json:
        for problem in problems:
            print(problem.model_dump_json())  # noqa: T201
        return
    table = Table(Column("id", no_wrap=True), "since (UTC)", "seen by", "error", "customers are told")
    for problem in problems:
        since = datetime.fromtimestamp(problem.since / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        table.add_row(problem.id, since, str(problem.seen), problem.phrase, problem.text or "others meet it, too")
    Console().print(table)


@incident.command()
def end(problem_id: Annotated[str, typer.Argument(metavar="ID", help="As `helplens incident list` shows it.")]) -> None:
    """End a known problem. One that was only seen by several customers is quiet for a day."""
    ended = asyncio.run(_end(problem_id))
    if ended is None:
        raise ValueError(f"there is no known problem {problem_id}: see `helplens incident list`")
    stderr.print(f"Nobody is told of “{ended.phrase}” any more.", markup=False)


async def _announce(error: str, text: str, hours: float) -> KnownProblem:
    async with _incidents() as incidents:
        return await incidents.announce(error, text, hours)


async def _all() -> list[KnownProblem]:
    async with _incidents() as incidents:
        return await incidents.all()


async def _end(problem_id: str) -> KnownProblem | None:
    async with _incidents() as incidents:
        return await incidents.end(problem_id)


@asynccontextmanager
async def _incidents() -> AsyncIterator[Incidents]:
    settings = Settings()
    async with beside(settings) as url, wiring.open_incidents(settings, url) as incidents:
        yield incidents
