"""Eight editions of each article (two languages, versions and plans): the right one first, and what filters cost.

    OPENBLAS_NUM_THREADS=1 python -m tests.bench.editions [--topics N] [--queries N]

Synthetic: the editions of a topic share its labels and most of its words within a language; a query is a screen of one
edition, sent by a customer who has that one. 1,250 topics are 10,000 articles. Each query is searched in every way
before the next one; CPU time tells more than the clock where others work on the machine. With a language it is searched
twice: it may give way.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from pathlib import Path

import numpy as np

from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
from bot.screenshots.screen import Screen
from tests.bench.index_scale import WORDS, chance, screen, some, spelt

LANGUAGES, VERSIONS, PLANS = ("en", "de"), ("7", "8"), ("free", "pro")
Edition = tuple[str, str, str]


def topic(number: int) -> dict[Edition, str]:
    """The editions of one topic: a tenth of the words is each one's own."""
    labels = [some(2) for _ in range(9)]
    bodies = {language: some(WORDS) for language in LANGUAGES}
    found = {}
    for edition in itertools.product(LANGUAGES, VERSIONS, PLANS):
        words = bodies[edition[0]][: WORDS * 9 // 10] + some(WORDS // 10)
        steps = [
            f"{n}. **{' '.join(label)}** {' '.join(words[10 * n : 10 * n + 10])}." for n, label in enumerate(labels, 1)
        ]
        head = f"---\nversion: {edition[1]}\nplan: {edition[2]}\n---\n# {' '.join(words[:4])} {spelt(number)}"
        found[edition] = "\n\n".join([head, *steps, " ".join(words[100:])])
    return found


def name(edition: Edition, number: int) -> str:
    return f"{edition[0]}/{number % 50}/{number}-{edition[1]}-{edition[2]}.md"


def queries(topics: list[dict[Edition, str]], count: int) -> list[tuple[str, Edition, Screen]]:
    """(right article, who asks, their screen); half of the screens show the other language."""
    asked = []
    for n in range(count):
        number, edition = int(chance.integers(len(topics))), list(topics[0])[int(chance.integers(8))]
        shown = edition if n % 2 else (LANGUAGES[edition[0] == LANGUAGES[0]], *edition[1:])
        text = topics[number][shown].partition("---\n")[2].partition("---\n")[2]
        asked.append((name(edition, number), edition, screen(text)))
    return asked


def whose(edition: Edition, *kinds: str) -> dict[str, str]:
    return {k: v for k, v in zip(("language", "version", "plan"), edition, strict=True) if k in kinds}


def right(index: Index, asked: list[tuple[str, Edition, Screen]]) -> None:
    """How often the customer's own edition is first, and how sure that is, by what is known of them."""
    print(f"{'known of the customer':34} own edition first   confidence, median   asked in their language")
    for kinds in ((), ("language",), ("version", "plan"), ("language", "version", "plan")):
        ranked = [(a, e, rank(index, Query(screens=(s,), **whose(e, *kinds)))) for a, e, s in asked]
        first = np.mean([r.hits[0].passage.article == article for article, _, r in ranked])
        spoken = np.mean([r.hits[0].passage.article.startswith(e[0]) for _, e, r in ranked])
        sure = np.median([r.confidence for *_, r in ranked])
        print(f"{', '.join(kinds) or 'nothing':34} {100 * first:15.1f} % {sure:19.2f} {100 * spoken:23.1f} %")


def cost(index: Index, asked: list[tuple[str, Edition, Screen]]) -> None:
    """What a filtered search takes beside one without filters."""
    fresh = itertools.count()
    ways = {
        "no filter": lambda e: {},
        "language": lambda e: whose(e, "language"),
        "language, version, plan": lambda e: whose(e, "language", "version", "plan"),
        "values that nobody had before": lambda e: (
            whose(e, "language") | {"version": f"7.{next(fresh)}", "plan": "pro"}
        ),
    }
    spent: dict[str, list[float]] = {way: [] for way in ways}
    for _, edition, shown in (asked[0], *asked):
        for way, filters in ways.items():
            query = Query(screens=(shown,), **filters(edition))  # type: ignore[arg-type]
            used = time.process_time()
            rank(index, query)
            spent[way].append(1000 * (time.process_time() - used))
    plain = np.median(spent["no filter"][1:])
    print(f"\n{'search, ms of CPU':34} {'first':>8} {'p50':>8} {'p99':>8}   times no filter")
    for way, times in spent.items():
        middle, worst = np.median(times[1:]), np.percentile(times[1:], 99)
        print(f"{way:34} {times[0]:8.1f} {middle:8.2f} {worst:8.2f} {middle / plain:10.2f}")


def as_before(index: Index, asked: list[tuple[str, Edition, Screen]]) -> None:
    """Whether filters that leave every article change nothing."""
    idle = {"language": "fr", "closed": frozenset({"audience:staff"})}
    same = sum(rank(index, Query(screens=(s,))) == rank(index, Query(screens=(s,), **idle)) for *_, s in asked)  # type: ignore[arg-type]
    print(f"\nranked as without a filter where filters leave every article: {same} of {len(asked)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=1_250)
    parser.add_argument("--queries", type=int, default=100)
    arguments = parser.parse_args()
    topics = [topic(n) for n in range(arguments.topics)]
    asked = queries(topics, arguments.queries)
    with tempfile.TemporaryDirectory() as folder:
        for number, editions in enumerate(topics):
            for edition, text in editions.items():
                path = Path(folder) / "articles" / name(edition, number)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
        kb = Path(folder) / "kb"
        report = asyncio.run(build(Path(folder) / "articles", kb))
        print(f"{report.articles} articles: {report.languages}, {report.facets}\n")
        index = Index.open(kb)
        right(index, asked)
        cost(index, asked)
        as_before(index, asked)


if __name__ == "__main__":
    main()
