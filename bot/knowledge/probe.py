"""What is looked for: a query's lines and words as an index's own term numbers.

Not here: what a match is worth (`fusion`), where the matches are (`evidence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.terms import grams, hashes, letters, phrase, terms, words

LONGEST_LABEL = 6
"""Words of the longest run within a line that is compared with whole labels."""
MOST_LINES = 400


@dataclass(frozen=True)
class Line:
    """One line of the screen (or of the question): its text and its term numbers, -1 for what no article says."""

    text: str
    terms: NDArray[np.int64]
    whole: int
    """The number of the whole run, as labels are kept."""


@dataclass(frozen=True)
class Probe:
    """A query against one index."""

    lines: tuple[Line, ...]
    terms: NDArray[np.int64]
    """Term numbers that occur in both, each once."""
    times: NDArray[np.float64]
    """How often each occurs in the query."""
    runs: NDArray[np.uint64]
    """The numbers of all runs of up to LONGEST_LABEL words within a line."""
    grams: NDArray[np.uint32]
    """Buckets of letter runs, each once."""
    only: NDArray[np.bool_] | None = None
    """For each article whether it may be found; None for all of them."""


def probe(index: Index, texts: Sequence[str], shown: Sequence[str] | None = None) -> Probe:
    """Lines of text, made ready for `index`; `shown` is how each stood on the screen, where that differs."""
    lines: list[Line] = []
    runs: set[int] = set()
    folded: list[str] = []
    vocabulary = index.arrays.terms
    for text, seen in list(zip(texts, shown or texts, strict=True))[:MOST_LINES]:
        run = terms(text)
        if not run:
            continue
        folded.extend(words(text))
        numbers = np.searchsorted(vocabulary, hashes(run))
        numbers[numbers == len(vocabulary)] = 0
        known = vocabulary[numbers] == hashes(run) if len(vocabulary) else np.zeros(len(run), bool)
        lines.append(Line(seen, np.where(known, numbers, -1).astype(np.int64), phrase(run)))
        runs.update(phrase(run[i : i + n]) for n in range(1, LONGEST_LABEL + 1) for i in range(len(run) - n + 1))
    together = np.concatenate([line.terms for line in lines]) if lines else np.empty(0, np.int64)
    numbers, times = np.unique(together[together >= 0], return_counts=True)
    return Probe(
        lines=tuple(lines),
        terms=numbers,
        times=times.astype(np.float64),
        runs=np.unique(hashes(runs)),
        grams=np.unique(grams(letters(folded))),
    )


def pairs(lines: tuple[Line, ...]) -> set[tuple[int, int]]:
    """Neighbouring terms of the lines."""
    return {(int(a), int(b)) for line in lines for a, b in pairwise(line.terms.tolist()) if a >= 0 and b >= 0}
