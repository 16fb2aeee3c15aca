"""`helplens slack sandbox`: a local Slack beside a whole HelpLens, to play both sides without an account."""

import asyncio
import contextlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.console import Console

from bot.settings import Settings
from bot.telemetry import Metrics
from handlers import wiring
from handlers.cli.run import GRACE_S
from handlers.cli.together import together
from handlers.slack.sandbox.server import APP_TOKEN, BOT_TOKEN, SUPPORT, Sandbox
from handlers.web.server import Server, listen

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
    """A whole HelpLens in this process, joined to the local Slack; both forget everything when they end."""
    console = Console(stderr=True, highlight=False)

    def tell(text: str) -> None:
        console.print(f"[dim]{text}[/]")

    kb, address = await wiring.example_index(settings, tell), f"http://127.0.0.1:{web_port}"
    with tempfile.TemporaryDirectory(prefix="helplens-slack-") as folder:
        async with Sandbox(port=port, widget_url=address) as local:
            own = {"data": Path(folder), "kb": kb, "public_url": address, "slack_alerts_only": alerts_only}
            settings, metrics = joined(settings, local).model_copy(update=own), Metrics()
            async with (
                wiring.redis_url(settings) as url,
                wiring.open_front(settings, url) as front,
                wiring.open_answering(settings, kb, front.intake, front.storage, tell) as answering,
                wiring.open_slack(settings, url, front, answering) as service,
                wiring.open_web(settings, url, front, metrics) as web,
                wiring.open_worker(settings, front, answering, metrics, service) as worker,
                together() as parts,
            ):
                parts.start(worker.run(GRACE_S), "worker", worker.stop)
                server = Server(web, grace=GRACE_S)
                parts.start(server.serve([listen("127.0.0.1", web_port)]), "web", server.leave)
                console.print(f"\n  Both sides:  [bold]{local.url}[/]")
                console.print(f"  The desk:    {address}/desk   [dim]password: {wiring.desk_password(settings)}[/]")
                console.print("  Ctrl-C ends everything.\n")
                await parts.until_signal()


def joined(settings: Settings, local: Sandbox) -> Settings:
    """The settings of a HelpLens that works with a local Slack and with nothing else of the owner's."""
    return settings.model_copy(
        update={
            "redis_url": None,
            "storage": None,
            "origins": (*settings.origins, local.url),
            "slack_api_url": local.api_url,
            "slack_bot_token": SecretStr(BOT_TOKEN),
            "slack_app_token": SecretStr(APP_TOKEN),
            "slack_channel": SUPPORT,
        }
    )
