"""Confidence fitted to one help centre by the pictures in its own articles.

A picture of an article is shown to an index that does not know what it says, cropped as customers crop: is an article
that holds it ranked first, as often as was said? Two numbers (how much steeper, how much higher the log-odds are) are
fitted to that, drawn towards leaving things as they are, so that few pictures change little. Not here: learning a
ranking (`fitting`), reading pictures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.retrieval import Bin, reliability
from bot.knowledge.fusion import Query, bm25, screen_probe
from bot.knowledge.index import Index
from bot.knowledge.ranker import Ranker, likely, signals
from bot.screenshots.screen import Screen

Floats = NDArray[np.float32]
FEWEST = 40
"""Pictures below which an index is left as it is."""
CROPS = 3
SMALLEST = 0.45
"""Share of a picture's width and height that a crop has at least."""
FEWEST_LINES = 3
STRENGTH = 20.0
"""Cases' worth of belief in leaving the confidence as it is."""
STEPS, FOLDS = 60, 5
FITTED = "fitted to own pictures"


@dataclass(frozen=True)
class Asked:
    """Crops asked of an index: what tells how sure the ranking is, whether it is right, whose crop each is."""

    signals: Floats
    right: NDArray[np.bool_]
    picture: NDArray[np.int64]


def asked(index: Index, ranker: Ranker, shown: Sequence[tuple[Screen, frozenset[str]]], seed: int = 0) -> Asked:
    """Crops of pictures asked of an index that was built without them; each with the articles that hold it."""
    rows, right, picture = [], [], []
    rng = np.random.default_rng(seed)
    for number, (whole, articles) in enumerate(shown):
        for screen in crops(whole, rng):
            probe = screen_probe(index, Query(screens=(screen,)))
            found = ranker.find(index, probe, bm25(index, probe).astype(np.float32))
            if found is None:
                continue
            rows.append(signals(found.scores, probe.known_lines))
            right.append(index.articles[int(found.articles[0])] in articles)
            picture.append(number)
    return Asked(np.array(rows, np.float32).reshape(len(rows), -1), np.array(right, bool), np.array(picture, np.int64))


def crops(screen: Screen, rng: np.random.Generator) -> Iterator[Screen]:
    """Parts of a screen as customers crop them; none where too little is left to read."""
    for _ in range(CROPS):
        share = rng.uniform(SMALLEST, 1, 2)
        left, top = rng.uniform(0, 1 - share) * (screen.width, screen.height)
        right, bottom = left + share[0] * screen.width, top + share[1] * screen.height
        lines = tuple(
            line.model_copy(update={"box": (x0 - left, y0 - top, x1 - left, y1 - top)})
            for line in screen.lines
            for x0, y0, x1, y1 in (line.box,)
            if left <= (x0 + x1) / 2 <= right and top <= (y0 + y1) / 2 <= bottom
        )
        if len(lines) >= FEWEST_LINES:
            size = {"width": round(right - left), "height": round(bottom - top)}
            yield screen.model_copy(update={"lines": lines, "entities": (), "marks": (), "controls": (), **size})


def fitted(weights: Floats, seen: Asked) -> Floats:
    """The confidence's weights, their log-odds stretched and moved so that they fit what was seen."""
    odds = seen.signals.astype(np.float64) @ weights[:-1] + weights[-1]
    told = seen.right.astype(np.float64)
    each = 1 / np.bincount(seen.picture)[seen.picture]  # the crops of one picture together count as one case
    steep, high = 1.0, 0.0
    for _ in range(STEPS):
        said = 1 / (1 + np.exp(-(steep * odds + high)))
        off, spread = each * (said - told), each * said * (1 - said)
        slope = np.array([off @ odds + STRENGTH * (steep - 1), off.sum() + STRENGTH * high])
        bend = np.array(
            [[spread @ odds**2 + STRENGTH, spread @ odds], [spread @ odds, spread.sum() + STRENGTH]], np.float64
        )
        step = np.linalg.solve(bend, slope)
        steep, high = max(0.1, steep - step[0]), high - step[1]
    return np.append(steep * weights[:-1], steep * weights[-1] + high).astype(np.float32)


def held_out(weights: Floats, seen: Asked) -> Floats:
    """The confidence of each crop, fitted on the other pictures' crops."""
    said = np.zeros(len(seen.right), np.float32)
    for fold in range(FOLDS):
        test = seen.picture % FOLDS == fold
        rest = Asked(seen.signals[~test], seen.right[~test], seen.picture[~test])
        said[test] = likely(seen.signals[test], fitted(weights, rest) if len(rest.right) else weights)
    return said


def unfitted(ranker: Ranker) -> Ranker:
    """The ranker as it was before it was fitted to a help centre."""
    before = (ranker.card or {}).get(FITTED)
    if not before:
        return ranker
    card = {name: value for name, value in (ranker.card or {}).items() if name != FITTED}
    return replace(ranker, confidence_weights=np.array(before["from"], np.float32), card=card)


@dataclass(frozen=True)
class Fit:
    """A ranker fitted to a help centre, or left as it is where that would not have told better, and what was seen."""

    ranker: Ranker
    better: bool
    before: list[Bin]
    after: list[Bin]
    """Each picture by what the others taught."""


def fit(ranker: Ranker, seen: Asked) -> Fit:
    """The ranker with its confidence fitted, if on pictures held out that says better how often the first is right."""
    weights = ranker.confidence_weights
    before, after = likely(seen.signals, weights), held_out(weights, seen)
    better = _off(after, seen) < _off(before, seen)
    if better:
        about = {"pictures": len(np.unique(seen.picture)), "from": [round(float(w), 4) for w in weights]}
        card = (ranker.card or {}) | {FITTED: about}
        ranker = replace(ranker, confidence_weights=fitted(weights, seen), card=card)
    return Fit(ranker, better, _bins(before, seen), _bins(after, seen))


def _off(said: Floats, seen: Asked) -> float:
    """The mean squared distance of what was said from what was."""
    return float(np.mean((said - seen.right) ** 2))


class _Said(NamedTuple):
    confidence: float
    right: bool


def _bins(said: Floats, seen: Asked) -> list[Bin]:
    return reliability([_Said(float(sure), bool(right)) for sure, right in zip(said, seen.right, strict=True)])
