"""Learns the ranking from cases: whole products are held out, so that the score card tells of products never seen.

`helplens learn ranking FOLDER...` runs it. Not here: the fitting itself (`bot.learning`), what is measured
(`bot.knowledge.features`, `bot.knowledge.belonging`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bot.knowledge.ranker import KIND, MEANING, Ranker
from bot.training import fitting, held_out
from bot.training.card import gain, score_card, thresholds
from bot.training.products import Product, measure, with_strangers
from bot.training.usual import Shares

__all__ = ["Product", "learn", "measure", "with_strangers"]
Progress = Callable[[str], None]


def learn(products: Sequence[Product], say: Progress) -> Ranker:
    """The ranking learned from all products, with its score card. Raises ValueError for fewer than three products.

    Where all of them have vectors it is learned twice, by words alone and with the figure of meaning.
    """
    if len(products) < 3:
        raise ValueError(
            "learn from three help centres or more: one is held out, and its kind of article from the rest"
        )
    shares = Shares.of(products)
    ranker, held = _learned([p.by_words_alone for p in products], shares, say)
    if any(p.own.meant is None for p in products):
        return ranker
    say("with vectors:")
    better, again = _learned(products, shares, say)
    gained = gain([h.own.place for h in again], [h.own.place for h in held])
    return replace(ranker, with_vectors=replace(better, card=(better.card or {}) | {"gain at 1 by vectors": gained}))


def _learned(products: Sequence[Product], shares: Shares, say: Progress) -> tuple[Ranker, list[held_out.HeldOut]]:
    held = []
    for product in products:
        held.append(held_out.ranked(product, fitting.fitted([p for p in products if p is not product])))
        own = held[-1].own
        say(f"{product.name}: first in {own.right.mean():.1%}, plain BM25 {(own.plain <= 1).mean():.1%}")
    words, kind, weights = fitting.fitted(products)
    judge = held_out.Judge(held, shares)
    sure = held_out.confidences(judge)
    right = np.concatenate([h.own.right for h in held])
    ranker = Ranker(
        names=(*products[0].names, KIND, *((MEANING,) if products[0].own.meant is not None else ())),
        weights=weights,
        kind_words=tuple(words),
        kind_weights=kind,
        confidence_weights=held_out.calibrated(held),
        belonging_weights=judge.weights(),
        usual=shares.told(),
        thresholds=tuple(thresholds(np.concatenate([s.own for s in sure]), right)),
        card=score_card(held, sure, products),
    )
    return ranker, held
