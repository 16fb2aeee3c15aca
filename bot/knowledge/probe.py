"""What is looked for: a query's lines and words as an index's own term numbers.

Not here: what a match is worth (`fusion`), where the matches are (`evidence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import terms
from bot.knowledge.index import Index
from bot.knowledge.terms import Hashes, hashes, letters, phrase, term, words

LONGEST_LABEL = 6
"""Words of the longest run within a line that is compared with whole labels."""
MOST_LINES = 400


@dataclass(frozen=True, eq=False)
class Probe:
    """A query against one index. Its words stand in one stream, line after line; a line has at least one word."""

    texts: tuple[str, ...]
    """The lines as they stand on the screen."""
    sought: tuple[str, ...]
    """The lines as they are looked for: words that a crop has cut completed."""
    said: tuple[tuple[str, ...], ...]
    """Each line's words, folded."""
    hashed: Hashes
    """The stream as an index keeps words."""
    numbers: NDArray[np.int64]
    """The stream as term numbers, -1 for what no article says."""
    line: NDArray[np.int64]
    """The line of each word."""
    terms: NDArray[np.int64]
    """Term numbers that occur in both, each once, rising."""
    times: NDArray[np.float64]
    """How often each occurs in the query."""
    only: NDArray[np.bool_] | None = None
    """For each article whether it may be found; None for all of them."""

    @cached_property
    def asked(self) -> NDArray[np.int64]:
        """For each word its place in `terms`, -1 for what no article says."""
        return np.where(self.numbers < 0, -1, np.searchsorted(self.terms, self.numbers))

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Where each line begins in the stream; one more entry than lines."""
        return np.searchsorted(self.line, np.arange(len(self.texts) + 1))

    @cached_property
    def unknown(self) -> NDArray[np.int64]:
        """Of each line, how many of its words no article says."""
        return np.bincount(self.line[self.numbers < 0], minlength=len(self.texts))

    @cached_property
    def known_lines(self) -> int:
        """Lines of which some article says a word."""
        return int((np.diff(self.starts) > self.unknown).sum())

    @cached_property
    def wholes(self) -> Hashes:
        """The number of each line as a whole, as labels are kept."""
        return hashes(phrase(self.hashed[s:e].tolist()) for s, e in zip(self.starts, self.starts[1:], strict=False))

    @cached_property
    def runs(self) -> Hashes:
        """The numbers of all runs of up to LONGEST_LABEL words within a line, each once, rising."""
        found = terms.runs(self.hashed, self.line, LONGEST_LABEL)
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.uint64)

    @cached_property
    def grams(self) -> NDArray[np.int64]:
        """Buckets of letter runs, each once, rising."""
        return np.unique(terms.grams(letters(word for line in self.said for word in line))).astype(np.int64)

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Neighbouring terms of a line that both are known: first * len(terms) + second, each once, rising."""
        first, second = self.asked[:-1], self.asked[1:]
        beside = (self.line[:-1] == self.line[1:]) & (first >= 0) & (second >= 0)
        return np.unique(first[beside] * len(self.terms) + second[beside])


def probe(
    index: Index, texts: Sequence[str], shown: Sequence[str] | None = None, only: NDArray[np.bool_] | None = None
) -> Probe:
    """Lines of text, made ready for `index`; `shown` is how each stood on the screen, where that differs."""
    given = list(zip(shown or texts, texts, strict=True))[:MOST_LINES]
    lines = [(seen, text, said) for seen, text in given if (said := tuple(words(text)))]
    vocabulary = index.arrays.terms
    hashed = hashes(term(word) for *_, said in lines for word in said)
    at = np.searchsorted(vocabulary, hashed)
    known = at < len(vocabulary)
    known[known] = vocabulary[at[known]] == hashed[known]
    numbers = np.where(known, at, -1)
    found, times = np.unique(numbers[known], return_counts=True)
    return Probe(
        texts=tuple(seen for seen, *_ in lines),
        sought=tuple(text for _, text, _ in lines),
        said=tuple(said for *_, said in lines),
        hashed=hashed,
        numbers=numbers,
        line=np.repeat(np.arange(len(lines)), [len(said) for *_, said in lines]).astype(np.int64),
        terms=found,
        times=times.astype(np.float64),
        only=only,
    )
