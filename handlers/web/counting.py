"""What the web channel counts, for `/metrics`: answers by route and status, how long they took, and open streams.

A route is counted by its template, never by its address: no id of a conversation becomes a label.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.stream import Seats

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
UNKNOWN = "unknown"


class Counting:
    """ASGI middleware that counts into `registry`."""

    def __init__(self, app: ASGIApp, *, registry: CollectorRegistry, seats: Seats) -> None:
        self._app = app
        self._answers = Counter(
            "helplens_http_answers", "Answers, by route and status", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "helplens_http_seconds", "From the request to the start of its answer", buckets=SECONDS, registry=registry
        )
        streams = Gauge("helplens_open_streams", "Event streams that are open", registry=registry)
        streams.set_function(seats.total)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts when the answer starts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path_format", None) or UNKNOWN
                self._answers.labels(scope["method"], route, message["status"]).inc()
                self._seconds.observe(time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counted)
