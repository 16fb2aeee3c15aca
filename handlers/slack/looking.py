"""Looking in Slack for what was posted when the answer to the post was lost: by metadata, files by their name."""

from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import Calls
from handlers.slack.thread import Thread

BEFORE = 60.0
"""Seconds before the intent from which on is looked: Slack's clock and ours may differ."""


@dataclass(frozen=True)
class Found:
    """A post that stands; `file` is the id of its file, empty when it has none."""

    ts: str
    file: str = ""


async def find_card(client: AsyncWebClient, calls: Calls, thread: Thread, channel: str) -> str | None:
    """The ts of a conversation's card in the channel. Raises Later when Slack cannot be asked."""
    answer = await calls.read(
        channel,
        lambda: client.conversations_history(
            channel=channel, oldest=f"{thread.intent_at - BEFORE:.6f}", include_all_metadata=True, limit=100
        ),
    )
    for message in answer["messages"]:
        if _payload(message).get("conversation") == thread.conversation and message["ts"] != thread.gone:
            return str(message["ts"])
    return None


async def find_post(client: AsyncWebClient, calls: Calls, thread: Thread, key: str, file: str | None) -> Found | None:
    """A post in the thread by the fact that it shows, or by the name of its file."""
    answer = await calls.read(
        thread.channel,
        lambda: client.conversations_replies(
            channel=thread.channel,
            ts=thread.ts,
            oldest=f"{thread.intent_at - BEFORE:.6f}",
            include_all_metadata=True,
            limit=200,
        ),
    )
    for message in answer["messages"]:
        if _payload(message).get("fact") == key:
            return Found(str(message["ts"]))
        for shared in message.get("files", []):
            if file is not None and shared.get("name") == file:
                return Found(str(message["ts"]), str(shared["id"]))
    return None


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    return dict(message.get("metadata", {}).get("event_payload", {}))
