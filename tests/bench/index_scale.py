"""Ten thousand synthetic articles: build, open, search, memory, beside bm25s and tantivy alone in the same run.

    pip install bm25s tantivy && OPENBLAS_NUM_THREADS=1 python tests/bench/index_scale.py [--articles N] [--queries N]

Words follow Zipf's law; an article has headings, steps and bold labels; a query is 200 words of one article's screen
(half its own words, half anybody's), top 10. The others index the same files and rank by BM25 alone. Each builds in a
process of its own; each query goes to all of them before the next one; CPU time tells more than the clock where others
work on the machine. The variable is what the `helplens` command sets: with more threads NumPy's matrices wait for each
other.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
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


class Built(NamedTuple):
    """What one engine's build took, in a process of its own."""

    seconds: float
    cpu: float
    megabytes: float
    """Most memory that the process held, what it had before the build taken off."""


def built(make: Callable[[Path, Path], None], source: Path, to: Path) -> Built:
    """A build of the articles in `source` into the folder `to`, measured alone."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_build_alone, make, source, to).result()


def _build_alone(make: Callable[[Path, Path], None], source: Path, to: Path) -> Built:
    to.mkdir(parents=True, exist_ok=True)
    held, started, used = memory(), time.perf_counter(), time.process_time()
    make(source, to)
    return Built(time.perf_counter() - started, time.process_time() - used, memory() - held)


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def texts_of(source: Path) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(source.rglob("*.md"))]


def make_helplens(source: Path, to: Path) -> None:
    asyncio.run(build(source, to))


def make_bm25s(source: Path, to: Path) -> None:
    import bm25s

    plain = bm25s.BM25()
    plain.index(bm25s.tokenize(texts_of(source), stopwords=None, show_progress=False), show_progress=False)
    plain.save(str(to))


def make_tantivy(source: Path, to: Path) -> None:
    import tantivy

    index = tantivy.Index(tantivy.SchemaBuilder().add_text_field("text").build(), path=str(to))
    writer = index.writer(num_threads=1)
    for text in texts_of(source):
        writer.add_document(tantivy.Document(text=text))
    writer.commit()
    writer.wait_merging_threads()


def by_helplens(to: Path) -> dict[str, Search]:
    index = Index.open(to)
    return {way: partial(_ranked, index, way) for way in ("best", "screen")}


def _ranked(index: Index, way: str, s: Screen) -> object:
    return rank(index, Query(screens=(s,)), way)


def by_bm25s(to: Path) -> dict[str, Search]:
    import bm25s

    plain = bm25s.BM25.load(str(to))

    def search(s: Screen) -> object:
        return plain.retrieve(bm25s.tokenize([s.text], stopwords=None, show_progress=False), k=10, show_progress=False)

    return {"bm25s": search}


def by_tantivy(to: Path) -> dict[str, Search]:
    import tantivy

    index = tantivy.Index.open(str(to))
    searcher = index.searcher()
    return {"tantivy": lambda s: searcher.search(index.parse_query(s.text, ["text"]), 10)}


ENGINES = {
    "helplens": (make_helplens, by_helplens),
    "bm25s": (make_bm25s, by_bm25s),
    "tantivy": (make_tantivy, by_tantivy),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--queries", type=int, default=100)
    arguments = parser.parse_args()
    texts = [article(n) for n in range(arguments.articles)]
    screens = [screen(texts[int(n)]) for n in chance.integers(len(texts), size=arguments.queries)]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "articles"
        for number, text in enumerate(texts):
            path = source / f"{number % 100}" / f"{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        del texts
        print(f"{'':10} {'build s':>8} {'cpu s':>8} {'peak MB':>8} {'files MB':>8} {'open ms':>8}")
        searches: dict[str, Search] = {}
        for name, (make, opened) in ENGINES.items():
            if name != "helplens" and find_spec(name) is None:
                print(f"{name:10} is not installed: pip install {name}")
                continue
            to = Path(folder) / name
            took = built(make, source, to)
            started = time.perf_counter()
            searches |= opened(to)
            milliseconds = 1000 * (time.perf_counter() - started)
            size = sum(f.stat().st_size for f in to.rglob("*") if f.is_file()) / 1e6
            print(
                f"{name:10} {took.seconds:8.1f} {took.cpu:8.1f} {took.megabytes:8.0f} {size:8.0f} {milliseconds:8.0f}"
            )
        again = built(make_helplens, source, Path(folder) / "helplens")
        print(f"{'unchanged':10} {again.seconds:8.1f} {again.cpu:8.1f} {again.megabytes:8.0f}\n")
        compared(searches, screens)


if __name__ == "__main__":
    main()
