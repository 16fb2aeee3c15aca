"""Where the candidates say what the screen says: one pass over their words, kept by place.

Places are blocks of BLOCK words; a window is WINDOW blocks of one article in a row, about as much as a help centre
writes around one screenshot. Not here: what the evidence is worth (`features`, `ranker`).
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.prepared import BODY, HEADING, LABEL, TITLE
from bot.knowledge.probe import Probe

Floats = NDArray[Any]
Ints = NDArray[np.int64]
BLOCK = 40
WINDOW = 3
FOUND = 0.8
"""Share of a line's rarity from which the line counts as found."""
UNKNOWN = 0.7
"""What a word that no article has weighs in its line, against the rarest."""


def rarity(articles: int, having: NDArray[np.integer]) -> Floats:
    """How telling it is that an article has something which `having` of all `articles` have."""
    telling: Floats = np.log(1 + (articles - having + 0.5) / (having + 0.5)).astype(np.float32)
    return telling


@lru_cache(maxsize=4)
def term_rarities(index: Index) -> Floats:
    """How telling each term of the index is."""
    return rarity(len(index.articles), index.arrays.term_articles)


@dataclass(frozen=True)
class Evidence:
    """The candidates' words beside a query. Candidates, passages, blocks and query terms are counted from 0."""

    index: Index
    probe: Probe
    candidates: Ints

    @cached_property
    def spans(self) -> list[slice]:
        """Each candidate's tokens."""
        a = self.index.arrays
        starts = a.token_at[a.passage_at[self.candidates]]
        ends = a.token_at[a.passage_at[self.candidates + 1]]
        return [slice(int(s), int(e)) for s, e in zip(starts, ends, strict=True)]

    @cached_property
    def tokens(self) -> NDArray[np.int32]:
        """All tokens, candidate after candidate."""
        return np.concatenate([self.index.arrays.tokens[span] for span in self.spans])

    @cached_property
    def flags(self) -> NDArray[np.uint8]:
        """What each token stands in."""
        return np.concatenate([self.index.arrays.flags[span] for span in self.spans])

    @cached_property
    def article(self) -> Ints:
        """The candidate of each token."""
        return np.repeat(np.arange(len(self.candidates)), [span.stop - span.start for span in self.spans])

    @cached_property
    def passage_lengths(self) -> Ints:
        """Tokens of each passage."""
        a = self.index.arrays
        spans = [slice(int(a.passage_at[c]), int(a.passage_at[c + 1]) + 1) for c in self.candidates]
        return np.concatenate([np.diff(a.token_at[span]) for span in spans])

    @cached_property
    def passage(self) -> Ints:
        """The passage of each token."""
        return np.repeat(np.arange(len(self.passage_lengths)), self.passage_lengths)

    @cached_property
    def passage_article(self) -> Ints:
        """The candidate of each passage."""
        a = self.index.arrays
        counts = a.passage_at[self.candidates + 1] - a.passage_at[self.candidates]
        return np.repeat(np.arange(len(self.candidates)), counts)

    @cached_property
    def asked(self) -> Ints:
        """The query term that each token is, -1 for none."""
        numbers = np.full(len(self.index.arrays.terms), -1, np.int32)
        numbers[self.probe.terms] = np.arange(len(self.probe.terms))
        return numbers[self.tokens].astype(np.int64)

    @cached_property
    def hit(self) -> NDArray[np.bool_]:
        """Which tokens the query has."""
        return self.asked >= 0

    @cached_property
    def block(self) -> Ints:
        """The block of each token: every BLOCK words of an article's text, headings going with what follows."""
        body = (self.flags & BODY) > 0
        before = np.concatenate([[0], np.cumsum(body)])
        within = (before[:-1] - before[[0, *np.cumsum(np.bincount(self.article))[:-1]]][self.article]) // BLOCK
        counts = np.zeros(len(self.candidates), np.int64)
        np.maximum.at(counts, self.article, within + 1)
        number: Ints = np.concatenate([[0], np.cumsum(counts)])[self.article] + within
        return number

    @cached_property
    def block_article(self) -> Ints:
        """The candidate of each block."""
        owner = np.zeros(int(self.block[-1]) + 1, np.int64)
        owner[self.block] = self.article
        return owner

    @cached_property
    def term_rarity(self) -> Floats:
        """How telling each query term is."""
        return term_rarities(self.index)[self.probe.terms]

    @cached_property
    def token_rarity(self) -> Floats:
        """How telling each token is."""
        return term_rarities(self.index)[self.tokens]

    def best(self, values: Floats, owner: Ints) -> Floats:
        """The largest of `values` per candidate, none below 0; `owner` rises and names every candidate."""
        starts = np.searchsorted(owner, np.arange(len(self.candidates)))
        return np.maximum(np.maximum.reduceat(values, starts, axis=0), 0).astype(np.float32)

    def per(self, place: Ints, where: NDArray[np.bool_] | None = None) -> Floats:
        """How often each query term stands in each place."""
        chosen = self.hit if where is None else self.hit & where
        terms = len(self.probe.terms)
        size = int(place[-1]) + 1
        counts = np.bincount(place[chosen] * terms + self.asked[chosen], minlength=size * terms)
        return counts.reshape(size, terms).astype(np.float32)

    def windows(self, blocks: Floats, together: np.ufunc = np.add) -> Floats:
        """Blocks -> windows that begin with them: sums, or the largest with `together=np.maximum`."""
        joined = blocks.copy()
        for step in range(1, WINDOW):
            at = np.flatnonzero(self.block_article[step:] == self.block_article[:-step])
            joined[at] = together(joined[at], blocks[at + step])
        return joined

    @cached_property
    def term_windows(self) -> Floats:
        """How often each query term stands in each window."""
        return self.windows(self.per(self.block))

    @cached_property
    def line_rarity(self) -> Floats:
        """How telling each line is, by its words."""
        return np.array(
            [self.term_rarity[self.term_numbers(n)].sum() for n in range(len(self.probe.lines))], np.float32
        )

    def term_numbers(self, line: int) -> Ints:
        """The query terms of a line, each once."""
        known = self.probe.lines[line].terms
        return np.searchsorted(self.probe.terms, np.unique(known[known >= 0]))

    @cached_property
    def line_shares(self) -> Floats:
        """terms x lines: the share of a line's rarity that each of its terms has."""
        shares = np.zeros((len(self.probe.terms), len(self.probe.lines)), np.float32)
        rarest = UNKNOWN * np.log(1 + len(self.index.articles))
        for n, line in enumerate(self.probe.lines):
            numbers = self.term_numbers(n)
            if len(numbers):
                missing = (line.terms < 0).sum() * rarest
                shares[numbers, n] = self.term_rarity[numbers] / (self.line_rarity[n] + missing)
        return shares

    @cached_property
    def line_windows(self) -> Floats:
        """windows x lines: how much of each line a window has, 0 to 1."""
        return (self.term_windows > 0).astype(np.float32) @ self.line_shares

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        """blocks x lines: whether a line of two words or more stands there word for word; repeated lines once."""
        found = np.zeros((len(self.block_article), len(self.probe.lines)), bool)
        seen: set[int] = set()
        for n, line in enumerate(self.probe.lines):
            if len(line.terms) < 2 or line.whole in seen or (line.terms < 0).any():
                continue
            seen.add(line.whole)
            found[self.block[self._places(np.searchsorted(self.probe.terms, line.terms))], n] = True
        return found

    def _places(self, run: Ints) -> Ints:
        """The tokens at which `run` begins, within one passage."""
        rarest = int(np.argmax(self.term_rarity[run]))
        at = np.flatnonzero(self.asked == run[rarest]) - rarest
        at = at[(at >= 0) & (at + len(run) <= len(self.asked))]
        for step, number in enumerate(run):
            at = at[self.asked[at + step] == number]
        begun: Ints = at[self.passage[at] == self.passage[at + len(run) - 1]]
        return begun

    @cached_property
    def labelled(self) -> NDArray[np.bool_]:
        """Which tokens stand in a label."""
        return (self.flags & LABEL) > 0

    @cached_property
    def headed(self) -> NDArray[np.bool_]:
        """Which tokens stand in a heading or title."""
        return (self.flags & (HEADING | TITLE)) > 0
