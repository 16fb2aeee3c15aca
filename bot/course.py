"""How far a turn has come, told by its own events: which stage ended when, who answered, what it cost.

Not here: what is written of it (`bot.turn_end`), the turn itself (`bot.turns`).
"""

import time
from dataclasses import dataclass, field

from bot.conversation import Answered, Attached, Conversation, Event, Message, OwnerChanged, Planned, Reset, Seen, Spent
from bot.state.records import Claim
from bot.turn_end import Outcome, TurnEnd

STAGES = ("look", "search", "first_word", "words")
"""What a turn does one after another; what is left is its rest."""


@dataclass
class Course:
    """One claim's turn, from the claim on; one that starts over goes on here."""

    claim: Claim
    conversation: Conversation
    """As the claim found it."""
    number: int
    _given_up: bool = False
    _started: float = field(default_factory=time.monotonic)
    _ended: dict[str, float] = field(default_factory=dict)
    """When each stage ended."""
    _told: dict[str, Event] = field(default_factory=dict)
    """The last event of each kind that says how the turn went."""
    _pictures: int = 0
    _restarts: int = 0

    def take(self, event: Event) -> None:
        """What the turn has said."""
        now = time.monotonic()
        match event:
            case Seen():
                self._pictures += 1
                self._ended["look"] = now
            case Planned():
                self._ended["search"] = now
            case Answered():
                self._ended["words"] = now
            case Reset():
                self._restarts += 1
        if isinstance(event, Planned | Answered | Spent | OwnerChanged):
            self._told[event.event] = event

    def give_up(self, call: OwnerChanged) -> None:
        """An honest line is all that is said, and a person is called."""
        self._given_up = True
        self.take(call)

    def spoke(self) -> None:
        """Words have been written."""
        self._ended.setdefault("first_word", time.monotonic())

    def end(self, broke: Outcome | None = None) -> TurnEnd:
        """How the turn went, now that it has ended, well or (`broke`) not."""
        planned, answered = self._told.get("planned"), self._told.get("answered")
        spent, owner = self._told.get("spent"), self._told.get("owner")
        return TurnEnd(
            conversation=self.claim.id,
            turn=self.number,
            outcome=broke or self._outcome(),
            model=answered.model if isinstance(answered, Answered) else "",
            plan=planned.plan if isinstance(planned, Planned) else "",
            confidence=answered.confidence if isinstance(answered, Answered) else 0.0,
            called=owner.why if isinstance(owner, OwnerChanged) else "",
            pictures=self._pictures,
            tries=self.claim.tries,
            restarts=self._restarts,
            waited=self._waited(),
            **self._seconds(),
            tokens_read=spent.tokens_read if isinstance(spent, Spent) else 0,
            tokens_written=spent.tokens_written if isinstance(spent, Spent) else 0,
            price=spent.price if isinstance(spent, Spent) else 0.0,
        )

    def _outcome(self) -> Outcome:
        answered = self._told.get("answered")
        if self._given_up:
            return "given_up"
        if not isinstance(answered, Answered):
            return "looked"
        return "answered" if answered.answered else "open"

    def _waited(self) -> float:
        """Seconds from the oldest of what the turn is about to its claim, by the store's clock."""
        messages = {message.id for message in self.conversation.unanswered}
        pictures = {attachment.id for attachment in self.conversation.unlooked}
        since = [
            event_id
            for event_id, event in self.claim.log
            if (isinstance(event, Message) and event.id in messages)
            or (isinstance(event, Attached) and event.attachment.id in pictures)
        ]
        return max(0.0, (self.claim.now - since[0]) / 1000) if since else 0.0

    def _seconds(self) -> dict[str, float]:
        seconds: dict[str, float] = {}
        at = self._started
        for stage in STAGES:
            seconds[stage] = max(0.0, self._ended.get(stage, at) - at)
            at += seconds[stage]
        now = time.monotonic()
        return {**seconds, "rest": now - at, "whole": now - self._started}
