"""Tokens of one answer -> its text as it comes, up to a stop text, and the tools that the model wants called.

Text that may turn out to be the beginning of a stop text or of a call is held back until it is clear. Not here: what a
call looks like (`calls`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.answering.vlm.calls import CALL, calls
from bot.answering.vlm.request import Call

THINK, THOUGHT = "<think>", "</think>"
HALF = "\ufffd"
"""What half a character decodes to."""


class Writing:
    """The text of one answer."""

    def __init__(
        self,
        tokenizer: Any,
        stop: Sequence[str] = (),
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        thinking: bool = False,
    ) -> None:
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._marks = (*stop, CALL) if tools else self._stop
        self._tools = tools
        self.thinking = thinking
        """It is still thinking aloud, which is for nobody."""
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

    def said(self, token: int) -> str:
        """The text of one token by itself, which may be half a character's."""
        text: str = self._tokenizer.decode([token])
        return text

    def finish(self) -> tuple[str, tuple[Call, ...]]:
        """The rest of the text, and the calls. Raises Broken when a call is none."""
        text = self._certain(self._decoded(whole=True), ended=True)
        held, self._held = self._held, ""
        return text, calls(held, self._tools)

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
        if self.thinking:
            after = held.partition(THOUGHT)[2]
            if not after.strip():
                self._held = "" if ended else held
                return ""
            self.thinking, held = False, after.lstrip()
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
