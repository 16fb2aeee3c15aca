"""Pure: what a turn needs, who is asked for it, what that costs at most, and why, in words. No I/O, no model, the same
answer every time.

The cheapest reading that can be right wins: what is known already, then words alone, then the screen's text, and
pixels last. A small model is asked before the others and stops there when it is sure (`bot.answering.sureness`). Which
rung is asked when is the ladder's business (`bot.answering.fallback`); which pixels a model gets, and that they are
covered where they leave, is decided there too (`bot.answering.pixels`, `privacy`).
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
ANSWER_TOKENS = 250
"""What a model writes."""


class Asked(Noun):
    """A model that may be asked, as far as a plan is concerned."""

    name: str
    sees: bool = True
    """Whether it is shown pixels."""
    small: bool = False
    """Whether it is asked first, and others after it only when it is not sure."""
    input: float | None = 0.0
    """Dollars per million tokens that it reads: 0 where nothing is paid by the token, None where nobody knows."""
    output: float | None = 0.0
    """Dollars per million tokens that it writes."""

    def price(self, read: int, written: int = ANSWER_TOKENS) -> float | None:
        """What so many tokens cost, in dollars; None when nobody knows. Before an answer: about what it costs."""
        if self.input is None or self.output is None:
            return None
        return (read * self.input + written * self.output) / 1e6


class Route(Noun):
    """`plan` for machines, `reason` for the desk and the log; `tokens` is about what a model reads, 0 without one."""

    plan: Plan
    reason: str
    tokens: int = 0
    asks: tuple[str, ...] = ()
    """The models in the order in which they are asked; whoever answers ends it."""
    price: float | None = 0.0
    """About what it costs at most, in dollars, when no model fails: small ones that were not sure, and the first that
    is not small. None: nobody knows the price."""


def route(
    question: str,
    screens: Sequence[Screen],
    *,
    confidence: float = 0.0,
    sure: float = 0.5,
    asked: Sequence[Asked] = (),
    known: bool = False,
) -> Route:
    """What a turn with these words and pictures needs, now that the search is `confidence` sure of its first article.

    `asked`: the models of this installation, in order. `known`: these pictures were read for an earlier turn.
    """
    asks = [one for one in asked if not passed_over(one.sees, one.small, screens)]
    lines = sum(len(screen.lines) for screen in screens if screen.legible)
    why = next((why for screen in screens if (why := needs_pixels(screen, confidence, sure))), None)
    plan: Plan = "screen" if any(screen.legible for screen in screens) else "unreadable" if screens else "words"
    tokens = WORDS_TOKENS + SCREEN_TOKENS * lines
    if why and any(one.sees for one in asks):
        plan, tokens = "pixels", WORDS_TOKENS + PIXELS_TOKENS * len(screens)
        reasons = [say(f"routing.pixels_{why}")]
    elif plan == "screen":
        form = "" if asks and not why else "_blind" if asks else "_no_model"
        reasons = [say(f"routing.screen{form}", lines=lines)]
    else:
        reasons = [say(f"routing.{plan}")]
    if known and screens:
        reasons.append(say("routing.known"))
    if len({one.small for one in asks}) == 2:
        reasons.append(say("routing.small"))
    names = tuple(one.name for one in asks)
    return Route(
        plan=plan, reason=" ".join(reasons), tokens=tokens if asks else 0, asks=names, price=_price(asks, tokens)
    )


def _price(asks: Sequence[Asked], tokens: int) -> float | None:
    total = 0.0
    for one in asks:
        price = one.price(tokens)
        if price is None:
            return None
        total += price
        if not one.small:
            break
    return total


def passed_over(sees: bool, small: bool, screens: Sequence[Screen]) -> bool:
    """Whether a small model need not even be asked: it sees no pixels, and here no text can do."""
    return small and not sees and any(needs_pixels(screen, 1.0, 0.0) for screen in screens)


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
