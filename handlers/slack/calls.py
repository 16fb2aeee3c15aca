"""Calls to Slack in their turn: paced, patient with 429, and with one meaning for each way in which Slack says no.

Not here: what is said. Whoever calls catches `Later` (run again) and `ThreadGone` (open a new thread).
"""

from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.slack.clock import Clock
from handlers.slack.pacer import Pacer, Rank, Slots

Send = Callable[[], Awaitable[AsyncSlackResponse]]
UPDATES = "chat.update"
UPDATE_INTERVAL = 1.2
"""Seconds between two edits in the whole workspace: Slack takes about fifty a minute."""
PATIENCE = 15.0
"""Seconds of `Retry-After` that are waited out on the spot; longer ones give the conversation back meanwhile."""
OUTAGE = 10.0
SHUT = 60.0
GONE = frozenset({"thread_not_found", "message_not_found", "file_not_found"})
CONTENT = frozenset({"invalid_blocks", "msg_blocks_too_long", "msg_too_long", "no_text", "invalid_arguments"})
NO_ENTRY = frozenset(
    {"is_archived", "channel_not_found", "restricted_action", "account_inactive", "token_revoked", "missing_scope"}
)
log = structlog.get_logger(__name__)


class Later(Exception):
    """Slack cannot be reached or refuses for now: try again in `seconds`. `shut`: the channel takes no posts at all."""

    def __init__(self, seconds: float, reason: str, shut: str = "") -> None:
        super().__init__(reason)
        self.seconds, self.reason, self.shut = seconds, reason, shut


class ThreadGone(Exception):
    """The card or the thread was deleted: the conversation needs a new one."""


class Unshowable(Exception):
    """Slack will never take this content, however often it is sent."""


class Calls:
    """One for a process: all of its posts and edits stand in the same lines."""

    def __init__(self, client: AsyncWebClient, clock: Clock, slots: Slots) -> None:
        self._client, self._clock = client, clock
        self._posts = Pacer(clock, slots)
        self._updates = Pacer(clock, slots, UPDATE_INTERVAL)

    async def post(self, channel: str, rank: Rank, send: Send) -> AsyncSlackResponse:
        """A post in a channel, at most one a second, by rank."""
        return await self._patiently(self._posts, channel, channel, rank, send)

    async def update(self, channel: str, rank: Rank, send: Send) -> AsyncSlackResponse:
        """An edit of a message."""
        return await self._patiently(self._updates, UPDATES, channel, rank, send)

    async def read(self, channel: str, send: Send) -> AsyncSlackResponse:
        """A call that shows nothing to anybody, at once."""
        return await self._patiently(None, "", channel, Rank.CARD, send)

    async def _patiently(
        self, pacer: Pacer | None, line: str, channel: str, rank: Rank, send: Send
    ) -> AsyncSlackResponse:
        for _ in range(5):
            try:
                if pacer is None:
                    return await send()
                async with pacer.turn(line, rank):
                    return await send()
            except SlackApiError as error:
                wait = retry_after(error)
                if wait is None:
                    raise await self._meaning(error, channel) from error
                if pacer is not None:
                    await pacer.hold(line, wait)
                if wait > PATIENCE:
                    raise Later(wait, "ratelimited") from error
                if pacer is None:
                    await self._clock.sleep(wait)
            except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError) as error:
                raise Later(OUTAGE, repr(error)) from error
        raise Later(OUTAGE, "ratelimited")

    async def _meaning(self, error: SlackApiError, channel: str) -> Exception:
        code = error_code(error)
        if code in GONE:
            return ThreadGone(code)
        if code == "not_in_channel" and await self._join(channel):
            return Later(0.0, "joined the channel again")
        if code in NO_ENTRY or code == "not_in_channel":
            log.error("slack.shut_out", channel=channel, reason=code)
            return Later(SHUT, code, shut=code)
        if code in CONTENT:
            return Unshowable(f"{code}: {error.response.data}")
        return Later(OUTAGE, code)

    async def _join(self, channel: str) -> bool:
        """Goes back into a public channel that somebody removed the app from."""
        try:
            await self._client.conversations_join(channel=channel)
        except SlackApiError:
            return False
        return True


def retry_after(error: SlackApiError) -> float | None:
    """Seconds that Slack asks to wait, None when it is not about that."""
    if error.response.status_code != 429:
        return None
    return max(1.0, float(error.response.headers.get("Retry-After", 1)))


def error_code(error: SlackApiError) -> str:
    """Slack's own word for what went wrong."""
    data = error.response.data
    return str(data.get("error")) if isinstance(data, dict) else f"http_{error.response.status_code}"
