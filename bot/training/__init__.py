"""Learns the ranking from cases: whole products are held out, so that the score card tells of products never seen.

`helplens learn ranking FOLDER...` runs it. Not here: the fitting itself (`bot.learning`), what is measured
(`bot.knowledge.features`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.retrieval import Case
from bot.knowledge import kinds
from bot.knowledge.features import compared
from bot.knowledge.fusion import Query, bm25, screen_probe
from bot.knowledge.index import Index
from bot.knowledge.ranker import Ranker, candidates, measured, signals
from bot.learning.softmax import fit, logistic

Floats = NDArray[np.float32]
RIDGE, KIND_RIDGE, SURE_RIDGE = 8.0, 30.0, 1.0
EVERYDAY = 0.85
"""A word is learned from when it is everyday in this share of the products."""
KIND_SCALE = 3.0
PRECISIONS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
SHARES = (0.2, 0.4, 0.6)
LEAST_ANSWERED = 25
"""Answers that a precision must rest on before a threshold is read off it."""
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Product:
    """One help centre with its cases, measured: the figures of every case's candidates, one case after another."""

    name: str
    index: Index
    figures: Floats
    right: NDArray[np.bool_]
    candidates: NDArray[np.int64]
    sizes: NDArray[np.int64]
    lines: NDArray[np.int64]
    """Of each case, how many of its lines have a word that some article has."""
    answers: NDArray[np.bool_]
    """Which articles answer some case."""
    names: tuple[str, ...]


@dataclass(frozen=True)
class HeldOut:
    """One product as ranked by what was learned from the others; one entry per case."""

    name: str
    place: NDArray[np.float64]
    signals: Floats
    plain: NDArray[np.float64]
    """The place by plain BM25 over the screen's text."""


def measure(name: str, index: Index, cases: Sequence[Case], asked: Sequence[Query]) -> Product:
    """The figures of all candidates of all cases of a help centre."""
    number = {article: n for n, article in enumerate(index.articles)}
    names: tuple[str, ...] = ()
    figures, right, chosen, lines = [], [], [], []
    for case, query in zip(cases, asked, strict=True):
        probe = screen_probe(index, query)
        plain = bm25(index, probe).astype(np.float32)
        found = candidates(index, probe, plain)
        chosen.append(found)
        lines.append(probe.known_lines)
        if len(found):
            evidence, rows = measured(index, probe, found, plain)
            names = names or compared(evidence, plain[found])[0]
            figures.append(rows)
            right.append(np.isin(found, [number[e] for e in case.expect if e in number]))
    answers = {number[e] for case in cases for e in case.expect if e in number}
    return Product(
        name=name,
        index=index,
        figures=np.concatenate(figures),
        right=np.concatenate(right),
        candidates=np.concatenate(chosen),
        sizes=np.array([len(c) for c in chosen]),
        lines=np.array(lines),
        answers=np.isin(np.arange(len(index.articles)), list(answers)),
        names=names,
    )


def learn(products: Sequence[Product], say: Progress) -> tuple[Ranker, list[HeldOut]]:
    """(the ranking learned from all products, how each product fares when it is held out). At least three products."""
    if len(products) < 3:
        raise ValueError(
            "learn from three help centres or more: one is held out, and its kind of article from the rest"
        )
    held = []
    for product in products:
        others = [p for p in products if p is not product]
        words, kind, weights = _fitted(others)
        held.append(_ranked(product, words, kind, weights))
        say(f"{product.name}: first in {_percent(held[-1].place <= 1)}, plain BM25 {_percent(held[-1].plain <= 1)}")
    words, kind, weights = _fitted(products)
    right = [h.place <= 1 for h in held]
    sure = _calibrated(held, right)
    ranker = Ranker(
        names=(*products[0].names, "kind"),
        weights=weights,
        kind_words=tuple(words),
        kind_weights=kind,
        confidence_weights=sure,
        thresholds=tuple(_thresholds(held, right)),
        card=card(held),
    )
    return ranker, held


def confidences(held: Sequence[HeldOut]) -> list[NDArray[np.float64]]:
    """Each product's confidences, calibrated on the others."""
    right = [h.place <= 1 for h in held]
    found = []
    for n, product in enumerate(held):
        others = [i for i in range(len(held)) if i != n]
        sure = _calibrated([held[i] for i in others], [right[i] for i in others])
        found.append(1 / (1 + np.exp(-(_with_constant(product.signals) @ sure.astype(np.float64)))))
    return found


def card(held: Sequence[HeldOut]) -> dict[str, Any]:
    """The score card: every product held out of all that ranked it."""
    sure, right = confidences(held), [h.place <= 1 for h in held]
    return {
        "products": {h.name: figures_of(h.place) | {"cases": len(h.place)} for h in held},
        "mean": _mean([figures_of(h.place) for h in held]),
        "plain BM25": _mean([figures_of(h.plain) for h in held]),
        "gain at 1 over plain BM25": _gain(held),
        "precision of the surest": {
            f"{share:.0%}": round(float(np.mean([surest(c, r, share) for c, r in zip(sure, right, strict=True)])), 3)
            for share in SHARES
        },
        "reliability": _reliability(np.concatenate(sure), np.concatenate(right)),
    }


def figures_of(place: NDArray[np.float64]) -> dict[str, float]:
    """recall@1, @3, @5 and MRR of the places of right articles."""
    shares = {f"recall@{k}": round(float((place <= k).mean()), 4) for k in (1, 3, 5)}
    return shares | {"mrr": round(float((1 / place).mean()), 4)}


def surest(sure: NDArray[np.float64], right: NDArray[np.bool_], share: float) -> float:
    """How often the first article is right among the `share` of cases that are surest."""
    first = np.argsort(-sure, kind="stable")[: max(1, round(share * len(sure)))]
    return float(right[first].mean())


def _fitted(products: Sequence[Product]) -> tuple[list[str], Floats, Floats]:
    """(everyday words, their weights, the ranking's weights); each product's kinds come from the others' words."""
    words = kinds.everyday([p.index for p in products], max(2, round(EVERYDAY * len(products))))
    counts = [kinds.counted(p.index, kinds.hashed(words)) for p in products]
    crossed = []
    for n, product in enumerate(products):
        others = [i for i in range(len(products)) if i != n]
        weights = _kind([counts[i] for i in others], [products[i].answers for i in others])
        crossed.append(_with_kind(product, counts[n] @ weights))
    return words, _kind(counts, [p.answers for p in products]), _weights(products, crossed)


def _kind(counts: Sequence[Floats], answers: Sequence[NDArray[np.bool_]]) -> Floats:
    """Weights of everyday words, every product counting the same, and its answers as much as the rest."""
    heavy = []
    for right in answers:
        share = right.mean().clip(1e-3, 1 - 1e-3)
        heavy.append(np.where(right, 0.5 / share, 0.5 / (1 - share)) / len(right))
    weights = np.concatenate(heavy)
    rows = _with_constant(np.concatenate(counts)).astype(np.float64)
    fitted = logistic(
        rows.astype(np.float32), np.concatenate(answers), weights * len(weights) / weights.sum(), KIND_RIDGE
    )
    return fitted[:-1] / KIND_SCALE


def _weights(products: Sequence[Product], figures: Sequence[Floats]) -> Floats:
    rows, right, sizes, heavy = [], [], [], []
    for product, table in zip(products, figures, strict=True):
        case = np.repeat(np.arange(len(product.sizes)), product.sizes)
        useful = np.bincount(case, product.right, len(product.sizes)) > 0
        rows.append(table[useful[case]])
        right.append(product.right[useful[case]])
        sizes.append(product.sizes[useful])
        heavy.append(np.full(int(useful.sum()), 1 / len(product.sizes)))
    weights = np.concatenate(heavy)
    return fit(
        np.concatenate(rows),
        np.concatenate(right),
        np.concatenate(sizes),
        (weights / weights.mean()).astype(np.float32),
        RIDGE,
    )


def _ranked(product: Product, words: list[str], kind: Floats, weights: Floats) -> HeldOut:
    table = _with_kind(product, kinds.counted(product.index, kinds.hashed(words)) @ kind)
    scores, plain = table @ weights, product.figures[:, 0]
    ends = np.cumsum(product.sizes)
    spans = [slice(int(end - size), int(end)) for end, size in zip(ends, product.sizes, strict=True)]
    return HeldOut(
        name=product.name,
        place=np.array([_place(scores[s], product.right[s]) for s in spans]),
        signals=np.array([_signals(scores[s], n) for s, n in zip(spans, product.lines, strict=True)]),
        plain=np.array([_place(plain[s], product.right[s]) for s in spans]),
    )


def _with_kind(product: Product, kind: Floats) -> Floats:
    return np.column_stack([product.figures, kind[product.candidates]]).astype(np.float32)


def _signals(scores: Floats, lines: int) -> Floats:
    return signals(scores, lines) if len(scores) else signals(np.zeros(2, np.float32), 0)


def _place(scores: Floats, right: NDArray[np.bool_]) -> float:
    """The place of the best right one; equals before it count half."""
    if not right.any():
        return np.inf
    best = scores[right].max()
    return float(1 + (scores > best).sum() + 0.5 * (scores[~right] == best).sum())


def _calibrated(held: Sequence[HeldOut], right: Sequence[NDArray[np.bool_]]) -> Floats:
    weights = np.concatenate([np.full(len(r), 1 / len(r)) for r in right])
    rows = _with_constant(np.concatenate([h.signals for h in held]))
    return logistic(rows, np.concatenate(right), weights * len(weights) / weights.sum(), SURE_RIDGE)


def _thresholds(held: Sequence[HeldOut], right: Sequence[NDArray[np.bool_]]) -> list[tuple[float, float]]:
    """For each precision the least confidence from which answers reach it, from there upward."""
    sure, good = np.concatenate(confidences(held)), np.concatenate(right)
    order = np.argsort(-sure)
    precision = np.cumsum(good[order]) / np.arange(1, len(order) + 1)
    found, least = [], 0.0
    for wanted in PRECISIONS:
        enough = np.flatnonzero(precision[LEAST_ANSWERED - 1 :] >= wanted)
        if len(enough):
            least = max(least, round(float(sure[order[enough[-1] + LEAST_ANSWERED - 1]]), 4))
            found.append((wanted, least))
    return found


def _reliability(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> list[dict[str, float]]:
    rows = []
    for low in np.arange(0, 1, 0.1):
        here = (sure >= low) & (sure < low + 0.1)
        if here.any():
            said, was = float(sure[here].mean()), float(right[here].mean())
            rows.append(
                {"from": round(float(low), 1), "cases": int(here.sum()), "said": round(said, 3), "right": round(was, 3)}
            )
    return rows


def _gain(held: Sequence[HeldOut], draws: int = 4000) -> dict[str, float]:
    """Mean gain in recall@1 over plain BM25, with the 95 % interval of a bootstrap over products and their cases."""
    chance = np.random.default_rng(1)
    gains = [(h.place <= 1).astype(float) - (h.plain <= 1) for h in held]
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


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}


def _with_constant(rows: Floats) -> Floats:
    return np.column_stack([rows, np.ones(len(rows), np.float32)]).astype(np.float32)


def _percent(hits: NDArray[np.bool_]) -> str:
    return f"{100 * hits.mean():.1f} %"
