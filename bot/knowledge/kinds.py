"""What kind of article answers a screenshot: one that tells people what to click, not an API reference or a changelog.

Judged by everyday words ("click", "menu", "select") whose weights were learned over many products. It knows nothing
of the query, and of other languages than the words' it says nothing. Not here: how it was learned (`bot.training`).
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.terms import Hashes, hashes, stem, words
from bot.knowledge.terms import term as number_of

Floats = NDArray[np.float32]
SHARE = 0.02
"""A word is everyday in a help centre when this share of its articles has it."""


def counted(index: Index, everyday: Hashes) -> Floats:
    """articles x words: how often each word stands in each article, on a scale where the first times count most."""
    a, articles = index.arrays, len(index.articles)
    table = np.zeros((len(everyday) + 1, articles), np.float32)
    at = np.searchsorted(a.terms, everyday)
    for row, term, wanted in zip(table, at.tolist(), everyday, strict=False):
        if term < len(a.terms) and a.terms[term] == wanted:
            span = slice(int(a.post_at[term]), int(a.post_at[term + 1]))
            row[a.post_article[span]] = np.log1p(a.post_count[span], dtype=np.float32) / np.log(50)
    table[-1] = np.log(np.diff(a.token_at[a.passage_at]) + 20) / 5
    return table.T


def everyday(indexes: Sequence[Index], least: int) -> list[str]:
    """Words that are everyday in at least `least` of the help centres, in alphabetical order."""
    centres: Counter[str] = Counter()
    for index in indexes:
        centres.update(everyday_of(index))
    return sorted(word for word, count in centres.items() if count >= least)


def everyday_of(index: Index, share: float = SHARE) -> frozenset[str]:
    """Words that this share of a help centre's articles has."""
    enough = max(3, share * len(index.articles))
    return frozenset(word for word, count in _counts(index).items() if count >= enough)


@lru_cache(maxsize=32)
def _counts(index: Index) -> Counter[str]:
    """How many articles have each word in their text."""
    articles: Counter[str] = Counter()
    for number in range(len(index.articles)):
        passages = (index.passage(p) for p in index.passages_of(number))
        articles.update({stem(word) for passage in passages for word in words(passage.text)})
    return articles


def hashed(everyday_words: Sequence[str]) -> Hashes:
    """The words as an index keeps them."""
    return hashes(number_of(word) for word in everyday_words)
