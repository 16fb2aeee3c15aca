"""Screens of another product: how many are answered outright all the same, asked about, or not answered.

    python tests/bench/foreign.py FOLDER FOLDER...

Each FOLDER is a help centre with `articles` and `cases.jsonl`; every one's screens are asked of every one's index. A
row says what a customer is shown at the threshold of 80 % precision, how many are asked whether it is a screen of this
product, and of the product's own how many of those answered are right. Nothing is asserted; the shipped ranking knows
the nine open products, for which `helplens learn ranking` prints the same held out.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from bot.answering.brief import Brief, Look
from bot.answering.extractive import Extractive, strange
from bot.conversation import Attachment
from bot.evaluation.retrieval import read_cases
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank, threshold
from handlers.cli.reading import queries

PRECISION = 0.8


def brief(index: Index, query: Query) -> Brief:
    """What the rung without a model is given."""
    picture = Attachment(id="c/1", media_type="image/png", width=1, height=1, size=1)
    looks = tuple(Look(attachment=picture, screen=screen) for screen in query.screens)
    return Brief(question=query.question, looks=looks, ranking=rank(index, query))


async def main(folders: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as indexes:
        opened: dict[str, Index] = {}
        for folder in folders:
            to = Path(indexes) / folder.name
            await build(folder / "articles", to)
            opened[folder.name] = Index.open(to)
        print(f"{'screens of':14} {'asked of':14} {'cases':>6} {'outright':>9} {'asked':>6} {'whose?':>7} {'right':>6}")
        for folder in folders:
            cases = read_cases(folder / "cases.jsonl")
            asked = await queries(cases, folder)
            for name, index in opened.items():
                rung = Extractive(sure=threshold(index, PRECISION))
                briefs = [brief(index, query) for query in asked]
                answers = [rung.decide(each) for each in briefs]
                outright = [(a, case) for a, case in zip(answers, cases, strict=True) if a.answered]
                offered = sum(bool(a.choices) and not a.answered for a in answers)
                right = sum(answer.citations[0].article in case.expect for answer, case in outright)
                shown = f"{right:6}" if name == folder.name else f"{'-':>6}"
                doubted = sum(map(strange, briefs))
                print(f"{folder.name:14} {name:14} {len(cases):6} {len(outright):9} {offered:6} {doubted:7} {shown}")


if __name__ == "__main__":
    asyncio.run(main([Path(folder) for folder in sys.argv[1:]]))
