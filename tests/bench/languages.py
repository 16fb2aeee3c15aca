"""A help centre of which half is translated: what a customer finds who reads the second language and shows the first.

    OPENBLAS_NUM_THREADS=1 python -m tests.bench.languages FOLDER... [--data DIR]

A row says how often the right edition is first and among three, how many are answered outright at the threshold of 80 %
precision, and how many of those are right. A folder holds `articles/` and `cases.jsonl`. Half of the articles get a
second edition in an invented language: every word outside bold, code and links is another one, as where a product's
screens stay English. The same centre twice: its translations under the same paths, and under names that tell nothing.
Pictures are read once and kept under --data. The shipped ranking may have learned from these products: compare the
ways, not the figures with those of others.
"""

import argparse
import asyncio
import random
import re
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np

from bot.evaluation import retrieval
from bot.evaluation.retrieval import Case, Pictures
from bot.knowledge.fusion import Query, Ranking
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank, threshold
from handlers.cli.reading import reading

KEPT = re.compile(
    r"(\*\*.+?\*\*|```.*?```|`.+?`|\A---.*?^---|https?://\S+|!?\[[^\]]*\]\([^)]*\))", re.DOTALL | re.MULTILINE
)
SUFFIXES = frozenset({".md", ".mdx", ".rst", ".adoc", ".html"})
Rows = dict[tuple[str, str], list[tuple[bool, bool, bool]]]
PRECISION = 0.8


def invented(word: str) -> str:
    chance = random.Random(zlib.crc32(word.lower().encode()))
    return "".join(chance.choice("aeiouknlrstmbdg") for _ in word)


def translated(text: str) -> str:
    parts = KEPT.split(text)
    return "".join(
        part if n % 2 else re.sub(r"[A-Za-z]{2,}", lambda m: invented(m[0]), part) for n, part in enumerate(parts)
    )


def write(articles: Path, to: Path, *, named: bool) -> dict[str, str]:
    """The bilingual centre, and the second language alone beside it; which article has which translation."""
    pairs = {}
    chance = random.Random(3)
    for path in sorted(p for p in articles.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
        name, text = path.relative_to(articles).as_posix(), path.read_text("utf-8", errors="replace")
        editions = {f"both/en/{name}": text}
        if chance.random() < 0.5:
            other = name if named else f"{zlib.crc32(name.encode()):08x}{path.suffix}"
            pairs[f"en/{name}"] = f"de/{other}"
            editions |= {f"both/de/{other}": translated(text), f"alone/de/{other}": translated(text)}
        for place, words in editions.items():
            (to / place).parent.mkdir(parents=True, exist_ok=True)
            (to / place).write_text(words, "utf-8")
    return pairs


async def measure(folder: Path, data: Path, cases: list[Case], asked: list[Query], *, named: bool) -> Rows:
    """By whether the right article is translated and by way: (right edition first, among three, answered)."""
    to = data / "languages" / f"{folder.resolve().name}-{'named' if named else 'unnamed'}"
    pairs = write(folder / "articles", to, named=named)
    for centre in ("both", "alone"):
        await build(to / centre, to / f"{centre}.kb")
    both, alone = Index.open(to / "both.kb"), Index.open(to / "alone.kb")
    sure = threshold(both, PRECISION)
    rows: Rows = defaultdict(list)
    for case, query in zip(cases, asked, strict=True):
        own = {pairs[f"en/{article}"] for article in case.expect if f"en/{article}" in pairs}
        right = own or {f"en/{article}" for article in case.expect}
        shown = query.model_copy(update={"question": "", "language": "de"})
        ways = {
            "every language": rank(both, shown.model_copy(update={"language": ""})),
            "theirs alone": rank(alone, shown),
            "theirs, giving way": rank(both, shown),
        }
        for way, ranking in ways.items():
            rows["translated" if own else "never translated", way].append(judged(ranking, right, sure))
    return rows


def judged(ranking: Ranking, right: set[str], sure: float) -> tuple[bool, bool, bool]:
    articles = [hit.passage.article for hit in ranking.hits[:3]]
    return bool(set(articles[:1]) & right), bool(set(articles) & right), bool(articles) and ranking.confidence >= sure


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("data/bench"))
    arguments = parser.parse_args()
    for named in (True, False):
        rows: Rows = defaultdict(list)
        for folder in arguments.folders:
            cases = retrieval.read_cases(folder / "cases.jsonl")
            async with reading() as look:
                asked = await retrieval.queries(cases, folder, Pictures(look, arguments.data / "screens"))
            for key, found in (await measure(folder, arguments.data, cases, asked, named=named)).items():
                rows[key] += found
        print(f"\npaths {'tell' if named else 'do not tell'} what is a translation")
        names = f"{'cases':>5} {'first':>8} {'in three':>9} {'outright':>9} right"
        print(f"{'the right article is':20} {'searched':18} {names}")
        for (kind, way), found in sorted(rows.items()):
            first, three, answered = np.array(found).T
            right = f"{100 * first[answered].mean():.1f} %" if answered.any() else "-"
            shares = f"{100 * first.mean():6.1f} % {100 * three.mean():7.1f} % {100 * answered.mean():7.1f} %"
            print(f"{kind:20} {way:18} {len(found):5} {shares} {right}")


if __name__ == "__main__":
    asyncio.run(main())
