"""Whatever a model's server does, the customer sees a line soon and an answer, or an honest failure, in time."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Ladder, Limits, Observe, Restart, Status
from bot.answering.rungs import http, open_rungs
from tests.answering_parts import brief, parts
from tests.stand_in import FAULTS, StandIn, stand_in

SHORT = Limits(first_word=4.0, first_word_with_picture=7.5, silence=2.0, whole=30.0, status=0.5)
"""Half of the real limits, for turns of which fifty run at once on whatever machine this is; `tests/bench/faults.py`
runs the same cells with the real ones."""
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


def names(url: str, fault: str, rungs: str) -> list[str]:
    """The rungs of a set whose first model has `fault`."""
    first, second = f"openai:{fault}@{url}", f"openai:good@{url}"
    return {"model": [first, "extractive"], "two models": [first, second, "extractive"], "model alone": [first]}[rungs]


async def turn(ladder: Ladder) -> Cell:
    """One customer's turn."""
    seen = Cell()
    started = time.monotonic()
    async for item in ladder.answer(brief()):
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


async def all_cells(
    server: StandIn, limits: Limits, observe: Observe = lambda rung, outcome: None
) -> dict[tuple[str, str], Cell]:
    """All faults times all sets of rungs, at the same time, each with a ladder of its own."""
    keys = [(fault, rungs) for fault in FAULTS for rungs in SETS]
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(http())
        opened = [
            await stack.enter_async_context(open_rungs(names(server.url, *key), parts(), session)) for key in keys
        ]
        ladders = [Ladder(rungs, limits, observe=observe) for rungs in opened]
        return dict(zip(keys, await asyncio.gather(*map(turn, ladders)), strict=True))


@pytest.fixture(scope="module")
async def cells() -> dict[tuple[str, str], Cell]:
    """What the customer of each cell saw."""
    async with stand_in() as server:
        return await all_cells(server, SHORT)


@pytest.mark.parametrize("rungs", SETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_one_answer_in_time(cells: dict[tuple[str, str], Cell], fault: str, rungs: str) -> None:
    seen = cells[fault, rungs]
    assert seen.answers == 1
    assert seen.answer is not None
    assert seen.shown == seen.answer.text
    assert seen.first_line < SHORT.first_word
    assert seen.seconds < SHORT.whole
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
        stand_in(pause=0.03, slots=4) as server,
        open_rungs([f"openai:good@{server.url} calls=4", "extractive"], parts()) as rungs,
    ):
        ladder = Ladder(rungs, Limits(first_word=4.0, status=0.2), queue=8)

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
    assert answered >= 0.3 * possible  # 0.9 on a quiet machine: tests/bench/faults.py prints it
    assert len(server.asked) <= 1.2 * (answered + 1)
