"""Whether a screen is of the product that the help centre is about: how well the index explains it, in absolute terms.

A ranking compares articles with each other and always has a first; this looks at what no article explains. Not here:
the weights and the line between the two (`ranker`, learned by `bot.training` from screens of other products).
"""

import numpy as np

from bot.knowledge.evidence import FOUND, Evidence
from bot.knowledge.parts import Floats

LEXICAL = (
    "known words",
    "known words by rarity",
    "words in one window",
    "known words in one window",
    "lines in one window",
    "lines in one article",
    "phrases of one article",
    "phrases word for word",
    "lines that are names",
    "plain",
    "articles",
    "lines",
    "phrases",
)
NEAREST = ("nearest", "nearest ten", "usual")
"""With vectors: how near the nearest passages are in meaning, and how near all are."""
PECULIAR = ("peculiar",)
"""With a table of everyday words (`peculiar`), last of all."""
FEW = 3
"""Of fewer lines no share is taken."""
TEN = 10


def signals(e: Evidence, plain: Floats) -> Floats:
    """One number for each of LEXICAL, and of NEAREST where the index has vectors. `plain`: the candidates' BM25."""
    values = _lexical(e, plain)
    if e.near is not None and e.index.meaning is not None:
        nearest = np.sort(e.near)[-TEN:]
        usual = e.index.meaning.usual @ e.index.meaning.of(e.probe.sought)
        values += [float(nearest[-1]), float(nearest.mean()), float(usual)]
    return np.array(values, np.float32)


def _lexical(e: Evidence, plain: Floats) -> list[float]:
    probe = e.probe
    known = float(e.term_rarity.sum())
    unknown = float(probe.unknown.sum()) * float(np.log(1 + len(e.index.articles)))
    wholes = np.unique(probe.wholes)
    names = e.index.arrays.names
    at = np.searchsorted(names, wholes).clip(0, max(0, len(names) - 1))
    lines = max(FEW, len(wholes))
    phrases = max(FEW, int((np.diff(probe.starts) > 1).sum()))
    window = float(((e.windows > 0) @ e.term_rarity).max())
    line, hit = e.quoted
    in_articles = np.unique(line * len(e.candidates) + e.article[hit])
    of_one = np.bincount(in_articles % len(e.candidates), minlength=len(e.candidates)).max(initial=0)
    return [
        1 - float(probe.unknown.sum()) / max(1, len(probe.numbers)),
        known / (known + unknown + 1e-9),
        window / (known + unknown + 1e-9),
        window / (known + 1e-9),
        float((e.line_windows > FOUND).sum(axis=1).max()) / lines,
        float((e.line_articles > FOUND).sum(axis=1).max()) / lines,
        float(np.log1p(of_one)),
        len(np.unique(line)) / phrases,
        float((names[at] == wholes).sum()) / lines if len(names) else 0.0,
        float(plain.max()) / max(1e-9, float((e.term_rarity * probe.times).sum())),
        float(np.log(len(e.index.articles))),
        float(np.log1p(lines)),
        float(np.log1p(phrases)),
    ]
