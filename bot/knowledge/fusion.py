"""How question, screen text and pictures become one ranking: each way one short function with a name."""

from collections.abc import Sequence

from bot.conversation import Noun
from bot.knowledge.articles import Passage
from bot.screenshots.screen import Screen


class Query(Noun):
    """What a customer asks: the words they typed (may be empty) and the screens they sent (may be none)."""

    question: str = ""
    screens: tuple[Screen, ...] = ()
    avoid: frozenset[str] = frozenset()
    """Articles that did not help: never ranked again in this conversation."""


class Hit(Noun):
    """One ranked passage, the best one of its article."""

    passage: Passage
    score: float
    decided_by: tuple[str, ...] = ()
    """The screen lines that decided, most telling first."""


class Ranking(Noun):
    """Hits, best first, one per article. `confidence` is the calibrated probability that the first one is right."""

    hits: tuple[Hit, ...] = ()
    confidence: float = 0.0

    def within(self, factor: float) -> Sequence[Hit]:
        """The hits whose score is at least `factor` times the best one's."""
        return [h for h in self.hits if h.score >= factor * self.hits[0].score]
