"""What only one agent sees: private lines and prompts, and small reactions. Best effort: nothing hangs on them.

Slack forgets private prompts when it is reloaded, so whatever needs a decision stays on the card as well.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from handlers.slack.agents import Spot
from handlers.slack.blocks import Block, section
from handlers.slack.text import fit
from prompts import say

log = structlog.get_logger(__name__)


class Background:
    """Work that goes on after an event was acknowledged. `settled` waits for it, `close` ends it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Starts work whose failure is logged and concerns nobody else."""
        task = asyncio.create_task(self._watched(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Returns when nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Cancels what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watched(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception:  # the last stop of a background task: it is logged here or nowhere
            log.exception("slack.background")


class Private:
    """Private messages to agents."""

    def __init__(self, client: AsyncWebClient, background: Background) -> None:
        self._client, self._background = client, background

    def line(self, spot: Spot, text: str) -> None:
        """One line of markup (already escaped) for the agent alone."""
        self.prompt(spot, text, [section(text)])

    def prompt(self, spot: Spot, text: str, blocks: list[Block]) -> None:
        """Blocks for the agent alone."""
        self._background.start(self._post(spot, text, blocks))

    def direct(self, user: str, text: str) -> None:
        """A direct message: for what cannot be said in the channel."""
        self._background.start(self._direct(user, text))

    def call(self, spot: Spot, user: str, text: str) -> None:
        """A direct message that leads a colleague to a thread."""
        self._background.start(self._call(spot, user, text))

    def react(self, spot: Spot, ts: str, name: str) -> None:
        """A reaction on an agent's message: what became of it, in plain sight."""
        self._background.start(self._react(spot, ts, name))

    def replace(self, response_url: str, text: str) -> None:
        """Puts a line in the place of a private prompt that was answered."""
        self._background.start(self._replace(response_url, text))

    async def _post(self, spot: Spot, text: str, blocks: list[Block]) -> None:
        try:
            await self._client.chat_postEphemeral(
                channel=spot.channel,
                user=spot.user,
                thread_ts=spot.thread_ts,
                text=fit(text, 300).strip() or say("slack.ask_sources"),
                blocks=blocks,
            )
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.private", error=repr(error))

    async def _direct(self, user: str, text: str) -> None:
        try:
            await self._client.chat_postMessage(channel=user, text=text, unfurl_links=False, unfurl_media=False)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.direct", error=repr(error))

    async def _call(self, spot: Spot, user: str, text: str) -> None:
        try:
            answer = await self._client.chat_getPermalink(channel=spot.channel, message_ts=spot.thread_ts)
        except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
            log.warning("slack.permalink", error=repr(error))
            return
        await self._direct(user, f"{text} {answer['permalink']}")

    async def _react(self, spot: Spot, ts: str, name: str) -> None:
        try:
            await self._client.reactions_add(channel=spot.channel, timestamp=ts, name=name)
        except SlackApiError as error:
            if error.response.get("error") != "already_reacted":
                log.info("slack.reaction", error=str(error.response.get("error")))
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("slack.reaction", error=repr(error))

    async def _replace(self, response_url: str, text: str) -> None:
        answer = AsyncWebhookClient(response_url)
        try:
            await answer.send(text=text, replace_original=True)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("slack.replace", error=repr(error))
