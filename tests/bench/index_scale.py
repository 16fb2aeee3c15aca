"""Ten thousand synthetic articles: build, open, search, memory, beside bm25s and tantivy alone in the same run.

    pip install bm25s tantivy && python tests/bench/index_scale.py [--articles N] [--queries N]

Words follow Zipf's law; an article has headings, steps and bold labels; a query is 200 words of one article's screen
(half its own words, half anybody's), top 10. The others index the same articles and rank by BM25 alone.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Callable
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


def timed(search: Callable[[Screen], object], screens: list[Screen]) -> str:
    taken = []
    for s in screens:
        started = time.perf_counter()
        search(s)
        taken.append(1000 * (time.perf_counter() - started))
    return f"p50 {np.percentile(taken, 50):7.2f} ms  p99 {np.percentile(taken, 99):7.2f} ms"


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def others(texts: list[str], screens: list[Screen]) -> None:
    try:
        import bm25s
        import tantivy
    except ImportError:
        print("bm25s or tantivy is not installed: pip install bm25s tantivy")
        return
    started = time.perf_counter()
    plain = bm25s.BM25()
    plain.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
    print(f"bm25s     build {time.perf_counter() - started:6.1f} s")

    def bm25s_search(s: Screen) -> object:
        return plain.retrieve(bm25s.tokenize([s.text], stopwords=None, show_progress=False), k=10, show_progress=False)

    print(f"bm25s     search {timed(bm25s_search, screens)}")
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
    print(f"tantivy   search {timed(lambda s: searcher.search(index.parse_query(s.text, ['text']), 10), screens)}")


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
        for way in ("best", "screen"):
            started = time.perf_counter()
            rank(index, Query(screens=(screens[0],)), way)
            print(f"helplens  {way}: first search {1000 * (time.perf_counter() - started):.0f} ms")
            times = timed(lambda s, way=way: rank(index, Query(screens=(s,)), way), screens)
            print(f"helplens  {way}: search {times}")
        others(texts, screens)


if __name__ == "__main__":
    main()
