"""A LangChain chat model for every server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, Ollama, ours.

It is leaner than the stock one: aiohttp and orjson, and what arrives within `merge_seconds` becomes one chunk, below
the agent, so that each word does not pay for callbacks, graph and reader on its own. It retries nothing and has no
deadline of its own: whoever listens (`bot.answering.listening`) decides how long. Every failure is a RungFailed.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from pydantic import SecretStr

from bot.answering.breaker import RungFailed
from bot.answering.streamed import StreamedChat

LONGEST_LINE = 1_000_000
"""Bytes of one line of a stream; a chunk of an answer has some hundreds."""
LONGEST_BODY = 4_000_000
AGAIN = 0.3
"""Seconds before a server that was overloaded for a moment is asked again."""


class OpenAICompatible(StreamedChat):
    """Streams from `url` (which ends before `/chat/completions`) with a session that the caller opens and closes."""

    session: aiohttp.ClientSession
    url: str
    model: str
    key: SecretStr | None = None
    merge_seconds: float = 0.05
    logprobs: bool = False
    """Whether the server is asked how probable each token was."""

    @property
    def _llm_type(self) -> str:
        return "openai-compatible"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "url": self.url}

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key.get_secret_value()}"
        body = orjson.dumps(self._request(messages, stop, kwargs))
        try:
            async with self.session.post(
                f"{self.url.rstrip('/')}/chat/completions", data=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await _refusal(response)
                parse = _read if "event-stream" in response.content_type else _read_whole
                async for piece in parse(response, self.merge_seconds):
                    yield ChatGenerationChunk(message=piece)
        except (aiohttp.ClientError, OSError) as error:
            raise RungFailed(f"{type(error).__name__}: {error}", retry_after=AGAIN) from error

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, more: dict[str, Any]) -> dict[str, Any]:
        request = {
            "model": self.model,
            "messages": convert_to_openai_messages(messages),
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "stream": True,
            "stream_options": {"include_usage": True},
            **more,
        }
        if self.logprobs:
            request["logprobs"] = True
        return request | {"stop": stop} if stop else request


async def _refusal(response: aiohttp.ClientResponse) -> RungFailed:
    """What a status other than 200 means for asking again."""
    said = (await _whole(response, 2_000)).decode(errors="replace")
    reason = f"HTTP {response.status}: {said}"
    if response.status in (429, 503):
        wait = _seconds(response.headers.get("Retry-After"))
        return RungFailed(reason, retry_after=AGAIN if wait is None else wait, rest=wait)
    return RungFailed(reason, retry_after=AGAIN if response.status in (408, 500, 502, 504) else None)


def _seconds(value: str | None) -> float | None:
    """The seconds of a Retry-After header; a date counts as none."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


@dataclass
class _Stream:
    """Lines of a stream of events, as they add up to one message chunk at a time."""

    rest: bytes = b""
    text: list[str] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)
    usage: UsageMetadata | None = None
    logprobs: list[Any] = field(default_factory=list)
    ended: bool = False
    """The end mark came, or a reason for the end: without either, the answer broke off."""
    model: str = ""

    def feed(self, data: bytes) -> None:
        """Takes in bytes as they came, split anywhere. Raises RungFailed for what is no stream of completions."""
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        if len(self.rest) > LONGEST_LINE:
            raise RungFailed("a line without an end")
        for line in lines:
            if line.startswith(b"data:"):
                self.event(line[5:].strip())
            elif line.startswith(b"{"):
                raise _error(line)

    def event(self, data: bytes) -> None:
        """Takes in one event. Raises RungFailed when it is none, or the server's error."""
        if data == b"[DONE]":
            self.ended = True
            return
        event = _json(data)
        if "error" in event:
            raise _error(data)
        if usage := event.get("usage"):
            self.usage = UsageMetadata(
                input_tokens=usage.get("prompt_tokens") or 0,
                output_tokens=usage.get("completion_tokens") or 0,
                total_tokens=usage.get("total_tokens") or 0,
            )
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or choice.get("message") or {}
            if delta.get("content"):
                self.text.append(delta["content"])
            if told := choice.get("logprobs"):
                self.logprobs += [{"logprob": token["logprob"]} for token in told.get("content") or ()]
            for call in delta.get("tool_calls") or ():
                function = call.get("function") or {}
                self.calls.append(
                    tool_call_chunk(
                        name=function.get("name"),
                        args=function.get("arguments"),
                        id=call.get("id"),
                        index=call.get("index", len(self.calls)),
                    )
                )
            if choice.get("finish_reason"):
                self.ended = True

    def take(self) -> AIMessageChunk | None:
        """What has come since the last time, as one chunk."""
        if not (self.text or self.calls or self.usage):
            return None
        chunk = AIMessageChunk(content="".join(self.text), tool_call_chunks=self.calls, usage_metadata=self.usage)
        if self.logprobs:
            chunk.response_metadata = {"logprobs": {"content": self.logprobs}}
        self.text, self.calls, self.usage, self.logprobs = [], [], None, []
        return chunk


async def _read(response: aiohttp.ClientResponse, merge_seconds: float) -> AsyncIterator[AIMessageChunk]:
    """The first word at once, then whatever came within each `merge_seconds`; the last without waiting for more."""
    stream = _Stream()
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    response.content.on_eof(lambda: None if over.done() else over.set_result(None))
    while data := await response.content.readany():
        stream.feed(data)
        if piece := stream.take():
            yield piece
            if not stream.ended:
                await asyncio.wait({over}, timeout=merge_seconds)
    if not stream.ended:
        raise RungFailed("the stream was closed without an end mark", retry_after=AGAIN)


async def _read_whole(response: aiohttp.ClientResponse, merge_seconds: float) -> AsyncIterator[AIMessageChunk]:
    """A server that does not stream answers with one JSON object."""
    body = await _whole(response, LONGEST_BODY)
    stream = _Stream()
    stream.event(body)
    if piece := stream.take():
        yield piece
    if not stream.ended:
        raise RungFailed(f"no completion: {body[:200]!r}")


async def _whole(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body, or its first `most` bytes."""
    body = b""
    while len(body) < most and (data := await response.content.readany()):
        body += data
    return body[:most]


def _json(data: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RungFailed(f"a broken line: {data[:80]!r}", retry_after=AGAIN) from error
    if not isinstance(event, dict):
        raise RungFailed(f"a line that is no object: {data[:80]!r}")
    return event


def _error(data: bytes) -> RungFailed:
    return RungFailed(f"the server says: {data[:300].decode(errors='replace')}")
