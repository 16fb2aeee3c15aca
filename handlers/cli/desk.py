"""`helplens desk`: who may sit at the agents' desk."""

import time
from typing import Annotated

import typer
from rich.console import Console

from bot.settings import Settings
from handlers import wiring
from handlers.web.identity import Tokens

desk = typer.Typer(help="The agents' desk.", no_args_is_help=True)
stderr = Console(stderr=True, highlight=False)


@desk.callback()
def _desk() -> None:
    pass


@desk.command()
def invite(
    name: Annotated[str, typer.Argument(help="The agent's name, as customers see it.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the link opens the desk.")] = 30,
    at: Annotated[str | None, typer.Option(help="The desk's address, where HELPLENS_PUBLIC_URL is not set.")] = None,
) -> None:
    """A link by which one agent signs in, under this name and no other: what they do and which originals they open is
    logged under it. Whoever has the link is that agent. A new HELPLENS_SECRET ends all links."""
    settings = Settings()
    base = (at or settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
    token = Tokens(wiring.secret(settings), clock=time.time).invite(name, days)
    stderr.print(f"{name} signs in by this link for {days} days:", markup=False)
    print(f"{base}/desk#token={token}")  # noqa: T201
