"""Pure: what a turn needs, and why, in words. No I/O, no model, the same answer every time.

The cheapest reading that can be right wins: words alone, then the screen's text, and pixels last. Which rung is asked
when is the ladder's business (`bot.answering.fallback`); which pixels a model gets, and that they are covered where
they leave, is decided there too (`bot.answering.pixels`, `privacy`).
"""

from collections.abc import Sequence
from typing import Literal

from bot.conversation import Noun
from bot.screenshots.screen import Screen
from prompts import say

Plan = Literal["words", "screen", "pixels", "unreadable"]
WORDS_TOKENS = 600
"""What a model reads of a turn without a picture: instructions, passages, the question."""
SCREEN_TOKENS = 12
"""More for each line of a screen that it is told instead of shown."""
PIXELS_TOKENS = 1260
"""More for a screenshot of 1440 by 900 on a grid of 32."""


class Route(Noun):
    """`plan` for machines, `reason` for the desk and the log; `tokens` is about what a model reads, 0 without one."""

    plan: Plan
    reason: str
    tokens: int = 0


def route(
    question: str,
    screens: Sequence[Screen],
    *,
    confidence: float = 0.0,
    sure: float = 0.5,
    models: bool = False,
    language: str = "en",
) -> Route:
    """What a turn with these words and pictures needs, now that the search is `confidence` sure of its first article.

    `models`: whether any model answers here at all; without one no pixels are ever needed.
    """
    readable = [screen for screen in screens if screen.legible]
    lines = sum(len(screen.lines) for screen in readable)
    why = next((why for screen in screens if (why := needs_pixels(screen, confidence, sure))), None)
    if models and why:
        reason = say(f"routing.pixels_{why}", language)
        return Route(plan="pixels", reason=reason, tokens=WORDS_TOKENS + PIXELS_TOKENS * len(screens))
    if readable:
        tokens = WORDS_TOKENS + SCREEN_TOKENS * lines if models else 0
        line = "routing.screen" if models else "routing.screen_no_model"
        return Route(plan="screen", reason=say(line, language, lines=lines), tokens=tokens)
    plan: Plan = "unreadable" if screens else "words"
    return Route(plan=plan, reason=say(f"routing.{plan}", language), tokens=WORDS_TOKENS if models else 0)


def needs_pixels(
    screen: Screen, confidence: float, sure: float = 0.5
) -> Literal["drawn", "no_screen", "partly", "unsure"] | None:
    """Why a model should see the picture; None when its text is enough.

    The text is enough when all of it was read and leads to an article; not when the customer drew on the picture, or
    when it is no screen at all.
    """
    if any(mark.kind == "drawn" for mark in screen.marks):
        return "drawn"
    if screen.kind != "screen":
        return "no_screen"
    if screen.outcome != "read":
        return "partly"
    return "unsure" if confidence < sure else None
