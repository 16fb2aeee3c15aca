"""A model of our own through the whole product: as a rung, behind a URL, and as the command that serves it."""

import asyncio
import re
import signal
import sys
from collections.abc import Iterator

import aiohttp
import pytest
from langchain_core.messages import HumanMessage, SystemMessage

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from bot.answering.breaker import RungFailed  # noqa: E402
from bot.answering.brief import Answer, Words  # noqa: E402
from bot.answering.fallback import Ladder, Limits  # noqa: E402
from bot.answering.openai_chat import OpenAICompatible  # noqa: E402
from bot.answering.rungs import open_rungs  # noqa: E402
from bot.answering.vlm.chat import VisionChat  # noqa: E402
from bot.answering.vlm.engine import Engine  # noqa: E402
from bot.knowledge.fusion import Hit, Ranking  # noqa: E402
from tests.answering_parts import EXPORT, INVITE, brief, look, parts  # noqa: E402
from tests.ports import free_port  # noqa: E402
from tests.tiny_models import build, reciting  # noqa: E402
from tests.vlm_parts import CALLING, SEARCH, THEN, serving  # noqa: E402


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


async def test_a_model_with_tools_searches_before_it_answers_in_process_and_behind_a_url(caller: Engine) -> None:
    folder = caller.model.config._name_or_path
    async with serving(caller) as url:
        for name in (f"vlm:{folder} tokens=64", f"openai:tiny-vl@{url}/v1 tokens=64 sight=pixels"):
            async with open_rungs([name], parts()) as rungs:
                found = Ranking(hits=(Hit(passage=EXPORT, score=1.0),), confidence=0.9)
                question = brief("Where do I begin?", ranking=found)
                items = [item async for item in Ladder(rungs, Limits()).answer(question)]
            assert isinstance(items[-1], Answer)
            assert items[-1].model == name.split()[0]
            assert "press **Invite** [2]" in items[-1].text
            assert [(cited.n, cited.article) for cited in items[-1].citations] == [(2, INVITE.article)]  # by its search


async def test_a_tiny_model_answers_with_pixels_in_process_and_behind_a_url(random: str) -> None:
    page = look(outcome="partly", width=280, height=196)
    limits = Limits(first_word_with_picture=30, whole=60)
    with Engine.load(random, device="cpu") as engine:
        async with serving(engine) as url:
            for name in (f"vlm:{random} tokens=24", f"openai:tiny-vl@{url}/v1 tokens=24 sight=pixels tools=no"):
                async with open_rungs([name], parts(page)) as rungs:
                    items = [item async for item in Ladder(rungs, limits).answer(brief(looks=[page]))]
                assert isinstance(items[-1], Answer)
                assert items[-1].model == name.split()[0]
                assert any(isinstance(item, Words) for item in items)
        assert engine.schedule.encodings.made == 1


async def test_in_process_the_same_is_said_and_the_same_refused(engine: Engine, caller: Engine) -> None:
    model = VisionChat(engine=engine, max_tokens=16)
    assert model.profile is not None
    assert not model.profile["tool_calling"]
    message = HumanMessage([{"type": "text", "text": "Hello"}])
    answer = await model.ainvoke([SystemMessage("Be brief."), message])
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_tokens"] == 16
    with pytest.raises(RungFailed, match="chat template"):
        await model.bind_tools([SEARCH]).ainvoke([message])
    calling = await VisionChat(engine=caller).bind_tools([SEARCH]).ainvoke([message])
    assert [(call["name"], call["args"]) for call in calling.tool_calls] == [("search_help", {"query": "invite"})]


async def test_the_command_serves_a_folder_dies_in_an_answer_comes_back_and_ends_when_it_is_told(random: str) -> None:
    port = free_port()
    process, url, said_ = await started(random, port)
    try:
        assert "tools=no" in said_
        assert "grid=28" in said_
        async with aiohttp.ClientSession() as http:
            model = OpenAICompatible(session=http, url=f"{url}/v1", model="mine", max_tokens=4000)
            with pytest.raises(RungFailed):
                async for _ in model.astream("Hello"):
                    if process.returncode is None:
                        process.send_signal(signal.SIGKILL)
                        await process.wait()
            process, url, _ = await started(random, port)
            answer = await model.ainvoke("Hello", max_tokens=8)
            assert answer.usage_metadata is not None
            assert answer.usage_metadata["output_tokens"] == 8
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def started(folder: str, port: int) -> tuple[asyncio.subprocess.Process, str, str]:
    """The command, answering: its process, its address, and what it says about itself."""
    start = "from handlers.cli.model import model; model()"
    command = (sys.executable, "-c", start, "serve", folder, "--port", str(port), "--name", "mine")
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    async with asyncio.timeout(120):
        while b"answers on" not in (line := await process.stderr.readline()):
            assert line or process.returncode is None
    url = re.search(rb"(http://[\d.:]+)/v1", line)
    assert url is not None
    return process, url[1].decode(), line.decode()
