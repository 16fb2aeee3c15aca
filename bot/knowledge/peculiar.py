"""How peculiar words are to a help centre: said in more of its articles than help centres usually say them in.

A screen of the product that a help centre is about shows such words; a screen of another shows everyday ones ("Save",
"Users"), however many. Not here: what is made of it (`belonging`, `ranker`), how the table is counted (`bot.training`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.terms import Hashes, hashes, term

Floats = NDArray[Any]
EVEN = 0.004
"""Share of articles below which a word is equally rare everywhere."""
LEADING = 5
"""The words by which a screen is judged: its most peculiar ones."""


@dataclass(frozen=True, eq=False)
class Usual:
    """For everyday words the share of a help centre's articles that usually have them."""

    shares: dict[str, float]

    @classmethod
    def of(cls, shares: dict[str, float]) -> "Usual":
        """The table of these words. Raises ValueError for a share that is none."""
        if not all(0 <= share <= 1 for share in shares.values()):
            raise ValueError("a word's usual share lies between 0 and 1")
        return cls(shares)

    def beside(self, index: Index) -> Floats:
        """For each term of the index how peculiar it is to it."""
        if index not in self._kept:
            words, shares = self._sorted
            at = np.searchsorted(index.arrays.terms, words).clip(0, max(0, len(index.arrays.terms) - 1))
            met = index.arrays.terms[at] == words if len(index.arrays.terms) else np.zeros(len(words), bool)
            usual = np.zeros(len(index.arrays.terms), np.float32)
            usual[at[met]] = shares[met]
            self._kept[index] = peculiarity(index.arrays.term_articles / max(1, len(index.articles)), usual)
        return self._kept[index]

    @cached_property
    def _sorted(self) -> tuple[Hashes, Floats]:
        words = hashes(term(word) for word in self.shares)
        order = np.argsort(words)
        return words[order], np.fromiter(self.shares.values(), np.float32)[order]

    @cached_property
    def _kept(self) -> WeakKeyDictionary[Index, Floats]:
        return WeakKeyDictionary()


def peculiarity(own: Floats, usual: Floats) -> Floats:
    """Log of how much more often words are said here than usually. Both are shares of articles."""
    ratio: Floats = np.log((own + EVEN) / (usual + EVEN)).astype(np.float32)
    return ratio


def leading(peculiarities: Floats) -> float:
    """Of a screen's words that are known here: the mean of the LEADING most peculiar; missing ones count nothing."""
    best = np.sort(np.maximum(peculiarities, 0))[-LEADING:]
    return float(best.sum() / LEADING)
