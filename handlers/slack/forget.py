"""Erasing what Slack shows of a conversation: the card, the posts of ours in its thread, and the files.

What agents wrote themselves is theirs and stays; it is counted, so that the erasure can say so.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import Calls, Send, ThreadGone
from handlers.slack.pacer import Rank
from handlers.slack.thread import Thread

PAGE = 200


async def forget(client: AsyncWebClient, calls: Calls, fields: Mapping[str, str]) -> int:
    """Deletes all posts and files of ours; returns how many posts of people are left. Raises Later: run it again."""
    thread = Thread.read("", fields)
    posts = await _all(client, calls, thread) if thread.ts else []
    ours = [post for post in posts if post.get("bot_id")]
    for file in {f["id"] for post in ours for f in post.get("files", [])}:
        await _gone(calls, thread.channel, partial(client.files_delete, file=file))
    for ts in sorted((str(post["ts"]) for post in ours), reverse=True):  # the card last: it leads to the rest
        await _gone(calls, thread.channel, partial(client.chat_delete, channel=thread.channel, ts=ts))
    return len(posts) - len(ours)


async def _all(client: AsyncWebClient, calls: Calls, thread: Thread) -> list[dict[str, Any]]:
    """The card and every reply."""
    posts: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor != "":
        read = partial(
            client.conversations_replies, channel=thread.channel, ts=thread.ts, limit=PAGE, cursor=cursor or None
        )
        try:
            page = await calls.read(thread.channel, read)
        except ThreadGone:
            break
        posts += page["messages"]
        cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
    return posts


async def _gone(calls: Calls, channel: str, delete: Send) -> None:
    try:
        await calls.update(channel, Rank.CARD, delete)
    except ThreadGone:
        return
