"""Each product as ranked by what was learned from the others, and how sure that is.

Not here: what is made of it (`card`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.answering.offer import CONSIDERED
from bot.knowledge import kinds
from bot.knowledge.ranker import belongs, likely, signals
from bot.knowledge.terms import Hashes
from bot.training import fitting
from bot.training.products import Product, Screens
from bot.training.usual import Shares

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Ranked:
    """Some screens, ranked: one entry per screen."""

    product: str
    place: NDArray[np.float64]
    """The place of the best right article; infinite where it is not among the candidates."""
    plain: NDArray[np.float64]
    """The place by plain BM25 over the screen's text."""
    signals: Floats
    known: Floats
    words: tuple[Hashes, ...]
    leading: tuple[NDArray[np.int64], ...]
    """Of each screen the articles ranked first, best first."""
    leading_right: tuple[NDArray[np.bool_], ...]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which screens have a right article first."""
        return self.place <= 1


@dataclass(frozen=True)
class HeldOut:
    """One product's own screens and the strangers that were asked of it."""

    own: Ranked
    strangers: tuple[Ranked, ...]


@dataclass(frozen=True)
class Sure:
    """Confidences of one product's screens, by what the others' screens taught."""

    own: Floats
    strangers: Floats
    unasked: Floats
    """Of the own, before it was asked whether they belong."""
    unasked_strangers: Floats


def ranked(product: Product, learned: fitting.Fitted) -> HeldOut:
    """A product ranked by what was learned elsewhere."""
    words, kind, weights = learned
    kinds_of = kinds.counted(product.index, kinds.hashed(words)) @ kind
    return HeldOut(
        _ranked(product.own, kinds_of, weights), tuple(_ranked(s, kinds_of, weights) for s in product.strangers)
    )


def confidences(judge: "Judge") -> list[Sure]:
    """Each product's confidences, calibrated on the others; no stranger's product was learned from either."""
    found = []
    for n, product in enumerate(judge.held):
        weights = calibrated([h for i, h in enumerate(judge.held) if i != n])
        unasked = likely(product.own.signals, weights)
        before = [likely(s.signals, weights) for s in product.strangers]
        after = [sure * judge.belongs(product, s) for sure, s in zip(before, product.strangers, strict=True)]
        none = np.empty(0, np.float32)
        own = unasked * judge.belongs(product, product.own)
        found.append(Sure(own, np.concatenate([none, *after]), unasked, np.concatenate([none, *before])))
    return found


def calibrated(held: Sequence[HeldOut]) -> Floats:
    """The confidence's weights."""
    return fitting.confidence([h.own.signals for h in held], [h.own.right for h in held])


@dataclass(frozen=True)
class Judge:
    """Whether screens belong to a product, by what screens and indexes of other products taught."""

    held: Sequence[HeldOut]
    shares: Shares
    _learned: dict[frozenset[str], Floats] = field(default_factory=dict)

    def belongs(self, product: HeldOut, screens: Ranked) -> Floats:
        """How likely each screen is of the product, judged without either one's screens, index and words."""
        without = frozenset({product.own.product, screens.product})
        return belongs(self.known(product, screens, without), self.weights(without))

    def weights(self, without: frozenset[str] = frozenset()) -> Floats:
        """The weights, learned without the screens and indexes of some products."""
        if without not in self._learned:
            kept = [h for h in self.held if h.own.product not in without]
            strangers = [[self.known(h, s, without) for s in h.strangers if s.product not in without] for h in kept]
            own = [self.known(h, h.own, without) for h in kept]
            self._learned[without] = fitting.belonging(own, [np.concatenate(s) for s in strangers if s])
        return self._learned[without]

    def known(self, product: HeldOut, screens: Ranked, without: frozenset[str]) -> Floats:
        """What belonging goes by: words count as usual by products other than these two and those left out."""
        name = product.own.product
        usual = self.shares.usual(without | {name, screens.product})
        return np.column_stack([screens.known, self.shares.peculiar(name, screens.words, usual)])


def _ranked(screens: Screens, kind: Floats, weights: Floats) -> Ranked:
    scores, plain = fitting.table(screens, kind) @ weights, screens.figures[:, 0]
    spans = screens.spans
    orders = [np.argsort(-scores[s], kind="stable")[:CONSIDERED] for s in spans]
    return Ranked(
        product=screens.product,
        place=np.array([_place(scores[s], screens.right[s]) for s in spans]),
        plain=np.array([_place(plain[s], screens.right[s]) for s in spans]),
        signals=np.array([_signals(scores[s], n) for s, n in zip(spans, screens.lines, strict=True)]),
        known=screens.known,
        words=screens.words,
        leading=tuple(screens.candidates[s][order] for s, order in zip(spans, orders, strict=True)),
        leading_right=tuple(screens.right[s][order] for s, order in zip(spans, orders, strict=True)),
    )


def _signals(scores: Floats, lines: int) -> Floats:
    return signals(scores, lines) if len(scores) else signals(np.zeros(2, np.float32), 0)


def _place(scores: Floats, right: NDArray[np.bool_]) -> float:
    """The place of the best right one; equals before it count half."""
    if not right.any():
        return np.inf
    best = scores[right].max()
    return float(1 + (scores > best).sum() + 0.5 * (scores[~right] == best).sum())
