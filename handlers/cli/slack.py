"""`helplens slack sandbox`: a local Slack beside a whole HelpLens, to play both sides without an account."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from slack_sdk.web.async_client import AsyncWebClient

from bot.helpdesk import HelpDesk
from bot.screenshots.intake import Intake
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.store import Store
from bot.telemetry import Metrics
from bot.turns import Turns
from bot.worker import Worker
from handlers import wiring
from handlers.slack.beside import Beside
from handlers.slack.mirror import Place
from handlers.slack.ports import blacked_out, one_turn
from handlers.slack.sandbox.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, SUPPORT, Sandbox
from handlers.slack.service import Service

slack = typer.Typer(help="Slack, where agents work.", no_args_is_help=True)


@slack.callback()
def about() -> None:
    """Slack, where agents work."""


@slack.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port of the local Slack.")] = 8899,
    web_port: Annotated[int, typer.Option(help="Port of HelpLens itself.")] = 8900,
    alone: Annotated[bool, typer.Option("--alone", help="The local Slack only, for a HelpLens of your own.")] = False,
    alerts_only: Annotated[bool, typer.Option("--alerts-only", help="The channel tells and sends nothing.")] = False,
) -> None:
    """Play an agent in a local Slack and a customer in the widget, on one page. Nothing leaves this machine."""
    settings = Settings()
    wiring.set_up_logs(settings, as_json=False)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_alone(port) if alone else _play(settings, port, web_port, alerts_only))


async def _alone(port: int) -> None:
    async with Sandbox(port=port) as local:
        console = Console(stderr=True, highlight=False)
        console.print(f"\n  The local Slack: [bold]{local.url}[/]\n\n  Start HelpLens with these:\n")
        for name, value in (
            ("HELPLENS_SLACK_API_URL", local.api_url),
            ("HELPLENS_SLACK_BOT_TOKEN", BOT_TOKEN),
            ("HELPLENS_SLACK_APP_TOKEN", APP_TOKEN),
            ("HELPLENS_SLACK_CHANNEL", SUPPORT),
        ):
            console.print(f"  export {name}={value}")
        console.print("\n  Ctrl-C ends it.\n")
        await asyncio.Event().wait()


async def _play(settings: Settings, port: int, web_port: int, alerts_only: bool) -> None:
    """A whole HelpLens in this process, with a data folder of its own, joined to the local Slack."""
    console = Console(stderr=True, highlight=False)

    def tell(text: str) -> None:
        console.print(f"[dim]{text}[/]")

    kb = await wiring.example_index(settings, tell)
    own = {"data": settings.data / "sandbox", "kb": kb, "redis_url": None, "storage": None}
    settings = settings.model_copy(update={**own, "origins": (*settings.origins, f"http://127.0.0.1:{port}")})
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(wiring.redis_url(settings))
        store = await stack.enter_async_context(Store(url, mirror=True))
        intake = await stack.enter_async_context(Intake())
        storage = Storage(str(settings.data / "pictures"))
        front = wiring.Front(store, intake, storage, HelpDesk(store, intake, storage))
        answering = await stack.enter_async_context(wiring.open_answering(settings, kb, intake, storage, tell))
        web = await stack.enter_async_context(wiring.open_web(settings, url, front, metrics))
        server = uvicorn.Server(uvicorn.Config(web, host="127.0.0.1", port=web_port, log_level="warning"))
        address = f"http://127.0.0.1:{web_port}"
        local = await stack.enter_async_context(Sandbox(port=port, widget_url=address))
        beside = await stack.enter_async_context(Beside(url))
        service = Service.build(
            client=AsyncWebClient(token=BOT_TOKEN, base_url=local.api_url),
            signing_secret=SIGNING_SECRET,
            place=Place(SUPPORT, alerts_only=alerts_only, desk_url=f"{address}/desk#{{id}}"),
            desk=front.desk,
            memory=beside,
            slots=beside,
            picture=blacked_out(storage),
            ask=one_turn(answering.orchestrator.turn, answering.take),
        )
        await stack.enter_async_context(service.started())
        await stack.enter_async_context(service.sockets(APP_TOKEN))
        turns = Turns(answering.orchestrator.turn, metrics=metrics)
        worker = asyncio.create_task(Worker(store, {"turn": turns, "slack": service.mirror}).run())
        stack.callback(worker.cancel)
        console.print(f"\n  Both sides:  [bold]{local.url}[/]")
        console.print(f"  The desk:    {address}/desk   [dim]password: {wiring.desk_password(settings)}[/]")
        console.print("  Ctrl-C ends everything.\n")
        await server.serve()
