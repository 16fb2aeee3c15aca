"""Where the candidates say what the screen says: one pass over their words, kept by place.

Places are blocks of BLOCK words; a window is WINDOW blocks of one article in a row, about as much as a help centre
writes around one screenshot. Matrices have a row per place and a column per query term (or line), so that a window is
a sum of neighbouring rows; between two candidates lie empty blocks, so that no window mixes two articles.
Not here: how parts of unequal number are counted (`parts`), what the evidence is worth (`features`, `ranker`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.parts import Floats, Ints, Mask, Parts, added, marked, numbered
from bot.knowledge.prepared import HEADING, LABEL, TITLE
from bot.knowledge.probe import Probe

WINDOW = 3
FOUND = 0.8
"""Share of a line's rarity from which the line counts as found."""
UNKNOWN = 0.7
"""What a word that no article has weighs in its line, against the rarest."""


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
        return self.tokens.looked_up(self.index.arrays.tokens, numbers)

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
    def labelled(self) -> Ints:
        """The hits in a label."""
        return np.flatnonzero(self.flags & LABEL)

    @cached_property
    def headed(self) -> Ints:
        """The hits in a heading or title."""
        return np.flatnonzero(self.flags & (HEADING | TITLE))

    @cached_property
    def titled(self) -> Ints:
        """The hits in a title."""
        return np.flatnonzero(self.flags & TITLE)

    @cached_property
    def rarity(self) -> Floats:
        """How telling each hit is."""
        return self.term_rarity[self.term]

    @cached_property
    def term_rarity(self) -> Floats:
        """How telling each query term is."""
        return self.index.rarity[self.probe.terms]

    def _hits_before(self, ends: Ints) -> Ints:
        """How many hits stand before each of the places that end at these words, and how many there are."""
        return np.concatenate([[0], np.searchsorted(self.at, ends)])

    @cached_property
    def article(self) -> Ints:
        """The candidate of each hit."""
        return numbered(self._hits_before(self.tokens.ends))

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
        return numbered(self._hits_before(self.passage_ends))

    @cached_property
    def rows(self) -> Ints:
        """The row of each block: WINDOW - 1 empty ones stand behind each candidate's last."""
        return np.arange(len(self.blocks.owner)) + (WINDOW - 1) * self.blocks.owner

    @cached_property
    def height(self) -> int:
        """Rows of a matrix of blocks or windows."""
        return len(self.blocks.owner) + (WINDOW - 1) * len(self.candidates)

    @cached_property
    def block_lengths(self) -> Ints:
        """Words of each block."""
        return self.blocks.lengths(self.index.arrays.block_at)

    @cached_property
    def _before_blocks(self) -> Ints:
        return self._hits_before(np.cumsum(self.block_lengths))

    @cached_property
    def block(self) -> Ints:
        """The row of each hit's block."""
        return self.rows[numbered(self._before_blocks)]

    @cached_property
    def row_bounds(self) -> Ints:
        """Where each candidate's rows begin and end: a window that begins at an empty one reaches its neighbour."""
        first = self.blocks.ends - self.blocks.counts + (WINDOW - 1) * np.arange(len(self.candidates))
        return np.column_stack([first, first + self.blocks.counts]).ravel()

    def spread(self, per_block: Floats) -> Floats:
        """One number per block -> one per row."""
        spread = np.zeros(self.height, np.float32)
        spread[self.rows] = per_block
        return spread

    def counts(self, place: Ints, places: int) -> Floats:
        """places x query terms: how often each term stands in each place."""
        counts = np.zeros(places * len(self.probe.terms), np.float32)
        np.add.at(counts, place * len(self.probe.terms) + self.term, np.float32(1))
        return counts.reshape(places, -1)

    def present(self, place: Ints, places: int, hits: Ints | slice = slice(None)) -> Mask:
        """places x query terms: whether one of these hits stands there."""
        return marked(places, len(self.probe.terms), place[hits], self.term[hits])

    @cached_property
    def met(self) -> Floats:
        """The rarity of the hits, added by block."""
        return self.spread(added(self.rarity, self._before_blocks))

    @cached_property
    def windows(self) -> Floats:
        """windows x query terms: how often each term stands in each."""
        return sliding(self.counts(self.block, self.height))

    def per_article(self, rows: Floats) -> Floats:
        """rows x ... -> candidates x ...: the largest of each candidate's."""
        best: Floats = np.maximum.reduceat(rows, self.row_bounds, axis=0)[::2]
        return best

    def of_passages(self, values: Floats) -> Floats:
        """passages x ... -> candidates x ...: the largest of each candidate's."""
        best: Floats = np.maximum.reduceat(values, self.passages.ends - self.passages.counts, axis=0)
        return best

    @cached_property
    def near(self) -> Floats | None:
        """How near each passage is to the query in meaning, -1 to 1; None when the index has no vectors."""
        meaning = self.index.meaning
        if meaning is None:
            return None
        near: Floats = self.passages.gathered(meaning.vectors).astype(np.float32) @ meaning.of(self.probe.sought)
        return near

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
        """windows x lines: how much of each line a window has, 0 to 1."""
        line, term = self._line_terms
        missing = self.probe.unknown[self.lines] * UNKNOWN * np.log(1 + len(self.index.articles))
        share = (self.term_rarity[term] / (self.line_rarity + missing)[line]).astype(np.float32)
        shares = np.zeros((len(self.probe.terms), len(self.lines)), np.float32)
        shares[term, line] = share
        found: Floats = (self.windows > 0).astype(np.float32) @ shares
        return found

    @cached_property
    def line_articles(self) -> Floats:
        """candidates x lines: how much of each line the article has in one place, 0 to 1."""
        return self.per_article(self.line_windows)

    @cached_property
    def quotable(self) -> Ints:
        """Lines of two words or more, all of them known, repeated lines once."""
        probe = self.probe
        fit = np.flatnonzero((np.diff(probe.starts) > 1) & (probe.unknown == 0))
        return fit[np.sort(np.unique(probe.wholes[fit], return_index=True)[1])]

    @cached_property
    def pairs(self) -> tuple[Ints, Ints]:
        """(hits whose next word is a hit too, of the same passage, where a line says the two side by side; which of
        `Probe.pairs` they are)."""
        beside = np.flatnonzero((self.at[1:] == self.at[:-1] + 1) & (self.passage[1:] == self.passage[:-1]))
        terms, wanted = len(self.probe.terms), self.probe.pairs
        number = np.full(terms * terms, -1, np.int32)
        number[wanted] = np.arange(len(wanted))
        met = number[self.term[beside] * terms + self.term[beside + 1]]
        kept = np.flatnonzero(met >= 0)
        return beside[kept], met[kept].astype(np.int64)

    @cached_property
    def quoted(self) -> tuple[Ints, Ints]:
        """Where quotable lines stand word for word, within one passage: (place of the line in `quotable`, the hit with
        which it begins). Looked up by the first two words, then word by word."""
        start = self.probe.starts[self.quotable]
        size = self.probe.starts[self.quotable + 1] - start
        said = self.probe.asked
        first = np.searchsorted(self.probe.pairs, said[start] * len(self.probe.terms) + said[start + 1])
        order = np.argsort(first, kind="stable")
        sharing = np.bincount(first, minlength=len(self.probe.pairs))
        beside, number = self.pairs
        times = sharing[number]
        hit = np.repeat(beside, times)
        nth = np.arange(len(hit)) - np.repeat(np.cumsum(times) - times, times)
        line = order[np.repeat((np.cumsum(sharing) - sharing)[number], times) + nth]
        kept = self.at[hit] + size[line] <= self.passage_ends[self.passage[hit]]
        for word in range(2, int(size.max(initial=0))):
            line, hit = line[kept], hit[kept]
            kept = size[line] <= word
            more = np.flatnonzero(~kept)
            kept[more] = self.asked[self.at[hit[more]] + word] == said[start[line[more]] + word]
        return line[kept], hit[kept]


def sliding(blocks: Floats) -> Floats:
    """rows x ...: blocks -> the windows that begin with them, added; of masks, whether one of them is true."""
    joined = blocks.copy()
    for step in range(1, WINDOW):
        joined[:-step] += blocks[step:]
    return joined
