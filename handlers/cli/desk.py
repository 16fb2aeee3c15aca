"""`helplens desk`: who may sit at the agents' desk."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.settings import Settings
from bot.state.client import connect
from handlers import wiring
from handlers.cli.beside import beside
from handlers.web.identity import DAY, Tokens
from handlers.web.invitations import Invitation, Invitations

desk = typer.Typer(help="The agents' desk.", no_args_is_help=True)
stderr = Console(stderr=True, highlight=False)


@desk.command()
def invite(
    name: Annotated[str, typer.Argument(help="The agent's name, as customers see it.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the link opens the desk.")] = 30,
    at: Annotated[str | None, typer.Option(help="The desk's address, where HELPLENS_PUBLIC_URL is not set.")] = None,
) -> None:
    """A link by which one agent signs in, under this name and no other: what they do and which originals they open is
    logged under it. Whoever has the link is that agent. `helplens desk revoke` takes it back."""
    settings = Settings()
    base = (at or settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    now = time.time()
    token = Tokens(wiring.secret(settings), clock=lambda: now).invite(name, days)
    asyncio.run(_note(name, now, now + days * DAY))
    stderr.print(f"{name} signs in by this link for {days} days:", markup=False)
    print(f"{base}/desk#token={token}")  # noqa: T201


@desk.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")] = False) -> None:
    """Who was invited, until when, and whether that was taken back."""
    invited, now = asyncio.run(_all()), time.time()
    if as_json:
        for one in invited:
            print(json.dumps({"name": one.name, "until": one.until, "holds": one.holds(now)}, ensure_ascii=False))  # noqa: T201
        return
    table = Table("name", "until (UTC)", "now")
    for one in invited:
        state = "holds" if one.holds(now) else "ended" if one.until <= now else "taken back"
        table.add_row(one.name, datetime.fromtimestamp(one.until, UTC).strftime("%Y-%m-%d %H:%M"), state)
    Console().print(table)


@desk.command()
def revoke(name: Annotated[str, typer.Argument(help="As `helplens desk list` shows it.")]) -> None:
    """Take all links of one agent back, at once: open pages of theirs end, too. A new invitation opens the desk again.
    What they own stays theirs until somebody takes it over or HELPLENS_RELEASE_MINUTES are over."""
    known = asyncio.run(_revoke(name))
    stderr.print(f"The links of {name} open nothing any more.", markup=False)
    if not known:
        stderr.print("No invitation of that name is noted here: is it written as `helplens desk list` shows it?")


async def _note(name: str, made: float, until: float) -> None:
    async with _invitations() as invitations:
        await invitations.note(name, made, until)


async def _all() -> list[Invitation]:
    async with _invitations() as invitations:
        return await invitations.all()


async def _revoke(name: str) -> bool:
    async with _invitations() as invitations:
        return await invitations.revoke(name, time.time())


@asynccontextmanager
async def _invitations() -> AsyncIterator[Invitations]:
    async with beside(Settings()) as url:
        redis = connect(url)
        try:
            yield Invitations(redis)
        finally:
            await redis.aclose()
