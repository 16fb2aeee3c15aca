"""A streamed message in Slack that loses nothing: where one message ends, for whatever reason, the next goes on.

Slack ends a stream after about five minutes or 12,000 characters, takes about twenty starts a minute and a hundred
pieces; a piece whose answer was lost is repaired at the end by writing the whole text once more.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.blocks import Block
from handlers.slack.calls import error_code, retry_after
from handlers.slack.clock import Clock
from handlers.slack.text import MARKDOWN, escape, pieces
from prompts import say

EVERY = 0.7
"""Seconds between two pieces: Slack takes about a hundred a minute."""
LONGEST = 11_500
"""Characters of one message, a little under Slack's own limit."""
OLDEST = 270.0
"""Seconds of one stream, a little under Slack's five minutes."""
log = structlog.get_logger(__name__)
ENDED = frozenset({"message_not_in_streaming_state", "msg_too_long", "message_not_found"})


class Stream:
    """`await say(text)` as it comes, `await finish(blocks)` at the end. Not for several tasks at once."""

    def __init__(
        self, client: AsyncWebClient, clock: Clock, channel: str, thread_ts: str, *, user: str = "", team: str = ""
    ) -> None:
        self._client, self._clock = client, clock
        self._where: dict[str, str] = {"channel": channel, "thread_ts": thread_ts}
        self._reader = {"recipient_user_id": user, "recipient_team_id": team} if user and team else {}
        self._unsent = ""
        self._shown = ""
        self._doubt = False
        self._ts: str | None = None
        self._whole = False
        """Streams are refused for now: everything goes out at the end, in plain posts."""
        self._started = self._last = 0.0
        self.messages: list[str] = []
        """The ts of every message that the answer went into."""

    async def say(self, text: str) -> None:
        """Adds words of Markdown; they are shown within a second."""
        self._unsent += escape(text)
        if not self._whole and self._clock.now() - self._last >= EVERY:
            await self._flush()

    async def restart(self, reason: str) -> None:
        """The words so far are taken back: they stay readable, marked, and the answer begins again below them."""
        if self._ts is None and not self._unsent:
            return
        await self.say(f"\n\n_{reason}_\n\n")
        if self._ts is not None:
            await self._flush()
            await self._end()

    async def finish(self, blocks: Sequence[Block] = ()) -> str:
        """Shows what is left and ends with `blocks`; returns the ts of the last message."""
        while self._unsent and not self._whole:
            await self._flush()
        if self._whole:
            return await self._post_rest(blocks)
        if self._ts is None:
            return await self._post("", blocks) if blocks or not self.messages else self.messages[-1]
        try:
            await self._client.chat_stopStream(channel=self._where["channel"], ts=self._ts, blocks=list(blocks))
        except SlackApiError as error:
            if error_code(error) not in ENDED:
                raise
            if blocks:  # the stream ended by itself: what belongs under it goes into a message of its own
                return await self._post("", blocks)
        await self._repair(blocks)
        return self._ts

    async def _flush(self) -> None:
        """Sends what is unsent, as far as the present message takes it; starts the next one when it must."""
        self._last = self._clock.now()
        if not self._unsent:
            return
        if self._ts is not None and (
            len(self._shown) + len(self._unsent) > LONGEST or self._last - self._started > OLDEST
        ):
            await self._end()
        piece = next(pieces(self._unsent, LONGEST)) if len(self._unsent) > LONGEST else self._unsent
        try:
            await self._send(piece)
        except SlackApiError as error:
            if error.response.status_code < 500:
                await self._refused(error)
            else:
                self._broken(piece)
        except (aiohttp.ClientError, TimeoutError):
            self._broken(piece)

    def _broken(self, piece: str) -> None:
        """Nobody knows whether a piece arrived: what the message should say is written once more when it ends."""
        if self._ts is None:
            self._whole = True
        else:
            self._doubt = True
            self._took(piece)

    async def _send(self, piece: str) -> None:
        chunks = [{"type": "markdown_text", "text": piece}]
        if self._ts is None:
            answer = await self._client.chat_startStream(
                channel=self._where["channel"],
                thread_ts=self._where["thread_ts"],
                chunks=chunks,
                **self._reader,
            )
            self._ts, self._started, self._shown = str(answer["ts"]), self._clock.now(), ""
            self.messages.append(self._ts)
        else:
            await self._client.chat_appendStream(channel=self._where["channel"], ts=self._ts, chunks=chunks)
        self._took(piece)

    def _took(self, piece: str) -> None:
        self._shown += piece
        self._unsent = self._unsent[len(piece) :]

    async def _refused(self, error: SlackApiError) -> None:
        wait = retry_after(error)
        if wait is not None and self._ts is not None:
            await self._clock.sleep(wait)
        elif self._ts is not None:
            if error_code(error) not in ENDED:
                log.warning("slack.stream", reason=error_code(error))
            await self._end()  # the unsent words are still here: they start the next message
        else:
            self._whole = True

    async def _end(self) -> None:
        """Ends the present message, so that the next one starts."""
        try:
            await self._client.chat_stopStream(channel=self._where["channel"], ts=str(self._ts))
        except SlackApiError as error:
            log.info("slack.stream_ended", reason=error_code(error))
        await self._repair()
        self._ts = None

    async def _repair(self, blocks: Sequence[Block] = ()) -> None:
        """Writes a message's whole text once more when it is not certain that all of it arrived."""
        if self._doubt and self._ts is not None:
            whole = [{"type": "markdown", "text": self._shown}, *blocks]
            text = self._shown[:300]
            await self._client.chat_update(channel=self._where["channel"], ts=self._ts, text=text, blocks=whole)
        self._doubt = False

    async def _post_rest(self, blocks: Sequence[Block]) -> str:
        rest = list(pieces(self._unsent, MARKDOWN - 500)) or [" "]
        self._unsent = ""
        for text in rest[:-1]:
            await self._post(text, ())
        return await self._post(rest[-1], blocks)

    async def _post(self, text: str, blocks: Sequence[Block]) -> str:
        body: list[Any] = [{"type": "markdown", "text": text}] if text.strip() else []
        for _ in range(5):
            try:
                answer = await self._client.chat_postMessage(
                    channel=self._where["channel"],
                    thread_ts=self._where["thread_ts"],
                    text=text[:300] or say("slack.ask_sources"),
                    blocks=[*body, *blocks] or [{"type": "markdown", "text": "…"}],
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SlackApiError as error:
                wait = retry_after(error)
                if wait is None:
                    raise
                await self._clock.sleep(wait)
            else:
                self.messages.append(str(answer["ts"]))
                return str(answer["ts"])
        raise TimeoutError("Slack asked to wait five times in a row")


async def quietly(call: Any) -> None:
    """Awaits a call for decoration (a status line, a reaction): when Slack refuses it, nothing is lost."""
    try:
        await call
    except (SlackApiError, aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError):
        return
