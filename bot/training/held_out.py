"""Each product as ranked by what was learned from the others, and how sure that is.

Not here: what is made of it (`card`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import kinds
from bot.knowledge.ranker import doubted, likely, signals
from bot.training import fitting
from bot.training.products import Product, Screens

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


def confidences(held: Sequence[HeldOut]) -> list[Sure]:
    """Each product's confidences, calibrated on the others; no stranger's product was learned from either."""
    found = []
    for n, product in enumerate(held):
        weights = calibrated([h for i, h in enumerate(held) if i != n])
        unasked = likely(product.own.signals, weights)
        own = doubted(unasked, product.own.known, belonging(held, {product.own.product}))
        before = [likely(s.signals, weights) for s in product.strangers]
        after = [
            doubted(sure, s.known, belonging(held, {product.own.product, s.product}))
            for sure, s in zip(before, product.strangers, strict=True)
        ]
        none = np.empty(0, np.float32)
        found.append(Sure(own, np.concatenate([none, *after]), unasked, np.concatenate([none, *before])))
    return found


def calibrated(held: Sequence[HeldOut]) -> Floats:
    """The confidence's weights."""
    return fitting.confidence([h.own.signals for h in held], [h.own.right for h in held])


def belonging(held: Sequence[HeldOut], without: set[str] | None = None) -> Floats:
    """The weights of whether a screen belongs, learned without the screens and indexes of some products."""
    without = without or set()
    kept = [h for h in held if h.own.product not in without]
    strangers = [[s.known for s in h.strangers if s.product not in without] for h in kept]
    return fitting.belonging([h.own.known for h in kept], [np.concatenate(s) for s in strangers if s])


def _ranked(screens: Screens, kind: Floats, weights: Floats) -> Ranked:
    scores, plain = fitting.table(screens, kind) @ weights, screens.figures[:, 0]
    spans = screens.spans
    return Ranked(
        product=screens.product,
        place=np.array([_place(scores[s], screens.right[s]) for s in spans]),
        plain=np.array([_place(plain[s], screens.right[s]) for s in spans]),
        signals=np.array([_signals(scores[s], n) for s, n in zip(spans, screens.lines, strict=True)]),
        known=screens.known,
    )


def _signals(scores: Floats, lines: int) -> Floats:
    return signals(scores, lines) if len(scores) else signals(np.zeros(2, np.float32), 0)


def _place(scores: Floats, right: NDArray[np.bool_]) -> float:
    """The place of the best right one; equals before it count half."""
    if not right.any():
        return np.inf
    best = scores[right].max()
    return float(1 + (scores > best).sum() + 0.5 * (scores[~right] == best).sum())
