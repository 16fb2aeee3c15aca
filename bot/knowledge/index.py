"""The index of a help centre: files that open at once, can be copied, and are replaced whole while searches go on.

`build` writes a version, `Index.open` maps one, `HelpRetriever` is LangChain's door to it. What the arrays mean for a
ranking is `evidence`'s and `fusion`'s business.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from numpy.typing import NDArray

from bot.knowledge import meaning as meant
from bot.knowledge.arrays import LAYOUT, Arrays, rarity
from bot.knowledge.articles import Passage
from bot.knowledge.assembly import write
from bot.knowledge.encoder import Encoder
from bot.knowledge.meaning import Meaning
from bot.knowledge.pictures import Fetch, Pictures, ReadPicture
from bot.knowledge.prepared import Prepared, prepare
from bot.knowledge.sight import Sight
from bot.knowledge.sources import READER, Entry, UnreadableArticle, entries, fragment
from bot.knowledge.versions import NoIndex, check_writable, current, new_version

Progress = Callable[[int, int, str], None]
"""(done, in all, the file at hand)."""


NAMED = 5
"""Reasons that are told when nothing could be read."""
READABLE = "Markdown, MDX, reStructuredText, AsciiDoc, HTML or PDF files"


class NoArticles(ValueError):
    """Nothing in a source can be read as an article."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did."""

    articles: int
    passages: int
    read: int
    """Articles that were read, because they are new or changed."""
    unchanged: int
    removed: int
    unreadable: tuple[str, ...] = ()
    seconds: float = 0.0
    left_out: tuple[str, ...] = ()
    """Articles that an export holds and that are not for customers, such as drafts, with the reason."""
    encoded: int = 0
    """Passages whose vectors were made, because their text is new."""
    languages: dict[str, int] = field(default_factory=dict)
    """By language, how many articles are in it, most first; "" for those of which nobody knows."""
    facets: dict[str, int] = field(default_factory=dict)
    """How many articles are for a version, plan or audience, such as `plan:pro`, most first."""
    pictures: int = 0
    """Pictures that were read, of articles that are new or changed."""
    pictures_failed: tuple[str, ...] = ()
    """Pictures that could not be had or read, with the reason; they are tried again with the next build."""
    pictures_elsewhere: dict[str, int] = field(default_factory=dict)
    """By host, pictures on the web that were not asked for, most first."""


@dataclass(frozen=True, eq=False)
class Index:
    """One opened version: memory-mapped, never changing, safe to share between threads."""

    path: Path
    """The folder of the version."""
    articles: tuple[str, ...]
    records: tuple[dict[str, Any], ...]
    arrays: Arrays = field(repr=False)
    meaning: Meaning | None = field(default=None, repr=False)
    """The passages' vectors, where the index has some of the encoder that it was opened with."""
    by_words_alone: str = ""
    """Why `meaning` is missing, in words for the owner; empty where it is there, or nobody asked for it."""
    sight: Sight | None = field(default=None, repr=False)
    """An image encoder, for the way of ranking named `aligned`; nothing of it is in the index."""

    @classmethod
    def open(cls, path: Path, encoder: Encoder | None = None, sight: Sight | None = None) -> "Index":
        """The current version at `path`. Raises NoIndex when there is none, or one of another layout."""
        for attempt in range(3):
            version = current(path)
            try:
                return cls._mapped(version, encoder, sight)
            except NoIndex:
                raise
            except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
                if attempt == 2:
                    raise NoIndex(f"the index at {path} is damaged ({error}); build it again") from None
        raise AssertionError("unreachable")

    @classmethod
    def _mapped(cls, version: Path, encoder: Encoder | None, sight: Sight | None) -> "Index":
        about = orjson.loads((version / "index.json").read_bytes())
        if about["layout"] != LAYOUT:
            raise NoIndex(f"the index at {version.parent} was made by another version of HelpLens; build it again")
        records = tuple(about["articles"])
        vectors, why = meant.opened(version, encoder)
        return cls(version, tuple(r["path"] for r in records), records, Arrays.mapped(version), vectors, why, sight)

    @cached_property
    def rarity(self) -> NDArray[Any]:
        """How telling each term is."""
        return rarity(len(self.articles), self.arrays.term_articles)

    def passage(self, number: int) -> Passage:
        """Passage `number` of the index."""
        return Passage.model_validate_json(self._json(number))

    def passages_of(self, article: int) -> range:
        """The passages of an article."""
        return range(int(self.arrays.passage_at[article]), int(self.arrays.passage_at[article + 1]))

    def prepared(self, article: int) -> Prepared:
        """What a new version takes over of an article that has not changed: views of this one's files, no copies."""
        a = self.arrays
        numbers = self.passages_of(article)
        spans = [slice(int(a.token_at[p]), int(a.token_at[p + 1])) for p in numbers]
        return Prepared(
            record=self.records[article],
            passages=[self._json(p) for p in numbers],
            tokens=[a.terms[a.tokens[span]] for span in spans],
            flags=[a.flags[span] for span in spans],
            letters=[a.letters[int(a.letter_at[p]) : int(a.letter_at[p + 1])] for p in numbers],
            labels=a.labels[int(a.label_at[article]) : int(a.label_at[article + 1])],
            kept_grams=[a.grams[int(a.gram_at[p]) : int(a.gram_at[p + 1])] for p in numbers],
        )

    def _json(self, number: int) -> bytes:
        at = self.arrays.text_at
        return self.arrays.text[int(at[number]) : int(at[number + 1])].tobytes()


async def build(
    source: Path,
    to: Path,
    progress: Progress | None = None,
    read_picture: ReadPicture | None = None,
    encoder: Encoder | None = None,
    fetch: Fetch | None = None,
) -> BuildReport:
    """Read the help centre in `source` (a folder, or one file) into the index at `to`; only what changed is read again.

    With `read_picture`, what the articles' own pictures say is indexed with their passages, with `fetch` those on the
    web too; with `encoder`, the passages' vectors. What cannot be read or is left out is named in the report.

    Raises FileNotFoundError when there is no such source, NoArticles when nothing in it can be read as one, NotWritten
    where the index cannot be; it stays as it was then.
    """
    quiet = progress or (lambda done, total, name: None)
    root = source if source.is_dir() else source.parent
    pictures = Pictures(root, read_picture, fetch) if read_picture else None
    return await asyncio.to_thread(_build, source, to, quiet, _Reading(root, pictures), encoder)


def _build(source: Path, to: Path, progress: Progress, reading: "_Reading", encoder: Encoder | None) -> BuildReport:
    started = time.monotonic()
    listing = entries(source)
    check_writable(to)
    try:
        old = Index.open(to)
    except NoIndex:
        old = None
    reading.take_over(old)
    for done, entry in enumerate(listing.entries):
        progress(done, len(listing.entries), entry.name)
        reading.take(entry)
    progress(len(listing.entries), len(listing.entries), "")
    articles = reading.articles()
    unreadable = (*listing.unreadable, *reading.unreadable)
    if not articles:
        raise NoArticles(_nothing(source, to, old, (*unreadable, *listing.left_out)))
    with new_version(to) as version:
        write(articles, version)
        passages = [p for a in articles for p in a.passages]
        encoded = meant.write(passages, version, encoder, to, progress) if encoder else 0
    return BuildReport(
        articles=len(articles),
        passages=sum(len(a.passages) for a in articles),
        read=reading.read,
        unchanged=reading.kept,
        removed=len(set(old.articles if old else ()) - {a.record["path"] for a in articles}),
        unreadable=unreadable,
        left_out=tuple(listing.left_out),
        encoded=encoded,
        languages=dict(Counter(a.record["language"] for a in articles).most_common()),
        facets=dict(Counter(facet for a in articles for facet in a.record["audience"]).most_common()),
        pictures=reading.pictures.told if reading.pictures else 0,
        pictures_failed=tuple(reading.pictures.failed) if reading.pictures else (),
        pictures_elsewhere=dict(reading.pictures.elsewhere.most_common()) if reading.pictures else {},
        seconds=time.monotonic() - started,
    )


def _nothing(source: Path, to: Path, old: Index | None, reasons: Sequence[str]) -> str:
    """That there is no article in a source, why, and what to do."""
    found = f"{source} holds no article that can be read"
    if reasons:
        more = f"; {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
        found += f" ({'; '.join(reasons[:NAMED])}{more})"
    kept = f"; the index at {to} stays as it was" if old is not None and old.articles else ""
    return f"{found}: give a folder with {READABLE}, or an export of Zendesk or Intercom{kept}"


@dataclass
class _Reading:
    """The articles of one build: each read, or taken over from the version before."""

    root: Path
    pictures: Pictures | None = None
    read: int = 0
    kept: int = 0
    unreadable: list[str] = field(default_factory=list)
    _taken: list[Prepared] = field(default_factory=list)
    _old: Index | None = None
    _places: dict[str, int] = field(default_factory=dict)

    def take_over(self, old: Index | None) -> None:
        """What has not changed since `old` is taken from there."""
        self._old = old
        self._places = {name: n for n, name in enumerate(old.articles)} if old else {}

    def take(self, entry: Entry) -> None:
        try:
            digest = sha256(entry.data()).hexdigest()
            if (kept := self._unchanged(entry.name, digest)) is not None:
                self._taken.append(kept)
                self.kept += 1
                return
            article = entry.read()
            record: dict[str, Any] = {"path": entry.name, "sha256": digest, "reader": READER}
            if self.pictures is not None:
                article, record["pictures"] = self.pictures.shown(article)
        except (UnreadableArticle, OSError) as error:
            self.unreadable.append(str(error))
            return
        self.read += 1
        record["includes"] = {i: sha256((self.root / i).read_bytes()).hexdigest() for i in article.includes}
        self._taken.append(prepare(article, record))

    def articles(self) -> list[Prepared]:
        """Those that stand for themselves: a fragment that another article includes does not."""
        included = {i for a in self._taken for i in a.record["includes"]}
        return [
            a for a in self._taken if a.passages and not (a.record["path"] in included and fragment(a.record["path"]))
        ]

    def _unchanged(self, name: str, digest: str) -> Prepared | None:
        if self._old is None or name not in self._places:
            return None
        record = self._old.records[self._places[name]]
        if record["sha256"] != digest or record.get("reader") != READER:
            return None
        for include, old_digest in record["includes"].items():
            path = self.root / include
            if not path.is_file() or sha256(path.read_bytes()).hexdigest() != old_digest:
                return None
        kept = self._old.prepared(self._places[name])
        return None if self.pictures is not None and self._pictures_missing(record, kept) else kept

    def _pictures_missing(self, record: dict[str, Any], kept: Prepared) -> bool:
        """Whether pictures of an unchanged article are to be read: nobody read them, or asked in vain."""
        if "pictures" not in record:
            return any(b'"pictures"' in passage for passage in kept.passages)
        first = orjson.loads(kept.passages[0]) if record["pictures"] else {}
        assert self.pictures is not None
        return self.pictures.worth_another_try(record["pictures"], first.get("url") or "")
