"""An event as JSON with its version, and back."""

from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from bot.conversation.events import Event

VERSION = 1
"""Raised when the meaning of an existing event changes; adding a field or an event does not raise it."""

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def encode(event: Event) -> bytes:
    """The JSON of an event, its version first."""
    return b'{"v":%d,' % VERSION + event.model_dump_json().encode()[1:]


def decode(data: bytes | str) -> Event | None:
    """The event in `data`, or None when a newer process wrote a kind or a version that this one does not know.

    Raises ValueError when a kind that it does know does not parse: that is damage, not the future.
    """
    raw: dict[str, Any] = _json(data)
    if raw.pop("v", VERSION) > VERSION:
        return None
    try:
        return _EVENT.validate_python(raw)
    except ValidationError as error:
        if any(e["type"] in ("union_tag_invalid", "union_tag_not_found") for e in error.errors()):
            return None
        raise ValueError(f"a damaged event: {error}") from error


def _json(data: bytes | str) -> dict[str, Any]:
    value = orjson.loads(data)
    if not isinstance(value, dict):
        raise ValueError("an event is a JSON object")
    return value
