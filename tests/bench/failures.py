"""What screenshots have in common whose right article is not first, and a page of them, lit by the lines that decided.

    python tests/bench/failures.py FOLDER... [--data DIR] [--page FILE] [--drawn N]

A folder holds `articles/` and `cases.jsonl`. Pictures are read once and kept under --data by their hash. Ranks by the
weights in use, which have seen the open products: a look at failures, no figure to quote. The page names each
failure, the articles ranked before the right one, and lights the lines that spoke for the first and for a right one.
"""

import argparse
import asyncio
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from bot.answering.brief import Brief
from bot.answering.extractive import Extractive
from bot.evaluation import report, retrieval, verdicts
from bot.evaluation.comparison import compare, run_of
from bot.evaluation.release import drawn
from bot.evaluation.retrieval import Pictures
from bot.evaluation.verdicts import Verdict
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank, threshold
from handlers.cli.reading import reading

PRECISION = 0.8
SEED = 7


async def judged(folder: Path, data: Path) -> list[Verdict]:
    """The verdicts of a help centre's cases; pictures by their path from here."""
    name = folder.resolve().name
    await build(folder / "articles", data / "index" / name)
    index = Index.open(data / "index" / name)
    cases = retrieval.read_cases(folder / "cases.jsonl")
    async with reading() as look:
        asked = await retrieval.queries(cases, folder, Pictures(look, data / "screens"))
    sure = threshold(index, PRECISION)
    found = []
    for case, query in zip(cases, asked, strict=True):
        ranking = rank(index, query)
        answer = Extractive(sure=sure).decide(Brief(question=case.question, ranking=ranking))
        shown = [c.article for c in (*answer.citations, *answer.choices) if c.article]
        here = case.model_copy(update={"image": str(folder / case.image) if case.image else None})
        found.append(verdicts.of_retrieval(here, ranking, shown, sure, query.screens[0] if query.screens else None))
    return found


async def pictures(failed: list[Verdict], data: Path) -> dict[str, bytes]:
    """The failures' pictures, lit, by key."""
    lit = {}
    async with reading() as look:
        kept = Pictures(look, data / "screens")
        for verdict in failed:
            path = Path(verdict.image or "")
            screen = await kept.screen(path)
            with Image.open(path) as picture:
                lit[verdict.key] = drawn(verdict, screen, picture.convert("RGB").resize((screen.width, screen.height)))
    return lit


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    parser.add_argument("--page", type=Path)
    parser.add_argument("--drawn", type=int, default=60, help="failures on the page, drawn by chance")
    arguments = parser.parse_args()
    every: list[Verdict] = []
    for folder in arguments.folders:
        own = await judged(folder, arguments.data)
        failed = [v for v in own if not v.passed]
        print(f"{folder.resolve().name:12} {len(failed):4} of {len(own):4} are not first")
        every += own
    failed = [v for v in every if not v.passed]
    for trait, times in Counter(trait for v in failed for trait in v.traits).most_common():
        print(f"{100 * times / max(1, len(failed)):5.1f} %  {trait}")
    if arguments.page:
        picked = [failed[n] for n in sorted(np.random.default_rng(SEED).permutation(len(failed))[: arguments.drawn])]
        lit = await pictures([v for v in picked if v.image], arguments.data)
        compared = compare(run_of(every, "", ""), None, 0.01)
        about = f"{len(picked)} of {len(failed)} failures, drawn by chance, of {len(every)} cases."
        page = report.page("Failures of finding", about, compared, picked, lit)
        arguments.page.write_text(page, "utf-8")
        print(f"page: {arguments.page}")


if __name__ == "__main__":
    asyncio.run(main())
