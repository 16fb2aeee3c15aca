"""A real HTTP server on loopback that stands in for a model's: it answers well, or fails in one of many ways.

The fault is the model's name in the request. `asked` keeps each request's body, for those who look at what was sent.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

FAULTS = (
    "silent",  # 200, then nothing
    "headers",  # half of the headers, then nothing
    "stops",  # some words, then nothing
    "slow",  # a word in ten seconds
    "reset",  # the connection is cut after some words
    "unended",  # a clean close without an end mark
    "busy",  # 429 without Retry-After
    "wait",  # 429 with Retry-After
    "down",  # 503
    "key",  # 401
    "broken",  # a stream whose JSON does not parse
    "empty",  # an answer without a word
    "huge",  # one line of 10 MB
    "circles",  # the same words for ever
    "error",  # 200 with the error body of another model's server
    "hung",  # not even a status, while /health says that all is well
)
GOOD = (
    "Your screen says that the export failed. Here is what helps [1]:\n\n"
    "1. Open **Settings**.\n2. Choose **Exports** and press **Try again**. [1]\n"
)


@dataclass
class StandIn:
    """What the server was asked, and how it answers."""

    url: str = ""
    answer: str = GOOD
    pause: float = 0.005
    """Seconds between two words."""
    slots: int = 1000
    """Answers at once; more get 429."""
    held_from: int | None = None
    """From this word on they come so slowly that a test can do what it likes in the middle of the answer."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    script: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By model: messages to answer with in turn (tool calls, for example) instead of `answer`."""
    probability: float | None = None
    """Of each word, told to those who ask for it; None: not told."""
    usage: tuple[int, int] = (0, 0)
    """Tokens read and written, as it tells whoever asks for them."""
    refusal: str = "no such model: qwen"
    """What it says in the error of the fault `error`."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """How long each answer took that was sent whole."""
    running: int = 0
    finished: int = 0
    cancelled: int = 0

    @contextmanager
    def holding(self, words: int) -> Iterator[None]:
        """While the block lasts no answer ends: after so many words the others come one by one, as slowly as a
        customer still waits for. Afterwards the rest comes at once."""
        self.let_go.clear()
        self.held_from = words
        try:
            yield
        finally:
            self.held_from = None
            self.let_go.set()

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        body = orjson.loads(await request.read())
        self.asked.append(body)
        if self.running >= self.slots:
            return web.json_response({"error": {"message": "overloaded"}}, status=429)
        self.running += 1
        began = time.monotonic()
        try:
            answer = await self._answer(request, body)
            self.finished += 1
            self.seconds.append(time.monotonic() - began)
            return answer
        except (asyncio.CancelledError, ConnectionError):
            self.cancelled += 1
            raise
        finally:
            self.running -= 1

    async def _answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        fault = str(body["model"])
        match fault:
            case "hung":
                await asyncio.sleep(90)
            case "headers":
                assert request.transport is not None
                request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-str")  # type: ignore[attr-defined]
                await asyncio.sleep(90)
            case "busy":
                return web.json_response({"error": {"message": "rate limited"}}, status=429)
            case "wait":
                return web.json_response({"error": {}}, status=429, headers={"Retry-After": "20"})
            case "down":
                return web.Response(status=503, text="upstream connect error")
            case "key":
                return web.json_response({"error": {"message": "invalid key", "code": "invalid_api_key"}}, status=401)
            case "error":
                return web.json_response({"error": {"type": "model_not_found", "message": self.refusal}})
        return await self._stream(request, fault, self.probability if body.get("logprobs") else None)

    async def _stream(self, request: web.Request, fault: str, probability: float | None) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if fault == "silent":
            await asyncio.sleep(90)
        if self.script.get(fault):
            await response.write(_event({"delta": self.script[fault].pop(0), "finish_reason": "tool_calls"}) + _END)
            return response
        words = [] if fault == "empty" else _words(self.answer)
        for number, word in enumerate(words):
            if number and (act := _MISHAPS.get(fault)):
                await act(request, response)
                return response
            told = {"logprobs": {"content": [{"token": word, "logprob": math.log(probability)}]}} if probability else {}
            await response.write(_event({"delta": {"content": word}, **told}))
            await self._wait(number)
        usage = dict(zip(("prompt_tokens", "completion_tokens"), self.usage, strict=True))
        counted = b"data: " + orjson.dumps({"choices": [], "usage": usage}) + b"\n\n" if any(self.usage) else b""
        await response.write(_event({"delta": {}, "finish_reason": "stop"}) + counted + _END)
        return response

    async def _wait(self, number: int) -> None:
        if self.held_from is None or number < self.held_from:
            await asyncio.sleep(self.pause)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(HELD_S):
                await self.let_go.wait()


HELD_S = 2.5
"""Between two words of an answer that is held: half of the silence after which a model is given up."""
_END = b"data: [DONE]\n\n"


def _words(text: str) -> list[str]:
    return [word + " " for word in text.split(" ")]


def _event(choice: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps({"id": "x", "choices": [{"index": 0, **choice}]}) + b"\n\n"


async def _hang(request: web.Request, response: web.StreamResponse) -> None:
    await asyncio.sleep(90)


async def _slowly(request: web.Request, response: web.StreamResponse) -> None:
    for word in _words(GOOD):
        await asyncio.sleep(10)
        await response.write(_event({"delta": {"content": word}}))


async def _cut(request: web.Request, response: web.StreamResponse) -> None:
    assert request.transport is not None
    request.transport.abort()


async def _close(request: web.Request, response: web.StreamResponse) -> None:
    await response.write_eof()


async def _garble(request: web.Request, response: web.StreamResponse) -> None:
    await response.write(b'data: {"choices":[{"delta":{"content":"half a li\n\ndata: \xff\xfe\n\n')


async def _flood(request: web.Request, response: web.StreamResponse) -> None:
    await response.write(b"data: " + b"x" * 10_000_000 + b"\n\n")
    await response.write(_END)


async def _circle(request: web.Request, response: web.StreamResponse) -> None:
    while True:
        await response.write(_event({"delta": {"content": "and then press the button, "}}))
        await asyncio.sleep(0.002)


_MISHAPS = {
    "stops": _hang,
    "slow": _slowly,
    "reset": _cut,
    "unended": _close,
    "broken": _garble,
    "huge": _flood,
    "circles": _circle,
}


async def _health(request: web.Request) -> web.Response:
    return web.Response(text="ok")


@asynccontextmanager
async def stand_in(**settings: Any) -> AsyncIterator[StandIn]:
    """The server, running; `url` ends where `/chat/completions` begins."""
    server = StandIn(**settings)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    app.router.add_get("/health", _health)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()
