"""What a customer is shown of a ranking: its first article, that and what comes next, a question, or nothing.

Pure, and the only place where this is decided: the answer without a model, `eval retrieval` and `learn ranking` ask it
alike. Not here: what stands on a button (`buttons`), how sure a ranking is (`bot.knowledge.ranker`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

CONSIDERED = 10
"""Articles of a ranking of which those that are shown are chosen."""


@dataclass(frozen=True)
class Offer:
    """What is shown, by its place in the ranking."""

    outright: bool = False
    """Whether the first one shown is quoted; the others then come next. Else all are choices of a question."""
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class Limits:
    """Answers outright from `sure` on; between `unsure` and `sure` it asks which of the likeliest is meant.

    All three are calibrated confidences: the probability that the first article is right. Below `certain` what comes
    next is offered beside an answer. A customer is shown `choices` articles at most.
    """

    certain: float = 0.9
    sure: float = 0.5
    unsure: float = 0.08
    choices: int = 3

    def offered(self, confidence: float, names: Sequence[str]) -> Offer:
        """Of ranked articles with these names, best first: what is shown. Of equal names the first stands for all: two
        buttons with the same words would be no choice."""
        first: dict[str, int] = {}
        for place, name in enumerate(names[:CONSIDERED]):
            first.setdefault(name.casefold(), place)
        likely = tuple(first.values())[: self.choices]
        if likely and confidence >= self.sure:
            return Offer(outright=True, places=likely if confidence < self.certain else likely[:1])
        if confidence >= self.unsure and len(likely) > 1:
            return Offer(places=likely)
        return Offer()
