"""The model server as its callers see it: OpenAI's wire, tools, refusals, readers who leave, and its own sudden end."""

import asyncio
import base64
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import orjson
import pytest
from structlog.testing import capture_logs

from bot.answering.brief import Answer
from bot.answering.fallback import Ladder
from bot.answering.rungs import open_rungs
from tests.answering_parts import brief, parts

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from bot.answering.vlm.engine import Engine  # noqa: E402
from bot.answering.vlm.request import Request  # noqa: E402
from tests.tiny_models import build, reciting  # noqa: E402
from tests.vlm_parts import CALLING, SEARCH, THEN, asking, data_url, drawing, said, serving, wire  # noqa: E402

RIGHT = ["Open **Members**", ", press **Invite** [1].", " Done."]


@pytest.fixture(scope="module")
def random(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a random model."""
    return str(build("qwen2_5_vl", tmp_path_factory.mktemp("random")))


@pytest.fixture(scope="module")
def engine(random: str) -> Iterator[Engine]:
    """It runs."""
    with Engine.load(random, device="cpu", rows=6, waiting=6) as running:
        yield running


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A model that first calls a tool and then answers."""
    with Engine.load(str(reciting(tmp_path_factory.mktemp("caller"), CALLING, THEN)), device="cpu") as running:
        yield running


def words(text: str = "Hello") -> list[dict[str, Any]]:
    """A message without a picture."""
    return [{"role": "user", "content": text}]


async def posted(url: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of one completion."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{url}/v1/chat/completions", json={"model": "tiny-vl", "messages": words(), **body}) as response,
    ):
        return response.status, await response.json()


async def streamed(url: str, **body: Any) -> list[dict[str, Any]]:
    """The events of one completion."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{url}/v1/chat/completions", json={"model": "tiny-vl", "messages": words(), "stream": True, **body}
        ) as response,
    ):
        assert response.status == 200
        lines = [line[6:] for line in (await response.read()).split(b"\n\n") if line]
    assert lines.pop() == b"[DONE]"
    return [orjson.loads(line) for line in lines]


async def test_the_server_streams_what_the_engine_says(engine: Engine) -> None:
    expected = await said(engine, asking(1))
    async with serving(engine) as url, aiohttp.ClientSession() as http:
        body = {"messages": wire(data_url(drawing(1))), "max_tokens": 16}
        _, whole = await posted(url, **body)
        assert whole["choices"][0]["message"]["content"] == expected
        assert whole["choices"][0]["finish_reason"] == "length"
        events = await streamed(url, **body, stream_options={"include_usage": True})
        assert events.pop()["usage"] == whole["usage"]
        assert whole["usage"]["completion_tokens"] == 16
        assert "".join(e["choices"][0]["delta"]["content"] for e in events) == expected
        async with http.get(f"{url}/v1/models") as response:
            assert (await response.json())["data"][0]["id"] == "tiny-vl"
        async with http.get(f"{url}/metrics") as response:
            counted = await response.text()
        assert re.search(r"^helplens_model_prefix_tokens [1-9]", counted, re.M)
        assert "helplens_model_waiting 0.0" in counted


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"n": 2}, "n:"),
        ({"logprobs": "yes"}, "logprobs:"),
        ({"logprobs": True, "top_logprobs": 3}, "top_logprobs:"),
        ({"presence_penalty": 0.5}, "presence_penalty:"),
        ({"response_format": {"type": "json_object"}}, "response_format:"),
        ({"best_of": 3}, "best_of:"),
        ({"temperature": 3}, "temperature:"),
        ({"temperature": "hot"}, "temperature:"),
        ({"top_p": -1}, "top_p:"),
        ({"seed": 1.5}, "seed:"),
        ({"max_tokens": 0}, "max_tokens:"),
        ({"max_tokens": 100_000}, "do not fit"),
        ({"stop": [""]}, "stop:"),
        ({"stop": list("abcde")}, "stop:"),
        ({"tools": [{"type": "function"}]}, "tools:"),
        ({"tools": [SEARCH]}, "chat template"),
        ({"tools": [SEARCH], "tool_choice": "required"}, "tool_choice:"),
        ({"messages": []}, "messages:"),
        ({"messages": [{"role": "robot", "content": "?"}]}, "role:"),
        ({"messages": [{"role": "tool", "content": "found", "tool_call_id": "1"}]}, None),
        ({"messages": wire("http://127.0.0.1:1/a.png")}, "image_url:"),
        ({"messages": wire("file:///etc/passwd")}, "image_url:"),
        ({"messages": wire("data:image/png;base64,AAAA")}, "picture"),
        ({"messages": wire("data:image/png;base64,???")}, "picture"),
        ({"messages": wire("data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode())}, "picture"),
        ({"messages": wire(data_url(drawing(1))[:-200] + "A" * 120)}, "picture"),
        ({"messages": wire(data_url(drawing(1)))[:1] * 9}, "pictures"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_its_name(
    engine: Engine, body: dict[str, Any], named: str | None
) -> None:
    async with serving(engine) as url:
        status, said_ = await posted(url, **body)
    if named is None:  # this template writes any role
        assert status == 200
        return
    assert status == 400
    assert named in said_["error"]["message"]
    assert not engine.open


async def test_how_likely_each_token_was_is_told_where_it_is_asked(engine: Engine) -> None:
    async with serving(engine) as url:
        (_, whole), events, (_, unasked) = await asyncio.gather(
            posted(url, max_tokens=24, logprobs=True),
            streamed(url, max_tokens=24, logprobs=True),
            posted(url, max_tokens=24),
        )
    told = whole["choices"][0]["logprobs"]["content"]
    assert len(told) == whole["usage"]["completion_tokens"] == 24
    assert all(token["logprob"] <= 0 and isinstance(token["token"], str) for token in told)
    pieces = [token for event in events for token in event["choices"][0].get("logprobs", {}).get("content", ())]
    assert [token["logprob"] for token in pieces] == pytest.approx([token["logprob"] for token in told], abs=1e-3)
    assert "logprobs" not in unasked["choices"][0]


@pytest.mark.parametrize(("sharpened", "model"), [(30, "tiny-vl"), (0.5, "extractive")])
async def test_it_can_be_the_small_model_that_is_asked_first(
    sharpened: float, model: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its words stand where it held them likely; where not, the next one answers. By its own server, end to end."""
    folder = reciting(tmp_path_factory.mktemp("small"), RIGHT, RIGHT)
    with Engine.load(str(folder), device="cpu") as small:
        small.model.lm_head.weight.data *= sharpened
        async with (
            serving(small) as url,
            open_rungs([f"openai:tiny-vl@{url}/v1 small=yes", "extractive"], parts()) as two,
        ):
            answer = [item async for item in Ladder(two).answer(brief())][-1]
        assert small.schedule.tokens, "it was asked"
    assert isinstance(answer, Answer)
    assert model in answer.model
    assert answer.certainty == (pytest.approx(1, abs=0.01) if sharpened > 1 else None)


async def test_chance_over_the_wire_is_repeatable_by_its_seed(engine: Engine) -> None:
    async with serving(engine) as url:

        async def text(**body: Any) -> str:
            _, answer = await posted(url, max_tokens=20, **body)
            return str(answer["choices"][0]["message"]["content"])

        wild = {"temperature": 1.2, "top_p": 0.95}
        plain, one, again, other = [
            await text(**body) for body in ({}, wild | {"seed": 5}, wild | {"seed": 5}, wild | {"seed": 6})
        ]
    assert one == again
    assert len({plain, one, other}) == 3


async def test_a_stop_text_ends_the_answer_before_it_and_frees_its_row(caller: Engine) -> None:
    async with serving(caller) as url:
        _, whole = await posted(url, stop=["look. Never", "me lo", "zzz"])
        assert whole["choices"][0]["message"]["content"] == "Let "
        assert whole["choices"][0]["finish_reason"] == "stop"
        events = await streamed(url, stop="<tool")
        assert "".join(e["choices"][0]["delta"].get("content", "") for e in events) == "Let me look."
        await gone(caller)


async def test_tools_are_called_in_openais_words(caller: Engine) -> None:
    async with serving(caller) as url:
        _, whole = await posted(url, tools=[SEARCH])
        message = whole["choices"][0]["message"]
        assert message["content"] == "Let me look."
        assert whole["choices"][0]["finish_reason"] == "tool_calls"
        assert message["tool_calls"][0]["function"] == {"name": "search_help", "arguments": '{"query": "invite"}'}
        events = await streamed(url, tools=[SEARCH])
        deltas = [event["choices"][0]["delta"] for event in events]
        assert "".join(delta.get("content") or "" for delta in deltas) == "Let me look."
        (call,) = deltas[-1]["tool_calls"]
        assert call["function"] == message["tool_calls"][0]["function"]
        replied = [*words(), message, {"role": "tool", "tool_call_id": call["id"], "content": "Passage [2]."}]
        _, answer = await posted(url, tools=[SEARCH], messages=replied)
        assert answer["choices"][0]["message"]["content"] == "".join(THEN)
        assert "tool_calls" not in answer["choices"][0]["message"]
        _, without = await posted(url, tools=[SEARCH], tool_choice="none")
        assert "tool_calls" not in without["choices"][0]["message"]


async def test_what_a_model_thinks_aloud_is_for_nobody(tmp_path_factory: pytest.TempPathFactory) -> None:
    thoughts = ["Is it a bug? Stop.", "</th", "ink>", " ", "Open", " it."]
    folder = reciting(tmp_path_factory.mktemp("think"), thoughts, ["."], thinks=True)
    with Engine.load(str(folder), device="cpu") as engine:
        async with serving(engine) as url:
            events = await streamed(url, stop="Stop")
            assert "".join(event["choices"][0]["delta"]["content"] for event in events) == "Open it."
            _, cut = await posted(url, max_tokens=2)
            assert cut["choices"][0]["message"]["content"] == ""


async def test_calls_in_tags_are_read_by_the_kinds_that_the_tool_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    written = "\n<function=look_closer>\n<parameter=picture>\n1\n</parameter>\n<parameter=region>\ntop\n{}"
    tags = written.format("left, 2\n</parameter>\n</function>\n")
    folder = reciting(tmp_path_factory.mktemp("tags"), ["<tool_call>", tags, "</tool_call>"], ["Done."])
    kinds = {"type": "object", "properties": {"picture": {"type": "integer"}, "region": {"type": "string"}}}
    look = {"type": "function", "function": {"name": "look_closer", "parameters": kinds}}
    with Engine.load(str(folder), device="cpu") as engine:
        async with serving(engine) as url:
            _, answer = await posted(url, tools=[look])
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "look_closer"
    assert orjson.loads(call["function"]["arguments"]) == {"picture": 1, "region": "top\nleft, 2"}


async def test_a_call_that_cannot_be_read_fails_the_answer_and_one_cut_short_is_no_call(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = reciting(tmp_path_factory.mktemp("bad"), ["<tool_call>", '{"name": "search', "</tool_call>"], ["Done."])
    with Engine.load(str(folder), device="cpu") as engine:
        async with serving(engine) as url:
            status, answer = await posted(url, tools=[SEARCH])
            assert status == 500
            assert "cannot be read" in answer["error"]["message"]
            _, cut = await posted(url, tools=[SEARCH], max_tokens=2)
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["choices"][0]["message"] == {"role": "assistant", "content": ""}


async def test_a_full_server_says_when_to_come_back(engine: Engine) -> None:
    refused = threading.Event()

    def waits(*_: Any) -> None:
        refused.wait(60)

    async with serving(engine) as url, aiohttp.ClientSession() as http:

        async def post() -> tuple[int, str]:
            body = {"model": "tiny-vl", "messages": words(), "max_tokens": 64}
            async with http.post(f"{url}/v1/chat/completions", json=body) as response:
                await response.read()
                return response.status, response.headers.get("Retry-After", "")

        handle = engine.model.lm_head.register_forward_pre_hook(waits)
        posts = [asyncio.ensure_future(post()) for _ in range(20)]
        await until(lambda: sum(one.done() for one in posts) == 8)  # nobody is answered before all have asked
        handle.remove()
        refused.set()
        answers = await asyncio.gather(*posts)
    assert [status for status, _ in answers].count(200) == 12
    assert all(1 <= int(wait) <= 30 for status, wait in answers if status == 429)


async def test_a_reader_who_leaves_frees_a_row_whether_it_streams_or_waits(engine: Engine) -> None:
    async with serving(engine) as url, aiohttp.ClientSession() as http:
        body = {"model": "tiny-vl", "messages": words(), "max_tokens": 4000}
        async with http.post(f"{url}/v1/chat/completions", json=body | {"stream": True}) as response:
            await response.content.readany()
            assert engine.open == 1
        await gone(engine)
        waiting = asyncio.create_task(http.post(f"{url}/v1/chat/completions", json=body))
        await until(lambda: bool(engine.running))
        waiting.cancel()
        await gone(engine)


async def gone(engine: Engine) -> None:
    """Waits until nobody is being answered."""
    await until(lambda: not engine.open and not engine.running)


async def until(true: Callable[[], bool]) -> None:
    """Waits until it is; 30 s at most."""
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was")


async def test_health_is_progress(random: str) -> None:
    stuck = asyncio.Event()
    loop = asyncio.get_running_loop()
    with Engine.load(random, device="cpu", stall=0.3) as engine:
        release = threading.Event()

        def hangs(*_: Any) -> None:
            loop.call_soon_threadsafe(stuck.set)
            release.wait(30)

        handle = engine.model.lm_head.register_forward_pre_hook(hangs)
        async with serving(engine) as url, aiohttp.ClientSession() as http:

            async def health() -> int:
                async with http.get(f"{url}/health") as response:
                    return response.status

            assert await health() == 200
            waiting = asyncio.create_task(said(engine, asking(1), 4))
            await stuck.wait()
            await asyncio.sleep(0.4)
            assert await health() == 503
            handle.remove()
            release.set()
            await waiting
            assert await health() == 200


async def test_what_a_model_raises_ends_this_answer_and_no_other(random: str) -> None:
    with Engine.load(random, device="cpu") as engine:

        def fails(_: Any, args: tuple[Any, ...]) -> None:
            if args and args[0].shape[-2] == 1:
                raise RuntimeError("a broken layer")

        async with serving(engine) as url:
            handle = engine.model.lm_head.register_forward_pre_hook(fails)
            with capture_logs() as logs:
                status, answer = await posted(url, max_tokens=8, messages=words("My card is 4111 1111 1111 1111"))
            assert "a broken layer" in repr(logs)
            assert "4111" not in repr(logs)
            handle.remove()
            assert (status, answer["error"]["message"]) == (500, "RuntimeError: a broken layer")
            status, _ = await posted(url, max_tokens=8)
            assert status == 200
            async with aiohttp.ClientSession() as http, http.get(f"{url}/health") as response:
                assert response.status == 200


async def test_asking_while_the_thread_has_ended_is_an_error_and_no_wait(random: str) -> None:
    from bot.answering.vlm.request import Broken

    engine = Engine.load(random, device="cpu")
    with engine:
        assert await said(engine, words("Hi"), 4) is not None
    assert not engine.well
    with pytest.raises(Broken):
        await anext(engine.answer(Request(words("Hi"), 4)))
