"""Evidence -> figures: for each candidate a row of named numbers, from which `ranker` makes one.

All but the traits of an article are compared within the query (divided by the best candidate's), so that a figure
means the same in a help centre of fifty articles and of ten thousand.
"""

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.arrays import TRAITS, rarity
from bot.knowledge.evidence import FOUND, Evidence, Floats, Mask, sliding
from bot.knowledge.prepared import TITLE
from bot.knowledge.terms import GRAM_BUCKETS

LINE_CAP = 15.0
"""A long line is no more telling than a few rare words."""
LONG_CAP = 25.0
USUAL_WINDOW = 120.0
"""Words of a window of usual length."""
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
    share: Floats = counts / (counts + (1.2 * (0.25 + 0.75 * lengths / usual)).astype(np.float32))
    return share


def words(e: Evidence, rows: Rows) -> Rows:
    """The screen's words: in the article, in its best passage, in its best window, in labels and headings."""
    a = e.index.arrays
    often, soft = e.term_rarity * e.probe.times, e.term_rarity * (1 + np.log(e.probe.times))
    weights = 2.2 * np.stack([often, soft, soft * a.term_uses[e.probe.terms]]).astype(np.float32)
    length = sliding(e.spread(e.blocks.lengths(a.block_at)))
    window, window_soft, window_ui = e.per_article(weights @ _saturated(e.windows, length, USUAL_WINDOW))
    mass = sliding(e.spread(e.blocks.gathered(a.block_rarity)))
    met = sliding(e.per_column(e.rarity))
    lengths = e.passage_lengths
    passage = weights[1] @ _saturated(e.counts(e.passage, len(lengths)), lengths, float(lengths.mean()))
    shown = np.bincount(e.passage[e.headed], e.rarity[e.headed], len(lengths))
    covered = shown / (e.passages.gathered(a.passage_headed) + 3)
    article = e.per_article(e.block_counts, np.add)
    return {
        "passage": e.of_passages(passage),
        "window": window,
        "window soft": window_soft,
        "window ui": window_ui,
        "window share": e.per_article(met / (mass + 20)),
        "cosine": ((soft * e.term_rarity) @ np.log1p(article)) / np.sqrt(a.norms[e.candidates]),
        "heading": e.of_passages(covered),
        "heading of passage": e.of_passages(covered * passage),
    }


def lines(e: Evidence, rows: Rows) -> Rows:
    """The screen's lines: how many are found near each other, word for word, and in no other candidate."""
    weight = np.minimum(e.line_rarity, LINE_CAP)
    in_article = e.line_articles
    whole = e.per_article(e.whole, np.logical_or)
    count = whole.sum(axis=1)
    telling = (np.maximum(np.log((len(e.candidates) + 1) / (count + 0.5)), 0) * (count > 0)).astype(np.float32)
    long = telling * np.minimum(e.line_rarity[np.searchsorted(e.lines, e.quotable)], LONG_CAP)
    near = sliding(e.whole, np.logical_or).astype(np.float32)
    cubed = in_article**3
    return {
        "lines": (in_article > FOUND).sum(axis=0),
        "lines near": e.per_article(weight @ (e.line_windows > FOUND)),
        "lines whole": telling @ whole,
        "lines whole near": e.per_article(telling @ near),
        "lines whole long near": e.per_article(long @ near),
        "lines alone": weight @ (cubed / (cubed.sum(axis=1, keepdims=True) + 0.3)),
    }


def names(e: Evidence, rows: Rows) -> Rows:
    """Labels, headings, title: which the screen shows, and how many of the article's own it shows."""
    a, count = e.index.arrays, len(e.candidates)
    own, weight, owner = e.labels.gathered(a.labels), e.labels.gathered(a.label_rarity), e.labels.owner

    def sums(chosen: Mask | float) -> Floats:
        return np.bincount(owner, weight * chosen, count)

    within = sums(_among(own, e.probe.runs))
    soft = (e.term_rarity * (1 + np.log(e.probe.times))).astype(np.float32)
    label = e.present(e.block, e.width, e.labelled)
    met = sliding(e.per_column(e.rarity * e.labelled))
    asked = sliding(e.spread(e.blocks.gathered(a.block_labelled)))
    title = e.present(e.article, count, (e.flags & TITLE) > 0)
    return {
        "labels": sums(_among(own, np.unique(e.probe.wholes))),
        "labels within": within,
        "labels share": within / (sums(1.0) + 8),
        "labels near": e.per_article(soft @ sliding(label, np.logical_or)),
        "labels near share": e.per_article(met / (asked + 15)),
        "headings": soft @ e.present(e.article, count, e.headed),
        "title": (e.term_rarity @ title) / (a.titled[e.candidates] + 4),
        "words in labels": (e.term_rarity @ e.per_article(label, np.logical_or)) / (a.labelled[e.candidates] + 4),
    }


def neighbours(e: Evidence, rows: Rows) -> Rows:
    """Two words that stand side by side on the screen and in the article."""
    wanted = e.probe.pairs
    if not len(wanted):
        zero = np.zeros(len(e.candidates), np.float32)
        return {"pairs": zero, "pairs by length": zero, "pairs near": zero}
    number = np.searchsorted(wanted, e.beside_pair).clip(0, len(wanted) - 1)
    met = np.flatnonzero(wanted[number] == e.beside_pair)
    block = np.zeros((len(wanted), e.width), bool)
    block[number[met], e.block[e.beside[met]]] = True
    article = e.per_article(block, np.logical_or)
    weight = np.maximum(np.log((len(e.candidates) + 1) / (article.sum(axis=1) + 0.5)), 0).astype(np.float32)
    pairs = weight @ article
    return {
        "pairs": pairs,
        "pairs by length": pairs / np.sqrt(e.tokens.counts + 200),
        "pairs near": e.per_article(weight @ sliding(block, np.logical_or)),
    }


def runs(e: Evidence, rows: Rows) -> Rows:
    """Runs of letters: they survive a misread letter, a word that was cut, two words that were read as one."""
    a, wanted = e.index.arrays, e.probe.grams
    number = np.full(GRAM_BUCKETS, -1, np.int32)
    number[wanted] = np.arange(len(wanted))
    weight = rarity(len(e.index.articles), a.gram_articles[wanted])
    found = number[np.concatenate([a.grams[a.gram_at[s.start] : a.gram_at[s.stop]] for s in e.passages.spans])]
    at = np.flatnonzero(found >= 0)
    met = found[at]
    ends = np.searchsorted(at, np.cumsum(e.passages.lengths(a.gram_at)))
    passage = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    letters = e.passages.lengths(a.letter_at)
    whole = np.zeros((len(e.candidates), len(wanted)), np.float32)
    whole[e.passages.owner[passage], met] = 1
    length = np.bincount(e.passages.owner, letters)
    return {
        "letters": (whole @ weight) / np.sqrt(length + 1500),
        "letters near": e.of_passages(np.bincount(passage, weight[met], len(ends)) / np.sqrt(letters + 400)),
        "letters alone": whole @ (weight / np.maximum(whole.sum(axis=0), 1)),
    }


def folder(e: Evidence, rows: Rows) -> Rows:
    """How well the article's folder fits: the three best of its other articles."""
    places, window = e.index.arrays.folder[e.candidates], rows["window"]
    means = np.zeros(len(places), np.float32)
    order = np.lexsort((-window, places))
    for group in np.split(order, np.flatnonzero(np.diff(places[order])) + 1):
        for n, article in enumerate(group[:4] if len(group) > 1 else ()):
            means[article] = np.delete(window[group[:4]], n).mean()
        means[group[4:]] = window[group[:3]].mean()
    return {"folder": means}


def _among(values: NDArray[np.uint64], sought: NDArray[np.uint64]) -> Mask:
    """Which of `values` are in `sought`, which is sorted."""
    if not len(sought):
        return np.zeros(len(values), bool)
    found: Mask = sought[np.searchsorted(sought, values).clip(0, len(sought) - 1)] == values
    return found
