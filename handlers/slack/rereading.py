"""Replies that Slack never delivered: a thread in which a person answers is read again every two minutes.

The Events API repeats itself, but an event can be lost while every connection is down. What is found here goes the
way of an event, under the same key, so nothing is heard twice. Not load-bearing: Slack allows about fifty readings a
minute, and one that it refuses is left out.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import Calls, Later
from handlers.slack.clock import Clock
from handlers.slack.memory import Memory
from handlers.slack.thread import Thread

EVERY = 120.0
Hear = Callable[[dict[str, Any]], Awaitable[None]]
log = structlog.get_logger(__name__)


class Rereading:
    """One serves a process."""

    def __init__(self, client: AsyncWebClient, calls: Calls, memory: Memory, hear: Hear, clock: Clock) -> None:
        self._client, self._calls, self._memory, self._hear, self._clock = client, calls, memory, hear, clock

    async def look(self, thread: Thread, beside: Mapping[str, str]) -> None:
        """Hears every reply that nobody has heard of, unless the thread was read a moment ago. Raises ThreadGone."""
        now, (read_at, newest) = self._clock.now(), _mark(beside, thread)
        if now - read_at < EVERY:
            return
        try:
            answer = await self._calls.read(
                thread.channel,
                lambda: self._client.conversations_replies(
                    channel=thread.channel, ts=thread.ts, oldest=newest, limit=200
                ),
            )
        except Later as error:
            log.info("slack.not_reread", conversation=thread.conversation, reason=str(error))
            return
        known = set(thread.written.values())
        for message in answer["messages"]:
            newest = max(newest, str(message["ts"]))
            if message["ts"] not in known and message["ts"] != thread.ts:
                await self._hear({**message, "channel": thread.channel})
        # A message that Slack is still delivering may be older than the newest: look a little way back next time.
        newest = min(newest, f"{now - EVERY:.6f}") if newest > thread.ts else newest
        await self._memory.keep(thread.conversation, {"read": f"{now:.3f} {max(newest, thread.ts)}"})


def _mark(beside: Mapping[str, str], thread: Thread) -> tuple[float, str]:
    read_at, _, newest = beside.get("read", "0 ").partition(" ")
    return float(read_at), newest if newest > thread.ts else thread.ts
