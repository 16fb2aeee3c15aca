"""What a help centre's own screens do for its confidence: each product by what the others taught, before and after.

    python tests/bench/own_confidence.py FOLDER... [--data DIR]

A folder holds `articles/` and `cases.jsonl`. The confidence is fitted on a random half of a product's screens and
measured on the other, TIMES times. Prints, in points, how far the mean of what is said lies from the share that is
right, and the same by tenths of confidence; and how often the fit was taken.
"""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot import training
from bot.evaluation import retrieval
from bot.evaluation.retrieval import Pictures
from bot.knowledge.index import Index, build
from bot.knowledge.ranker import likely, shipped
from bot.training import fitting, held_out, own
from handlers.cli.reading import reading

TIMES = 10
Floats = NDArray[np.float32]


async def measured(folder: Path, data: Path) -> training.Product:
    name = folder.resolve().name
    await build(folder / "articles", data / "index" / name)
    cases = retrieval.read_cases(folder / "cases.jsonl")
    async with reading() as look:
        asked = await retrieval.queries(cases, folder, Pictures(look, data / "screens"))
    return training.measure(name, Index.open(data / "index" / name), cases, asked).by_words_alone


def off(said: Floats, right: NDArray[np.bool_]) -> tuple[float, float]:
    """(how far the mean said is from the share right, the same by tenths), in points."""
    tenth = np.clip((said * 10).astype(int), 0, 9)
    each = [abs(said[tenth == n].mean() - right[tenth == n].mean()) * (tenth == n).mean() for n in np.unique(tenth)]
    return 100 * abs(float(said.mean() - right.mean())), 100 * float(sum(each))


def one(held: held_out.HeldOut, weights: Floats) -> tuple[list[float], int]:
    """The mean of both, before and after, and how often the fit was taken."""
    rows, taken = [], 0
    for seed in range(TIMES):
        order = np.random.default_rng(seed).permutation(len(held.own.right))
        half, rest = order[: len(order) // 2], order[len(order) // 2 :]
        seen = own.Asked(held.own.signals[half], held.own.right[half], np.arange(len(half)))
        fit = own.fit(replace(shipped(), confidence_weights=weights), seen)
        taken += fit.better
        said, right = held.own.signals[rest], held.own.right[rest]
        rows.append([*off(likely(said, weights), right), *off(likely(said, fit.ranker.confidence_weights), right)])
    return list(np.mean(rows, axis=0)), taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    arguments = parser.parse_args()
    products = [asyncio.run(measured(folder, arguments.data)) for folder in arguments.folders]
    held = [held_out.ranked(p, fitting.fitted([o for o in products if o is not p])) for p in products]
    print(f"{'points off':14} {'mean':>12} {'by tenths':>16}   taken")
    rows = []
    for n, product in enumerate(held):
        row, taken = one(product, held_out.calibrated([h for i, h in enumerate(held) if i != n]))
        rows.append(row)
        print(f"{product.own.product:14} {show(row)}   {taken} of {TIMES}")
    print(f"{'mean':14} {show(list(np.mean(rows, axis=0)))}")


def show(row: list[float]) -> str:
    before, tenths, after, tenths_after = row
    return f"{before:5.1f} -> {after:4.1f} {tenths:7.1f} -> {tenths_after:4.1f}"


if __name__ == "__main__":
    main()
