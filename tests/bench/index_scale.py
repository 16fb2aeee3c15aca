"""Ten thousand synthetic articles: build, open, search, memory, beside bm25s and tantivy alone in the same run.

    pip install bm25s tantivy && OPENBLAS_NUM_THREADS=1 python tests/bench/index_scale.py [--articles N] [--queries N]

Words follow Zipf's law; an article has headings, steps and bold labels; a query is 200 words of one article's screen
(half its own words, half anybody's), top 10. The others index the same articles and rank by BM25 alone. Each query goes
to all of them before the next one; CPU time tells more than the clock where others work on the machine. The variable is
what the `helplens` command sets: with more threads NumPy's matrices wait for each other.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bot.knowledge.fusion import Query, rank
from bot.knowledge.index import Index, build
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen

VOCABULARY, WORDS = 60_000, 600
chance = np.random.default_rng(7)


def spelt(number: int) -> str:
    letters = "bdfgklmnprstvz", "aeiou"
    word, number = "", number + 200
    while number:
        number, rest = divmod(number, 70)
        word += letters[0][rest // 5] + letters[1][rest % 5]
    return word


def some(count: int) -> list[str]:
    return [spelt(int(n) % VOCABULARY) for n in chance.zipf(1.15, count)]


def article(number: int) -> str:
    parts = [f"# {' '.join(some(4))} {spelt(number)}"]
    for _ in range(4):
        said = some(WORDS // 4)
        steps = [
            f"{n}. Open **{' '.join(said[i : i + 2])}** {' '.join(said[i + 2 : i + 12])}."
            for n, i in enumerate((0, 12, 24), 1)
        ]
        parts += [f"## {' '.join(some(3))}", *steps, "", " ".join(said[36:])]
    return "\n\n".join(parts)


def screen(text: str) -> Screen:
    own = text.replace("*", "").replace("#", "").split()
    at = int(chance.integers(max(1, len(own) - 100)))
    said = [*own[at : at + 100], *some(100)]
    lines = [" ".join(said[i : i + 3]) for i in range(0, len(said), 3)]
    placed = (Line(text=t, box=(50, 20.0 * n, 300, 20.0 * n + 15), score=1) for n, t in enumerate(lines))
    return Screen(sha256="0", width=1280, height=2000, lines=tuple(placed))


Search = Callable[[Screen], object]


def compared(searches: dict[str, Search], screens: list[Screen]) -> None:
    """Every way searches for one screen before the next comes, so that all of them meet the same load."""
    wall: dict[str, list[float]] = {name: [] for name in searches}
    cpu: dict[str, list[float]] = {name: [] for name in searches}
    for s in (screens[0], *screens):
        for name, search in searches.items():
            started, used = time.perf_counter(), time.process_time()
            search(s)
            wall[name].append(1000 * (time.perf_counter() - started))
            cpu[name].append(1000 * (time.process_time() - used))
    plain = "bm25s" if "bm25s" in searches else "screen"
    print(f"{'search, ms':10} {'first':>8} {'p50':>8} {'p99':>8} {'cpu p50':>8}   times {plain}: p50, cpu")
    for name in searches:
        mid, worst, busy = np.median(wall[name][1:]), np.percentile(wall[name][1:], 99), np.median(cpu[name][1:])
        ratios = f"{mid / np.median(wall[plain][1:]):6.2f} {busy / np.median(cpu[plain][1:]):6.2f}"
        print(f"{name:10} {wall[name][0]:8.1f} {mid:8.2f} {worst:8.2f} {busy:8.2f}   {ratios}")


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def others(texts: list[str]) -> dict[str, Search]:
    """bm25s and tantivy alone over the same articles, where they are installed."""
    try:
        import bm25s
        import tantivy
    except ImportError:
        print("bm25s or tantivy is not installed: pip install bm25s tantivy")
        return {}
    started = time.perf_counter()
    plain = bm25s.BM25()
    plain.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
    print(f"bm25s     build {time.perf_counter() - started:6.1f} s")
    started = time.perf_counter()
    schema = tantivy.SchemaBuilder().add_text_field("text").build()
    index = tantivy.Index(schema)
    writer = index.writer(num_threads=1)
    for text in texts:
        writer.add_document(tantivy.Document(text=text))
    writer.commit()
    index.reload()
    searcher = index.searcher()
    print(f"tantivy   build {time.perf_counter() - started:6.1f} s")

    def by_bm25s(s: Screen) -> object:
        return plain.retrieve(bm25s.tokenize([s.text], stopwords=None, show_progress=False), k=10, show_progress=False)

    return {"bm25s": by_bm25s, "tantivy": lambda s: searcher.search(index.parse_query(s.text, ["text"]), 10)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=100)
    arguments = parser.parse_args()
    texts = [article(n) for n in range(arguments.articles)]
    screens = [screen(texts[int(n)]) for n in chance.integers(len(texts), size=arguments.queries)]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(texts):
            path = Path(folder) / "articles" / f"{number % 100}" / f"{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        kb = Path(folder) / "kb"
        print(f"helplens  build {asyncio.run(build(path.parents[1], kb)).seconds:6.1f} s")
        again = asyncio.run(build(path.parents[1], kb)).seconds
        print(f"helplens  nothing changed {again:6.1f} s; peak {memory():.0f} MB")
        started = time.perf_counter()
        index = Index.open(kb)
        opened = 1000 * (time.perf_counter() - started)
        size = sum(f.stat().st_size for f in index.path.iterdir()) / 1e6
        print(f"helplens  open {opened:.0f} ms, {size:.0f} MB of files")
        ways = {way: partial(by_helplens, index, way) for way in ("best", "screen")}
        compared(ways | others(texts), screens)


def by_helplens(index: Index, way: str, s: Screen) -> object:
    return rank(index, Query(screens=(s,)), way)


if __name__ == "__main__":
    main()
