"""Erasing what Slack shows of a conversation: the card, the posts of ours in its thread, and the files.

What agents wrote themselves is theirs and stays; it is counted, so that the erasure can say so.
"""

from collections.abc import Mapping
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import Calls, Send, ThreadGone
from handlers.slack.pacer import Rank
from handlers.slack.thread import Thread


async def forget(client: AsyncWebClient, calls: Calls, fields: Mapping[str, str]) -> int:
    """Deletes all posts and files of ours; returns how many posts of people are left. Raises Later: run it again."""
    thread = Thread.read("", fields)
    if not thread.ts:
        return 0
    for file in thread.files.values():
        await _gone(calls, thread.channel, partial(client.files_delete, file=file))
    read = partial(client.conversations_replies, channel=thread.channel, ts=thread.ts, limit=999)
    try:
        messages = (await calls.read(thread.channel, read))["messages"]
    except ThreadGone:
        return 0
    for message in sorted(messages, key=lambda m: str(m["ts"]), reverse=True):  # the card last
        if message.get("bot_id"):
            await _gone(calls, thread.channel, partial(client.chat_delete, channel=thread.channel, ts=message["ts"]))
    return sum(1 for message in messages if not message.get("bot_id"))


async def _gone(calls: Calls, channel: str, delete: Send) -> None:
    try:
        await calls.update(channel, Rank.CARD, delete)
    except ThreadGone:
        return
