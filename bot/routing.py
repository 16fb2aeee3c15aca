"""Pure: what a turn needs, and why, in words. No I/O, no model, the same answer every time.

The cheapest reading that can be right wins: known picture, then words, then the screen's text, and pixels last.
Which rung gets them, and what it costs, is added to the plan by whoever knows the rungs (`bot.answering`).
"""

from typing import Literal

from bot.conversation import Noun
from bot.screenshots.screen import Screen
from prompts import say

Plan = Literal["words", "screen", "unreadable"]


class Route(Noun):
    """`plan` for machines, `reason` for the desk and the log."""

    plan: Plan
    reason: str


def route(question: str, screens: tuple[Screen, ...], language: str = "en") -> Route:
    """What a turn with these words and these pictures needs."""
    readable = [screen for screen in screens if screen.legible]
    if readable:
        lines = sum(len(screen.lines) for screen in readable)
        return Route(plan="screen", reason=say("answering.plan_screen", language, lines=lines))
    if screens:
        return Route(plan="unreadable", reason=say("answering.plan_unreadable", language))
    return Route(plan="words", reason=say("answering.plan_text", language))
