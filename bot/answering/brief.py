"""What every rung is given and what every rung gives back: a brief in, deltas and one typed answer out.

A rung is anything with a `name` and an `answer(brief)` that yields `Words` as they are found and ends with exactly
one `Answer`. The extractive rung does this directly; model rungs do it behind a LangChain chat model.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from bot.conversation import Attachment, Choice, Citation, Message, Noun
from bot.knowledge.fusion import Query, Ranking
from bot.screenshots.screen import Screen


class Look(Noun):
    """A customer's picture and what was read of it."""

    attachment: Attachment
    screen: Screen


class Brief(Noun):
    """All that a turn knows when it starts to answer. It holds one customer's data and no one else's."""

    question: str
    """The customer's words of this turn, merged when several messages are answered together; may be empty."""
    looks: tuple[Look, ...] = ()
    """The pictures that this turn is about, the newest last: this turn's own, else the last ones looked at."""
    ranking: Ranking = Ranking()
    within: Query = Query()
    """Which articles may be found for this customer at all: every further search keeps to it."""
    history: tuple[Message, ...] = ()
    """Earlier messages of this conversation, oldest first."""
    pressed: Choice | None = None
    """The button that the customer pressed, when they did; one without an article stands for none of the others."""
    language: str = "en"
    models: bool = True
    """Whether models may be asked at all: False once the owner's budget of the day is used up."""
    called: bool = False
    """Whether a person has been called already: nobody need be offered one."""
    customer: str | None = None
    """Who asks, as the site vouches for them: for the owner's own tools, never told to a model."""


class Aim(Noun):
    """A control that the answer tells the customer to use, by its words; grounding turns it into a box."""

    attachment_id: str
    instruction: str
    step: int | None = None


@dataclass(frozen=True)
class Words:
    """A piece of the answer's text, in order."""

    text: str


class Usage(Noun):
    """Tokens that models read and wrote, and what that cost in dollars; None: nobody knows."""

    read: int = 0
    written: int = 0
    price: float | None = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        price = None if self.price is None or other.price is None else self.price + other.price
        return Usage(read=self.read + other.read, written=self.written + other.written, price=price)


class Answer(Noun):
    """The whole answer: `text` is all `Words` joined."""

    text: str
    citations: tuple[Citation, ...] = ()
    aims: tuple[Aim, ...] = ()
    choices: tuple[Choice, ...] = ()
    confidence: float = 0.0
    answered: bool = False
    model: str
    handoff: str | None = None
    told: tuple[str, ...] = ()
    """Articles that a model was shown, where who asked for it has to know: it may say more than it cites."""
    usage: Usage = Usage()
    certainty: float | None = None
    """How probable the model's own words were to it, 0 to 1: the geometric mean over tokens; None: it does not say."""


class Rung(Protocol):
    """One way to answer."""

    @property
    def name(self) -> str:
        """As in the settings: `extractive`, `vlm:...`, `openai:...`."""

    def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        """Words as they are found, then exactly one Answer. Raises to let the next rung try."""
