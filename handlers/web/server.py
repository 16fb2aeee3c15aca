"""How the app is served: a socket that sends at once, and connections that must say what they want in time.

Not here: which address (settings), when it ends (the command line).
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from handlers.web.stream import Streams

HERE = ("127.0.0.1",)
HEAD_SECONDS = 15.0
BACKLOG = 512
VANISHED_MS = 30_000
"""How long what was sent may stay unacknowledged. Below `bot.letters.READ_MS`: who vanished is not taken for there."""


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on; port 0 takes a free one. Raises OSError that says what to do when somebody else has it."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    except OSError as error:
        remedy = "choose another with --port, or 0 for a free one"
        raise OSError(f"{host}:{port} cannot be listened on ({error.strerror}): {remedy}") from error
    # asyncio sets this only where the socket names its protocol. Without it a small answer on a kept connection waits
    # up to 40 ms for the client to acknowledge the one before; what is accepted inherits it.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # A phone that vanished acknowledges nothing: its stream would count as read for a quarter of an hour.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_MS)
    return listening


def address_of(listening: socket.socket) -> str:
    """The address to open on this machine."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def config(
    app: Any, *, grace: int, proxies: Sequence[str] = HERE, head_seconds: float = HEAD_SECONDS
) -> uvicorn.Config:
    """uvicorn's settings for the app. `grace` is how many seconds what is under way is given at the end, `proxies` are
    believed where a request comes from, `head_seconds` is how long the head of a request may take."""
    protocol: Any = partial(Hurried, head_seconds=head_seconds)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,  # what it logs goes where all logs go
        access_log=False,
        timeout_graceful_shutdown=grace,
        forwarded_allow_ips=list(proxies),
    )


class Server(uvicorn.Server):
    """uvicorn, for as long as whoever runs it wants: signals are theirs."""

    def __init__(self, app: FastAPI, *, grace: int, proxies: Sequence[str] = HERE) -> None:
        super().__init__(config(app, grace=grace, proxies=proxies))
        self._streams: Streams = app.state.web.streams

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the whole house, not the web server alone."""
        yield

    def leave(self) -> None:
        """Takes nothing new. Streams end at once, and their readers go on elsewhere; requests have their grace."""
        self.should_exit = True
        self._streams.end()


class Hurried(H11Protocol):
    """A connection that has sent no whole request head within `head_seconds` is closed: slow ones hold nothing open."""

    def __init__(self, *given: Any, head_seconds: float, **named: Any) -> None:
        super().__init__(*given, **named)
        self._head_seconds = head_seconds
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """From now on the head is waited for."""
        super().connection_made(transport)
        self._hurry()

    def data_received(self, data: bytes) -> None:
        """A request that is under way is not hurried; what its body may take is the app's business."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._hurry()
        else:
            self._relax()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._relax()
        super().connection_lost(exc)

    def _hurry(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self._head_seconds, self.transport.close)

    def _relax(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
