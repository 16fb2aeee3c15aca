"""Fourteen faults of a model's server times three sets of rungs, with the real limits; then five times the capacity.

Prints one line per cell and the figures: `python -m tests.bench.faults` (about a minute and a half).
"""

import asyncio
import logging
import statistics
import time
from collections import Counter

import structlog

from bot.answering.brief import Answer
from bot.answering.fallback import Ladder, Limits
from bot.answering.rungs import open_rungs
from tests.answering_parts import brief, parts
from tests.stand_in import FAULTS, stand_in
from tests.test_faults import all_cells


async def faults() -> None:
    """Every cell at once, each with a ladder of its own."""
    outcomes: Counter[str] = Counter()
    limits = Limits()
    async with stand_in() as server:
        cells = await all_cells(server, limits, lambda _, outcome: outcomes.update([outcome]))
        calls = len(server.asked)
    good = 0
    for (fault, rungs), one in cells.items():
        honest = one.answer is not None and (one.answer.answered or one.answer.handoff is not None)
        fine = one.answers == 1 and honest and one.first_line <= 2 and one.seconds <= limits.whole
        good += fine
        print(
            f"{fault:8} {rungs:12} first line {one.first_line:5.2f} s  end {one.seconds:5.2f} s  "
            f"{one.model.partition('@')[0]:12} {'ok' if fine else 'FAILED'}"
        )
    print(f"cells that end visibly, a line within 2 s, inside {limits.whole:g} s: {good} of {len(cells)}")
    print(f"({len(FAULTS)} variants: 429 with and without Retry-After, silence before and after the first word)")
    first, end = max(c.first_line for c in cells.values()), max(c.seconds for c in cells.values())
    print(f"slowest first line {first:.2f} s, slowest end {end:.2f} s")
    print(f"calls {calls}, retries {outcomes['retried']}: {outcomes['retried'] / calls:.2f} per call")


async def retries() -> None:
    """Retries per model call when every call fails with what could be retried."""
    outcomes: Counter[str] = Counter()
    async with stand_in() as server, open_rungs([f"openai:down@{server.url}", "extractive"], parts()) as rungs:
        ladder = Ladder(rungs, observe=lambda _, outcome: outcomes.update([outcome]))
        ladder.lanes[0].breaker.failures = 10_000
        for _ in range(50):
            async for _ in ladder.answer(brief()):
                pass
        print(f"50 turns against 503, breaker off: {outcomes['retried'] / 50:.2f} retries per model call")


async def overload(capacity: int = 4, seconds: float = 20.0) -> None:
    """Customers come at five times the rate that the model can answer."""
    async with (
        stand_in(pause=0.02, slots=capacity) as server,
        open_rungs([f"openai:good@{server.url} calls={capacity}", "extractive"], parts()) as rungs,
    ):
        ladder = Ladder(rungs, queue=2 * capacity)

        async def customer(wait: float) -> tuple[str, float]:
            await asyncio.sleep(wait)
            started = time.monotonic()
            answer = [item async for item in ladder.answer(brief())][-1]
            assert isinstance(answer, Answer)
            return answer.model, time.monotonic() - started

        _, alone = await customer(0)
        many = int(5 * capacity / alone * seconds)
        served = len(server.asked)
        started = time.monotonic()
        ends = await asyncio.gather(*(customer(n * seconds / many) for n in range(many)))
        took = time.monotonic() - started
        # What the model could do meanwhile, on the machine as it was meanwhile: alone, before, it may have been faster.
        rate = capacity / statistics.mean(server.seconds[1:])
    by_model = sum(model.startswith("openai") for model, _ in ends)
    print(f"capacity alone, before: {capacity / alone:.1f}/s; under this load: {rate:.1f}/s")
    print(
        f"{many} customers in {seconds:g} s at five times the capacity of {rate:.1f}/s: {by_model} by the model = "
        f"{by_model / (rate * took):.0%} of capacity, {many - by_model} by the articles, 0 without an answer; "
        f"requests per answered one {(len(server.asked) - served) / by_model:.2f}; "
        f"slowest end {max(s for _, s in ends):.1f} s"
    )


def main() -> None:
    """All three."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for part in (faults, retries, overload):
        asyncio.run(part())


if __name__ == "__main__":
    main()
