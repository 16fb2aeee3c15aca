"""Whatever a model's server does, the customer sees a line soon and an answer, or an honest failure, in time."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Ladder, Limits, Observe, Restart, Status
from bot.answering.rungs import open_rungs
from tests.answering_parts import brief, parts
from tests.stand_in import FAULTS, StandIn, stand_in

TENTH = Limits(first_word=0.8, first_word_with_picture=1.5, silence=0.5, whole=6.0, status=0.15)
"""A tenth of the real limits; `tests/bench/faults.py` runs the same cells with the real ones."""
SETS = ("model", "two models", "model alone")


@dataclass
class Cell:
    """What one customer saw."""

    model: str = ""
    first_line: float = 0.0
    seconds: float = 0.0
    answers: int = 0
    shown: str = ""
    answer: Answer | None = None


async def cell(
    server: StandIn, fault: str, rungs: str, limits: Limits, observe: Observe = lambda rung, outcome: None
) -> Cell:
    """One turn whose first model has `fault`."""
    names = [f"openai:{fault}@{server.url}"]
    if rungs == "two models":
        names.append(f"openai:good@{server.url}")
    if rungs != "model alone":
        names.append("extractive")
    seen = Cell()
    started = time.monotonic()
    async with open_rungs(names, parts()) as opened:
        async for item in Ladder(opened, limits, observe=observe).answer(brief()):
            match item:
                case Restart():
                    seen.shown = ""
                case Words():
                    seen.shown += item.text
                case Answer():
                    seen.answers += 1
                    seen.answer = item
            if isinstance(item, (Words, Status)) and not seen.first_line:
                seen.first_line = time.monotonic() - started
    seen.seconds = time.monotonic() - started
    seen.model = seen.answer.model if seen.answer else ""
    return seen


@pytest.fixture(scope="module")
async def cells() -> dict[tuple[str, str], Cell]:
    """All faults times all sets of rungs, at the same time."""
    async with stand_in() as server:
        keys = [(fault, rungs) for fault in FAULTS for rungs in SETS]
        return dict(zip(keys, await asyncio.gather(*(cell(server, *key, TENTH) for key in keys)), strict=True))


@pytest.mark.parametrize("rungs", SETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_one_answer_in_time(cells: dict[tuple[str, str], Cell], fault: str, rungs: str) -> None:
    seen = cells[fault, rungs]
    assert seen.answers == 1
    assert seen.answer is not None
    assert seen.shown == seen.answer.text
    assert seen.first_line < 2.0
    assert seen.seconds < TENTH.whole
    if rungs == "model":
        assert seen.model == "extractive"
        assert seen.answer.answered
    if rungs == "two models":
        assert seen.model.startswith("openai:good@")
        assert "Try again" in seen.shown
    if rungs == "model alone":
        assert not seen.answer.answered
        assert seen.answer.handoff


async def test_a_burst_at_five_times_the_capacity_keeps_the_model_busy_and_nobody_without_an_answer() -> None:
    async with (
        stand_in(pause=0.01, slots=4) as server,
        open_rungs([f"openai:good@{server.url} calls=4", "extractive"], parts()) as rungs,
    ):
        ladder = Ladder(rungs, Limits(first_word=2.0, silence=1.0, status=0.2), queue=8)

        async def customer(number: int) -> str:
            await asyncio.sleep(number * 0.025)
            items = [item async for item in ladder.answer(brief())]
            assert isinstance(items[-1], Answer)
            return items[-1].model

        one = time.monotonic()
        await customer(0)
        alone = time.monotonic() - one
        started = time.monotonic()
        models = await asyncio.gather(*(customer(n) for n in range(80)))
        possible = 4 * (time.monotonic() - started) / alone
    answered = sum(model.startswith("openai") for model in models)
    assert answered >= 0.7 * possible
    assert len(server.asked) <= 1.2 * (answered + 1)
