"""A help centre's cases as figures: of its own screens, and of screens of other products asked of its index.

Not here: what is learned from them (`fitting`), how good that is (`card`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.retrieval import Case
from bot.knowledge import belonging
from bot.knowledge.features import compared, meant
from bot.knowledge.fusion import Query, bm25, screen_probe
from bot.knowledge.index import Index
from bot.knowledge.ranker import candidates, measured
from bot.knowledge.terms import Hashes

Floats = NDArray[np.float32]
STRANGERS = 30
"""Screens of each other product that are asked of an index."""


@dataclass(frozen=True)
class Screens:
    """Some screens asked of one index: the figures of every screen's candidates, one screen after another."""

    product: str
    """Whose screens they are."""
    figures: Floats
    right: NDArray[np.bool_]
    candidates: NDArray[np.int64]
    sizes: NDArray[np.int64]
    lines: NDArray[np.int64]
    """Of each screen, how many of its lines have a word that some article has."""
    known: Floats
    """Of each screen, what `belonging` says of it; nothing where no article has a word of it."""
    words: tuple[Hashes, ...]
    """Of each screen its words that the index knows."""
    meant: Floats | None = None
    """Of each candidate how near it is in meaning, where the index has vectors."""

    @property
    def spans(self) -> list[slice]:
        """Each screen's rows."""
        ends = np.cumsum(self.sizes)
        return [slice(int(end - size), int(end)) for end, size in zip(ends, self.sizes, strict=True)]

    @property
    def by_words_alone(self) -> "Screens":
        """The same without what vectors say."""
        return replace(self, known=self.known[:, : len(belonging.LEXICAL)], meant=None)


@dataclass(frozen=True)
class Product:
    """One help centre with its own cases, and with strangers: screens of other products."""

    name: str
    index: Index
    own: Screens
    answers: NDArray[np.bool_]
    """Which articles answer some case."""
    names: tuple[str, ...]
    strangers: tuple[Screens, ...] = ()

    @property
    def by_words_alone(self) -> "Product":
        """The same without what vectors say."""
        strangers = tuple(s.by_words_alone for s in self.strangers)
        return replace(self, own=self.own.by_words_alone, strangers=strangers)


def measure(name: str, index: Index, cases: Sequence[Case], asked: Sequence[Query]) -> Product:
    """The figures of all candidates of all cases of a help centre."""
    number = {article: n for n, article in enumerate(index.articles)}
    expected = [[number[e] for e in case.expect if e in number] for case in cases]
    own, names = _asked(name, index, asked, expected)
    answers = np.isin(np.arange(len(index.articles)), [n for right in expected for n in right])
    return Product(name, index, own, answers, names)


def with_strangers(product: Product, others: Sequence[tuple[str, Sequence[Query]]]) -> Product:
    """The product with screens of the others asked of its index, STRANGERS of each, spread over them."""
    strangers = []
    for name, asked in others:
        step = max(1, len(asked) // STRANGERS)
        chosen = asked[::step][:STRANGERS]
        strangers.append(_asked(name, product.index, chosen, [[] for _ in chosen])[0])
    return replace(product, strangers=tuple(strangers))


def _asked(
    name: str, index: Index, asked: Sequence[Query], expected: Sequence[Sequence[int]]
) -> tuple[Screens, tuple[str, ...]]:
    """(the screens' figures, the names of the figures of words)."""
    width = len(belonging.LEXICAL) + (len(belonging.NEAREST) if index.meaning else 0)
    names: tuple[str, ...] = ()
    figures, right, chosen, lines, near, known, said = [], [], [], [], [], [], []
    for query, wanted in zip(asked, expected, strict=True):
        probe = screen_probe(index, query)
        plain = bm25(index, probe).astype(np.float32)
        found = candidates(index, probe, plain)
        chosen.append(found)
        lines.append(probe.known_lines)
        said.append(index.arrays.terms[probe.terms])
        if not len(found):
            known.append(np.zeros(width, np.float32))
            continue
        evidence, rows = measured(index, probe, found, plain)
        names = names or compared(evidence, plain[found])[0]
        figures.append(rows)
        near.append(meant(evidence))
        right.append(np.isin(found, wanted))
        known.append(belonging.signals(evidence, plain[found]))
    screens = Screens(
        product=name,
        figures=np.concatenate(figures),
        right=np.concatenate(right),
        candidates=np.concatenate(chosen),
        sizes=np.array([len(c) for c in chosen]),
        lines=np.array(lines),
        known=np.stack(known),
        words=tuple(said),
        meant=np.concatenate(near) if index.meaning else None,
    )
    return screens, names
