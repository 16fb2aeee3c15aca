"""`helplens doctor` names every scope that a token lacks, and the manifest asks for exactly what the code uses."""

from pathlib import Path

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.sandbox.faults import ALL_SCOPES
from handlers.slack.sandbox.server import BOT_TOKEN, SUPPORT, Sandbox
from handlers.slack.scopes import EVENTS, SCOPES, check

MANIFEST = Path(__file__).parents[2] / "deploy" / "slack-manifest.yaml"


async def test_all_is_well_in_a_workspace_that_is_set_up() -> None:
    async with Sandbox() as slack:
        found = await check(AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url), SUPPORT, "secret", "")
    assert [f.what for f in found] == ["Slack token", "Slack channel"]
    assert not any(f.remedy for f in found)


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_each_missing_scope_is_named(scope: str) -> None:
    async with Sandbox() as slack:
        slack.faults.scopes = ALL_SCOPES - {scope}
        found = await check(AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url), SUPPORT, "secret", "")
    wanting = [f for f in found if f.remedy]
    assert [f.what for f in wanting] == [f"Slack scope {scope}"]
    assert f"Add {scope}" in wanting[0].remedy


async def test_a_wrong_token_an_archived_channel_and_no_way_in_are_told_apart() -> None:
    async with Sandbox() as slack:
        wrong = await check(AsyncWebClient(token="xoxb-wrong", base_url=slack.api_url), SUPPORT, "", "")
        assert [f.detail for f in wrong] == ["invalid_auth"]
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        assert [f.what for f in await check(client, SUPPORT, "", "") if f.remedy] == ["Slack events"]
        slack.archive(SUPPORT)
        assert "archived" in (await check(client, SUPPORT, "secret", ""))[-1].detail
        assert (await check(client, "C0NONE", "secret", ""))[-1].detail == "C0NONE: channel_not_found"
    away = await check(AsyncWebClient(token=BOT_TOKEN, base_url="http://127.0.0.1:9/api/"), SUPPORT, "secret", "")
    assert [f.what for f in away] == ["Slack"]


def test_the_manifest_asks_for_what_the_code_uses() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text("utf-8"))
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES)
    assert sorted(manifest["settings"]["event_subscriptions"]["bot_events"]) == sorted(EVENTS)
    assert "agent_view" in manifest["features"]
    assert "assistant_view" not in manifest["features"]
