"""Candidates that have unequally many parts: which part is whose, and what is added over a place's entries.

Rows of unequal length lie behind one another in one array, and a second array says where each begins. Not here: what
is counted in them (`evidence`), the arrays of an index themselves (`arrays`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """The candidates' parts of one kind (passages, blocks, labels, words): which they are in an index's arrays."""

    starts: Ints
    stops: Ints

    @classmethod
    def of(cls, at: NDArray[Any], first: NDArray[Any], last: NDArray[Any]) -> "Parts":
        """The parts whose beginnings `at` says, for candidates with parts `first` to `last` of the kind above."""
        return cls(at[first].astype(np.int64), at[last].astype(np.int64))

    @cached_property
    def counts(self) -> Ints:
        """How many parts each candidate has."""
        return self.stops - self.starts

    @cached_property
    def ends(self) -> Ints:
        """Where each candidate's parts end, counted over all candidates."""
        return np.cumsum(self.counts)

    @cached_property
    def owner(self) -> Ints:
        """The candidate of each part."""
        return np.repeat(np.arange(len(self.starts)), self.counts)

    @cached_property
    def numbers(self) -> Ints:
        """The parts, candidate after candidate."""
        return np.repeat(self.stops - self.ends, self.counts) + np.arange(len(self.owner))

    def gathered(self, array: NDArray[Any]) -> NDArray[Any]:
        """Their entries in `array`."""
        each = [array[s:e] for s, e in zip(self.starts.tolist(), self.stops.tolist(), strict=True)]
        return np.concatenate(each) if each else array[:0]

    def looked_up(self, array: NDArray[Any], table: NDArray[Any]) -> NDArray[Any]:
        """What `table` has for each of their entries in `array`: candidate after candidate, so that what is at hand
        stays in the processor's cache."""
        found = np.empty(int(self.counts.sum()), table.dtype)
        begin = 0
        for start, stop in zip(self.starts.tolist(), self.stops.tolist(), strict=True):
            table.take(array[start:stop], out=found[begin : (begin := begin + stop - start)], mode="clip")
        return found

    def lengths(self, at: NDArray[Any]) -> Ints:
        """How many entries each part has, where `at` says where they begin."""
        lengths: Ints = (at[self.numbers + 1] - at[self.numbers]).astype(np.int64)
        return lengths


def marked(rows: int, columns: int, row: Ints, column: Ints) -> Mask:
    """rows x columns: true at these places."""
    found = np.zeros(rows * columns, bool)
    found[row * columns + column] = True
    return found.reshape(rows, columns)


def numbered(before: Ints) -> Ints:
    """The place of each entry, where `before` says how many entries stand before each place."""
    return np.repeat(np.arange(len(before) - 1), np.diff(before))


def added(values: Floats, before: Ints) -> Floats:
    """The sum of each place's entries, where `before` says how many stand before each place."""
    sums = np.zeros(len(before) - 1, np.float32)
    filled = np.flatnonzero(before[1:] > before[:-1])
    if len(filled):
        sums[filled] = np.add.reduceat(values, before[filled])
    return sums
