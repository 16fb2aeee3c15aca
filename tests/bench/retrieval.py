"""How well the article of a screenshot is found, each product ranked by what was learned without it.

    python tests/bench/retrieval.py FOLDER... [--data DIR] [--misses N] [--encoder minilm]

A folder holds `articles/` and `cases.jsonl`. Pictures are read once and kept under --data by their hash. Prints, for
every way, the mean over the products; for `best` the leave-one-product-out table, its gain over plain BM25 of the
screen's text with a bootstrap interval over products and cases, the precision of the surest, and the reliability of
the confidence. With an encoder the same again with vectors. The plain ways have learned nothing, so that they need
not be held out.
"""

import argparse
import asyncio
import time
from pathlib import Path

import numpy as np

from bot import training
from bot.evaluation import retrieval
from bot.evaluation.retrieval import Case, Pictures
from bot.knowledge.encoder import Encoder, encoder_of
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranker import Ranker
from bot.knowledge.ranking import rank
from handlers.cli.reading import reading

PLAIN = ("text", "screen", "early", "late", "cross", "aligned")
Centre = tuple[str, Index, list[Case], list[Query]]


async def opened(folder: Path, data: Path, encoder: Encoder | None) -> Centre:
    name = folder.resolve().name
    await build(folder / "articles", data / "index" / name, encoder=encoder)
    cases = retrieval.read_cases(folder / "cases.jsonl")
    async with reading() as look:
        asked = await retrieval.queries(cases, folder, Pictures(look, data / "screens"))
    return name, Index.open(data / "index" / name, encoder), cases, asked


def plain(centres: list[Centre]) -> None:
    print(f"\n{'way (mean of products)':26} {'R@1':>6} {'R@3':>6} {'R@5':>6} {'MRR':>6}  ms a query")
    for way in PLAIN:
        rows, started, count = [], time.perf_counter(), 0
        for _, index, cases, asked in centres:
            f = retrieval.figures(way, list(retrieval.outcomes(index, cases, asked, way, 1.0)))
            rows.append((f.recall_1, f.recall_3, f.recall_5, f.mrr))
            count += len(cases)
        taken = 1000 * (time.perf_counter() - started) / count
        print(f"{way:26} " + " ".join(f"{100 * v:6.1f}" for v in np.mean(rows, axis=0)) + f"  {taken:.1f}")


def held_out(centres: list[Centre]) -> None:
    products = [training.measure(*centre) for centre in centres]
    asked = [(name, queries) for name, _, _, queries in centres]
    for n, product in enumerate(products):
        products[n] = training.with_strangers(product, [(name, own) for name, own in asked if name != product.name])
    ranker = training.learn(products, lambda line: None)
    show("best, held out", ranker)
    if ranker.with_vectors:
        show("best with vectors, held out", ranker.with_vectors)


def show(title: str, ranker: Ranker) -> None:
    card = ranker.card or {}
    print(f"\n{title:26} {'R@1':>6} {'R@3':>6} {'R@5':>6} {'MRR':>6}")
    rows = card["products"] | {"mean": card["mean"], "mean, plain BM25": card["plain BM25"]}
    for name, row in rows.items():
        shown = " ".join(f"{100 * row[k]:6.1f}" for k in ("recall@1", "recall@3", "recall@5", "mrr"))
        print(f"{name:26} {shown}")
    for over in ("over plain BM25", "by vectors"):
        if gain := card.get(f"gain at 1 {over}"):
            low, mean, high = (100 * gain[key] for key in ("low", "mean", "high"))
            print(f"gain at 1 {over}: {mean:.1f} points, 95 % interval {low:.1f} to {high:.1f}")
    for share, mean in card["precision of the surest"].items():
        print(
            f"precision at {share} answered: mean {100 * mean:.1f} %, worst {100 * card['worst product'][share]:.1f} %"
        )
    for when, row in card["answered"].items():
        if row["strangers"] is not None:
            own, strangers = 100 * row["own"], 100 * row["strangers"]
            print(f"answered outright, {when}: own screens {own:.1f} %, of other products {strangers:.1f} %")
    for whose, row in (
        ("own screens", card["shown"]["mean"]),
        ("screens of other products", card["shown"]["strangers"]),
    ):
        if row:
            print(f"shown of {whose}: " + ", ".join(f"{key} {100 * value:.1f} %" for key, value in row.items()))
    print(
        "confidence said / right (cases): "
        + ", ".join(f"{r['said']:.2f}/{r['right']:.2f} ({r['cases']})" for r in card["reliability"])
    )
    for precision, confidence in ranker.thresholds:
        print(f"precision {precision:.2f} wanted: answers from confidence {confidence:.2f}")


def misses(centres: list[Centre], count: int) -> None:
    """Cases whose first article is wrong, by the ranking in use (it has learned from all products)."""
    for name, index, cases, asked in centres:
        wrong = []
        for case, query in zip(cases, asked, strict=True):
            ranking = rank(index, query)
            if not ranking.hits or ranking.hits[0].passage.article not in case.expect:
                wrong.append((case, [h.passage.article for h in ranking.hits[:3]], ranking.confidence))
        for case, got, confidence in wrong[:count]:
            print(f"{name} {case.image}: wanted {case.expect[0]}, got {got} at {confidence:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    parser.add_argument("--misses", type=int, default=0)
    parser.add_argument("--encoder")
    arguments = parser.parse_args()
    centres = []
    for folder in arguments.folders:
        centres.append(asyncio.run(opened(folder, arguments.data, encoder_of(arguments.encoder))))
        print(f"{centres[-1][0]}: {len(centres[-1][1].articles)} articles, {len(centres[-1][2])} cases", flush=True)
    plain(centres)
    held_out(centres)
    if arguments.misses:
        misses(centres, arguments.misses)


if __name__ == "__main__":
    main()
