"""A Redis that accepts and says nothing: every call ends in time and in words, and afterwards everything goes on,
nothing lost, nothing doubled."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from client import assert_problem, opened
from redis.asyncio import Redis
from sse import Frame, connected, frames, read_until
from webserver import app_of, parts, serving

from bot.conversation import Answered, Conversation, Delta, Done, Event, Planned
from bot.screenshots.intake import Intake
from bot.state.client import CALL_S, connect
from bot.state.embedded import embedded
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker
from prompts import say

TEXT = "Open **Billing**, press **Update card** and pay again."
SLACK_S = 4.0
"""What a busy machine may take beyond a call's limit."""


async def slowly(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
    """A turn that takes a few seconds to say its words."""
    if not (messages := conversation.unanswered):
        return
    to = tuple(message.id for message in messages)
    yield Planned(turn=turn, to=to, plan="words", reason="")
    for offset, letter in enumerate(TEXT):
        yield Delta(turn=turn, offset=offset, text=letter)
        await asyncio.sleep(0.05)
    yield Answered(turn=turn, to=to, text=TEXT, answered=True, model="slow")
    yield Done(turn=turn)


@asynccontextmanager
async def silenced(redis: Redis) -> AsyncIterator[None]:
    """The server stands still while the block lasts: its sockets take what is sent, and nothing comes back."""
    process = int((await redis.info("server"))["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("seconds", [CALL_S + 4, pytest.param(35.0, marks=pytest.mark.proof)])
async def test_every_call_ends_in_words_and_the_turn_goes_on(tmp_path: Path, intake: Intake, seconds: float) -> None:
    async with embedded(tmp_path / "valkey") as url, Store(url) as store:
        redis, look = connect(url), Redis.from_url(url)
        async with (
            serving(app_of(parts(store, redis, tmp_path / "pictures", intake))) as address,
            httpx.AsyncClient(base_url=address, timeout=120, headers={"Accept-Language": "de"}) as http,
        ):
            worker = Worker(store, {"turn": Turns(slowly)})
            working = asyncio.create_task(worker.run(grace_s=0))
            path, headers = await opened(http)
            token = headers["Authorization"].removeprefix("Bearer ")
            first = await http.post(f"{path}/messages", json={"text": "my card"}, headers=headers | key("first"))
            async with connected(address, f"{path}/events", token) as reading:
                before = await read_until(reading, "delta")
                async with silenced(look):
                    silent_until = time.monotonic() + seconds
                    tried = await asyncio.gather(
                        *(timed(http, "POST", f"{path}/messages", headers | key(name), name) for name in ("a", "b")),
                        timed(http, "GET", path, headers),
                        timed(http, "GET", f"{path}/events", headers),
                        timed(http, "POST", "/api/v1/conversations", {}),
                        timed(http, "POST", f"{path}/handoff", headers | key("person")),
                        timed(http, "GET", "/readyz", {}),
                    )
                    for answer, took in tried[:-1]:
                        problem = assert_problem(answer, 503, "unavailable")
                        assert problem["detail"] in (say("web.unavailable", "de"), say("handoff.unconfirmed", "de"))
                        assert answer.headers["Retry-After"]
                        assert took < CALL_S + SLACK_S
                    assert (tried[-1][0].status_code, tried[-1][1] < CALL_S + SLACK_S) == (503, True)
                    await asyncio.sleep(silent_until - time.monotonic())
                # The customer's page sends again under the same keys, as after any such answer.
                answers = [
                    (await timed(http, "POST", f"{path}/messages", headers | key(name), name))[0] for name in ("a", "b")
                ]
                assert [answer.status_code for answer in answers] == [202, 202]
            seen = frames(before)
            while {"a", "b"} - {text for frame in seen if frame.event == "answered" for text in told(frame.data, seen)}:
                async with connected(address, f"{path}/events", token, last=seen[-1].id) as reading:
                    seen += frames(await read_until(reading, "done", 30))
            worker.stop()
            await working
        log = [event for _, event in await store.log(path.rpartition("/")[2])]
        await redis.aclose()
        await look.aclose()
    messages = [event.id for event in log if event and event.event == "message"]
    assert messages == [first.json()["message_id"], *(answer.json()["message_id"] for answer in answers)]
    assert [id_ for event in log if isinstance(event, Answered) for id_ in event.to] == messages
    turns = [event.turn for event in log if isinstance(event, Done)]
    assert turns == list(range(1, len(turns) + 1))
    for turn in turns:
        assert shown(seen, turn) == TEXT, "what the reader saw of it"


def key(name: str) -> dict[str, str]:
    return {"Idempotency-Key": name}


def told(answered: dict[str, object], seen: list[Frame]) -> list[str]:
    """The texts of the messages that were answered."""
    texts = {frame.data["id"]: frame.data["text"] for frame in seen if frame.event == "message"}
    return [texts[id_] for id_ in answered["to"]]


def shown(seen: list[Frame], turn: int) -> str:
    """A turn's words as they stood at its end."""
    words = ""
    for frame in seen:
        if frame.data.get("turn") == turn:
            if frame.event == "reset":
                words = ""
            if frame.event == "delta":
                assert frame.data["offset"] == len(words)
                words += frame.data["text"]
    return words


async def timed(
    http: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], text: str = ""
) -> tuple[httpx.Response, float]:
    """The answer, and the seconds until it came."""
    began = time.monotonic()
    answer = await http.request(method, path, headers=headers, json={"text": text} if text else None)
    return answer, time.monotonic() - began
