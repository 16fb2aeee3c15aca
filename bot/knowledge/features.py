"""Evidence -> figures: for each candidate a row of named numbers, from which `ranker` makes one.

All but the traits of an article are compared within the query (divided by the best candidate's), so that a figure
means the same in a help centre of fifty articles and of ten thousand.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.evidence import FOUND, Evidence, Floats, rarity, term_rarities
from bot.knowledge.index import Index
from bot.knowledge.prepared import CODE, LABEL, TITLE
from bot.knowledge.probe import pairs
from bot.knowledge.terms import GRAM_BUCKETS, grams

LINE_CAP = 15.0
"""A long line is no more telling than a few rare words."""
Rows = dict[str, Floats]


def compared(evidence: Evidence, scores: Floats) -> tuple[tuple[str, ...], Floats]:
    """(names, candidates x names): every figure, ready for the weights. `scores` are the candidates' plain BM25."""
    rows: Rows = {"bm25": scores.astype(np.float32)}
    for part in (words, lines, names, neighbours, runs, folder):
        rows |= part(evidence, rows)
    table = np.stack(list(rows.values()), axis=1)
    table = table / np.maximum(table.max(axis=0, keepdims=True), 1e-9)
    own = np.stack([column[evidence.candidates] for column in traits(evidence.index).values()], axis=1)
    return (*rows, *traits(evidence.index)), np.hstack([table, own]).astype(np.float32)


def _bm25(counts: Floats, lengths: Floats, usual: float, weights: Floats) -> Floats:
    return (counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * lengths / usual)[:, None])) @ weights


def words(e: Evidence, rows: Rows) -> Rows:
    """The screen's words: in the article, in its best passage, in its best window, in labels and headings."""
    often, soft = e.term_rarity * e.probe.times, e.term_rarity * (1 + np.log(e.probe.times))
    in_window = np.bincount(e.block, minlength=len(e.block_article)).astype(np.float32)
    length = e.windows(in_window)
    window = e.term_windows
    passage = e.per(e.passage)
    lengths = e.passage_lengths.astype(np.float32)
    by_passage = _bm25(passage, lengths, float(lengths.mean()), soft)
    ui = soft * uses(e.index)[e.probe.terms]
    mass = e.windows(np.bincount(e.block, e.token_rarity).astype(np.float32))
    met = e.windows(np.bincount(e.block, e.token_rarity * e.hit).astype(np.float32))
    said = np.bincount(e.passage, e.token_rarity * e.headed, len(lengths))
    shown = np.bincount(e.passage, e.token_rarity * (e.headed & e.hit), len(lengths))
    covered = (shown / (said + 3)).astype(np.float32)
    article = e.per(e.article)
    return {
        "passage": e.best(by_passage, e.passage_article),
        "window": e.best(_bm25(window, length, 120, often), e.block_article),
        "window soft": e.best(_bm25(window, length, 120, soft), e.block_article),
        "window ui": e.best(_bm25(window, length, 120, ui), e.block_article),
        "window share": e.best(met / (mass + 20), e.block_article),
        "cosine": (np.log1p(article) @ (soft * e.term_rarity)) / np.sqrt(distinct(e.index, 0)[e.candidates]),
        "heading": e.best(covered, e.passage_article),
        "heading of passage": e.best(covered * by_passage, e.passage_article),
    }


def lines(e: Evidence, rows: Rows) -> Rows:
    """The screen's lines: how many are found near each other, word for word, and in no other candidate."""
    weight = np.minimum(e.line_rarity, LINE_CAP)
    found = e.line_windows > FOUND
    in_article = e.best(e.line_windows, e.block_article)
    whole = e.best(e.whole.astype(np.float32), e.block_article) > 0
    count = whole.sum(axis=0)
    telling = np.maximum(np.log((len(e.candidates) + 1) / (count + 0.5)), 0) * (count > 0)
    near = e.windows(e.whole.astype(np.float32), np.maximum)
    cubed = in_article**3
    return {
        "lines": (in_article > FOUND).sum(axis=1).astype(np.float32),
        "lines near": e.best(found @ weight, e.block_article),
        "lines whole": whole @ telling.astype(np.float32),
        "lines whole near": e.best(near @ telling.astype(np.float32), e.block_article),
        "lines whole long near": e.best(
            near @ (telling * np.minimum(e.line_rarity, 25)).astype(np.float32), e.block_article
        ),
        "lines alone": (cubed / (cubed.sum(axis=0) + 0.3)) @ weight,
    }


def names(e: Evidence, rows: Rows) -> Rows:
    """Labels, headings, title: which the screen shows, and how many of the article's own it shows."""
    a = e.index.arrays
    starts, ends = a.label_at[e.candidates], a.label_at[e.candidates + 1]
    spans = [slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
    own = np.concatenate([a.labels[span] for span in spans])
    weight = np.concatenate([name_rarity(e.index)[span] for span in spans])
    owner = np.repeat(np.arange(len(e.candidates)), ends - starts)

    def sums(chosen: NDArray[np.bool_] | float) -> Floats:
        return np.bincount(owner, weight * chosen, len(e.candidates)).astype(np.float32)

    equal = sums(_among(own, np.unique(np.array([line.whole for line in e.probe.lines], np.uint64))))
    within = sums(_among(own, e.probe.runs))
    share = within / (sums(1.0) + 8)
    soft = e.term_rarity * (1 + np.log(e.probe.times))
    title = e.per(e.article, (e.flags & TITLE) > 0) > 0
    label = e.per(e.block, e.labelled)
    asked = e.windows(np.bincount(e.block, e.token_rarity * e.labelled).astype(np.float32))
    met = e.windows(np.bincount(e.block, e.token_rarity * (e.labelled & e.hit)).astype(np.float32))
    return {
        "labels": equal,
        "labels within": within,
        "labels share": share,
        "labels near": e.best(e.windows(label, np.maximum).clip(0, 1) @ soft, e.block_article),
        "labels near share": e.best(met / (asked + 15), e.block_article),
        "headings": ((e.per(e.article, e.headed) > 0) @ soft).astype(np.float32),
        "title": ((title @ e.term_rarity) / (distinct(e.index, TITLE)[e.candidates] + 4)).astype(np.float32),
        "words in labels": ((e.per(e.article, e.labelled) > 0) @ e.term_rarity)
        / (distinct(e.index, LABEL)[e.candidates] + 4),
    }


def neighbours(e: Evidence, rows: Rows) -> Rows:
    """Two words that stand side by side on the screen and in the article."""
    terms = len(e.probe.terms)
    wanted = np.unique([_at(e, a) * terms + _at(e, b) for a, b in pairs(e.probe.lines)]).astype(np.int64)
    zero = np.zeros(len(e.candidates), np.float32)
    if not len(wanted):
        return {"pairs": zero, "pairs by length": zero, "pairs near": zero}
    both = e.hit[:-1] & e.hit[1:] & (e.passage[:-1] == e.passage[1:])
    at = np.flatnonzero(both)
    made = e.asked[at] * terms + e.asked[at + 1]
    number = np.searchsorted(wanted, made).clip(0, len(wanted) - 1)
    at, number = at[wanted[number] == made], number[wanted[number] == made]
    article = np.zeros((len(e.candidates), len(wanted)), np.float32)
    article[e.article[at], number] = 1
    block = np.zeros((len(e.block_article), len(wanted)), np.float32)
    block[e.block[at], number] = 1
    weight = np.maximum(np.log((len(e.candidates) + 1) / (article.sum(axis=0) + 0.5)), 0).astype(np.float32)
    length = np.bincount(e.article, minlength=len(e.candidates))
    return {
        "pairs": article @ weight,
        "pairs by length": (article @ weight) / np.sqrt(length + 200).astype(np.float32),
        "pairs near": e.best(e.windows(block, np.maximum) @ weight, e.block_article),
    }


def runs(e: Evidence, rows: Rows) -> Rows:
    """Runs of letters: they survive a misread letter, a word that was cut, two words that were read as one."""
    a = e.index.arrays
    number = np.full(GRAM_BUCKETS, -1, np.int32)
    number[e.probe.grams] = np.arange(len(e.probe.grams))
    weight = rarity(len(e.index.articles), a.gram_articles[e.probe.grams])
    starts, ends = (a.letter_at[a.passage_at[e.candidates + n]] for n in (0, 1))
    text = np.concatenate([a.letters[int(s) : int(t)] for s, t in zip(starts, ends, strict=True)])
    sizes = np.concatenate(
        [np.diff(a.letter_at[int(a.passage_at[c]) : int(a.passage_at[c + 1]) + 1]) for c in e.candidates]
    )
    met = number[grams(text)]
    at = np.flatnonzero(met >= 0)
    passage = np.repeat(np.arange(len(sizes)), sizes)[at]
    has = np.zeros((len(sizes), len(e.probe.grams)), np.float32)
    has[passage, met[at]] = 1
    whole = np.zeros((len(e.candidates), len(e.probe.grams)), bool)
    whole[e.passage_article[passage], met[at]] = True
    length = (ends - starts).astype(np.float32)
    near = e.best((has @ weight) / np.sqrt(sizes + 400), e.passage_article)
    alone = weight / np.maximum(whole.sum(axis=0), 1)
    return {
        "letters": (whole @ weight) / np.sqrt(length + 1500),
        "letters near": near,
        "letters alone": (whole @ alone).astype(np.float32),
    }


def folder(e: Evidence, rows: Rows) -> Rows:
    """How well the article's folder fits: the three best of its other articles."""
    places = folders(e.index)[e.candidates]
    window, means = rows["window"], np.zeros(len(e.candidates), np.float32)
    for n, place in enumerate(places):
        others = np.flatnonzero(places == place)
        others = others[others != n]
        if len(others):
            means[n] = np.sort(window[others])[-3:].mean()
    return {"folder": means}


def _at(e: Evidence, term: int) -> int:
    return int(np.searchsorted(e.probe.terms, term))


def _among(values: NDArray[np.uint64], sought: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of `values` are in `sought`, which is sorted."""
    if not len(sought):
        return np.zeros(len(values), bool)
    found: NDArray[np.bool_] = sought[np.searchsorted(sought, values).clip(0, len(sought) - 1)] == values
    return found


@lru_cache(maxsize=12)
def distinct(index: Index, flag: int) -> Floats:
    """For each article the rarity of its words that stand in `flag`, each once; squared, of all words, for flag 0."""
    a, count = index.arrays, len(index.articles)
    telling = term_rarities(index)
    if not flag:
        weights = np.repeat(telling**2, np.diff(a.post_at))
        return np.maximum(np.bincount(a.post_article, weights, count), 1e-6).astype(np.float32)
    chosen = np.flatnonzero(np.asarray(a.flags) & flag)
    owner = np.searchsorted(a.token_at[a.passage_at], chosen, side="right") - 1
    pairs_ = np.unique(owner * len(a.terms) + a.tokens[chosen])
    return np.bincount(pairs_ // len(a.terms), telling[pairs_ % len(a.terms)], count).astype(np.float32)


def _shared(make: Callable[[Index], NDArray[np.float32]]) -> Callable[[Index], NDArray[np.float32]]:
    """Worked out once per opened index."""
    return lru_cache(maxsize=4)(make)


@_shared
def uses(index: Index) -> Floats:
    """For each term the share of its places that are labels or headings: is it a word of the screen, or of the text?"""
    a = index.arrays
    named = np.bincount(a.tokens[(np.asarray(a.flags) & LABEL) > 0], minlength=len(a.terms))
    return (named / np.maximum(1, np.bincount(a.tokens, minlength=len(a.terms)))).astype(np.float32)


@_shared
def name_rarity(index: Index) -> Floats:
    """How telling each entry of `labels` is."""
    a = index.arrays
    having = np.searchsorted(a.names, a.labels, side="right") - np.searchsorted(a.names, a.labels)
    telling: Floats = np.log(1 + len(index.articles) / np.maximum(having, 1)).astype(np.float32)
    return telling


@lru_cache(maxsize=4)
def folders(index: Index) -> NDArray[np.int64]:
    """The folder of each article, as a number."""
    return np.unique([name.rpartition("/")[0] for name in index.articles], return_inverse=True)[1].astype(np.int64)


@lru_cache(maxsize=4)
def traits(index: Index) -> dict[str, Floats]:
    """What an article is like, whatever is asked: code, labels, length, how far down it lies."""
    a, count = index.arrays, len(index.articles)
    owner = np.repeat(np.arange(count), np.diff(a.token_at[a.passage_at]))
    length = np.maximum(1, np.bincount(owner, minlength=count))
    flags = np.asarray(a.flags)
    code = np.bincount(owner, (flags & CODE) > 0, count) / length
    label = np.bincount(owner, (flags & LABEL) > 0, count) / length
    return {
        "code": code.astype(np.float32),
        "label": label.astype(np.float32),
        "length": np.log(length / 100).astype(np.float32),
        "passages": np.log(np.diff(a.passage_at)).astype(np.float32),
        "depth": np.array([name.count("/") for name in index.articles], np.float32),
    }
