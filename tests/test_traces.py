"""Traces are an exit like any other: nothing leaves unasked, secrets and pictures never."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.answering.brief import Answer
from bot.answering.fallback import Ladder
from bot.answering.rungs import exits, open_rungs
from bot.answering.tracing import open_traces, trace_exit
from tests.answering_parts import SECRETS, brief, look, parts, picture
from tests.relay import Tap, tapped
from tests.stand_in import StandIn, stand_in

QUESTION = f"Why does my export fail? I am {SECRETS[0]}, card {SECRETS[1]}"


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[Tap, StandIn]]:
    """A collector, the tap before it, and a model."""
    async with (
        stand_in(pause=0) as server,
        stand_in() as collecting,
        tapped("127.0.0.1", int(collecting.url.split(":")[2].split("/")[0])) as tap,
    ):
        yield tap, server


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What an owner may have set for something else, and what makes traces readable on the wire."""
    set_ = {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": "k", "LANGSMITH_DISABLE_RUN_COMPRESSION": "true"}
    for name, value in set_.items():
        monkeypatch.setenv(name, value)
    return set_


async def test_the_environment_alone_switches_on_nothing(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with collector() as (tap, server):
        monkeypatch.setenv("LANGSMITH_ENDPOINT", f"http://127.0.0.1:{tap.port}")
        async with open_rungs([f"openai:qwen-vl@{server.url}"], parts(environment=environment)) as rungs:
            [_ async for _ in Ladder(rungs).answer(brief(QUESTION))]
        assert server.asked
        assert not tap.sent


@pytest.mark.parametrize("kind", ["langsmith", "otlp"])
async def test_words_leave_redacted_and_pictures_never(kind: str, environment: dict[str, str]) -> None:
    """Even to a collector of our own, which `127.0.0.1` is."""
    seen = look(SECRETS[2])
    async with collector() as (tap, server):
        more = {"environment": environment, "traces": f"{kind}:http://127.0.0.1:{tap.port}"}
        unsure = brief().ranking.model_copy(update={"confidence": 0.2})
        async with open_rungs([f"openai:qwen-vl@{server.url}"], parts(seen, **more)) as rungs:
            items = [item async for item in Ladder(rungs).answer(brief(QUESTION, [seen], ranking=unsure))]
        assert isinstance(items[-1], Answer)
        assert items[-1].answered
        shown = [block for block in server.asked[0]["messages"][-1]["content"] if block["type"] == "image_url"]
    assert shown, "the model saw no picture, so nothing is proved"
    sent = bytes(tap.sent)
    assert b"Why does my export fail?" in sent
    assert b"Try again" in sent, "what the model said is traced too"
    assert not [secret for secret in SECRETS if secret.encode() in sent]
    pixels = shown[0]["image_url"]["url"].partition("base64,")[2]
    assert pixels[2000:2100].encode() not in sent
    assert base64.b64decode(pixels)[2000:2060] not in sent
    assert picture(seen.screen)[500:560] not in sent


@pytest.mark.parametrize("kind", ["langsmith", "otlp"])
async def test_what_a_server_says_as_it_fails_is_redacted_too(kind: str, environment: dict[str, str]) -> None:
    """Some put the question back into the error."""
    async with collector() as (tap, server):
        more = {"environment": environment, "traces": f"{kind}:http://127.0.0.1:{tap.port}"}
        server.refusal = f"no such user: {SECRETS[0]}"
        async with open_rungs([f"openai:error@{server.url}"], parts(**more)) as rungs:
            [_ async for _ in Ladder(rungs).answer(brief("Why?"))]
    assert b"no such user" in tap.sent
    assert SECRETS[0].encode() not in tap.sent


async def test_a_receiver_that_is_not_ours_gets_nothing_unless_the_owner_says_so() -> None:
    where = "otlp:https://collector.example:4318"
    assert trace_exit(where).form == ("never", "never")
    assert trace_exit(where, text=True).form == ("redacted", "never")
    assert trace_exit(where, own_hosts=["collector.example"]).form == ("redacted", "never")
    async with open_traces(where) as traces:
        assert traces is None
    assert [one.name for one in exits(["extractive"], traces="langsmith")] == ["LangSmith"]


@pytest.mark.parametrize("where", ["smith", "otlp:", "otlp:collector:4318", "jaeger:http://x"])
async def test_a_receiver_that_makes_no_sense_is_a_clear_error(where: str) -> None:
    with pytest.raises(ValueError, match="traces go to"):
        trace_exit(where)
