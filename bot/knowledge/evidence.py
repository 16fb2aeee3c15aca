"""Where the candidates say what the screen says: one pass over their words, kept by place.

Places are blocks of BLOCK words; a window is WINDOW blocks of one article in a row, about as much as a help centre
writes around one screenshot. Matrices have a row per query term (or line) and a column per place, so that a window is a
sum of neighbouring columns; between two candidates lie empty blocks, so that no window reaches into the next article.
Not here: what the evidence is worth (`features`, `ranker`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.prepared import HEADING, LABEL, TITLE
from bot.knowledge.probe import Probe

Floats = NDArray[Any]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
WINDOW = 3
FOUND = 0.8
"""Share of a line's rarity from which the line counts as found."""
UNKNOWN = 0.7
"""What a word that no article has weighs in its line, against the rarest."""


@dataclass(frozen=True)
class Parts:
    """Where the candidates' parts of one kind (passages, blocks, labels) lie in an index's arrays."""

    spans: list[slice]

    @classmethod
    def of(cls, at: NDArray[Any], first: NDArray[Any], last: NDArray[Any]) -> "Parts":
        """The parts whose beginnings `at` says, for candidates with parts `first` to `last` of the kind above."""
        return cls([slice(s, e) for s, e in zip(at[first].tolist(), at[last].tolist(), strict=True)])

    @cached_property
    def counts(self) -> Ints:
        """How many parts each candidate has."""
        return np.array([span.stop - span.start for span in self.spans], np.int64)

    @cached_property
    def ends(self) -> Ints:
        """Where each candidate's parts end, counted over all candidates."""
        return np.cumsum(self.counts)

    @cached_property
    def owner(self) -> Ints:
        """The candidate of each part."""
        return np.repeat(np.arange(len(self.spans)), self.counts)

    def gathered(self, array: NDArray[Any]) -> NDArray[Any]:
        """Their entries in `array`, candidate after candidate."""
        return np.concatenate([array[span] for span in self.spans])

    def lengths(self, at: NDArray[Any]) -> Ints:
        """How many entries each part has, where `at` says where they begin."""
        return np.concatenate([np.diff(at[span.start : span.stop + 1]) for span in self.spans]).astype(np.int64)


@dataclass(frozen=True)
class Evidence:
    """The candidates' words beside a query. Candidates, passages, blocks and query terms are counted from 0; a hit is
    a word of a candidate that the query has."""

    index: Index
    probe: Probe
    candidates: Ints

    @cached_property
    def passages(self) -> Parts:
        """The candidates' passages."""
        return Parts.of(self.index.arrays.passage_at, self.candidates, self.candidates + 1)

    @cached_property
    def tokens(self) -> Parts:
        """The candidates' words."""
        a = self.index.arrays
        return Parts.of(a.token_at, a.passage_at[self.candidates], a.passage_at[self.candidates + 1])

    @cached_property
    def blocks(self) -> Parts:
        """The candidates' blocks, without the empty ones between."""
        return Parts.of(self.index.arrays.article_block_at, self.candidates, self.candidates + 1)

    @cached_property
    def labels(self) -> Parts:
        """The candidates' labels, headings and titles."""
        return Parts.of(self.index.arrays.label_at, self.candidates, self.candidates + 1)

    @cached_property
    def asked(self) -> NDArray[np.int32]:
        """For each word of the candidates the query term that it is, -1 for none."""
        numbers = np.full(len(self.index.arrays.terms), -1, np.int32)
        numbers[self.probe.terms] = np.arange(len(self.probe.terms))
        asked: NDArray[np.int32] = numbers[self.tokens.gathered(self.index.arrays.tokens)]
        return asked

    @cached_property
    def at(self) -> Ints:
        """Where the hits stand among the candidates' words."""
        return np.flatnonzero(self.asked >= 0)

    @cached_property
    def term(self) -> Ints:
        """The query term of each hit."""
        return self.asked[self.at].astype(np.int64)

    @cached_property
    def flags(self) -> NDArray[np.uint16]:
        """What each hit stands in."""
        flags: NDArray[np.uint16] = self.tokens.gathered(self.index.arrays.flags)[self.at]
        return flags

    @cached_property
    def labelled(self) -> Mask:
        """Which hits stand in a label."""
        return (self.flags & LABEL) > 0

    @cached_property
    def headed(self) -> Mask:
        """Which hits stand in a heading or title."""
        return (self.flags & (HEADING | TITLE)) > 0

    @cached_property
    def rarity(self) -> Floats:
        """How telling each hit is."""
        return self.term_rarity[self.term]

    @cached_property
    def article(self) -> Ints:
        """The candidate of each hit."""
        return self._place_of(self.tokens.ends)

    @cached_property
    def passage_lengths(self) -> Ints:
        """Words of each passage."""
        return self.passages.lengths(self.index.arrays.token_at)

    @cached_property
    def passage_ends(self) -> Ints:
        """Where each passage ends among the candidates' words."""
        return np.cumsum(self.passage_lengths)

    @cached_property
    def passage(self) -> Ints:
        """The passage of each hit."""
        return self._place_of(self.passage_ends)

    @cached_property
    def columns(self) -> Ints:
        """The column of each block: WINDOW - 1 empty ones stand behind each candidate's last."""
        return np.arange(len(self.blocks.owner)) + (WINDOW - 1) * self.blocks.owner

    @cached_property
    def width(self) -> int:
        """Columns of a matrix of blocks or windows."""
        return len(self.blocks.owner) + (WINDOW - 1) * len(self.candidates)

    @cached_property
    def block(self) -> Ints:
        """The column of each hit's block."""
        ends = np.cumsum(self.blocks.lengths(self.index.arrays.block_at))
        return self.columns[self._place_of(ends)]

    @cached_property
    def column_bounds(self) -> Ints:
        """Where each candidate's columns begin and end: a window that begins at an empty one reaches its neighbour."""
        first = self.blocks.ends - self.blocks.counts + (WINDOW - 1) * np.arange(len(self.candidates))
        return np.column_stack([first, first + self.blocks.counts]).ravel()

    @cached_property
    def term_rarity(self) -> Floats:
        """How telling each query term is."""
        return self.index.rarity[self.probe.terms]

    def _place_of(self, ends: Ints) -> Ints:
        """The place of each hit, for places that end at these words."""
        hits = np.searchsorted(self.at, ends)
        return np.repeat(np.arange(len(ends)), np.diff(hits, prepend=0))

    def spread(self, per_block: Floats) -> Floats:
        """One number per block -> one per column."""
        spread = np.zeros(self.width, np.float32)
        spread[self.columns] = per_block
        return spread

    def per_column(self, weights: Floats) -> Floats:
        """The weights of the hits, added by block."""
        return np.bincount(self.block, weights, self.width).astype(np.float32)

    def counts(self, place: Ints, places: int) -> Floats:
        """query terms x places: how often each term stands in each place."""
        terms = len(self.probe.terms)
        return np.bincount(self.term * places + place, minlength=terms * places).reshape(terms, places).astype("f4")

    def present(self, place: Ints, places: int, chosen: Mask) -> Mask:
        """query terms x places: whether a chosen hit of the term stands there."""
        found = np.zeros((len(self.probe.terms), places), bool)
        found[self.term[chosen], place[chosen]] = True
        return found

    @cached_property
    def block_counts(self) -> Floats:
        """query terms x blocks: how often each term stands in each."""
        return self.counts(self.block, self.width)

    @cached_property
    def windows(self) -> Floats:
        """query terms x windows: how often each term stands in each."""
        return sliding(self.block_counts)

    def per_article(self, blocks: Floats, together: np.ufunc = np.maximum) -> Floats:
        """... x columns -> ... x candidates: the largest of each candidate's, or the sum with `np.add`."""
        folded: Floats = together.reduceat(blocks, self.column_bounds, axis=-1)[..., ::2]
        return folded

    def of_passages(self, values: Floats) -> Floats:
        """... x passages -> ... x candidates: the largest of each candidate's."""
        best: Floats = np.maximum.reduceat(values, self.passages.ends - self.passages.counts, axis=-1)
        return best

    @cached_property
    def lines(self) -> Ints:
        """The lines of the query of which some article says a word; the matrices below have a row for each."""
        return np.unique(self.probe.line[self.probe.numbers >= 0])

    @cached_property
    def _line_terms(self) -> tuple[Ints, Ints]:
        """The lines' query terms, each once in its line, line after line: (the row of the line, the term)."""
        known = self.probe.numbers >= 0
        terms = len(self.probe.terms)
        pairs = np.unique(self.probe.line[known] * terms + self.probe.asked[known])
        return np.searchsorted(self.lines, pairs // terms), pairs % terms

    @cached_property
    def line_rarity(self) -> Floats:
        """How telling each line is, by its words."""
        line, term = self._line_terms
        return np.bincount(line, self.term_rarity[term], len(self.lines)).astype(np.float32)

    @cached_property
    def line_windows(self) -> Floats:
        """lines x windows: how much of each line a window has, 0 to 1."""
        line, term = self._line_terms
        missing = self.probe.unknown[self.lines] * UNKNOWN * np.log(1 + len(self.index.articles))
        share = (self.term_rarity[term] / (self.line_rarity + missing)[line]).astype(np.float32)
        having = (self.windows > 0)[term] * share[:, None]
        found: Floats = np.add.reduceat(having, np.searchsorted(line, np.arange(len(self.lines))), axis=0)
        return found

    @cached_property
    def line_articles(self) -> Floats:
        """lines x candidates: how much of each line the article has in one place, 0 to 1."""
        return self.per_article(self.line_windows)

    @cached_property
    def quotable(self) -> Ints:
        """Lines of two words or more, all of them known, repeated lines once."""
        probe = self.probe
        fit = np.flatnonzero((np.diff(probe.starts) > 1) & (probe.unknown == 0))
        return fit[np.sort(np.unique(probe.wholes[fit], return_index=True)[1])]

    @cached_property
    def whole(self) -> Mask:
        """quotable lines x columns: whether the line begins there word for word, within one passage."""
        found = np.zeros((len(self.quotable), self.width), bool)
        line, hit = self._quoted()
        found[line, self.block[hit]] = True
        return found

    @cached_property
    def beside(self) -> Ints:
        """Hits whose next word is a hit too, of the same passage."""
        return np.flatnonzero((np.diff(self.at) == 1) & (self.passage[1:] == self.passage[:-1]))

    @cached_property
    def beside_pair(self) -> Ints:
        """The two terms of those hits, as `Probe.pairs` numbers them."""
        return self.term[self.beside] * len(self.probe.terms) + self.term[self.beside + 1]

    def _quoted(self) -> tuple[Ints, Ints]:
        """(row of the quotable line, hit at which it begins): looked up by the first two words, then word by word."""
        start = self.probe.starts[self.quotable]
        size = self.probe.starts[self.quotable + 1] - start
        said = self.probe.asked
        pair = said[start] * len(self.probe.terms) + said[start + 1]
        order = np.argsort(pair, kind="stable")
        low, high = (np.searchsorted(pair[order], self.beside_pair, side) for side in ("left", "right"))
        times = high - low
        hit = np.repeat(self.beside, times)
        line = order[np.repeat(low - (np.cumsum(times) - times), times) + np.arange(int(times.sum()))]
        kept = self.at[hit] + size[line] <= self.passage_ends[self.passage[hit]]
        for word in range(2, int(size.max(initial=0))):
            line, hit = line[kept], hit[kept]
            kept = size[line] <= word
            more = np.flatnonzero(~kept)
            kept[more] = self.asked[self.at[hit[more]] + word] == said[start[line[more]] + word]
        return line[kept], hit[kept]


def sliding(blocks: Floats, together: np.ufunc = np.add) -> Floats:
    """... x columns: blocks -> the windows that begin with them; sums, or the largest with `np.maximum`."""
    joined = blocks.copy()
    for step in range(1, WINDOW):
        together(joined[..., :-step], blocks[..., step:], out=joined[..., :-step])
    return joined
