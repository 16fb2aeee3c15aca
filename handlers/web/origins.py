"""Which pages may use the API: the listed origins and this server's own, exactly; a browser's others are refused.

There are no cookies, so another site cannot act in a customer's name; this keeps others from embedding the help desk,
and their visitors from writing into it. Not here: who is asking (`identity`).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.problems import Problem

METHODS = "GET, POST, DELETE, OPTIONS"
HEADERS = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
EXPOSED = "Retry-After"
DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(address: str) -> str:
    """The origin of an address, as a browser writes it. Raises ValueError when it has none, or holds more."""
    parts = urlsplit(address.strip())
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.path not in ("", "/") or parts.query:
        raise ValueError(f"{address!r} is no origin: write it like https://shop.example, without a path")
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


class Origins:
    """ASGI middleware: answers preflights, marks what a listed page may read, refuses all other pages."""

    def __init__(self, app: ASGIApp, *, allowed: Iterable[str], public_url: str | None = None) -> None:
        self._app = app
        self._allowed = frozenset(origin(address) for address in allowed)
        parts = urlsplit(public_url) if public_url else None
        self._own = origin(f"{parts.scheme}://{parts.netloc}") if parts else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets through what comes from no page, an own page or a listed one."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        source = headers.get("origin")
        if source is None or source == self._own_origin(scope, headers):
            await self._app(scope, receive, send)
        elif source not in self._allowed:
            problem = Problem("foreign_origin", origin=source[:100])
            await problem.response(headers.get("accept-language"))(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(source)(scope, receive, send)
        else:
            await self._app(scope, receive, _marked(send, source))

    def _own_origin(self, scope: Scope, headers: Headers) -> str:
        return self._own or f"{scope['scheme']}://{headers.get('host', '')}"


def _preflight(source: str) -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Origin": source,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": HEADERS,
            "Access-Control-Max-Age": "600",
            "Vary": "Origin",
        },
    )


def _marked(send: Send, source: str) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = source
            headers["Access-Control-Expose-Headers"] = EXPOSED
            headers.add_vary_header("Origin")
        await send(message)

    return marked
