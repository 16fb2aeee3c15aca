"""How question, screen text and pictures become one ranking: each way one short function with a name.

A way gives every article a score. `best` is what won on products that it never saw; `screen` with plain BM25 is what
everything is measured against. Not here: how the evidence is gathered (`evidence`), learned weights (`ranker`), what
becomes of the scores (`ranking`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Box, Noun
from bot.knowledge.articles import Passage
from bot.knowledge.deciding import telling
from bot.knowledge.evidence import Evidence
from bot.knowledge.features import contrast
from bot.knowledge.filters import Allowed, allowed
from bot.knowledge.index import Index
from bot.knowledge.meaning import said as told
from bot.knowledge.probe import Probe, probe
from bot.knowledge.ranker import as_labels, candidates, first, ranker_of
from bot.knowledge.repair import lines_of
from bot.knowledge.terms import content
from bot.screenshots.screen import Screen

Scores = NDArray[np.float64]
LOOKED_AT, NEAR, LEAST_LEFT = 20, 0.1, 1e-3
"""Articles that an image encoder compares with the picture, what a deviation of nearness is worth beside the best BM25,
and what an article of them has at least. Set by hand: no weights of an image encoder were at hand to measure with."""
ASKED = 2.0
"""Log-odds that the customer's own words can add to what the screen says."""
VAGUE, CLEAR = 8.0, 20.0
"""BM25 of a question's best article up to which it says nothing ("what is this?"), and from which it says all."""


class Query(Noun):
    """What a customer asks: the words they typed (may be empty) and the screens they sent (may be none)."""

    question: str = ""
    screens: tuple[Screen, ...] = ()
    pictures: tuple[Path, ...] = ()
    """The files of the screens' pictures, for an index with an image encoder; the default way needs none."""
    avoid: frozenset[str] = frozenset()
    """Articles that did not help: never ranked again in this conversation."""
    language: str = ""
    """Of the articles that may be found (`de`); every language when nothing is found in it, or none is asked for."""
    version: str = ""
    plan: str = ""
    audience: str = ""
    """What the customer has, by commas where it is several: articles that name only others are not found. Empty asks
    for nothing."""
    closed: frozenset[str] = frozenset()
    """What nobody vouches for (`audience:staff`, `plan`): articles for these alone are not found."""
    chosen: str = ""
    """The article that the customer picked, found before all others whatever else fits their words."""


class Hit(Noun):
    """One ranked passage, the best one of its article."""

    passage: Passage
    score: float
    decided_by: tuple[str, ...] = ()
    """The screen lines that decided, most telling first."""
    language: str = ""
    """The article's (`de`), as far as it is known."""


class Ranking(Noun):
    """Hits, best first, one per article. `confidence` is the calibrated probability that the first one is right."""

    hits: tuple[Hit, ...] = ()
    confidence: float = 0.0
    belongs: float = 1.0
    """How likely the screens are of the help centre's own product; 1 where that was not asked."""

    def within(self, factor: float) -> Sequence[Hit]:
        """The hits whose score is at least `factor` times the best one's."""
        return [h for h in self.hits if h.score >= factor * self.hits[0].score]


@dataclass(frozen=True)
class Scored:
    """What a way says: a score per article (0 for none), and what it knows of the candidates where it looked closer."""

    scores: Scores
    evidence: Evidence | None = None
    confidence: float | None = None
    belongs: float = 1.0


def text(index: Index, query: Query) -> Scored:
    """The customer's words alone."""
    return Scored(bm25(index, question_probe(index, query)))


def screen(index: Index, query: Query) -> Scored:
    """The screen's text alone, as read: plain BM25."""
    return Scored(bm25(index, sought(index, query, [line.text for s in query.screens for line in s.lines])))


def early(index: Index, query: Query) -> Scored:
    """One joint query of question and screen."""
    said = [line.text for s in query.screens for line in s.lines]
    return Scored(bm25(index, sought(index, query, [*query.question.splitlines(), *said])))


def late(index: Index, query: Query) -> Scored:
    """Scores of question, screen, its lines as labels, its error and numbers, each against its best, added."""
    exact = [e.text for s in query.screens for e in s.entities] + [s.error for s in query.screens if s.error]
    seen = screen_probe(index, query)
    parts = (
        (1.0, bm25(index, question_probe(index, query))),
        (1.5, bm25(index, seen)),
        (1.0, _allowed(seen, as_labels(index, seen))),
        (0.5, bm25(index, sought(index, query, exact))),
    )
    return Scored(np.sum([weight * _of_best(scores) for weight, scores in parts], axis=0))


def cross(index: Index, query: Query) -> Scored:
    """Each line attends to the places that could explain it, and weighs more where few articles can; an article has
    its best place, and its BM25."""
    asked = query.question.splitlines()
    as_read = [line.text for s in query.screens for line in s.lines]
    seen = sought(index, query, [*asked, *mended(index, query)], [*asked, *as_read])
    plain = bm25(index, seen)
    chosen = candidates(index, seen, plain.astype(np.float32))
    scores = np.zeros(len(index.articles))
    if not len(chosen):
        return Scored(scores)
    evidence = Evidence(index, seen, chosen)
    attended = evidence.line_windows**2 @ telling(evidence)
    scores[chosen] = _of_best(evidence.per_article(attended)) + _of_best(plain[chosen])
    return Scored(scores, evidence)


def aligned(index: Index, query: Query) -> Scored:
    """What the picture itself stresses (drawn marks, a dialog, an alert, the active tab, its title) counts twice more;
    with an image encoder, how near the picture as a whole is to each of the first articles' passages counts too.
    """
    stressed = [
        line.text
        for s in query.screens
        for line in s.lines
        if any(_inside(line.box, mark.box) for mark in s.marks if mark.kind != "disabled")
    ]
    titles = [t for s in query.screens for t in (s.where, s.error) if t]
    scores = bm25(index, sought(index, query, [*mended(index, query), *stressed, *stressed, *titles, *titles]))
    chosen = first(scores, LOOKED_AT)
    if index.sight is None or not query.pictures or not len(chosen):
        return Scored(scores)
    passages = best_passages(everything(index, query, chosen.tolist()), chosen.tolist())
    near = index.sight.texts([told(index.passage(number)) for number in passages])
    nearest = np.max([near @ index.sight.picture(path) for path in query.pictures], axis=0)
    sighted = np.zeros(len(scores))
    sighted[chosen] = np.maximum(_of_best(scores)[chosen] + NEAR * contrast(nearest), LEAST_LEFT)
    return Scored(sighted)


def best(index: Index, query: Query) -> Scored:
    """The learned ranking of the screen's evidence; a question that says something moves it, or stands alone."""
    asked = bm25(index, question_probe(index, query))
    seen = screen_probe(index, query)
    ranker = ranker_of(index)
    found = ranker.find(index, seen, bm25(index, seen).astype(np.float32))
    if found is None:
        return _of_words(index, query)
    clear = np.clip((asked.max(initial=0) - VAGUE) / (CLEAR - VAGUE), 0, 1)
    odds = np.full(len(index.articles), -np.inf)
    odds[asked > 0] = found.scores.min() - 1
    odds[found.articles] = found.scores
    odds += ASKED * clear * _of_best(asked)
    possible = np.flatnonzero(odds > -np.inf)
    shares = np.zeros(len(odds))
    shares[possible] = np.exp(odds[possible] - odds.max())
    return Scored(shares / shares.sum(), found.evidence, ranker.confidence(found), ranker.belongs(found))


FUSIONS: dict[str, Callable[[Index, Query], Scored]] = {
    way.__name__: way for way in (text, screen, early, late, cross, aligned, best)
}


def bm25(index: Index, query: Probe) -> Scores:
    """BM25 of every article; 0 for those that the query may not find."""
    a = index.arrays
    row = np.searchsorted(a.common, query.terms).clip(0, max(0, len(a.common) - 1))
    common = a.common[row] == query.terms if len(a.common) else np.zeros(len(query.terms), bool)
    scores, weighted = np.zeros((2, len(index.articles)), np.float32)
    for number, times in zip(row[common].tolist(), query.times[common].astype(np.float32), strict=True):
        scores += np.multiply(a.common_weight[number], times, out=weighted)
    rest = query.terms[~common]
    spans = [slice(s, e) for s, e in zip(a.post_at[rest].tolist(), a.post_at[rest + 1].tolist(), strict=True)]
    if spans:
        owners = np.concatenate([a.post_article[s] for s in spans])
        weights = np.concatenate([a.post_weight[s] for s in spans])
        weights *= np.repeat(query.times[~common].astype(np.float32), [s.stop - s.start for s in spans])
        scores = scores + np.bincount(owners, weights, len(index.articles))
    return _allowed(query, scores.astype(np.float64))


def _allowed(query: Probe, scores: Scores) -> Scores:
    return scores if query.only is None else np.where(query.only, scores, 0)


def sought(index: Index, query: Query, lines: list[str], as_read: list[str] | None = None) -> Probe:
    """The probe of these lines, among the articles that the query may find."""
    return probe(index, lines, as_read, only(index, query))


def only(index: Index, query: Query) -> Allowed | None:
    """For each article whether the query may find it; None when it may find every one."""
    return allowed(index, query.language, query.version, query.plan, query.audience, query.closed)


def question_probe(index: Index, query: Query) -> Probe:
    """What the customer wrote, without the words that only hold a question together."""
    lines = [content(line) for line in query.question.splitlines()]
    return sought(index, query, lines, query.question.splitlines())


def screen_probe(index: Index, query: Query) -> Probe:
    """What the screens say, words that a crop has cut completed."""
    return sought(index, query, mended(index, query), [line.text for s in query.screens for line in s.lines])


def mended(index: Index, query: Query) -> list[str]:
    """The screens' lines, words that a crop has cut completed."""
    return [line for s in query.screens for line in lines_of(index, s)]


def best_passages(said: Evidence, articles: Sequence[int]) -> list[int]:
    """Of each article, which are among the candidates, the passage that says most of what was looked for."""
    lengths, parts = said.passage_lengths, said.passages
    worth = (said.present(said.passage, len(lengths)) @ said.term_rarity) / np.sqrt(60 + lengths)
    place = {int(article): n for n, article in enumerate(said.candidates)}
    found = []
    for end, count in ((int(parts.ends[n]), int(parts.counts[n])) for n in (place[article] for article in articles)):
        found.append(int(parts.numbers[end - count + np.argmax(worth[end - count : end])]))
    return found


def everything(index: Index, query: Query, articles: list[int]) -> Evidence:
    """All that the customer wrote and showed, beside these articles."""
    lines = probe(index, [*query.question.splitlines(), *mended(index, query)])
    return Evidence(index, lines, np.array(articles, np.int64))


def _of_best(scores: Scores) -> Scores:
    return scores / max(float(scores.max(initial=0)), 1e-9)


def _inside(box: Box, other: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] <= x <= other[2] and other[1] <= y <= other[3]


def _of_words(index: Index, query: Query) -> Scored:
    """The customer's words alone, by the same evidence as a screen's, plain BM25 counting more."""
    asked = question_probe(index, query)
    plain = bm25(index, asked)
    found = ranker_of(index).find(index, asked, plain.astype(np.float32))
    scores = np.zeros(len(index.articles))
    if found is None:
        return Scored(scores, confidence=0.0)
    odds = found.scores - found.scores.max() + 2 * _of_best(plain)[found.articles]
    scores[found.articles] = np.exp(odds) / np.exp(odds).sum()
    return Scored(scores, confidence=_sure_of_words(index, asked, plain, scores))


def _sure_of_words(index: Index, asked: Probe, plain: Scores, shares: Scores) -> float:
    """Confidence in an answer to words alone: how much of them the first article has, and how it stands out.

    Set by hand: there are no open cases of questions to calibrate on. It is careful: a vague question stays low.
    """
    weights = index.rarity[asked.terms]
    unknown = int(asked.unknown.sum()) * float(np.log(1 + len(index.articles)))
    best_one = int(np.argmax(shares))
    start, end = (int(index.arrays.token_at[index.arrays.passage_at[best_one + n]]) for n in (0, 1))
    has = float(weights[np.isin(asked.terms, index.arrays.tokens[start:end])].sum()) / (float(weights.sum()) + unknown)
    telling = min(1.0, float(plain[best_one]) / (1.2 * float(np.log(1 + len(index.articles)))))
    return float(0.95 * has**1.5 * float(shares[best_one]) * telling)
