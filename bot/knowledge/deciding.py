"""Which lines of a screen decided for an article, and where they stand on the picture.

A line attends to the candidates that have it, and speaks for those that have it rather than others. Not here: drawing
the places (`bot/screenshots/light.py`), the ranking (`fusion`, `ranker`).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.conversation import Box
from bot.knowledge.evidence import FOUND, Evidence
from bot.screenshots.screen import Screen

DECIDING = 5
"""Lines named as those that decided."""
RAREST = 15
"""A line's rarity counts up to this."""
NOBODY = 0.3
"""Attention that goes to no candidate."""


def telling(evidence: Evidence) -> NDArray[np.float32]:
    """What each line weighs: its rarity, and the more the fewer of the candidates have it."""
    having = (evidence.line_articles**2).sum(axis=0) + NOBODY
    rare: NDArray[np.float32] = np.minimum(evidence.line_rarity, RAREST) * np.log1p(len(evidence.candidates) / having)
    return rare


def attention(evidence: Evidence) -> NDArray[np.float32]:
    """candidates x lines: each line's attention, shared out over the candidates that have it."""
    having = np.where(evidence.line_articles > FOUND, evidence.line_articles, 0) ** 3
    shared: NDArray[np.float32] = having / (having.sum(axis=0) + NOBODY)
    return shared


def deciding(evidence: Evidence, articles: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """For each article the lines that speak for it rather than for others, as they stand on the screen; a line without
    two letters, such as a count or an icon, tells nobody why."""
    told = [sum(map(str.isalpha, evidence.probe.texts[n])) > 1 for n in evidence.lines]
    weight = attention(evidence) * np.minimum(evidence.line_rarity, RAREST) * np.array(told, bool)
    place = {int(article): n for n, article in enumerate(evidence.candidates)}
    decided: dict[int, tuple[str, ...]] = {}
    for article in articles:
        row = weight[place[article]] if article in place else np.empty(0)
        order = [int(n) for n in np.argsort(-row, kind="stable")[: 2 * DECIDING] if row[n] > 0]
        decided[article] = tuple(dict.fromkeys(evidence.probe.texts[evidence.lines[n]] for n in order))[:DECIDING]
    return decided


def places(decided_by: Sequence[str], screen: Screen) -> tuple[Box, ...]:
    """Where these lines stand on a screen, most telling first; a line that stands there twice has both places."""
    return tuple(line.box for text in decided_by for line in screen.lines if line.text == text)
