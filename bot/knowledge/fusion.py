"""How question, screen text and pictures become one ranking: each way one short function with a name."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Noun
from bot.knowledge.articles import Passage
from bot.knowledge.index import Index
from bot.knowledge.probe import Probe, probe
from bot.screenshots.screen import Screen

Scores = NDArray[np.float64]


class Query(Noun):
    """What a customer asks: the words they typed (may be empty) and the screens they sent (may be none)."""

    question: str = ""
    screens: tuple[Screen, ...] = ()
    avoid: frozenset[str] = frozenset()
    """Articles that did not help: never ranked again in this conversation."""


class Hit(Noun):
    """One ranked passage, the best one of its article."""

    passage: Passage
    score: float
    decided_by: tuple[str, ...] = ()
    """The screen lines that decided, most telling first."""


class Ranking(Noun):
    """Hits, best first, one per article. `confidence` is the calibrated probability that the first one is right."""

    hits: tuple[Hit, ...] = ()
    confidence: float = 0.0

    def within(self, factor: float) -> Sequence[Hit]:
        """The hits whose score is at least `factor` times the best one's."""
        return [h for h in self.hits if h.score >= factor * self.hits[0].score]


def lines_of(query: Query) -> list[str]:
    """What the screens say, line by line."""
    return [line.text for screen in query.screens for line in screen.lines]


def text(index: Index, query: Query) -> Scores:
    """The customer's words alone."""
    return bm25(index, probe(index, query.question.splitlines()))


def screen(index: Index, query: Query) -> Scores:
    """The screen's text alone, plain BM25: what everything else is measured against."""
    return bm25(index, probe(index, lines_of(query)))


def early(index: Index, query: Query) -> Scores:
    """One joint query of question and screen."""
    return bm25(index, probe(index, query.question.splitlines() + lines_of(query)))


FUSIONS: dict[str, Callable[[Index, Query], Scores]] = {"text": text, "screen": screen, "early": early, "best": early}


def bm25(index: Index, query: Probe) -> Scores:
    """BM25 of every article."""
    a = index.arrays
    spans = [slice(int(a.post_at[t]), int(a.post_at[t + 1])) for t in query.terms]
    if not spans:
        return np.zeros(len(index.articles))
    owners = np.concatenate([a.post_article[s] for s in spans])
    weights = np.concatenate([a.post_weight[s] * n for s, n in zip(spans, query.times, strict=True)])
    return np.bincount(owners, weights, len(index.articles)).astype(np.float64)


def rank(index: Index, query: Query, fusion: str = "best", top: int = 10) -> Ranking:
    """The `top` articles for `query` by the way named `fusion`. Raises ValueError when there is no such way."""
    if fusion not in FUSIONS:
        raise ValueError(f"no fusion {fusion!r}: there are {', '.join(FUSIONS)}")
    scores = FUSIONS[fusion](index, query)
    order = [
        int(i) for i in np.argsort(-scores, kind="stable") if scores[i] > 0 and index.articles[i] not in query.avoid
    ]
    words = probe(index, query.question.splitlines() + lines_of(query))
    hits = [Hit(passage=index.passage(best_passage(index, words, i)), score=float(scores[i])) for i in order[:top]]
    second = scores[order[1]] if len(order) > 1 else 0.0
    confidence = float(1 - second / scores[order[0]]) ** 0.5 if order else 0.0
    return Ranking(hits=tuple(hits), confidence=confidence)


def best_passage(index: Index, query: Probe, article: int) -> int:
    """The article's passage that says most of what was looked for."""
    a = index.arrays
    numbers = index.passages_of(article)
    rarity = np.zeros(len(a.terms) + 1, np.float32)
    rarity[query.terms] = np.log(len(index.articles) / a.term_articles[query.terms]) + 0.1
    scores = [np.unique(a.tokens[a.token_at[p] : a.token_at[p + 1]]) for p in numbers]
    return numbers[int(np.argmax([rarity[tokens].sum() / (60 + len(tokens)) ** 0.5 for tokens in scores]))]
