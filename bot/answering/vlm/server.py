"""The model as a server that speaks OpenAI's chat completions: streaming, pictures as data URLs, a bounded queue.

`GET /health` says whether answers make progress, not whether a process runs: it is 503 when calls are open and no step
has ended for ten seconds. When the queue is full, a request gets 429 with Retry-After at once instead of waiting for
an answer that would come too late. It fetches no address, writes nothing down, logs no contents, and has no keys: it
belongs behind the machine's own network. For more than one GPU and one team use vLLM, see `docs/operations.md`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from bot.answering.vlm.engine import Engine
from bot.answering.vlm.request import Broken, Full, Piece
from bot.answering.vlm.wire import Completion, asked, broken, problem

MOST_BYTES = 40_000_000
AT_LEAST, AT_MOST = 1, 30
"""Seconds of a Retry-After."""


class ModelServer:
    """One engine behind HTTP. `name` is what it calls its model."""

    def __init__(self, engine: Engine, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = engine
        self.name = name
        self._clock = clock
        self._seconds = 2.0
        """Of a usual answer, from its own past."""
        self.registry = CollectorRegistry()
        self._answers = Counter("helplens_model_answers", "Answers by how they ended", ("end",), registry=self.registry)
        self._first = Histogram("helplens_model_first_token_seconds", "To the first token", registry=self.registry)
        for metric, meaning, value in (
            ("open", "Answers that run or wait", lambda: engine.open),
            ("running", "Answers that are being written", lambda: engine.running),
            ("waiting", "Answers that wait for the model", lambda: max(0, engine.open - engine.running)),
            ("tokens", "Tokens written since the start", lambda: engine.schedule.tokens),
            ("prompt_tokens", "Tokens of prompts since the start", lambda: engine.schedule.prompt_tokens),
            (
                "prefix_tokens",
                "Of these, tokens that were still known from earlier prompts",
                lambda: engine.schedule.prefix_tokens,
            ),
            ("prefix_bytes", "Memory that earlier prompts take", lambda: engine.schedule.prefixes.bytes),
            ("pictures_encoded", "Pictures encoded since the start", lambda: engine.schedule.encodings.made),
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
            self.engine.check_room()  # before its pictures are opened, which costs more than to say no
            wanted = await asyncio.to_thread(asked, body)
        except ValueError as error:
            return _refused(400, str(error))
        except Full as error:
            return self._full(error)
        started = self._clock()
        answer = Completion(self.name, counts=bool((body.get("stream_options") or {}).get("include_usage")))
        async with aclosing(self.engine.answer(wanted)) as pieces:
            try:
                first = await anext(pieces)
            except Full as error:
                return self._full(error)
            except ValueError as error:
                return _refused(400, str(error))
            except Broken as error:
                self._answers.labels("broken").inc()
                return _refused(500, str(error))
            self._first.observe(self._clock() - started)
            reply = await (
                self._stream(request, answer, first, pieces)
                if body.get("stream")
                else self._whole(answer, first, pieces)
            )
        self._seconds += 0.1 * (self._clock() - started - self._seconds)
        return reply

    async def _stream(
        self, request: web.Request, answer: Completion, first: Piece, pieces: AsyncGenerator[Piece]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        piece = first
        end = "left"
        try:
            await response.write(answer.event(piece, first=True))
            while piece.reason is None:
                piece = await anext(pieces)
                await response.write(answer.event(piece))
            await response.write(answer.end(piece))
            end = piece.reason
        except Broken as error:
            end = "broken"
            await response.write(broken(str(error)))
        except ConnectionError:
            pass  # the reader left: closing `pieces` cancels the answer
        finally:
            self._answers.labels(end).inc()
        return response

    async def _whole(self, answer: Completion, first: Piece, pieces: AsyncGenerator[Piece]) -> web.Response:
        text, piece, end, logprobs = first.text, first, "left", list(first.logprobs)
        try:
            while piece.reason is None:
                piece = await anext(pieces)
                text += piece.text
                logprobs += piece.logprobs
            end = piece.reason
        except Broken as error:
            end = "broken"
            return _refused(500, str(error))
        finally:
            self._answers.labels(end).inc()
        return web.json_response(answer.whole(text, piece, logprobs))

    def _full(self, error: Full) -> web.Response:
        """429, and when a place will be free: one of the rows ends, on average, every `_seconds / rows`."""
        self._answers.labels("refused").inc()
        ahead = max(1, self.engine.open - self.engine.rows)
        seconds = min(AT_MOST, max(AT_LEAST, self._seconds * ahead / self.engine.rows))
        return _refused(429, str(error), {"Retry-After": str(round(seconds))})


def _refused(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    kind = "invalid_request_error" if status == 400 else "server_error"
    return web.json_response(problem(message, kind), status=status, headers=headers)
