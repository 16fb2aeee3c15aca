"""Screens of another product: how often they are answered outright all the same, and what the rule against it costs.

    python tests/bench/foreign.py FOLDER FOLDER...

Each FOLDER is a help centre with `articles` and `cases.jsonl`; every one's screens are asked of every one's index. A
row says how many are surer than the threshold, how many of those the rule of the answer without a model holds back, and
of the product's own how many right ones it holds back. Nothing is asserted; the shipped ranking knows these products.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from bot.answering.brief import Brief, Look
from bot.answering.extractive import foreign
from bot.conversation import Attachment
from bot.evaluation.retrieval import read_cases
from bot.knowledge.fusion import Query, rank, threshold
from bot.knowledge.index import Index, build
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
        print(f"{'screens of':14} {'asked of':14} {'cases':>6} {'sure':>6} {'held back':>10} {'right held back':>16}")
        for folder in folders:
            cases = read_cases(folder / "cases.jsonl")
            asked = await queries(cases, folder)
            for name, index in opened.items():
                sure = threshold(index, PRECISION)
                rows = [(brief(index, query), case) for query, case in zip(asked, cases, strict=True)]
                outright = [row for row in rows if row[0].ranking.confidence >= sure]
                held = [row for row in outright if foreign(row[0])]
                right = sum(b.ranking.hits[0].passage.article in case.expect for b, case in held)
                shown = f"{right:>16}" if name == folder.name else f"{'-':>16}"
                print(f"{folder.name:14} {name:14} {len(rows):6} {len(outright):6} {len(held):10} {shown}")


if __name__ == "__main__":
    asyncio.run(main([Path(folder) for folder in sys.argv[1:]]))
