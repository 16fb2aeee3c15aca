"""Who and where: a Slack user as an agent of the desk, and a thread as its conversation.

Both are caches in this process. The truth is in Slack: the user's profile, and the metadata of the card.
"""

from collections import OrderedDict
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.helpdesk import Agent
from handlers.slack.clock import Clock

MOST = 20_000
FRESH = 3_600.0


@dataclass(frozen=True)
class Spot:
    """Where an agent did something: a thread, seen by a user, and the conversation that it shows."""

    channel: str
    thread_ts: str
    user: str
    conversation: str


class Agents:
    """Slack users as agents, by name and picture."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._known: dict[str, tuple[float, Agent]] = {}
        self._foreign: set[str] = set()
        self._team = ""
        self.bot_user = ""
        """The app's own user id; empty until `start` has asked for it."""

    async def start(self) -> None:
        """Asks Slack who the app is."""
        answer = await self._client.auth_test()
        self.bot_user, self._team = str(answer["user_id"]), str(answer["team_id"])

    async def foreign(self, user: str) -> bool:
        """Whether a user is from another company, through Slack Connect: no customer ever hears those."""
        await self.agent(user)
        return user in self._foreign

    async def agent(self, user: str, name: str = "") -> Agent:
        """The agent behind a user id; under `name` or the bare id when Slack will not tell, so that nothing waits."""
        known = self._known.get(user)
        if known is not None and self._clock.now() - known[0] < FRESH:
            return known[1]
        try:
            answer = await self._client.users_info(user=user)
        except (SlackApiError, aiohttp.ClientError, TimeoutError):
            return known[1] if known else Agent(id=f"slack:{user}", name=name or user)
        profile, team = answer["user"].get("profile", {}), answer["user"].get("team_id")
        if answer["user"].get("is_stranger") or (self._team and team and team != self._team):
            self._foreign.add(user)
        shown = profile.get("real_name") or answer["user"].get("real_name") or profile.get("display_name") or user
        agent = Agent(id=f"slack:{user}", name=str(shown), avatar=profile.get("image_72"))
        self._known[user] = (self._clock.now(), agent)
        return agent


class Threads:
    """Threads as conversations, by what their card says of itself."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def conversation(self, channel: str, thread_ts: str) -> str | None:
        """The conversation that a thread shows; None for a thread that is none of ours.

        Raises SlackApiError or aiohttp.ClientError when Slack cannot be asked: the event is then to be sent again.
        """
        where = (channel, thread_ts)
        if where in self._known:
            self._known.move_to_end(where)
            return self._known[where] or None
        found = await self._ask(channel, thread_ts)
        self._known[where] = found
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return found or None

    async def _ask(self, channel: str, thread_ts: str) -> str:
        try:
            answer = await self._client.conversations_replies(
                channel=channel, ts=thread_ts, limit=200, include_all_metadata=True
            )
        except SlackApiError as error:
            if error.response.get("error") in ("thread_not_found", "channel_not_found", "not_in_channel"):
                return ""
            raise
        # The card itself; when it was deleted, any post of ours in what is left of its thread.
        for message in answer["messages"]:
            payload = message.get("metadata", {}).get("event_payload", {})
            if message.get("bot_id") and "conversation" in payload:
                return str(payload["conversation"])
        return ""
