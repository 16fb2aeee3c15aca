"""OpenAI's chat completions: a request's body -> what is asked of the engine, and an answer -> its JSON.

Whatever would change the answer and is not known here is refused by its name, never left out in silence. A server of
the whole world's clients it is not: no likelihoods of other tokens, no several choices, no forced formats; vLLM has
them.
"""

import base64
import binascii
import io
import json
import struct
import time
import uuid
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from PIL import Image

from bot.answering.vlm.request import Call, Message, Piece, Request, Sampling

DATA_URL = "data:image/"
MOST_PIXELS = 8_000_000
MOST_PICTURES = 8
MOST_TOKENS = 700
"""Of an answer, where the request does not say."""
ROLES = ("system", "developer", "user", "assistant", "tool")
PLAIN: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "top_logprobs": (0,),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
    "tool_choice": ("auto", "none"),
    "parallel_tool_calls": (True,),
}
"""Fields of which only these values are taken: they say what is done anyway."""
TAKEN = (
    *("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens"),
    *("temperature", "top_p", "seed", "stop", "tools", "cache_salt", "logprobs"),
)
BESIDE = ("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key")
"""Fields that say nothing about the answer itself."""


def asked(body: Any) -> Request:
    """The request in `body`. Raises ValueError, naming the field, for what cannot be done as it says."""
    if not isinstance(body, dict):
        raise ValueError("a JSON object")
    given = {key: value for key, value in body.items() if value is not None}
    for key in given.keys() - {*TAKEN, *BESIDE}:
        if key not in PLAIN:
            raise ValueError(f"{key}: not known to this server")
        if given[key] not in PLAIN[key]:
            raise ValueError(f"{key}: this server can do no other than {PLAIN[key][0]!r}")
    tools = given.get("tools", [])
    if not isinstance(tools, list) or not all(_is_tool(tool) for tool in tools):
        raise ValueError("tools: a list of objects with type function and a function with a name")
    if not isinstance(given.get("logprobs", False), bool):
        raise ValueError("logprobs: true or false")
    most = _number(given, "max_completion_tokens", _number(given, "max_tokens", MOST_TOKENS, 1, 1 << 20), 1, 1 << 20)
    return Request(
        messages=messages(given.get("messages")),
        most=int(most),
        sampling=Sampling(
            temperature=_number(given, "temperature", 0.0, 0.0, 2.0),
            top_p=_number(given, "top_p", 1.0, 0.0, 1.0),
            seed=int(_number(given, "seed", 0, -(1 << 63), 1 << 63)) if "seed" in given else None,
        ),
        stop=_stop(given.get("stop", [])),
        tools=() if given.get("tool_choice") == "none" else tuple(tools),
        salt=str(given.get("cache_salt", "")),
        logprobs=given.get("logprobs", False),
    )


def _number(given: Mapping[str, Any], key: str, default: float, least: float, most: float) -> float:
    value = given.get(key, default)
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not least <= value <= most:
        raise ValueError(f"{key}: {'a whole' if whole else 'a'} number from {least} to {most}")
    return value


def _stop(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts) or len(texts) > 4:
        raise ValueError("stop: a text or at most four, none of them empty")
    return tuple(texts)


def _is_tool(tool: Any) -> bool:
    match tool:
        case {"type": "function", "function": {"name": str(name)}}:
            return bool(name)
    return False


def messages(given: Any) -> list[Message]:
    """OpenAI's messages as the engine takes them: texts and opened pictures.

    Raises ValueError for roles, parts or pictures that it does not take; addresses are never fetched.
    """
    if not isinstance(given, list) or not given:
        raise ValueError("messages: a list that is not empty")
    made = [_message(message) for message in given]
    if sum(part["type"] == "image" for message in made for part in message["content"]) > MOST_PICTURES:
        raise ValueError(f"messages: at most {MOST_PICTURES} pictures")
    return made


def _message(message: Any) -> Message:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise ValueError(f"role: one of {', '.join(ROLES)}")
    role = "system" if message["role"] == "developer" else message["role"]
    content = message.get("content") or ""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(parts, list):
        raise ValueError("content: a text or a list of parts")
    made: dict[str, Any] = {"role": role, "content": [_part(part) for part in parts]}
    if role == "tool":
        if any(part["type"] == "image" for part in made["content"]):
            raise ValueError("role tool: text alone; a picture belongs into a message of the user's")
        made |= {key: str(message[key]) for key in ("tool_call_id", "name") if message.get(key)}
    if calls := message.get("tool_calls"):
        made["tool_calls"] = [_called(call) for call in calls]
    return made


def _called(call: Any) -> Mapping[str, Any]:
    match call:
        case {"function": {"name": str(name), "arguments": str(arguments)}}:
            try:
                read = json.loads(arguments or "{}")
            except json.JSONDecodeError as error:
                raise ValueError(f"tool_calls: the arguments of {name} are no JSON") from error
            return {"id": str(call.get("id", "")), "type": "function", "function": {"name": name, "arguments": read}}
    raise ValueError("tool_calls: a function with a name, and its arguments as a text of JSON")


def _part(part: Any) -> Mapping[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url)}} if url.startswith(DATA_URL):
            return {"type": "image", "image": opened(url)}
        case {"type": "image_url"}:
            raise ValueError("image_url: only data:image/...;base64 URLs; this server fetches no address")
    raise ValueError("a part is of type text or image_url")


UNREADABLE = (
    *(binascii.Error, OSError, EOFError, SyntaxError, IndexError, KeyError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)
"""What the picture library raises at a broken file; ValueError, which is the rest, says what it has to say itself."""


def opened(url: str) -> Image.Image:
    """The picture in a data URL. Raises ValueError when it is none, or too large."""
    try:
        data = base64.b64decode(url.partition("base64,")[2], validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"a picture of at most {MOST_PIXELS} pixels")
            return picture.convert("RGB")
    except UNREADABLE as error:
        raise ValueError(f"not a PNG, JPEG or WebP picture: {error}") from error


class Completion:
    """The JSON of one answer of `model`, whole or as a stream of events; `counts` adds an event with the usage."""

    def __init__(self, model: str, *, counts: bool = False) -> None:
        self._id = f"chatcmpl-{uuid.uuid4().hex[:24]}"
        self._made = int(time.time())
        self._model = model
        self._counts = counts

    def whole(self, text: str, last: Piece, logprobs: Sequence[tuple[str, float]] = ()) -> dict[str, Any]:
        """The answer as one object."""
        message: dict[str, Any] = {"role": "assistant", "content": text or (None if last.calls else "")}
        if last.calls:
            message["tool_calls"] = _calls(last.calls)
        choice = {"index": 0, "message": message, "finish_reason": last.reason} | _likely(logprobs)
        return self._head("chat.completion") | {"choices": [choice], "usage": _usage(last)}

    def event(self, piece: Piece, *, first: bool = False) -> bytes:
        """One piece as an event of a stream; the calls of tools come with the last one."""
        delta: dict[str, Any] = {"role": "assistant"} if first else {}
        delta["content"] = piece.text
        if piece.calls:
            delta["tool_calls"] = [{"index": n, **call} for n, call in enumerate(_calls(piece.calls))]
        choice = {"index": 0, "delta": delta, "finish_reason": piece.reason} | _likely(piece.logprobs)
        return _event(self._head("chat.completion.chunk") | {"choices": [choice]})

    def end(self, last: Piece) -> bytes:
        """The count, when it was asked for, and the end mark."""
        counted = self._head("chat.completion.chunk") | {"choices": [], "usage": _usage(last)}
        return (_event(counted) if self._counts else b"") + b"data: [DONE]\n\n"

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._made, "model": self._model}


def problem(message: str, kind: str = "server_error") -> dict[str, Any]:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind}}


def broken(message: str) -> bytes:
    """The event that ends a stream which cannot go on."""
    return _event(problem(message))


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def _likely(tokens: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """How likely these tokens were, as OpenAI writes it; nothing where that was not asked."""
    content = [
        {"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": []}
        for text, logprob in tokens
    ]
    return {"logprobs": {"content": content}} if content else {}


def _calls(calls: tuple[Call, ...]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{uuid.uuid4().hex[:24]}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


def _usage(last: Piece) -> dict[str, int]:
    total = last.prompt_tokens + last.tokens
    return {"prompt_tokens": last.prompt_tokens, "completion_tokens": last.tokens, "total_tokens": total}
