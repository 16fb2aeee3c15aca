"""What a model writes to call a tool -> the call.

Two ways are known, both between `<tool_call>` and `</tool_call>`: a JSON object with `name` and `arguments`, as Hermes
and Qwen3 write it, and tags with a parameter each, as Qwen3.5 and Qwen3-Coder do. Not here: finding calls in a text
that is still being written (`writing`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.answering.vlm.request import Broken, Call

CALL, CALLED = "<tool_call>", "</tool_call>"
FUNCTION = re.compile(r"<function=([^>\s]+)>(.*?)</function>", re.DOTALL)
PARAMETER = re.compile(r"<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>", re.DOTALL)


def calls(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[Call, ...]:
    """The whole calls in `text`; one that was cut short is none. Raises Broken for one that cannot be read."""
    parts = [part.partition(CALLED)[0] for part in text.split(CALL)[1:] if CALLED in part]
    return tuple(_in_tags(part, tools) if "<function=" in part else _in_json(part) for part in parts)


def _in_json(part: str) -> Call:
    try:
        call = json.loads(part)
        name, arguments = call["name"], call.get("arguments") or {}
    except (json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(part) from error
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise _unreadable(part)
    return Call(name, json.dumps(arguments, ensure_ascii=False))


def _in_tags(part: str, tools: Sequence[Mapping[str, Any]]) -> Call:
    found = FUNCTION.search(part)
    if not found:
        raise _unreadable(part)
    name, inside = found.groups()
    known = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
    kinds = known.get(name, {}).get("properties") or {}
    arguments = {key: _typed(value, kinds.get(key) or {}) for key, value in PARAMETER.findall(inside)}
    return Call(name, json.dumps(arguments, ensure_ascii=False))


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """Tags hold text alone: what the tool says is no text is read as JSON, if it is."""
    if schema.get("type", "string") == "string":
        return value
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _unreadable(part: str) -> Broken:
    return Broken(f"the model called a tool in a way that cannot be read: {part[:200]!r}")
