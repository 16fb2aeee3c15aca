"""The index of a help centre: files that open at once, can be copied, and are replaced whole while searches go on.

`build` writes a version, `Index.open` maps one, `HelpRetriever` is LangChain's door to it. What the arrays mean for a
ranking is `evidence`'s and `fusion`'s business.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge.articles import Passage
from bot.knowledge.pictures import ReadPicture, with_pictures
from bot.knowledge.prepared import HEADING, TITLE, Prepared, prepare
from bot.knowledge.sources import UnreadableArticle, fragment, listed, read_article
from bot.knowledge.terms import GRAM_BUCKETS, grams
from bot.knowledge.versions import NoIndex, current, new_version

LAYOUT = 2
"""Raised when the files change their meaning: an older index is then built anew, not misread."""
K1, B = 1.2, 0.75
LONGEST_WORD, WORD_BYTES = 20, 32
Progress = Callable[[int, int, str], None]
"""(done, in all, the file at hand)."""


@dataclass(frozen=True)
class Arrays:
    """The numbers of an index, one file each. Articles, passages, terms and tokens are counted from 0."""

    terms: NDArray[np.uint64]
    """Sorted: a term's place is its number."""
    term_articles: NDArray[np.int32]
    """In how many articles each term stands."""
    post_at: NDArray[np.int64]
    """Where each term's postings begin; one more entry than terms."""
    post_article: NDArray[np.int32]
    post_weight: NDArray[np.float32]
    """BM25 weight of the term in the article."""
    passage_at: NDArray[np.int32]
    """The first passage of each article; one more entry than articles."""
    token_at: NDArray[np.int64]
    """The first token of each passage; one more entry than passages."""
    tokens: NDArray[np.int32]
    flags: NDArray[np.uint8]
    letter_at: NDArray[np.int64]
    letters: NDArray[np.uint8]
    gram_articles: NDArray[np.int32]
    """In how many articles each bucket of letter runs occurs."""
    label_at: NDArray[np.int64]
    labels: NDArray[np.uint64]
    names: NDArray[np.uint64]
    """Labels, headings and titles of all articles, sorted; one entry per article that has the name."""
    name_article: NDArray[np.int32]
    words: NDArray[np.bytes_]
    """The articles' words, sorted, and the same spelt backward: to complete what was cut."""
    words_back: NDArray[np.bytes_]
    text_at: NDArray[np.int64]
    """Where each passage's JSON begins in passages.bin."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did."""

    articles: int
    passages: int
    read: int
    """Files that were read, because they are new or changed."""
    unchanged: int
    removed: int
    unreadable: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Index:
    """One opened version: memory-mapped, never changing, safe to share between threads."""

    path: Path
    """The folder of the version."""
    articles: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    arrays: Arrays
    text: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> "Index":
        """The current version at `path`. Raises NoIndex when there is none, or one of another layout."""
        for attempt in range(3):
            version = current(path)
            try:
                return cls._mapped(version)
            except FileNotFoundError:
                if attempt == 2:
                    raise NoIndex(f"the index at {path} is damaged; build it again") from None
        raise AssertionError("unreachable")

    @classmethod
    def _mapped(cls, version: Path) -> "Index":
        about = orjson.loads((version / "index.json").read_bytes())
        if about["layout"] != LAYOUT:
            raise NoIndex(f"the index at {version.parent} was made by another version of HelpLens; build it again")
        arrays = Arrays(**{f.name: _map(version / f"{f.name}.npy") for f in fields(Arrays)})
        records = tuple(about["articles"])
        return cls(version, tuple(r["path"] for r in records), records, arrays, _map(version / "passages.npy"))

    def passage(self, number: int) -> Passage:
        """Passage `number` of the index."""
        return Passage.model_validate_json(self._json(number))

    def article_of(self, passages: NDArray[Any]) -> NDArray[np.int64]:
        """The article of each passage."""
        return np.searchsorted(self.arrays.passage_at, passages, side="right") - 1

    def passages_of(self, article: int) -> range:
        """The passages of an article."""
        return range(int(self.arrays.passage_at[article]), int(self.arrays.passage_at[article + 1]))

    def prepared(self, article: int) -> Prepared:
        """What a new version takes over of an article that has not changed."""
        a = self.arrays
        numbers = self.passages_of(article)
        spans = [slice(int(a.token_at[p]), int(a.token_at[p + 1])) for p in numbers]
        return Prepared(
            record=self.records[article],
            passages=[self._json(p) for p in numbers],
            tokens=[a.terms[a.tokens[span]] for span in spans],
            flags=[np.array(a.flags[span]) for span in spans],
            letters=[np.array(a.letters[int(a.letter_at[p]) : int(a.letter_at[p + 1])]) for p in numbers],
            labels=np.array(a.labels[int(a.label_at[article]) : int(a.label_at[article + 1])]),
        )

    def _json(self, number: int) -> bytes:
        at = self.arrays.text_at
        return self.text[int(at[number]) : int(at[number + 1])].tobytes()


def _map(path: Path) -> NDArray[Any]:
    """A file as an array, mapped; an empty one cannot be mapped and is read."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(path, allow_pickle=False)
    return array.view(np.ndarray)


async def build(
    source: Path, to: Path, progress: Progress | None = None, read_picture: ReadPicture | None = None
) -> BuildReport:
    """Read the help centre in folder `source` into the index at `to`; only what changed is read again.

    With `read_picture`, what the articles' own pictures say is indexed with their passages. Raises FileNotFoundError
    when there is no such folder. What cannot be read is named in the report.
    """
    return await asyncio.to_thread(_build, source, to, progress or (lambda done, total, name: None), read_picture)


def _build(source: Path, to: Path, progress: Progress, read_picture: ReadPicture | None) -> BuildReport:
    started = time.monotonic()
    if not source.is_dir():
        raise FileNotFoundError(f"{source} is not a folder")
    try:
        old = Index.open(to)
    except NoIndex:
        old = None
    reading = _Reading(source, old, read_picture)
    files = list(listed(source))
    for done, path in enumerate(files):
        progress(done, len(files), path.relative_to(source).as_posix())
        reading.take(path)
    progress(len(files), len(files), "")
    articles = reading.articles()
    with new_version(to) as version:
        write(articles, version)
    return BuildReport(
        articles=len(articles),
        passages=sum(len(a.passages) for a in articles),
        read=reading.read,
        unchanged=reading.kept,
        removed=len(set(old.articles if old else ()) - {a.record["path"] for a in articles}),
        unreadable=tuple(reading.unreadable),
        seconds=time.monotonic() - started,
    )


@dataclass
class _Reading:
    """The files of one build: each read, or taken over from the version before."""

    root: Path
    old: Index | None
    read_picture: ReadPicture | None = None
    read: int = 0
    kept: int = 0
    unreadable: list[str] = field(default_factory=list)
    _taken: list[Prepared] = field(default_factory=list)

    def take(self, path: Path) -> None:
        name = path.relative_to(self.root).as_posix()
        try:
            digest = sha256(path.read_bytes()).hexdigest()
            if (kept := self._unchanged(name, digest)) is not None:
                self._taken.append(kept)
                self.kept += 1
                return
            article = read_article(path, self.root)
            if self.read_picture is not None:
                article = with_pictures(article, self.root, self.read_picture)
        except (UnreadableArticle, OSError) as error:
            self.unreadable.append(str(error))
            return
        self.read += 1
        includes = {i: sha256((self.root / i).read_bytes()).hexdigest() for i in article.includes}
        self._taken.append(prepare(article, {"path": name, "sha256": digest, "includes": includes}))

    def articles(self) -> list[Prepared]:
        """Those that stand for themselves: a fragment that another article includes does not."""
        included = {i for a in self._taken for i in a.record["includes"]}
        return [
            a for a in self._taken if a.passages and not (a.record["path"] in included and fragment(a.record["path"]))
        ]

    def _unchanged(self, name: str, digest: str) -> Prepared | None:
        if self.old is None or name not in self._places:
            return None
        record = self.old.records[self._places[name]]
        if record["sha256"] != digest:
            return None
        for include, old_digest in record["includes"].items():
            path = self.root / include
            if not path.is_file() or sha256(path.read_bytes()).hexdigest() != old_digest:
                return None
        return self.old.prepared(self._places[name])

    def __post_init__(self) -> None:
        self._places = {name: n for n, name in enumerate(self.old.articles)} if self.old else {}


def write(articles: list[Prepared], version: Path) -> None:
    """The files of a version."""
    passages = [p for a in articles for p in a.passages]
    stream = _joined([t for a in articles for t in a.tokens], np.uint64)
    flags = _joined([f for a in articles for f in a.flags], np.uint8)
    vocabulary, tokens = np.unique(stream, return_inverse=True)
    passage_at = _starts([len(a.passages) for a in articles]).astype(np.int32)
    token_at = _starts([len(t) for a in articles for t in a.tokens])
    article = np.repeat(np.arange(len(articles)), [sum(len(t) for t in a.tokens) for a in articles])
    first = np.zeros(len(passages), bool)
    first[passage_at[:-1][passage_at[:-1] < len(passages)]] = True
    counted = _counted(flags, np.repeat(first, np.diff(token_at)))
    at, owner, weight, frequency = _postings(tokens[counted], article[counted], len(vocabulary), len(articles))
    letters = [x for a in articles for x in a.letters]
    labels = _joined([a.labels for a in articles], np.uint64)
    by_name = np.argsort(labels, kind="stable")
    spelt = _spelt(letters)
    arrays = Arrays(
        terms=vocabulary,
        term_articles=frequency,
        post_at=at,
        post_article=owner,
        post_weight=weight,
        passage_at=passage_at,
        token_at=token_at,
        tokens=tokens.astype(np.int32),
        flags=flags,
        letter_at=_starts([x.size for x in letters]),
        letters=_joined(letters, np.uint8),
        gram_articles=_gram_articles(articles),
        label_at=_starts([a.labels.size for a in articles]),
        labels=labels,
        names=labels[by_name],
        name_article=np.repeat(np.arange(len(articles)), [a.labels.size for a in articles])[by_name].astype(np.int32),
        words=_sorted_words(spelt),
        words_back=_sorted_words(word[::-1] for word in spelt),
        text_at=_starts([len(p) for p in passages]),
    )
    for f in fields(Arrays):
        np.save(version / f"{f.name}.npy", getattr(arrays, f.name))
    np.save(version / "passages.npy", np.frombuffer(b"".join(passages), np.uint8))
    (version / "index.json").write_bytes(orjson.dumps({"layout": LAYOUT, "articles": [a.record for a in articles]}))


def _counted(flags: NDArray[np.uint8], in_first: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tokens that count for the article: a title once, though each passage carries it."""
    counted: NDArray[np.bool_] = ((flags & (TITLE | HEADING)) == 0) | ((flags & HEADING) > 0) | in_first
    return counted


def _postings(
    tokens: NDArray[np.int64], article: NDArray[np.int64], terms: int, articles: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
    """BM25 postings by term: (starts, articles, weights, articles per term)."""
    pairs, count = np.unique(tokens * max(1, articles) + article, return_counts=True)
    term, owner = pairs // max(1, articles), pairs % max(1, articles)
    frequency = np.bincount(term, minlength=terms)
    length = np.bincount(article, minlength=articles).astype(np.float64)
    idf = np.log(1 + (articles - frequency + 0.5) / (frequency + 0.5))
    norm = K1 * (1 - B + B * length / max(1.0, length.mean() if articles else 1.0))
    weight = idf[term] * count * (K1 + 1) / (count + norm[owner])
    return _starts(frequency), owner.astype(np.int32), weight.astype(np.float32), frequency.astype(np.int32)


def _spelt(letters: list[NDArray[np.uint8]]) -> set[str]:
    """Every word long enough to be completed, and not so long that it is none."""
    found: set[str] = set()
    for run in letters:
        found.update(run.tobytes().decode().split())
    return {word for word in found if 3 < len(word) <= LONGEST_WORD and word.isalpha()}


def _sorted_words(words: Iterable[str]) -> NDArray[np.bytes_]:
    return np.array(sorted(word.encode() for word in words), f"S{WORD_BYTES}")


def _gram_articles(articles: list[Prepared]) -> NDArray[np.int32]:
    total = np.zeros(GRAM_BUCKETS, np.int32)
    for article in articles:
        total[np.unique(np.concatenate([grams(x) for x in article.letters]))] += 1
    return total


def _starts(lengths: Any) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)


def _joined(parts: list[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def iterate(index: Index) -> Iterator[Passage]:
    """Every passage, in order."""
    return (index.passage(n) for n in range(len(index.arrays.token_at) - 1))
