"""The score card: how products fare that were held out of all that ranked them, and how far the confidence holds.

Not here: the ranking of products held out (`held_out`).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.answering import buttons
from bot.answering.offer import Limits, Offer
from bot.training.held_out import HeldOut, Ranked, Sure
from bot.training.products import Product

Places = Sequence[NDArray[np.float64]]
PRECISIONS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SHARES = (0.2, 0.4, 0.6)
USUAL = 0.8
"""The precision at which it is told how many are answered."""
LEAST_ANSWERED = 25
"""Answers that a precision must rest on before a threshold is read off it."""


def score_card(held: Sequence[HeldOut], sure: Sequence[Sure], products: Sequence[Product]) -> dict[str, Any]:
    """The score card: every product held out of all that ranked it."""
    places, right = [h.own.place for h in held], [h.own.right for h in held]
    surest_ = {share: [surest(s.own, r, share) for s, r in zip(sure, right, strict=True)] for share in SHARES}
    return {
        "products": {h.own.product: figures_of(h.own.place) | {"cases": len(h.own.place)} for h in held},
        "mean": _mean([figures_of(place) for place in places]),
        "plain BM25": _mean([figures_of(h.own.plain) for h in held]),
        "gain at 1 over plain BM25": gain(places, [h.own.plain for h in held]),
        "precision of the surest": {f"{share:.0%}": round(float(np.mean(each)), 3) for share, each in surest_.items()},
        "worst product": {f"{share:.0%}": round(float(np.min(each)), 3) for share, each in surest_.items()},
        "reliability": _reliability(np.concatenate([s.own for s in sure]), np.concatenate(right)),
        "answered": _answered(held, sure),
        "shown": _shown(held, sure, products),
    }


def figures_of(place: NDArray[np.float64]) -> dict[str, float]:
    """recall@1, @3, @5 and MRR of the places of right articles."""
    shares = {f"recall@{k}": round(float((place <= k).mean()), 4) for k in (1, 3, 5)}
    return shares | {"mrr": round(float((1 / place).mean()), 4)}


def surest(sure: NDArray[Any], right: NDArray[np.bool_], share: float) -> float:
    """How often the first article is right among the `share` of cases that are surest."""
    first = np.argsort(-sure, kind="stable")[: max(1, round(share * len(sure)))]
    return float(right[first].mean())


def gain(places: Places, others: Places, draws: int = 4000) -> dict[str, float]:
    """Mean gain in recall@1 over others, with the 95 % interval of a bootstrap over products and their cases."""
    chance = np.random.default_rng(1)
    gains = [(place <= 1).astype(float) - (other <= 1) for place, other in zip(places, others, strict=True)]
    means = []
    for _ in range(draws):
        picked = chance.integers(len(gains), size=len(gains))
        means.append(np.mean([chance.choice(gains[p], len(gains[p])).mean() for p in picked]))
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "mean": round(float(np.mean([g.mean() for g in gains])), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def thresholds(sure: NDArray[Any], right: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """For each precision the least confidence from which answers reach it, from there upward."""
    order = np.argsort(-sure)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    found, least = [], 0.0
    for wanted in PRECISIONS:
        enough = np.flatnonzero(precision[LEAST_ANSWERED - 1 :] >= wanted)
        if len(enough):
            least = max(least, math.floor(1e4 * float(sure[order[enough[-1] + LEAST_ANSWERED - 1]])) / 1e4)
            found.append((wanted, least))
    return found


def _answered(held: Sequence[HeldOut], sure: Sequence[Sure]) -> dict[str, Any]:
    """At the threshold of the usual precision: the share answered outright of the own screens and of strangers'."""
    right = np.concatenate([h.own.right for h in held])
    rows = {}
    for name, own, strangers in (
        ("asked whether it belongs", [s.own for s in sure], [s.strangers for s in sure]),
        ("not asked", [s.unasked for s in sure], [s.unasked_strangers for s in sure]),
    ):
        least = dict(thresholds(np.concatenate(own), right)).get(USUAL, 1.0)
        rows[name] = {"precision": USUAL, "own": _share(own, least), "strangers": _share(strangers, least)}
    return rows


def _shown(held: Sequence[HeldOut], sure: Sequence[Sure], products: Sequence[Product]) -> dict[str, Any]:
    """How often a right article is among what a customer is shown, and what that is, each product as it would behave
    with the threshold that the others' screens give for the usual precision."""
    rows, strangers = {}, []
    for n, (product, own) in enumerate(zip(products, sure, strict=True)):
        others = [i for i in range(len(held)) if i != n]
        reached = thresholds(
            np.concatenate([sure[i].own for i in others]), np.concatenate([held[i].own.right for i in others])
        )
        limits = Limits(sure=dict(reached).get(USUAL, 1.0))
        offers = _offers(limits, product, held[n].own, own.own)
        right = [
            bool(len(offer.places)) and bool(hits[list(offer.places)].any())
            for offer, hits in zip(offers, held[n].own.leading_right, strict=True)
        ]
        rows[product.name] = {"right": round(float(np.mean(right)), 4)} | _kinds(offers)
        said = np.split(own.strangers, np.cumsum([len(s.place) for s in held[n].strangers])[:-1])
        strangers += [
            _kinds(_offers(limits, product, asked, each)) for asked, each in zip(held[n].strangers, said, strict=False)
        ]
    return {
        "products": rows,
        "mean": _mean(list(rows.values())),
        "strangers": _mean(strangers) if strangers else None,
    }


def _offers(limits: Limits, product: Product, screens: Ranked, sure: NDArray[Any]) -> list[Offer]:
    """What is shown for each screen."""
    index, offers = product.index, []
    for confidence, articles in zip(sure, screens.leading, strict=True):
        passages = [index.passage(index.passages_of(int(article))[0]) for article in articles]
        offers.append(limits.offered(float(confidence), buttons.names(passages)))
    return offers


def _kinds(offers: Sequence[Offer]) -> dict[str, float]:
    """The shares that are answered outright, answered with what comes next beside it, and asked."""
    return {
        "outright": round(float(np.mean([o.outright for o in offers])), 4),
        "with more": round(float(np.mean([o.outright and len(o.places) > 1 for o in offers])), 4),
        "asked": round(float(np.mean([not o.outright and bool(o.places) for o in offers])), 4),
    }


def _share(sure: Sequence[NDArray[Any]], least: float) -> float | None:
    each = np.concatenate(sure)
    return round(float((each >= least).mean()), 4) if len(each) else None


def _reliability(sure: NDArray[Any], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    rows = []
    for low in np.arange(0, 1, 0.1):
        here = (sure >= low) & (sure < low + 0.1)
        if here.any():
            said, was = float(sure[here].mean()), float(right[here].mean())
            rows.append(
                {"from": round(float(low), 1), "cases": int(here.sum()), "said": round(said, 3), "right": round(was, 3)}
            )
    return rows


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}
