"""How one turn went, as one line of the log: ids, names and figures, nothing that a customer wrote or sent.

Not here: when a line is written (`bot.turns`), where it goes and what is counted (`bot.telemetry`).
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["answered", "open", "looked", "given_up", "lost", "failed"]
"""`open`: words were said, but they are no answer. `looked`: there was nothing to answer yet, only pictures to look at.
`given_up`: an honest line after several tries. `lost`: a person took over, or another worker. `failed`: it is tried
again."""
SHOWN_S = 0.05
"""Seconds from which a sentence names a stage."""


@dataclass(frozen=True)
class TurnEnd:
    """Seconds: `waited` from the oldest message (or picture) that the turn is about to its claim; `look`, `search`,
    `first_word`, `words` and `rest` follow each other and add up to `whole`, from the claim to the last write. A stage
    that it did not come to is 0.
    """

    conversation: str
    turn: int
    outcome: Outcome
    model: str = ""
    """The rung that answered."""
    plan: str = ""
    confidence: float = 0.0
    called: str = ""
    """Why a person was called with it, as `bot.handoff.Reason` names it."""
    pictures: int = 0
    """How many were looked at."""
    tries: int = 0
    """Workers that vanished or failed at it before."""
    restarts: int = 0
    """How often the words began again before the customer's eyes."""
    waited: float = 0.0
    look: float = 0.0
    search: float = 0.0
    first_word: float = 0.0
    words: float = 0.0
    rest: float = 0.0
    whole: float = 0.0
    tokens_read: int = 0
    tokens_written: int = 0
    price: float | None = 0.0
    """In dollars; None: nobody knows."""

    def fields(self) -> dict[str, Any]:
        """As they are logged, figures to four places."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}

    def sentence(self) -> str:
        """For a terminal: `p0-1f… turn 3: answered by extractive (0.83) in 1.2 s; search 0.1, first word 0.9`."""
        by = f" by {self.model} ({self.confidence:.2f})" if self.model else ""
        told = [f"{self.conversation} turn {self.turn}: {self.outcome.replace('_', ' ')}{by} in {self.whole:.1f} s"]
        stages = ("waited", "look", "search", "first_word", "words", "rest")
        seconds = {name.replace("_", " "): getattr(self, name) for name in stages}
        told.append(", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items() if spent >= SHOWN_S))
        return "; ".join(part for part in (*told, *self._more()) if part)

    def _more(self) -> Iterator[str]:
        if self.pictures:
            yield f"pictures {self.pictures}"
        if self.called:
            yield f"a person was called: {self.called}"
        if self.tokens_read or self.tokens_written:
            yield f"tokens {self.tokens_read} + {self.tokens_written}"
            yield "price unknown" if self.price is None else f"${self.price:.4f}"
        if self.tries:
            yield f"tries before {self.tries}"
        if self.restarts:
            yield f"begun again {self.restarts}"
