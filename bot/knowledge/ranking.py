"""From a way's scores to a ranking: which passages are shown, what decided, in which language, and how sure that is.

Not here: how articles are scored (`fusion`), what a customer is shown of a ranking (`bot.answering.offer`).
"""

from collections.abc import Mapping, Sequence

from bot.knowledge.deciding import deciding
from bot.knowledge.filters import Allowed, language_tag
from bot.knowledge.fusion import FUSIONS, Hit, Query, Ranking, Scores, best_passages, everything, only
from bot.knowledge.index import Index
from bot.knowledge.ranker import first, ranker_of
from bot.knowledge.translations import into, paths_tell, whole

SURER = 2.0
"""How many times as sure a search in every language must be to stand for one in the customer's, where nothing tells
what was translated; where paths tell it, it always does."""
LEAST = 0.12
"""Confidence that it must have: of two that know nothing, the customer's language is read."""


def rank(index: Index, query: Query, fusion: str = "best", top: int = 10) -> Ranking:
    """The `top` articles for `query` by the way named `fusion`. Raises ValueError when there is no such way."""
    if fusion not in FUSIONS:
        raise ValueError(f"no fusion {fusion!r}: there are {', '.join(FUSIONS)}")
    ranking = _ranked(index, query, fusion, top)
    everywhere = query.model_copy(update={"language": ""})
    if ranking.hits and only(index, query) is only(index, everywhere):
        return ranking
    # Screens are often in another language than who sends them: what explains one there is read in its translation,
    # and what was never translated in the language that it is in.
    language = language_tag(query.language)
    every = _ranked(index, everywhere, fusion, top, into(index, language))
    sure, other = ranking.confidence, every.confidence
    if not ranking.hits or paths_tell(index, language) or other >= max(SURER * sure, LEAST):
        return every
    if whole(index, language) or every.hits[0].passage.article == ranking.hits[0].passage.article:
        return ranking
    # The right article may well be one that is not in their language.
    return ranking.model_copy(update={"confidence": sure * (1 - other)})


def _ranked(index: Index, query: Query, fusion: str, top: int, instead: Mapping[int, int] | None = None) -> Ranking:
    """`instead` names articles that stand for others, where the query may find them."""
    scored = FUSIONS[fusion](index, query)
    scores = scored.scores
    order = [int(i) for i in first(scores, top + len(query.avoid))]
    standing = _standing(order, instead, only(index, query)) if instead else {i: i for i in order}
    standing = {article: article for article in _chosen(index, query)} | standing
    kept = [i for i in standing if index.articles[i] not in query.avoid][:top]
    own = not query.question and standing.keys() == set(order)
    said = scored.evidence if scored.evidence and own else everything(index, query, kept)
    decided = deciding(scored.evidence, order) if scored.evidence else {}
    hits = tuple(
        Hit(
            passage=index.passage(passage),
            score=float(scores[standing[article]]),
            decided_by=decided.get(standing[article], ()),
            language=index.records[article]["language"],
        )
        for article, passage in zip(kept, best_passages(said, kept), strict=True)
    )
    confidence = scored.confidence if scored.confidence is not None else _lead(scores, [standing[i] for i in kept])
    skipped = bool(kept) and standing[kept[0]] != order[0]
    sure = 0.0 if not hits else confidence / 2 if skipped else confidence
    return Ranking(hits=hits, confidence=sure, belongs=scored.belongs)


def _chosen(index: Index, query: Query) -> list[int]:
    """The article that the customer picked, where they may find it in any language."""
    may = only(index, query.model_copy(update={"language": ""})) if query.chosen else None
    return [n for n, name in enumerate(index.articles) if name == query.chosen and (may is None or may[n])]


def _standing(order: Sequence[int], instead: Mapping[int, int], may: Allowed | None) -> dict[int, int]:
    """What is shown -> for which article of the order it stands, best first, each once."""
    shown: dict[int, int] = {}
    for article in order:
        other = instead.get(article, article)
        shown.setdefault(other if may is None or may[other] else article, article)
    return shown


def threshold(index: Index, precision: float) -> float:
    """The confidence from which `best` answers outright, so that `precision` of what is answered is right."""
    return ranker_of(index).threshold(precision)


def _lead(scores: Scores, kept: list[int]) -> float:
    """A plain way's own confidence: how far the first stands before the second. Not calibrated."""
    if not kept:
        return 0.0
    second = scores[kept[1]] if len(kept) > 1 else 0.0
    return float(max(0.0, 1 - second / scores[kept[0]]) ** 0.5)
