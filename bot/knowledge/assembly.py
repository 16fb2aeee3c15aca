"""Prepared articles -> the arrays of an index, written file by file: all that does not depend on a query is worked out
here, once, so that the first search after opening costs no more than the next.

Not here: what the arrays are (`arrays`), versions (`versions`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge.arrays import BLOCK, LAYOUT, rarity
from bot.knowledge.prepared import BODY, CODE, HEADING, LABEL, TITLE, Prepared
from bot.knowledge.terms import GRAM_BUCKETS

K1, B = 1.2, 0.75
LONGEST_WORD, WORD_BYTES = 20, 32
COMMON_SHARE, MOST_COMMON = 1 / 16, 512
"""A term of so many articles gets a row of its own: adding rows is faster than adding postings."""
Ints = NDArray[np.int64]
Save = Callable[[str, Any], None]


@dataclass(frozen=True)
class _Tokens:
    """All tokens in order, and the passages and articles that they make up."""

    terms: NDArray[np.uint64]
    tokens: NDArray[np.int32]
    flags: NDArray[np.uint16]
    token_at: Ints
    """By passage."""
    passage_at: Ints
    """By article."""

    @property
    def article_at(self) -> Ints:
        """The first token of each article, and the end."""
        return self.token_at[self.passage_at]


@dataclass(frozen=True)
class _Postings:
    """The pairs of term and article, by term, then by article."""

    at: Ints
    article: NDArray[np.int32]
    count: NDArray[np.uint16]
    weight: NDArray[np.float32]
    frequency: NDArray[np.int32]


def write(articles: Sequence[Prepared], version: Path) -> None:
    """The files of a version."""

    def save(name: str, array: Any) -> None:
        np.save(version / f"{name}.npy", array)

    tokens = _tokens(articles)
    postings = _postings(tokens)
    telling = rarity(len(articles), postings.frequency)
    _save_postings(save, tokens, postings, len(articles))
    _save_places(save, tokens, telling)
    _save_traits(save, articles, tokens, postings, telling)
    _save_names(save, articles)
    _save_letters(save, version, articles)
    texts = [p for a in articles for p in a.passages]
    save("text_at", _starts([len(text) for text in texts]))
    _stream(version / "text.npy", np.uint8, (np.frombuffer(text, np.uint8) for text in texts))
    (version / "index.json").write_bytes(orjson.dumps({"layout": LAYOUT, "articles": [a.record for a in articles]}))


def _tokens(articles: Sequence[Prepared]) -> _Tokens:
    """Terms get their numbers article by article: sorting all tokens at once would take the most memory of a build."""
    each = [np.unique(_joined(a.tokens, np.uint64)) for a in articles]
    terms = np.unique(_joined(each, np.uint64))
    token_at = _starts([len(t) for a in articles for t in a.tokens])
    tokens, at = np.empty(int(token_at[-1]), np.int32), 0
    for article in articles:
        for run in article.tokens:
            tokens[at : at + len(run)] = np.searchsorted(terms, run)
            at += len(run)
    return _Tokens(
        terms=terms,
        tokens=tokens,
        flags=_joined([f for a in articles for f in a.flags], np.uint16),
        token_at=token_at,
        passage_at=_starts([len(a.passages) for a in articles]),
    )


def _postings(tokens: _Tokens) -> _Postings:
    """BM25 postings; a title counts once for its article, though each passage carries it."""
    articles = len(tokens.passage_at) - 1
    found, counts, counted, lengths = [], [], [], np.zeros(articles)
    for number in range(articles):
        span, first = _spans(tokens, number)
        terms, place, count = np.unique(tokens.tokens[span], return_inverse=True, return_counts=True)
        flags = tokens.flags[span]
        counts_once = ((flags & (TITLE | HEADING)) != TITLE) | first
        found.append(terms)
        counts.append(np.minimum(count, np.iinfo(np.uint16).max).astype(np.uint16))
        counted.append(np.bincount(place, counts_once, len(terms)).astype(np.float32))
        lengths[number] = counts_once.sum()
    owner = np.repeat(np.arange(articles, dtype=np.int32), [len(t) for t in found])
    term = _joined(found, np.int32)
    order = np.argsort(term, kind="stable")
    owner, often = owner[order], _joined(counted, np.float32)[order].astype(np.float64)
    frequency = np.bincount(term, minlength=len(tokens.terms))
    idf = np.log(1 + (articles - frequency + 0.5) / (frequency + 0.5))
    norm = K1 * (1 - B + B * lengths / max(1.0, lengths.mean() if articles else 1.0))
    weight = np.repeat(idf, frequency) * often * (K1 + 1) / (often + norm[owner])
    return _Postings(
        at=_starts(frequency),
        article=owner,
        count=_joined(counts, np.uint16)[order],
        weight=weight.astype(np.float32),
        frequency=frequency.astype(np.int32),
    )


def _spans(tokens: _Tokens, article: int) -> tuple[slice, NDArray[np.bool_]]:
    """An article's tokens, and which of them stand in its first passage."""
    passages = tokens.token_at[tokens.passage_at[article] : tokens.passage_at[article + 1] + 1]
    span = slice(int(passages[0]), int(passages[-1]))
    first = np.zeros(span.stop - span.start, bool)
    if len(passages) > 1:
        first[: int(passages[1] - passages[0])] = True
    return span, first


def _save_postings(save: Save, tokens: _Tokens, postings: _Postings, articles: int) -> None:
    save("terms", tokens.terms)
    save("term_articles", postings.frequency)
    named = np.bincount(tokens.tokens[(tokens.flags & LABEL) > 0], minlength=len(tokens.terms))
    save("term_uses", (named / np.maximum(1, np.bincount(tokens.tokens, minlength=len(tokens.terms)))).astype("f4"))
    save("post_at", postings.at)
    save("post_article", postings.article)
    save("post_weight", postings.weight)
    save("post_count", postings.count)
    most = np.argsort(-postings.frequency, kind="stable")[:MOST_COMMON]
    common = np.sort(most[postings.frequency[most] > max(1, COMMON_SHARE * articles)]).astype(np.int32)
    rows = np.zeros((len(common), articles), np.float32)
    for row, term in zip(rows, common, strict=True):
        span = slice(int(postings.at[term]), int(postings.at[term + 1]))
        row[postings.article[span]] = postings.weight[span]
    save("common", common)
    save("common_weight", rows)


def _save_places(save: Save, tokens: _Tokens, telling: NDArray[np.float32]) -> None:
    """Passages and blocks, and what their words weigh; article by article, for the sake of memory."""
    headed: list[NDArray[Any]] = []
    begins: list[NDArray[Any]] = []
    rarities: list[NDArray[Any]] = []
    labels: list[NDArray[Any]] = []
    for number in range(len(tokens.passage_at) - 1):
        span, _ = _spans(tokens, number)
        weights, flags = telling[tokens.tokens[span]], tokens.flags[span]
        passages = tokens.token_at[tokens.passage_at[number] : tokens.passage_at[number + 1] + 1] - span.start
        headed.append(_sums(weights * ((flags & (TITLE | HEADING)) > 0), passages))
        body = (flags & BODY) > 0
        block = (np.cumsum(body, dtype=np.int64) - body) // BLOCK
        begin = np.flatnonzero(np.diff(block, prepend=-1))
        ends = np.append(begin, len(block))
        rarities.append(_sums(weights, ends))
        labels.append(_sums(weights * ((flags & LABEL) > 0), ends))
        begins.append(begin + span.start)
    save("passage_at", tokens.passage_at.astype(np.int32))
    save("token_at", tokens.token_at)
    save("tokens", tokens.tokens)
    save("flags", tokens.flags)
    save("passage_headed", _joined(headed, np.float32))
    save("article_block_at", _starts([begin.size for begin in begins]).astype(np.int32))
    save("block_at", np.append(_joined(begins, np.int64), len(tokens.tokens)))
    save("block_rarity", _joined(rarities, np.float32))
    save("block_labelled", _joined(labels, np.float32))


def _save_traits(
    save: Save, articles: Sequence[Prepared], tokens: _Tokens, postings: _Postings, telling: NDArray[np.float32]
) -> None:
    count = len(articles)
    weights = np.repeat(telling**2, postings.frequency)
    save("norms", np.maximum(np.bincount(postings.article, weights, count), 1e-6).astype(np.float32))
    owner = np.repeat(np.arange(count), np.diff(tokens.article_at))
    for name, flag in (("titled", TITLE), ("labelled", LABEL)):
        chosen = np.flatnonzero(tokens.flags & flag)
        pairs = np.unique(owner[chosen] * len(tokens.terms) + tokens.tokens[chosen])
        words = max(1, len(tokens.terms))
        save(name, np.bincount(pairs // words, telling[pairs % words], count).astype(np.float32))
    length = np.maximum(1, np.diff(tokens.article_at))
    columns = (
        np.bincount(owner, (tokens.flags & CODE) > 0, count) / length,
        np.bincount(owner, (tokens.flags & LABEL) > 0, count) / length,
        np.log(length / 100),
        np.log(np.diff(tokens.passage_at)),
        [a.record["path"].count("/") for a in articles],
    )
    save("traits", np.array(columns, np.float32).T)
    folders = [a.record["path"].rpartition("/")[0] for a in articles]
    save("folder", np.unique(folders, return_inverse=True)[1].astype(np.int32))


def _save_names(save: Save, articles: Sequence[Prepared]) -> None:
    labels = _joined([a.labels for a in articles], np.uint64)
    owner = np.repeat(np.arange(len(articles), dtype=np.int32), [a.labels.size for a in articles])
    order = np.argsort(labels, kind="stable")
    _, kind, having = np.unique(labels, return_inverse=True, return_counts=True)
    save("label_at", _starts([a.labels.size for a in articles]))
    save("labels", labels)
    save("label_rarity", np.log(1 + len(articles) / having[kind]).astype(np.float32))
    save("names", labels[order])
    save("name_article", owner[order])


def _save_letters(save: Save, version: Path, articles: Sequence[Prepared]) -> None:
    letters = [x for a in articles for x in a.letters]
    save("letter_at", _starts([x.size for x in letters]))
    _stream(version / "letters.npy", np.uint8, letters)
    having = np.zeros(GRAM_BUCKETS, np.int32)
    sizes: list[int] = []

    def grams() -> Iterator[NDArray[np.uint32]]:
        for article in articles:
            each = article.grams()
            having[np.unique(_joined(each, np.uint32))] += 1
            sizes.extend(len(run) for run in each)
            yield from each

    _stream(version / "grams.npy", np.uint32, grams())
    save("gram_at", _starts(sizes))
    save("gram_articles", having)
    spelt = _spelt(letters)
    save("words", _sorted_words(spelt))
    save("words_back", _sorted_words(word[::-1] for word in spelt))


def _spelt(letters: Iterable[NDArray[np.uint8]]) -> set[str]:
    """Every word long enough to be completed, and not so long that it is none."""
    found: set[str] = set()
    for run in letters:
        found.update(run.tobytes().decode().split())
    return {word for word in found if 3 < len(word) <= LONGEST_WORD and word.isalpha()}


def _sorted_words(words: Iterable[str]) -> NDArray[np.bytes_]:
    return np.array(sorted(word.encode() for word in words), f"S{WORD_BYTES}")


def _stream(path: Path, kind: type[np.generic], parts: Iterable[NDArray[Any]]) -> None:
    """The parts one after the other as one array's file, without a second copy of them in memory."""
    with path.open("wb") as file:
        _write_header(file, kind, 0)
        begin = file.tell()
        for part in parts:
            file.write(np.ascontiguousarray(part, kind).data)
        size = (file.tell() - begin) // np.dtype(kind).itemsize
        file.seek(0)
        _write_header(file, kind, size)


def _write_header(file: BinaryIO, kind: type[np.generic], size: int) -> None:
    """A header of the same length for every size: the format pads it."""
    np.lib.format.write_array_header_1_0(file, {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (size,)})


def _sums(values: NDArray[Any], at: Ints) -> NDArray[np.float32]:
    """The sum of each run of `values`; runs may be empty."""
    before = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    sums: NDArray[np.float32] = (before[at[1:]] - before[at[:-1]]).astype(np.float32)
    return sums


def _starts(lengths: Any) -> Ints:
    return np.concatenate([[0], np.cumsum(np.asarray(lengths, np.int64))]).astype(np.int64)


def _joined(parts: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate(parts) if len(parts) else np.empty(0, kind)
