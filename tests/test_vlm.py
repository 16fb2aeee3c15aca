"""A vision-language model of our own: many answers at once are the same as one by one, and nobody disturbs another."""

import asyncio
import base64
import io
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from PIL import Image, ImageDraw

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from bot.answering.brief import Answer, Words  # noqa: E402
from bot.answering.fallback import Ladder, Limits  # noqa: E402
from bot.answering.rungs import open_rungs  # noqa: E402
from bot.answering.vlm.engine import Engine  # noqa: E402
from bot.answering.vlm.inputs import Inputs, together  # noqa: E402
from bot.answering.vlm.int8 import losses, quantized  # noqa: E402
from bot.answering.vlm.request import Full, Request  # noqa: E402
from bot.answering.vlm.server import ModelServer  # noqa: E402
from bot.answering.vlm.weights import load  # noqa: E402
from tests.answering_parts import brief, look, parts  # noqa: E402
from tests.tiny_models import KINDS, build  # noqa: E402

TIE = 1e-4
"""Two tokens nearer to each other than this may change places with the order of a sum."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One folder of each kind of model."""
    return {kind: str(build(kind, tmp_path_factory.mktemp(kind))) for kind in KINDS}


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest, folders: dict[str, str]) -> Iterator[Engine]:
    """A running engine of each kind."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with Engine.load(folders[request.param], device="cpu", rows=6, waiting=6) as running:
        yield running
    torch.set_num_threads(threads)


def drawing(number: int) -> Image.Image:
    """A small screen, different for each number and not of one size."""
    image = Image.new("RGB", (140 + 28 * (number % 3), 112), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10 * number, 10, 60 + 10 * number, 50), fill=(200, 37 * number % 255, 90))
    draw.text((10, 70), f"Error {number}", fill="black")
    return image


def asking(number: int, words: str = "What is wrong?", picture: bool = True) -> list[dict[str, Any]]:
    """A question with a picture."""
    shown = [{"type": "image", "image": drawing(number)}] if picture else []
    return [{"role": "user", "content": [*shown, {"type": "text", "text": words}]}]


async def said(engine: Engine, messages: list[dict[str, Any]], most: int = 16, wait: float = 0.0) -> str:
    """The whole answer."""
    await asyncio.sleep(wait)
    return "".join([piece.text async for piece in engine.answer(Request(messages, most))])


def by_transformers(engine: Engine, messages: list[dict[str, Any]], most: int = 16) -> tuple[list[int], list[float]]:
    """What `generate` writes for the same prompt alone, and how far ahead of the second best each token was."""
    prompt = engine.inputs.prompt(messages)
    pixels = together(prompt.pictures) if prompt.pictures else {}
    kinds = {"mm_token_type_ids": prompt.kinds} if "image_grid_thw" in pixels else {}
    out = engine.model.generate(
        input_ids=prompt.ids,
        attention_mask=torch.ones_like(prompt.ids),
        **pixels,
        **kinds,
        max_new_tokens=most,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    best = [logits[0].topk(2).values for logits in out.logits]
    return out.sequences[0, prompt.ids.shape[1] :].tolist(), [float(two[0] - two[1]) for two in best]


async def test_many_at_once_say_what_transformers_says_one_by_one(engine: Engine) -> None:
    questions = [asking(n, f"What is wrong{'?' * n}", picture=n != 3) for n in range(5)]
    expected = [await asyncio.to_thread(by_transformers, engine, question) for question in questions]
    answers = await asyncio.gather(*(said(engine, q, wait=0.01 * n) for n, q in enumerate(questions)))
    for text, (ids, margins) in zip(answers, expected, strict=True):
        certain = next((n for n, margin in enumerate(margins) if margin < TIE), len(ids))
        alone = engine.inputs.tokenizer.decode(ids[:certain], skip_special_tokens=True).rstrip("\ufffd")
        assert text.startswith(alone)
        assert certain > 2


async def test_who_comes_late_or_leaves_changes_nobody_elses_words(engine: Engine) -> None:
    alone = [await said(engine, asking(n), 24) for n in range(3)]

    async def leaves(number: int) -> None:
        pieces = engine.answer(Request(asking(number), 24))
        async for piece in pieces:
            if piece.tokens >= 3:
                break
        await pieces.aclose()

    staying = [said(engine, asking(n), 24, wait=0.015 * n) for n in range(3)]
    together_, *_ = await asyncio.gather(asyncio.gather(*staying), leaves(4), leaves(5))
    assert list(together_) == alone
    for _ in range(100):
        if not engine.open and not engine.running:
            break
        await asyncio.sleep(0.02)
    assert engine.open == 0
    assert not engine.running


async def test_the_same_question_asked_by_many_is_told_apart(engine: Engine) -> None:
    whole = await said(engine, asking(7), 24)
    lengths = (24, 9, 24, 5, 14, 24)
    answers = await asyncio.gather(*(said(engine, asking(7), most) for most in lengths))
    for most, answer in zip(lengths, answers, strict=True):
        assert whole.startswith(answer.rstrip("\ufffd"))
        assert (answer == whole) == (most == 24)
    assert await said(engine, asking(7), 24) == whole


async def test_a_picture_is_encoded_once_and_never_taken_for_another(engine: Engine) -> None:
    before = engine.schedule.encodings.made
    first, second = await asyncio.gather(said(engine, asking(20, "Same")), said(engine, asking(21, "Same")))
    assert engine.schedule.encodings.made == before + 2
    assert await said(engine, asking(20, "Same")) == first
    assert await said(engine, asking(21, "Same")) == second
    assert engine.schedule.encodings.made == before + 2


async def test_too_many_are_refused_at_once(engine: Engine) -> None:
    results = await asyncio.gather(
        *(said(engine, asking(n, picture=False), 8) for n in range(20)), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, Full)]
    assert len(refused) == 8
    assert len([r for r in results if isinstance(r, str)]) == 12


async def test_what_people_write_cannot_forge_a_turn_or_a_picture(engine: Engine) -> None:
    tokenizer = engine.inputs.tokenizer
    forged = "".join(tokenizer.all_special_tokens)
    honest = engine.inputs.prompt(asking(1, "Hello"))
    evil = engine.inputs.prompt(asking(1, f"Hello{forged}"))
    special = set(tokenizer.all_special_ids)
    assert [i for i in evil.ids[0].tolist() if i in special] == [i for i in honest.ids[0].tolist() if i in special]


def test_int8_takes_the_language_part_and_nothing_else_and_says_what_it_costs(folders: dict[str, str]) -> None:
    model = load(folders["qwen3_vl"], device="cpu")
    inputs = Inputs.load(folders["qwen3_vl"], model.config)
    prompts = [inputs.prompt(asking(n, f"Question {n}: why?", picture=False)).ids for n in range(4)]
    table = list(losses(model, prompts))
    assert table[-1].part == "all"
    assert {"q_proj", "down_proj"} <= {loss.part for loss in table}
    assert all(0 < loss.weight_error < 0.02 for loss in table)
    assert table[-1].same_choice > 0.9
    before = {name: p.dtype for name, p in model.named_parameters()}
    saved = quantized(model)
    after = {name for name, _ in model.named_parameters()}
    gone = set(before) - after
    assert gone
    assert all(".language_model." in name and name.endswith("_proj.weight") for name in gone)
    assert saved > 0


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[str]:
    """The model server on loopback."""
    runner = web.AppRunner(ModelServer(engine, "tiny-vl").app(), handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def data_url(image: Image.Image) -> str:
    """The picture as a data URL."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def wire(url: str) -> list[dict[str, Any]]:
    """Messages as OpenAI's clients send them."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [picture, {"type": "text", "text": "What is wrong?"}]}]


async def test_the_server_streams_what_the_engine_says_and_fetches_no_address(engine: Engine) -> None:
    expected = await said(engine, asking(1))
    async with serving(engine) as url, aiohttp.ClientSession() as http:
        body = {"model": "tiny-vl", "messages": wire(data_url(drawing(1))), "max_tokens": 16}
        async with http.post(f"{url}/v1/chat/completions", json=body) as response:
            whole = await response.json()
        assert whole["choices"][0]["message"]["content"] == expected
        async with http.post(f"{url}/v1/chat/completions", json={**body, "stream": True}) as response:
            lines = [line[6:] for line in (await response.read()).split(b"\n\n") if line]
        assert lines.pop() == b"[DONE]"
        events = [orjson.loads(line) for line in lines]
        assert "".join(e["choices"][0]["delta"]["content"] for e in events) == expected
        for bad in ("http://127.0.0.1:1/a.png", "file:///etc/passwd", "data:image/png;base64,AAAA"):
            async with http.post(f"{url}/v1/chat/completions", json={**body, "messages": wire(bad)}) as response:
                assert response.status == 400
        async with http.get(f"{url}/v1/models") as response:
            assert (await response.json())["data"][0]["id"] == "tiny-vl"
        async with http.get(f"{url}/metrics") as response:
            assert "helplens_model_tokens" in await response.text()


async def test_a_full_server_says_when_to_come_back(engine: Engine) -> None:
    async with serving(engine) as url, aiohttp.ClientSession() as http:

        async def post() -> tuple[int, str | None]:
            body = {"model": "tiny-vl", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 64}
            async with http.post(f"{url}/v1/chat/completions", json=body) as response:
                await response.read()
                return response.status, response.headers.get("Retry-After")

        answers = await asyncio.gather(*(post() for _ in range(20)))
    assert answers.count((200, None)) == 12
    assert answers.count((429, "2")) == 8


async def test_health_is_progress(folders: dict[str, str]) -> None:
    stuck = asyncio.Event()
    loop = asyncio.get_running_loop()
    with Engine.load(folders["qwen3_vl"], device="cpu", stall=0.3) as engine:
        release = threading.Event()

        def hangs(*_: Any) -> None:
            loop.call_soon_threadsafe(stuck.set)
            release.wait(5)

        handle = engine.model.lm_head.register_forward_pre_hook(hangs)
        async with serving(engine) as url, aiohttp.ClientSession() as http:
            async with http.get(f"{url}/health") as response:
                assert response.status == 200
            waiting = asyncio.create_task(said(engine, asking(1), 4))
            await stuck.wait()
            await asyncio.sleep(0.4)
            async with http.get(f"{url}/health") as response:
                assert response.status == 503
            handle.remove()
            release.set()
            await waiting
            async with http.get(f"{url}/health") as response:
                assert response.status == 200


async def test_a_tiny_model_answers_through_the_whole_path_in_process_and_behind_a_url(folders: dict[str, str]) -> None:
    page = look(outcome="partly", width=280, height=196)
    limits = Limits(first_word_with_picture=30, whole=60)
    with Engine.load(folders["qwen2_5_vl"], device="cpu") as engine:
        async with serving(engine) as url:
            for name in (
                f"vlm:{folders['qwen2_5_vl']} tokens=24",
                f"openai:tiny-vl@{url}/v1 tokens=24 sight=pixels tools=no",
            ):
                async with open_rungs([name], parts(page)) as rungs:
                    items = [item async for item in Ladder(rungs, limits).answer(brief(looks=[page]))]
                assert isinstance(items[-1], Answer)
                assert items[-1].model == name.split()[0]
                assert any(isinstance(item, Words) for item in items)
        assert engine.schedule.encodings.made == 1


async def test_the_command_serves_a_folder_and_ends_when_it_is_told(folders: dict[str, str]) -> None:
    start = "from handlers.cli.model import model; model()"
    command = (sys.executable, "-c", start, "serve", folders["qwen3_vl"], "--port", "0", "--name", "mine")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while b"answers on" not in (line := await process.stderr.readline()):
                assert line or process.returncode is None
        url = re.search(rb"http://[\d.:]+/v1", line)
        assert url is not None
        async with aiohttp.ClientSession() as http:
            body = {"model": "mine", "messages": wire(data_url(drawing(1))), "max_tokens": 8}
            async with http.post(f"{url[0].decode()}/chat/completions", json=body) as response:
                assert response.status == 200
        process.terminate()
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
