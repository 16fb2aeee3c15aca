"""The model as a server that speaks OpenAI's chat completions: streaming, pictures as data URLs, a bounded queue.

`GET /health` says whether answers make progress, not whether a process runs: it is 503 when calls are open and no step
has ended for ten seconds. When the queue is full, a request gets 429 with Retry-After at once instead of waiting for
an answer that would come too late. It fetches no address, keeps nothing, logs no contents, and has no keys: it belongs
behind the machine's own network. For more than one GPU and one team use vLLM, see `docs/operations.md`.
"""

import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.answering.vlm.chat import plain
from bot.answering.vlm.engine import Broken, Engine, Full, Piece

MOST_BYTES = 40_000_000
RETRY_AFTER = "2"
"""Seconds: about one answer."""


class ModelServer:
    """One engine behind HTTP. `name` is what it calls its model."""

    def __init__(self, engine: Engine, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = engine
        self.name = name
        self._clock = clock
        self.registry = CollectorRegistry()
        self._answers = Counter("helplens_model_answers", "Answers by how they ended", ("end",), registry=self.registry)
        self._first = Histogram("helplens_model_first_token_seconds", "To the first token", registry=self.registry)
        for metric, meaning, value in (
            ("open", "Answers that run or wait", lambda: engine.open),
            ("tokens", "Tokens written since the start", lambda: engine.tokens),
            ("pictures_encoded", "Pictures encoded since the start", lambda: engine.encodings.made),
            ("well", "Whether the model makes progress", lambda: engine.well),
        ):
            Gauge(f"helplens_model_{metric}", meaning, registry=self.registry).set_function(value)

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.router.add_get("/v1/models", self.models)
        app.router.add_get("/health", self.health)
        app.router.add_get("/metrics", self.metrics)
        return app

    async def health(self, _: web.Request) -> web.Response:
        """200 while answers make progress or nobody asks."""
        well = self.engine.well
        return web.json_response({"well": well, "open": self.engine.open}, status=200 if well else 503)

    async def models(self, _: web.Request) -> web.Response:
        """The one model."""
        return web.json_response(
            {"object": "list", "data": [{"id": self.name, "object": "model", "owned_by": "helplens"}]}
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """For Prometheus."""
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        try:
            body = orjson.loads(await request.read())
            if not isinstance(body, dict):
                raise ValueError("a JSON object")
            messages = plain(body.get("messages"))
            most = min(int(body.get("max_completion_tokens") or body.get("max_tokens") or 700), 4096)
        except (ValueError, TypeError) as error:
            return _problem(400, str(error))
        started = self._clock()
        async with aclosing(self.engine.answer(messages, most)) as pieces:
            try:
                first = await anext(pieces)
            except Full as error:
                self._answers.labels("refused").inc()
                return _problem(429, str(error), {"Retry-After": RETRY_AFTER})
            except ValueError as error:
                return _problem(400, str(error))
            except Broken as error:
                self._answers.labels("broken").inc()
                return _problem(500, str(error))
            self._first.observe(self._clock() - started)
            answer = _Completion(self.name, body.get("stream_options") or {})
            if body.get("stream"):
                return await self._stream(request, answer, first, pieces)
            return await self._whole(answer, first, pieces)

    async def _stream(
        self, request: web.Request, answer: "_Completion", first: Piece, pieces: AsyncIterator[Piece]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        piece = first
        end = "left"
        try:
            await response.write(answer.chunk({"role": "assistant", "content": piece.text}, piece.reason))
            while piece.reason is None:
                piece = await anext(pieces)
                await response.write(answer.chunk({"content": piece.text}, piece.reason))
            await response.write(answer.usage(piece) + b"data: [DONE]\n\n")
            end = piece.reason
        except Broken as error:
            end = "broken"
            await response.write(b"data: " + orjson.dumps({"error": {"message": str(error)}}) + b"\n\n")
        except ConnectionError:
            pass  # the reader left: closing `pieces` cancels the answer
        finally:
            self._answers.labels(end).inc()
        return response

    async def _whole(self, answer: "_Completion", first: Piece, pieces: AsyncIterator[Piece]) -> web.Response:
        text, piece = first.text, first
        try:
            while piece.reason is None:
                piece = await anext(pieces)
                text += piece.text
        except Broken as error:
            self._answers.labels("broken").inc()
            return _problem(500, str(error))
        self._answers.labels(piece.reason).inc()
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": piece.reason}
        return web.json_response(answer.head("chat.completion") | {"choices": [choice], "usage": _usage(piece)})


class _Completion:
    """The wire format of one answer."""

    def __init__(self, model: str, options: dict[str, Any]) -> None:
        self._id = f"chatcmpl-{uuid.uuid4().hex[:24]}"
        self._made = int(time.time())
        self._model = model
        self._counts = bool(options.get("include_usage"))

    def head(self, kind: str) -> dict[str, Any]:
        """What all objects of one answer begin with."""
        return {"id": self._id, "object": kind, "created": self._made, "model": self._model}

    def chunk(self, delta: dict[str, Any], reason: str | None) -> bytes:
        """One event of the stream."""
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return b"data: " + orjson.dumps(self.head("chat.completion.chunk") | {"choices": [choice]}) + b"\n\n"

    def usage(self, last: Piece) -> bytes:
        """The count at the end, when it was asked for."""
        if not self._counts:
            return b""
        event = self.head("chat.completion.chunk") | {"choices": [], "usage": _usage(last)}
        return b"data: " + orjson.dumps(event) + b"\n\n"


def _usage(last: Piece) -> dict[str, int]:
    total = last.prompt_tokens + last.tokens
    return {"prompt_tokens": last.prompt_tokens, "completion_tokens": last.tokens, "total_tokens": total}


def _problem(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    kind = "invalid_request_error" if status == 400 else "server_error"
    return web.json_response({"error": {"message": message, "type": kind}}, status=status, headers=headers)
