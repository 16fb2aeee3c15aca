"""The large providers' wire formats, written by hand from their public documentation, through their LangChain clients.

No key and no network: each provider's client is pointed at a server on loopback, which checks what it was sent (a
redacted text, a covered picture) and answers in the provider's own stream format.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Item, Ladder
from bot.answering.rungs import open_rungs
from tests.answering_parts import SECRETS, brief, look, parts

TEXT = ("Choose **Exports** ", "and press **Try again** [1]. ", "Then wait a moment.")


def anthropic(failing: bool) -> tuple[str, Callable[[], bytes]]:
    """POST /v1/messages, as a stream of typed events."""
    events: list[dict[str, Any]] = [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude-x",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 25, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in TEXT),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 15},
        },
        {"type": "message_stop"},
    ]
    if failing:
        events[4:] = [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]
    return "/v1/messages", lambda: b"".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def google_genai(failing: bool) -> tuple[str, Callable[[], bytes]]:
    """POST /{version}/models/{model}:streamGenerateContent, as a stream of whole responses, by any version."""

    def event(text: str, last: bool) -> bytes:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
        if last:
            candidate["finishReason"] = "STOP"
        usage = {"promptTokenCount": 25, "candidatesTokenCount": 5, "totalTokenCount": 30}
        whole = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "g"}
        return f"data: {json.dumps(whole)}\r\n\r\n".encode()

    body = b"".join(event(t, t is TEXT[-1]) for t in TEXT)
    return (
        "/{version}/models/{name}",
        lambda: b'data: {"error": {"code": 503, "message": "x"}}\r\n\r\n' if failing else body,
    )


def openai(failing: bool) -> tuple[str, Callable[[], bytes]]:
    """POST /v1/chat/completions by LangChain's own client."""

    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return b"data: " + json.dumps(head | {"choices": [choice]}).encode() + b"\n\n"

    words = [event({"content": t}) for t in TEXT]
    body = b"".join([event({"role": "assistant", "content": ""}), *words, event({}, "stop"), b"data: [DONE]\n\n"])
    return "/v1/chat/completions", lambda: b'data: {"error": {"message": "overloaded"}}\n\n' if failing else body


PROVIDERS = {
    "anthropic": (anthropic, "anthropic:claude-x@{url}"),
    "google_genai": (google_genai, "google_genai:gemini-x@{url}"),
    "openai": (openai, "openai:gpt-x-vision@{url}/v1 stock=yes"),
}


@asynccontextmanager
async def provider(
    name: str, *, status: int = 200, failing: bool = False
) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A provider on loopback: its address, and the bodies it was sent."""
    path, body = PROVIDERS[name][0](failing)
    asked: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(await request.json())
        if status != 200:
            return web.json_response({"error": {"type": "overloaded_error", "message": "later"}}, status=status)
        return web.Response(body=body(), headers={"Content-Type": "text/event-stream"})

    app = web.Application(client_max_size=20_000_000)
    app.router.add_post(path, answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def ask(name: str, url: str, **switches: Any) -> list[Item]:
    """One turn with a picture, the provider first, the articles behind it."""
    pytest.importorskip(f"langchain_{name}")
    page = look(*SECRETS)
    keys = {f"{name.upper()}_API_KEY": "no-key-is-needed"}
    question = brief(
        f"My card is {SECRETS[1]}. Why?", [page], ranking=brief().ranking.model_copy(update={"confidence": 0.2})
    )
    settings = {"text_to_models": True, "pictures_to_models": True, "environment": keys} | switches
    names = [PROVIDERS[name][1].format(url=url) + " sight=pixels", "extractive"]
    async with open_rungs(names, parts(page, **settings)) as rungs:
        return [item async for item in Ladder(rungs).answer(question)]


@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_providers_stream_becomes_our_answer(name: str) -> None:
    async with provider(name) as (url, asked):
        items = await ask(name, url)
    answer = items[-1]
    assert isinstance(answer, Answer)
    assert answer.model.startswith(name)
    assert answer.text.split() == "".join(TEXT).split()
    assert [c.article for c in answer.citations] == ["exports/failed.md"]
    assert sum(isinstance(item, Words) for item in items) > 1
    assert len(asked) == 1
    sent = json.dumps(asked[0])
    if name != "openai":  # that one is on loopback by its address, so it is ours
        assert not [secret for secret in SECRETS if secret in sent]
    assert "image" in sent


@pytest.mark.parametrize("status", [429, 503, 401, 200])
@pytest.mark.parametrize("name", PROVIDERS)
async def test_a_providers_failure_becomes_the_next_rungs_answer_and_its_client_retries_nothing(
    name: str, status: int
) -> None:
    async with provider(name, status=status, failing=True) as (url, asked):
        items = await ask(name, url)
    assert isinstance(items[-1], Answer)
    assert items[-1].model == "extractive"
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["anthropic", "google_genai"])
async def test_a_provider_is_not_asked_unless_the_owner_allows_it(name: str) -> None:
    async with provider(name) as (url, asked):
        items = await ask(name, url, text_to_models=False)
    assert isinstance(items[-1], Answer)
    assert items[-1].model == "extractive"
    assert not asked
