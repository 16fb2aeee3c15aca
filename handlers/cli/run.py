"""`helplens up` and `helplens serve`: all roles in one process, or one role against a shared Redis."""

import asyncio
import contextlib
import ctypes
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
import uvicorn
from prometheus_client import start_http_server
from rich.console import Console

from bot.settings import Settings
from bot.telemetry import Metrics
from handlers import wiring
from handlers.cli.example import show_example
from handlers.cli.indexing import index_source
from handlers.web.server import config, listen

PR_SET_PDEATHSIG = 1
GRACE_S = 3
"""Seconds that open event streams are given at the end."""


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
        _together() as together,
    ):
        if slack:
            wiring.serve_slack(app, slack)
            tell("Joined to Slack.")
        together.start(wiring.work(settings, front, answering, metrics, slack), "worker")
        together.start(wiring.expire_pictures(front.storage, settings.picture_days), "expiry")
        door = _listen(settings)
        server = _Server(config(app, grace=GRACE_S))
        together.start(server.serve([door]), "web", server.leave)
        address = "http://{}:{}".format(*door.getsockname()[:2])
        if example:
            await show_example(front, settings, console)
        console.print(f"\n  Try it:      [bold]{address}/demo[/]")
        console.print(f"  The desk:    {address}/desk   [dim]password: {wiring.desk_password(settings)}[/]")
        console.print(f'  Embed it:    [dim]<script src="{address}/widget.js" async data-helplens></script>[/]')
        console.print("  Ctrl-C ends everything.\n")
        await together.until_signal()


async def _serve(settings: Settings, role: Role) -> None:
    metrics = Metrics()
    async with (
        wiring.redis_url(settings) as url,
        wiring.open_front(settings, url) as front,
        AsyncExitStack() as stack,
        _together() as together,
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
            together.start(wiring.work(settings, front, answering, metrics, slack), "worker")
            together.start(wiring.expire_pictures(front.storage, settings.picture_days), "expiry")
            await together.until_signal()
            return
        app = await stack.enter_async_context(wiring.open_web(settings, url, front, metrics))
        if slack:
            wiring.serve_slack(app, slack)
        web = _Server(config(app, grace=GRACE_S))
        together.start(web.serve([_listen(settings)]), "web", web.leave)
        await together.until_signal()


class _Server(uvicorn.Server):
    """uvicorn, with the signals left to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the whole house, not the web server alone."""
        yield

    def leave(self) -> None:
        """Takes nothing new; open streams get their grace."""
        self.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    """The socket to serve on. Raises OSError that says what to do when somebody else has the port."""
    try:
        return listen(settings.host, settings.port)
    except OSError as error:
        raise OSError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): "
            "choose another with --port, or 0 for a free one"
        ) from error


class _Together:
    """Parts that run side by side: when one fails, or a signal comes, all end."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Callable[[], object]] = {}
        self._signal = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signal.set)

    def start(self, work: Coroutine[Any, Any, None], name: str, leave: Callable[[], None] | None = None) -> None:
        """Runs `work` until the end, which it is asked for by `leave`, else by cancelling it."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = leave or task.cancel

    async def until_signal(self) -> None:
        """Waits for Ctrl-C or SIGTERM. Raises what a part failed with, if one fails first."""
        stop = asyncio.create_task(self._signal.wait())
        done, _ = await asyncio.wait([stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            await task
        stop.cancel()

    async def end(self) -> None:
        """Ends every part. Asks again each second: on Python 3.11 a cancelled call to Redis may not hear it."""
        pending = set(self._tasks)
        while pending:
            for task in pending:
                self._tasks[task]()
            _, pending = await asyncio.wait(pending, timeout=1.0)


@asynccontextmanager
async def _together() -> AsyncIterator[_Together]:
    together = _Together()
    try:
        yield together
    finally:
        await together.end()


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
