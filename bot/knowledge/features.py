"""Evidence -> figures: for each candidate a row of named numbers, from which `ranker` makes one.

All but the traits of an article are compared within the query (divided by the best candidate's), so that a figure
means the same in a help centre of fifty articles and of ten thousand.
"""

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.arrays import TRAITS, rarity
from bot.knowledge.evidence import FOUND, Evidence, sliding
from bot.knowledge.parts import Floats, Mask, Parts, added, marked, numbered
from bot.knowledge.terms import GRAM_BUCKETS

LINE_CAP = 15.0
"""A long line is no more telling than a few rare words."""
LONG_CAP = 25.0
USUAL_WINDOW = 120.0
"""Words of a window of usual length."""
FOLDER = 3
"""Other articles of a folder by which it is judged."""
EVEN = 1e-4
"""Variance of nearness below which all candidates count as equally near."""
Rows = dict[str, Floats]


def compared(evidence: Evidence, scores: Floats) -> tuple[tuple[str, ...], Floats]:
    """(names, candidates x names): every figure, ready for the weights. `scores` are the candidates' plain BM25."""
    rows: Rows = {"bm25": scores}
    for part in (words, lines, names, neighbours, runs, folder):
        rows |= part(evidence, rows)
    table = np.stack(list(rows.values()), axis=1).astype(np.float32)
    table /= np.maximum(table.max(axis=0, keepdims=True), 1e-9)
    own = evidence.index.arrays.traits[evidence.candidates]
    return (*rows, *TRAITS), np.hstack([table, own])


def _saturated(counts: Floats, lengths: Floats, usual: float) -> Floats:
    """BM25's share of each term's weight: a word that is there again says less than the first time."""
    share: Floats = counts / (counts + (1.2 * (0.25 + 0.75 * lengths / usual)).astype(np.float32)[:, None])
    return share


def words(e: Evidence, rows: Rows) -> Rows:
    """The screen's words: in the article, in its best passage, in its best window, in labels and headings."""
    a = e.index.arrays
    often, soft = e.term_rarity * e.probe.times, e.term_rarity * (1 + np.log(e.probe.times))
    weights = 2.2 * np.stack([often, soft, soft * a.term_uses[e.probe.terms]], axis=1).astype(np.float32)
    window = e.per_article(_saturated(e.windows, sliding(e.spread(e.block_lengths)), USUAL_WINDOW) @ weights)
    mass = sliding(e.spread(e.blocks.gathered(a.block_rarity)))
    lengths = e.passage_lengths
    passage = _saturated(e.counts(e.passage, len(lengths)), lengths, float(lengths.mean())) @ weights[:, 1]
    shown = np.bincount(e.passage[e.headed], e.rarity[e.headed], len(lengths))
    covered = shown / (e.passages.gathered(a.passage_headed) + 3)
    article = np.log1p(e.counts(e.article, len(e.candidates)))
    return {
        "passage": e.of_passages(passage),
        "window": window[:, 0],
        "window soft": window[:, 1],
        "window ui": window[:, 2],
        "window share": e.per_article(sliding(e.met) / (mass + 20)),
        "cosine": (article @ (soft * e.term_rarity)) / np.sqrt(a.norms[e.candidates]),
        "heading": e.of_passages(covered),
        "heading of passage": e.of_passages(covered * passage),
    }


def lines(e: Evidence, rows: Rows) -> Rows:
    """The screen's lines: how many are found near each other, word for word, and in no other candidate."""
    weight = np.minimum(e.line_rarity, LINE_CAP)
    in_article = e.line_articles
    quoted, hit = e.quoted
    whole = marked(len(e.candidates), len(e.quotable), e.article[hit], quoted)
    count = whole.sum(axis=0)
    telling = (np.maximum(np.log((len(e.candidates) + 1) / (count + 0.5)), 0) * (count > 0)).astype(np.float32)
    long = telling * np.minimum(e.line_rarity[np.searchsorted(e.lines, e.quotable)], LONG_CAP)
    near = sliding(marked(e.height, len(e.quotable), e.block[hit], quoted)).astype(np.float32)
    cubed = in_article**3
    return {
        "lines": (in_article > FOUND).sum(axis=1),
        "lines near": e.per_article((e.line_windows > FOUND).astype(np.float32) @ weight),
        "lines whole": whole @ telling,
        "lines whole near": e.per_article(near @ telling),
        "lines whole long near": e.per_article(near @ long),
        "lines alone": (cubed / (cubed.sum(axis=0) + 0.3)) @ weight,
    }


def names(e: Evidence, rows: Rows) -> Rows:
    """Labels, headings, title: which the screen shows, and how many of the article's own it shows."""
    a, count = e.index.arrays, len(e.candidates)
    own, weight, owner = e.labels.gathered(a.labels), e.labels.gathered(a.label_rarity), e.labels.owner

    def sums(chosen: Mask | float) -> Floats:
        return np.bincount(owner, weight * chosen, count)

    within = sums(_among(own, e.probe.runs))
    soft = (e.term_rarity * (1 + np.log(e.probe.times))).astype(np.float32)
    near = sliding(e.present(e.block, e.height, e.labelled)).astype(np.float32)
    met = sliding(np.bincount(e.block[e.labelled], e.rarity[e.labelled], e.height))
    asked = sliding(e.spread(e.blocks.gathered(a.block_labelled)))
    title, heading, label = (e.present(e.article, count, hits) for hits in (e.titled, e.headed, e.labelled))
    return {
        "labels": sums(_among(own, np.unique(e.probe.wholes))),
        "labels within": within,
        "labels share": within / (sums(1.0) + 8),
        "labels near": e.per_article(near @ soft),
        "labels near share": e.per_article(met / (asked + 15)),
        "headings": heading @ soft,
        "title": (title @ e.term_rarity) / (a.titled[e.candidates] + 4),
        "words in labels": (label @ e.term_rarity) / (a.labelled[e.candidates] + 4),
    }


def neighbours(e: Evidence, rows: Rows) -> Rows:
    """Two words that stand side by side on the screen and in the article."""
    wanted = len(e.probe.pairs)
    if not wanted:
        zero = np.zeros(len(e.candidates), np.float32)
        return {"pairs": zero, "pairs by length": zero, "pairs near": zero}
    hit, number = e.pairs
    article = marked(len(e.candidates), wanted, e.article[hit], number)
    near = sliding(marked(e.height, wanted, e.block[hit], number)).astype(np.float32)
    weight = np.maximum(np.log((len(e.candidates) + 1) / (article.sum(axis=0) + 0.5)), 0).astype(np.float32)
    pairs = article @ weight
    return {
        "pairs": pairs,
        "pairs by length": pairs / np.sqrt(e.tokens.counts + 200),
        "pairs near": e.per_article(near @ weight),
    }


def runs(e: Evidence, rows: Rows) -> Rows:
    """Runs of letters: they survive a misread letter, a word that was cut, two words that were read as one."""
    a, wanted = e.index.arrays, e.probe.grams
    number = np.full(GRAM_BUCKETS, -1, np.int32)
    number[wanted] = np.arange(len(wanted))
    weight = rarity(len(e.index.articles), a.gram_articles[wanted])
    found = Parts(a.gram_at[e.passages.starts], a.gram_at[e.passages.stops]).looked_up(a.grams, number)
    at = np.flatnonzero(found >= 0)
    met = found[at].astype(np.int64)
    before = np.concatenate([[0], np.searchsorted(at, np.cumsum(e.passages.lengths(a.gram_at)))])
    letters = e.passages.lengths(a.letter_at)
    ends = before[e.passages.ends]
    article = numbered(np.concatenate([[0], ends]))
    whole = marked(len(e.candidates), len(wanted), article, met).astype(np.float32)
    return {
        "letters": (whole @ weight) / np.sqrt(np.add.reduceat(letters, e.passages.ends - e.passages.counts) + 1500),
        "letters near": e.of_passages(added(weight[met], before) / np.sqrt(letters + 400)),
        "letters alone": whole @ (weight / np.maximum(whole.sum(axis=0), 1)),
    }


def folder(e: Evidence, rows: Rows) -> Rows:
    """How well the article's folder fits: the three best of its other articles."""
    places, window = e.index.arrays.folder[e.candidates], rows["window"]
    order = np.lexsort((-window, places))
    _, first, size = np.unique(places[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, size)
    best = np.where(place < FOLDER + 1, window[order], 0)
    with_next, without = (np.add.reduceat(np.where(place < n, best, 0), first) for n in (FOLDER + 1, FOLDER))
    others = np.repeat(np.minimum(size - 1, FOLDER), size)
    own = place < FOLDER + 1
    sums = np.where(own, np.repeat(with_next, size) - best, np.repeat(without, size))
    means = np.zeros(len(order), np.float32)
    means[order] = sums / np.maximum(others, 1)
    return {"folder": means}


def meant(e: Evidence) -> Floats:
    """How near each candidate's nearest passage is in meaning; 0 for all when the index has no vectors."""
    if e.near is None:
        return np.zeros(len(e.candidates), np.float32)
    return contrast(e.of_passages(e.near))


def contrast(near: Floats) -> Floats:
    """Nearness of candidates as deviations from their mean: encoders differ in how near "near" is."""
    deviation: Floats = ((near - near.mean()) / np.sqrt(near.var() + EVEN)).astype(np.float32)
    return deviation


def _among(values: NDArray[np.uint64], sought: NDArray[np.uint64]) -> Mask:
    """Which of `values` are in `sought`, which is sorted."""
    if not len(sought):
        return np.zeros(len(values), bool)
    found: Mask = sought[np.searchsorted(sought, values).clip(0, len(sought) - 1)] == values
    return found
