"""The numbers of an index, and how they are made from its articles: one file each, mapped when they are read.

Not here: versions and opening (`index`), what the numbers mean for a ranking (`evidence`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge.prepared import HEADING, TITLE, Prepared
from bot.knowledge.terms import GRAM_BUCKETS, grams

LAYOUT = 2
"""Raised when the files change their meaning: an older index is then built anew, not misread."""
K1, B = 1.2, 0.75
LONGEST_WORD, WORD_BYTES = 20, 32


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
