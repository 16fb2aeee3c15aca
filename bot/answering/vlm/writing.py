"""Tokens of one answer -> its text as it comes, up to a stop text, and the tools that the model wants called.

Calls are written as Hermes and Qwen write them: a JSON object with `name` and `arguments` between `<tool_call>` and
`</tool_call>`. Text that may turn out to be the beginning of a stop text or of a call is held back until it is clear.
"""

import json
from collections.abc import Sequence
from typing import Any

from bot.answering.vlm.request import Broken, Call

CALL, CALLED = "<tool_call>", "</tool_call>"
HALF = "\ufffd"
"""What half a character decodes to."""


class Writing:
    """The text of one answer."""

    def __init__(self, tokenizer: Any, stop: Sequence[str] = (), *, tools: bool = False) -> None:
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._marks = (*stop, CALL) if tools else self._stop
        self._tools = tools
        self._ids: list[int] = []
        self._before = self._shown = 0
        """Tokens whose text has been taken in, the last time but one and the last time."""
        self._held = ""
        self.stopped = False
        """A stop text has come: nothing that follows counts."""

    def feed(self, ids: Sequence[int]) -> str:
        """The text that is certain now."""
        self._ids += ids
        return self._certain(self._decoded(whole=False), ended=False)

    def finish(self) -> tuple[str, tuple[Call, ...]]:
        """The rest of the text, and the calls. Raises Broken when a call is none."""
        text = self._certain(self._decoded(whole=True), ended=True)
        held, self._held = self._held, ""
        return text, tuple(_call(part) for part in held.split(CALL)[1:] if CALLED in part)

    def _decoded(self, *, whole: bool) -> str:
        """The text that the newest tokens add, up to the last whole character; all of it if it is `whole`.

        However tokens are put together on their way, the text is the same: it begins and ends between characters.
        """
        decode = self._tokenizer.decode
        for end in range(len(self._ids), max(self._shown, len(self._ids) - 4), -1):
            text: str = decode(self._ids[self._before : end], skip_special_tokens=True)
            if whole or not text.endswith(HALF):
                shown = decode(self._ids[self._before : self._shown], skip_special_tokens=True)
                self._before, self._shown = self._shown, end
                return text[len(shown) :]
        return ""

    def _certain(self, text: str, *, ended: bool) -> str:
        """What can no longer become a mark; a call and all behind it stay held."""
        if self.stopped:
            return ""
        held = self._held + text
        first = min((at for stop in self._stop if (at := held.find(stop)) >= 0), default=-1)
        if first >= 0:
            self.stopped, ended, held = True, True, held[:first]
        call = held.find(CALL) if self._tools else -1
        if call >= 0:
            keep = call
        elif ended:
            keep = len(held)
        else:
            keep = len(held) - max((_begun(held, mark) for mark in self._marks), default=0)
        self._held = held[keep:]
        return held[:keep]


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    return next((n for n in range(min(len(mark) - 1, len(text)), 0, -1) if mark.startswith(text[-n:])), 0)


def _call(part: str) -> Call:
    try:
        call = json.loads(part.partition(CALLED)[0])
        name, arguments = call["name"], call.get("arguments") or {}
    except (json.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise Broken(f"the model called a tool in a way that cannot be read: {part[:200]!r}") from error
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise Broken(f"the model called a tool in a way that cannot be read: {part[:200]!r}")
    return Call(name, json.dumps(arguments, ensure_ascii=False))
