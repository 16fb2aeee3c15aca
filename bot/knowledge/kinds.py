"""What kind of article answers a screenshot: one that tells people what to click, not an API reference or a changelog.

Judged by everyday words ("click", "menu", "select") whose weights were learned over many products. It knows nothing
of the query, and of other languages than the words' it says nothing. Not here: how it was learned (`bot.training`).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.terms import Hashes, hashes, stem, term, words

Floats = NDArray[np.float32]
SHARE = 0.02
"""A word is everyday in a help centre when this share of its articles has it."""


def counted(index: Index, everyday: Hashes) -> Floats:
    """articles x words: how often each word stands in each article, on a scale where the first times count most."""
    a, articles = index.arrays, len(index.articles)
    column = np.full(len(a.terms), -1, np.int32)
    at = np.searchsorted(a.terms, everyday).clip(0, max(0, len(a.terms) - 1))
    known = a.terms[at] == everyday
    column[at[known]] = np.flatnonzero(known)
    owner = np.repeat(np.arange(articles), np.diff(a.token_at[a.passage_at]))
    found = column[a.tokens]
    chosen = found >= 0
    size = len(everyday)
    counts = np.bincount(owner[chosen] * size + found[chosen], minlength=articles * size).reshape(articles, size)
    length = np.log(np.bincount(owner, minlength=articles) + 20)[:, None] / 5
    return np.hstack([np.log1p(counts) / np.log(50), length]).astype(np.float32)


def everyday(indexes: Sequence[Index], least: int) -> list[str]:
    """Words that are everyday in at least `least` of the help centres, in alphabetical order."""
    centres: Counter[str] = Counter()
    for index in indexes:
        articles: Counter[str] = Counter()
        for number in range(len(index.articles)):
            passages = (index.passage(p) for p in index.passages_of(number))
            articles.update({stem(word) for passage in passages for word in words(passage.text)})
        enough = max(3, SHARE * len(index.articles))
        centres.update(word for word, count in articles.items() if count >= enough)
    return sorted(word for word, count in centres.items() if count >= least)


def hashed(everyday_words: Sequence[str]) -> Hashes:
    """The words as an index keeps them."""
    return hashes(term(word) for word in everyday_words)
