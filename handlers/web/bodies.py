"""How much of a request's body is read at all: little, unless a route asks for more. Counted, never trusted.

Not here: what one upload may hold (`uploads`).
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.problems import Problem

KEY = "helplens.body"


@dataclass
class Allowance:
    """Bytes that may still be read of one body."""

    left: int


class Bodies:
    """ASGI middleware: a body that goes on past `limit` bytes ends in a problem document."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts what the app reads."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowance = scope[KEY] = Allowance(self._limit)

        async def counted() -> Message:
            message = await receive()
            allowance.left -= len(message.get("body", b""))
            if allowance.left < 0:
                raise Problem("too_large_body")
            return message

        await self._app(scope, counted, send)


def allow(request: Request, size: int) -> None:
    """Lets this request's body have `size` bytes more; whoever asks counts them."""
    request.scope[KEY].left += size
