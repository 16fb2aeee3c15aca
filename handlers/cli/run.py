"""`helplens up` and `helplens serve`: all roles in one process, or one role against a shared Redis."""

import asyncio
import contextlib
import ctypes
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated, Any

import typer
from prometheus_client import start_http_server
from rich.console import Console

from bot.settings import Settings
from bot.telemetry import Metrics
from handlers import wiring
from handlers.cli.example import show_example
from handlers.cli.indexing import index_source
from handlers.cli.together import together
from handlers.web.server import Server, address_of, listen

PR_SET_PDEATHSIG = 1
GRACE_S = 3
"""Seconds that requests and turns under way are given at the end."""
WORKER_GRACE_S = 20
"""The same for the turns of a worker of its own, which others are waiting to replace: a rolling update cuts off few."""


class Role(StrEnum):
    """What one process does."""

    web = "web"
    worker = "worker"


def up(
    source: Annotated[
        str | None, typer.Argument(help="Your help centre: a folder or an address. Without it the example serves.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Answer one example screenshot first, in the terminal.")
    ] = False,
    end_with_parent: Annotated[bool, typer.Option("--end-with-parent", hidden=True)] = False,
) -> None:
    """Start everything in one process: embedded Valkey (unless HELPLENS_REDIS_URL is set), worker and web server."""
    if end_with_parent:
        _end_with_parent()
    given = {"host": host, "port": port}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    wiring.set_up_logs(settings, as_json=not sys.stderr.isatty())
    _run(_up(settings, source, example))


def serve(role: Annotated[Role, typer.Argument(help="What this process does.")]) -> None:
    """Start one role against HELPLENS_REDIS_URL, as many processes of each as wanted."""
    settings = Settings()
    if settings.redis_url is None:
        raise typer.BadParameter("set HELPLENS_REDIS_URL: roles in processes of their own share one Redis")
    wiring.set_up_logs(settings, as_json=not sys.stderr.isatty())
    _run(_serve(settings, role))


async def _up(settings: Settings, source: str | None, example: bool) -> None:
    console = Console(stderr=True, highlight=False)

    def tell(text: str) -> None:
        console.print(f"[dim]{text}[/]")

    kb = await index_source(settings, source, console) if source else await wiring.example_index(settings, tell)
    settings = settings.model_copy(update={"kb": kb})
    metrics = Metrics()
    tell("Starting Valkey …")
    async with (
        wiring.redis_url(settings) as url,
        wiring.open_front(settings, url) as front,
        wiring.open_answering(settings, kb, front.intake, front.storage, tell, metrics) as answering,
        wiring.open_slack(settings, url, front, answering) as slack,
        wiring.open_web(settings, url, front, metrics) as app,
        wiring.open_worker(settings, front, answering, metrics, slack) as worker,
        together() as parts,
    ):
        if slack:
            wiring.serve_slack(app, slack)
            tell("Joined to Slack.")
        parts.start(worker.run(GRACE_S), "worker", worker.stop)
        parts.start(wiring.expire_pictures(front.storage, settings.picture_days), "expiry")
        listening = listen(settings.host, settings.port)
        server = Server(app, grace=GRACE_S, proxies=settings.proxies)
        parts.start(server.serve([listening]), "web", server.leave)
        address = address_of(listening)
        if example:
            await show_example(front, settings, console)
        console.print(f"\n  Try it:      [bold]{address}/demo[/]")
        console.print(f"  The desk:    {address}/desk   [dim]password: {wiring.desk_password(settings)}[/]")
        embed = f'<script src="{address}/widget.js" async data-helplens></script>'
        console.print(f"  Embed it:    [dim]{embed}[/]", soft_wrap=True)
        console.print("  Ctrl-C ends everything.\n")
        _settle()
        await parts.until_signal()


async def _serve(settings: Settings, role: Role) -> None:
    metrics = Metrics()
    async with (
        wiring.redis_url(settings) as url,
        wiring.open_front(settings, url) as front,
        AsyncExitStack() as stack,
        together() as parts,
    ):
        slack = None
        if role is Role.worker or wiring.slack_is_set(settings):
            kb = await wiring.example_index(settings)
            opening = wiring.open_answering(settings, kb, front.intake, front.storage, metrics=metrics)
            answering = await stack.enter_async_context(opening)
            slack = await stack.enter_async_context(wiring.open_slack(settings, url, front, answering))
        if role is Role.worker:
            if settings.metrics_port:
                server, _ = start_http_server(settings.metrics_port, registry=metrics.registry)
                stack.callback(server.shutdown)
            opened = wiring.open_worker(settings, front, answering, metrics, slack)
            worker = await stack.enter_async_context(opened)
            parts.start(worker.run(WORKER_GRACE_S), "worker", worker.stop)
            parts.start(wiring.expire_pictures(front.storage, settings.picture_days), "expiry")
            _settle()
            await parts.until_signal()
            return
        app = await stack.enter_async_context(wiring.open_web(settings, url, front, metrics))
        if slack:
            wiring.serve_slack(app, slack)
        web = Server(app, grace=GRACE_S, proxies=settings.proxies)
        parts.start(web.serve([listen(settings.host, settings.port)]), "web", web.leave)
        _settle()
        await parts.until_signal()


def _settle() -> None:
    """What has been built by now lives to the end, so Python's collector need not look at it again and again: with
    models and index in memory that takes half a second, in which nothing is answered."""
    gc.collect()
    gc.freeze()


def _run(main: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(KeyboardInterrupt), asyncio.Runner(loop_factory=_loop()) as runner:
        runner.run(main)


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's event loop where it runs (everywhere but on Windows): a word costs a third less with it."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = new_event_loop
    return factory


def _end_with_parent() -> None:
    """Linux: whoever started us is gone, so are we. For `make run`, whose terminal may be closed the hard way."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
