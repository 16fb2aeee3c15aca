"""Weights from figures: the kind of article, the ranking, the confidence, and whether a screen belongs.

Not here: the mathematics (`bot.learning`), which products are held out (`held_out`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import kinds
from bot.learning.softmax import fit, logistic
from bot.training.products import Product, Screens

Floats = NDArray[np.float32]
RIDGE, KIND_RIDGE, SURE_RIDGE, BELONGING_RIDGE = 8.0, 30.0, 1.0, 3.0
EVERYDAY = 0.85
"""A word is learned from when it is everyday in this share of the products."""
KIND_SCALE = 3.0
OWN_KEPT, LEAST = 0.9, 2.0
"""Nine of ten own screens belong by log-odds of at least LEAST."""
STEEP = 2.0
"""The ridge makes the odds flatter than they are."""
Fitted = tuple[list[str], Floats, Floats]
"""(everyday words, their weights, the ranking's weights)."""


def fitted(products: Sequence[Product]) -> Fitted:
    """What is learned from some products; each one's kinds of article come from the others' words."""
    words = kinds.everyday([p.index for p in products], max(2, round(EVERYDAY * len(products))))
    counts = [kinds.counted(p.index, kinds.hashed(words)) for p in products]
    crossed = []
    for n, product in enumerate(products):
        others = [i for i in range(len(products)) if i != n]
        weights = _kind([counts[i] for i in others], [products[i].answers for i in others])
        crossed.append(table(product.own, counts[n] @ weights))
    return words, _kind(counts, [p.answers for p in products]), _weights(products, crossed)


def table(screens: Screens, kind: Floats) -> Floats:
    """All figures of the screens' candidates, in the order of the ranker's names."""
    columns = [screens.figures, kind[screens.candidates]]
    if screens.meant is not None:
        columns.append(screens.meant)
    return np.column_stack(columns).astype(np.float32)


def confidence(signals: Sequence[Floats], right: Sequence[NDArray[np.bool_]]) -> Floats:
    """Weights of a ranking's signals, then the constant: whether its first is right. Products count the same."""
    return _logistic(np.concatenate(signals), right, SURE_RIDGE)


def belonging(own: Sequence[Floats], strangers: Sequence[Floats]) -> Floats:
    """Weights of what `bot.knowledge.belonging` says, then the constant: whether a screen is of the own product.

    As many strangers as own screens are not what a help desk meets: the log-odds are LEAST where OWN_KEPT of the own
    lie above. `own` and `strangers` have one table per product each. All zero when there are no strangers.
    """
    width = own[0].shape[1]
    if not sum(map(len, strangers)):
        return np.zeros(width + 1, np.float32)
    rows = np.concatenate([*own, *strangers])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    right = [*(np.ones(len(o), bool) for o in own), *(np.zeros(len(s), bool) for s in strangers)]
    weights = _logistic((rows - mean) / spread, right, BELONGING_RIDGE)
    slopes = STEEP * weights[:-1] / spread
    least = float(np.quantile(np.concatenate(own) @ slopes, 1 - OWN_KEPT))
    return np.append(slopes, LEAST - least).astype(np.float32)


def _logistic(rows: Floats, right: Sequence[NDArray[np.bool_]], ridge: float) -> Floats:
    weights = np.concatenate([np.full(len(r), 1 / max(1, len(r))) for r in right])
    return logistic(_with_constant(rows), np.concatenate(right), weights * len(weights) / weights.sum(), ridge)


def _kind(counts: Sequence[Floats], answers: Sequence[NDArray[np.bool_]]) -> Floats:
    """Weights of everyday words, every product counting the same, and its answers as much as the rest."""
    heavy = []
    for right in answers:
        share = right.mean().clip(1e-3, 1 - 1e-3)
        heavy.append(np.where(right, 0.5 / share, 0.5 / (1 - share)) / len(right))
    weights = np.concatenate(heavy)
    rows = _with_constant(np.concatenate(counts))
    found = logistic(rows, np.concatenate(answers), weights * len(weights) / weights.sum(), KIND_RIDGE)
    return found[:-1] / KIND_SCALE


def _weights(products: Sequence[Product], figures: Sequence[Floats]) -> Floats:
    rows, right, sizes, heavy = [], [], [], []
    for product, columns in zip(products, figures, strict=True):
        own = product.own
        case = np.repeat(np.arange(len(own.sizes)), own.sizes)
        useful = np.bincount(case, own.right, len(own.sizes)) > 0
        rows.append(columns[useful[case]])
        right.append(own.right[useful[case]])
        sizes.append(own.sizes[useful])
        heavy.append(np.full(int(useful.sum()), 1 / len(own.sizes)))
    weights = np.concatenate(heavy)
    return fit(
        np.concatenate(rows),
        np.concatenate(right),
        np.concatenate(sizes),
        (weights / weights.mean()).astype(np.float32),
        RIDGE,
    )


def _with_constant(rows: Floats) -> Floats:
    return np.column_stack([rows, np.ones(len(rows), np.float32)]).astype(np.float32)
