"""What the app needs to be allowed to do, and what a token lacks: for `helplens doctor`."""

from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.calls import error_code
from prompts import say

SCOPES = {
    "app_mentions:read": "to be asked by mention",
    "assistant:write": "suggested prompts and status lines in the Messages tab",
    "channels:history": "to hear replies in threads, and to find its own posts again",
    "channels:join": "to come back into a public channel that it was removed from",
    "channels:read": "to tell an archived channel from a missing one",
    "chat:write": "to post and edit cards, messages and streams",
    "chat:write.customize": "to post customers' words under the customer's name",
    "files:read": "to pass agents' files on to customers",
    "files:write": "to show customers' pictures",
    "groups:history": "the same in private channels",
    "groups:read": "the same in private channels",
    "im:history": "to be asked in the Messages tab",
    "reactions:write": "to mark what was sent, kept or held",
    "users:read": "to answer customers under the agent's own name and picture",
}
"""Bot scopes, each with what it is for."""
EVENTS = (
    "app_home_opened",
    "app_mention",
    "app_uninstalled",
    "channel_archive",
    "channel_left",
    "file_shared",
    "message.channels",
    "message.groups",
    "message.im",
    "tokens_revoked",
)
"""Bot events that the app subscribes to."""


@dataclass(frozen=True)
class Checked:
    """One thing that was checked: `remedy` is empty when all is well."""

    what: str
    detail: str
    remedy: str = ""


async def check(client: AsyncWebClient, channel: str, signing_secret: str, app_token: str) -> list[Checked]:
    """Token, every scope by name, the way in, and the channel. Changes nothing and posts nothing."""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return [Checked("Slack token", error_code(error), say("slack.doctor_token"))]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [Checked("Slack", f"{client.base_url}: {error!r}", say("slack.doctor_away"))]
    found = [Checked("Slack token", f"{answer['user']} in {answer['team']}")]
    held = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")}
    found += [
        Checked(f"Slack scope {scope}", f"missing: {purpose}", say("slack.doctor_scope", scope=scope))
        for scope, purpose in SCOPES.items()
        if scope not in held
    ]
    if not (signing_secret or app_token):
        found.append(Checked("Slack events", "no way in", say("slack.doctor_way_in")))
    elif app_token and not app_token.startswith("xapp-"):
        found.append(Checked("Slack events", "that is no app-level token", say("slack.doctor_way_in")))
    if "channels:read" in held:
        found.append(await _channel(client, channel))
    return found


async def _channel(client: AsyncWebClient, channel: str) -> Checked:
    try:
        info = (await client.conversations_info(channel=channel))["channel"]
    except SlackApiError as error:
        return Checked("Slack channel", f"{channel}: {error_code(error)}", say("slack.doctor_channel"))
    if info.get("is_archived"):
        return Checked("Slack channel", f"#{info['name']} is archived", say("slack.doctor_archived"))
    if not info.get("is_member"):
        return Checked("Slack channel", f"not in #{info['name']}", say("slack.doctor_invite", channel=info["name"]))
    return Checked("Slack channel", f"#{info['name']}")
