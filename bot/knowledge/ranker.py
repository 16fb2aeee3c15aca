"""The learned ranking: figures times weights, and the probability that the first article is right.

The weights are data (`ranking.json`, made by `helplens learn ranking`), a few hundred numbers that run in numpy.
Not here: how they were learned (`bot.training`), how each way of searching is put together (`fusion`).
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge import belonging, kinds
from bot.knowledge.evidence import Evidence
from bot.knowledge.features import compared, meant
from bot.knowledge.index import Index
from bot.knowledge.parts import Floats
from bot.knowledge.peculiar import Usual, leading
from bot.knowledge.probe import Probe
from bot.knowledge.terms import Hashes

Scores = NDArray[Any]
RANKING = "ranking.json"
CANDIDATES = 70
NAMED = 0.5
"""What a screen line that equals a label counts among the first candidates, beside plain BM25."""
UNASKED = (0.0,) * (len(belonging.LEXICAL) + 1)
"""Weights of a ranking that was learned before belonging was asked: every screen belongs."""
KIND, MEANING = "kind", "meaning"
"""The figures that come after those of words."""
SIGNALS = ("first", "lead", "doubt", "lines")


@dataclass(frozen=True)
class Found:
    """The candidates of one query, best first."""

    articles: NDArray[np.int64]
    scores: Floats
    """Log-odds against the other candidates."""
    evidence: Evidence
    figures: Floats
    belonging: Floats
    """What `belonging.signals` says of the screen, then how peculiar its words are, where there is a table for it."""


@dataclass(frozen=True, eq=False)
class Ranker:
    """Weights and calibration, as data."""

    names: tuple[str, ...]
    weights: Floats
    kind_words: tuple[str, ...]
    kind_weights: Floats
    confidence_weights: Floats
    """For each of SIGNALS, then the constant."""
    belonging_weights: Floats
    """For each of `belonging`'s signals, then the constant: whether the screen is of the index's own
    product."""
    usual: Usual | None = None
    """How usual everyday words are, by which it is told what is peculiar to an index; None in older rankings."""
    thresholds: tuple[tuple[float, float], ...] = ()
    """(precision of what is answered on products held out, least confidence that reaches it), rising."""
    card: dict[str, Any] | None = None
    """How it was learned and how good it is on products held out."""
    with_vectors: "Ranker | None" = None
    """The same, learned with one figure more: how near passages and screen are in meaning."""

    @classmethod
    def read(cls, data: bytes) -> "Ranker":
        """A ranker from its JSON. Raises ValueError when it is none."""
        raw = orjson.loads(data)
        base = cls._of(raw, raw)
        vectors = raw.get("with_vectors")
        return replace(base, with_vectors=cls._of(raw, vectors)) if vectors else base

    @classmethod
    def _of(cls, whole: dict[str, Any], raw: dict[str, Any]) -> "Ranker":
        return cls(
            names=tuple(raw["names"]),
            weights=np.array(raw["weights"], np.float32),
            kind_words=tuple(whole["kind_words"]),
            kind_weights=np.array(whole["kind_weights"], np.float32),
            confidence_weights=np.array(raw["confidence_weights"], np.float32),
            belonging_weights=np.array(raw.get("belonging_weights", UNASKED), np.float32),
            usual=Usual.of(whole["usual"]) if "usual" in whole else None,
            thresholds=tuple((p, t) for p, t in raw["thresholds"]),
            card=raw["card"],
        )

    def write(self, path: Path) -> None:
        """The JSON of this ranker."""
        raw = {"kind_words": self.kind_words, "kind_weights": _rounded(self.kind_weights)} | self._learned()
        if self.usual:
            raw["usual"] = self.usual.shares
        if self.with_vectors:
            raw["with_vectors"] = self.with_vectors._learned()
        path.write_bytes(orjson.dumps(raw, option=orjson.OPT_INDENT_2) + b"\n")

    def _learned(self) -> dict[str, Any]:
        return {
            "names": self.names,
            "weights": _rounded(self.weights),
            "confidence_weights": _rounded(self.confidence_weights),
            "belonging_weights": _rounded(self.belonging_weights),
            "thresholds": self.thresholds,
            "card": self.card,
        }

    def find(self, index: Index, probe: Probe, plain: Floats) -> Found | None:
        """The candidates of `probe`, ranked; `plain` is every article's BM25. None when no article has its words."""
        chosen = candidates(index, probe, plain)
        if not len(chosen):
            return None
        evidence, figures = measured(index, probe, chosen, plain)
        columns = [figures, self.kind(index)[chosen]]
        if MEANING in self.names:
            columns.append(meant(evidence))
        figures = np.column_stack(columns)
        scores = figures @ self.weights
        order = np.argsort(-scores, kind="stable")
        known = belonging.signals(evidence, plain[chosen])
        if self.usual:
            known = np.append(known, leading(self.usual.beside(index)[probe.terms]))
        return Found(chosen[order], scores[order], evidence, figures[order], known)

    def kind(self, index: Index) -> Floats:
        """How much each article is of the kind that answers screenshots."""
        if index not in self._kinds:
            self._kinds[index] = kinds.counted(index, self._kind_hashes) @ self.kind_weights
        return self._kinds[index]

    def confidence(self, found: Found) -> float:
        """The probability that the first article is right."""
        sure = likely(signals(found.scores, found.evidence.probe.known_lines), self.confidence_weights)
        return float(sure * self.belongs(found))

    def belongs(self, found: Found) -> float:
        """The probability that the screen is of the index's own product; 1 where that was not learned."""
        return float(belongs(found.belonging, self.belonging_weights))

    def threshold(self, precision: float) -> float:
        """The least confidence from which answers reach `precision`, by what was held out."""
        for reached, confidence in self.thresholds:
            if reached >= precision:
                return confidence
        return max(precision, self.thresholds[-1][1]) if self.thresholds else precision

    @cached_property
    def _kind_hashes(self) -> Hashes:
        return kinds.hashed(self.kind_words)

    @cached_property
    def _kinds(self) -> WeakKeyDictionary[Index, Floats]:
        return WeakKeyDictionary()


@lru_cache(maxsize=4)
def ranker_of(index: Index) -> Ranker:
    """The ranker that the owner trained for this index (`ranking.json` beside its versions), else the shipped one; with
    the figure of meaning where the index has vectors."""
    own = index.path.parent / RANKING
    try:
        ranker = Ranker.read(own.read_bytes()) if own.is_file() else shipped()
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{own} is no ranking; delete it to go back to the one that comes with HelpLens") from error
    return ranker.with_vectors or ranker if index.meaning else ranker


@cache
def shipped() -> Ranker:
    """The ranker that comes with HelpLens."""
    return Ranker.read((files("bot.knowledge") / RANKING).read_bytes())


def candidates(index: Index, probe: Probe, plain: Floats) -> NDArray[np.int64]:
    """The articles worth a closer look: those with the screen's words, and those with its lines as labels."""
    named = as_labels(index, probe)
    worth = plain / max(plain.max(initial=0), 1e-9) + NAMED * named / max(named.max(initial=0), 1e-9)
    order = first(worth, CANDIDATES)
    return order[plain[order] > 0]


def as_labels(index: Index, probe: Probe) -> Scores:
    """For each article the rarity of the query's lines that are its labels, headings or title."""
    a, wholes = index.arrays, np.unique(probe.wholes)
    low, high = (np.searchsorted(a.names, wholes, side) for side in ("left", "right"))
    met = np.flatnonzero(high > low)
    times = (high - low)[met]
    owners = [a.name_article[low[n] : high[n]] for n in met]
    telling = np.repeat(np.log(1 + len(index.articles) / times), times)
    return np.bincount(np.concatenate([*owners, np.empty(0, np.int32)]), telling, len(index.articles))


def first(scores: Scores, count: int) -> NDArray[np.int64]:
    """The places of the `count` largest above 0, largest first, equals in their order."""
    chosen = np.flatnonzero(scores > 0)
    if len(chosen) > count:
        chosen = chosen[scores[chosen] >= np.partition(scores[chosen], -count)[-count]]
    return chosen[np.argsort(-scores[chosen], kind="stable")[:count]]


def measured(index: Index, probe: Probe, chosen: NDArray[np.int64], plain: Floats) -> tuple[Evidence, Floats]:
    """The evidence for the candidates, and their figures as far as these depend on words alone."""
    evidence = Evidence(index, probe, chosen)
    return evidence, compared(evidence, plain[chosen])[1]


def signals(scores: Floats, lines: int) -> Floats:
    """What tells how sure a ranking is: the first one's share, its lead, the spread of the rest, lines to go by."""
    share = np.exp(scores - scores.max())
    share = np.sort(share / share.sum())[::-1]
    second = share[1] if len(share) > 1 else 1e-3
    first = float(np.log((share[0] + 1e-3) / (1 - share[0] + 1e-3)))
    spread = float(-(share * np.log(share + 1e-9)).sum())
    return np.array([first, np.log(share[0] / max(second, 1e-6)), spread, np.log1p(lines)], np.float32)


def likely(rows: Floats, weights: Floats) -> Floats:
    """The probability that weights (the last one the constant) give to a row of signals, or to each of many."""
    odds: Floats = rows @ weights[:-1] + weights[-1]
    return 1 / (1 + np.exp(-odds))


def belongs(known: Floats, weights: Floats) -> Floats:
    """The probability that the screen of a row of signals (or of each of many) is of the help centre's own product."""
    return likely(known, weights) if weights.any() else np.ones(known.shape[:-1], np.float32)


def _rounded(values: Floats) -> list[float]:
    return [round(float(v), 4) for v in values]
