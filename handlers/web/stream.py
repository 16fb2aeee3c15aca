"""Server-sent events on the hot path: bytes in, bytes out, one task on the side per reader, nothing per event.

The response is raw ASGI: `StreamingResponse` wraps each chunk once more and cannot say "still here" while nothing
happens. Not here: where a reader stands in a conversation and what comes next (`HelpDesk.follow`).
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.helpdesk import StateError
from bot.presence import BEAT_S

KEEPALIVE_SECONDS = 15.0
STUCK_SECONDS = 60.0
SEATS = 40
KEEPALIVE = b": still here\n\n"
FRESH = b"id: 0\nevent: fresh\ndata: {}\n\n"
RECONNECT = b"retry: 1000\n\n"
Beat = Callable[[], Awaitable[None]]
"""Says that somebody reads. May raise StateError."""
Over = Callable[[], Coroutine[None, None, None]]
"""Returns when its reader may read no longer."""

log = structlog.get_logger()


def line(event_id: int, event: str, data: bytes) -> bytes:
    """One event as it goes over the wire; `data` is JSON, so it holds no line break."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event_id, event.encode(), data)


def position(last_event_id: str | None) -> int | None:
    """Where a reader stands: 0 at the start, None when what it sent is unreadable and it must start over."""
    if last_event_id is None or last_event_id == "":
        return 0
    text = last_event_id.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


class Seats:
    """How much each holds open on this process: streams of a reader, uploads of an address; never more than `each`."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._taken: Counter[str] = Counter()

    def free(self, who: str) -> bool:
        """Whether there is another seat."""
        return self._taken[who] < self._each

    def total(self) -> float:
        """How many are taken, by everybody."""
        return self._taken.total()

    @contextmanager
    def taken(self, who: str) -> Iterator[None]:
        """A seat, for as long as this lasts."""
        self._taken[who] += 1
        try:
            yield
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


class Streams:
    """The streams of this process: when it leaves, all end at once, and their readers go on at another one."""

    def __init__(self) -> None:
        self._ends: set[asyncio.Future[None]] = set()
        self._ended = False

    def end(self) -> None:
        """Ends all, also those that begin from now on."""
        self._ended = True
        for end in self._ends:
            if not end.done():
                end.set_result(None)

    @contextmanager
    def one(self) -> Iterator["asyncio.Future[None]"]:
        """The end of one more stream, for as long as this lasts."""
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ends.add(end)
        if self._ended:
            end.set_result(None)
        try:
            yield end
        finally:
            self._ends.discard(end)


class EventStream(Response):
    """Sends what `chunks` yields until it ends, the reader leaves, the process does (`streams`), `expires` (seconds
    since the epoch) comes, or `over` returns.

    A reader that takes nothing for a minute is let go: it resumes by its `Last-Event-ID`.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        streams: Streams,
        expires: float,
        keepalive: float,
        beat: Beat | None = None,
        over: Over | None = None,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._chunks = chunks
        self._streams = streams
        self._expires = expires
        self._keepalive = keepalive
        self._beat = beat
        self._over = over
        self._sent = 0.0
        self._sending = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams; returns when it is over, for whichever reason."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        writing = asyncio.ensure_future(self._write(send))
        watching = asyncio.ensure_future(self._watch(receive, send))
        beating = [asyncio.ensure_future(_beating(self._beat))] if self._beat else []
        over = [asyncio.ensure_future(self._over())] if self._over else []
        try:
            with self._streams.one() as end:
                await asyncio.wait({writing, watching, end, *over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(writing, watching, *beating, *over)
        for task in (writing, watching):
            if not task.cancelled() and (error := task.exception()):
                raise error
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send) -> None:
        try:
            await self._put(send, RECONNECT)
            async for chunk in self._chunks:
                await self._put(send, chunk)
        finally:
            await self._chunks.aclose()

    async def _put(self, send: Send, chunk: bytes) -> None:
        """One chunk; waits while the reader is slower than we are."""
        self._sent, self._sending = time.monotonic(), True
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._sending = False

    async def _watch(self, receive: Receive, send: Send) -> None:
        """Returns when the reader has left, is stuck, or may read no longer; says "still here" in silence."""
        while time.time() < self._expires:
            try:
                async with asyncio.timeout(self._keepalive):
                    while (await receive())["type"] != "http.disconnect":
                        pass
                return
            except TimeoutError:
                silent = time.monotonic() - self._sent
            if self._sending:
                if silent > STUCK_SECONDS:
                    return
            elif silent >= self._keepalive:
                await self._put(send, KEEPALIVE)


async def _beating(beat: Beat) -> None:
    """Beats until cancelled; what goes wrong with it does not end the stream."""
    while True:
        try:
            await beat()
        except StateError as error:
            log.info("presence not kept", error=str(error))
        await asyncio.sleep(BEAT_S)


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    """Cancels tasks until they have ended.

    Once is not enough before Python 3.12: redis-py sends through `asyncio.wait_for`, which swallows a cancellation that
    comes as the send completes, and the task reads on for nobody.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
