"""What is usual in help centres: for every word the share of their articles that have it, counted over products.

Not here: what is made of it (`bot.knowledge.peculiar`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import kinds
from bot.knowledge.peculiar import Usual, leading, peculiarity
from bot.knowledge.terms import Hashes, hashes, term
from bot.training.products import Product

Floats = NDArray[np.float32]
CENTRES, SHARE = 3, 0.01
"""A word is told of when it stands in so many help centres (of a few: in a third), in this share of articles on
average."""


@dataclass(frozen=True, eq=False)
class Shares:
    """All words of some products, and in which share of each one's articles they stand."""

    names: tuple[str, ...]
    words: Hashes
    """Rising."""
    table: Floats
    """words x products."""
    known: dict[int, str]
    """The words as people read them, as far as articles' texts tell."""

    @classmethod
    def of(cls, products: Sequence[Product]) -> "Shares":
        """The words of these products."""
        words = np.unique(np.concatenate([p.index.arrays.terms for p in products]))
        table = np.zeros((len(words), len(products)), np.float32)
        for column, p in enumerate(products):
            at = np.searchsorted(words, p.index.arrays.terms)
            table[at, column] = p.index.arrays.term_articles / max(1, len(p.index.articles))
        said = {word for p in products for word in kinds.everyday_of(p.index, SHARE)}
        return cls(tuple(p.name for p in products), words, table, {term(word): word for word in said})

    def usual(self, without: frozenset[str] = frozenset()) -> Floats:
        """The usual share of each word, by the products that are not left out."""
        kept = self.table[:, [n for n, name in enumerate(self.names) if name not in without]]
        if not kept.shape[1]:
            return np.zeros(len(self.words), np.float32)
        mean = kept.mean(axis=1)
        enough = (kept > 0).sum(axis=1) >= min(CENTRES, (kept.shape[1] + 2) // 3)
        usual: Floats = np.where(enough & (mean >= SHARE) & self._readable, mean, 0).astype(np.float32)
        return usual

    def peculiar(self, index: str, screens: Sequence[Hashes], usual: Floats) -> Floats:
        """For each screen, by the words of it that the index knows, how peculiar the leading ones are to it."""
        ratio = peculiarity(self.table[:, self.names.index(index)], usual)
        return np.array([leading(ratio[np.searchsorted(self.words, words)]) for words in screens], np.float32)

    def told(self) -> Usual:
        """The table that a ranking keeps."""
        usual = self.usual()
        told = np.flatnonzero(usual)
        shares = {self.known[int(self.words[n])]: round(float(usual[n]), 3) for n in told}
        return Usual(dict(sorted(shares.items())))

    @cached_property
    def _readable(self) -> NDArray[np.bool_]:
        return np.isin(self.words, hashes(self.known))
