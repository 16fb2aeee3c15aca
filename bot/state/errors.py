"""What can go wrong between a channel and a conversation. Each error says whether the same call may be made again,
and what the customer is told.

    StateError
    ├── NotFound      404  there is no such conversation (or picture): never was, expired, or erased
    ├── Conflict      409  the same idempotency key came with another body
    ├── Changed       409  somebody else owns the conversation by now; `who` says who
    ├── Refused       422  what was sent cannot be taken; the words say what to send instead
    ├── TooMany       429  more unanswered messages, or more events, than a conversation holds
    └── Unconfirmed   503  the store did not confirm the write: repeat it with the same key

Not here: `Lost` (`bot.state.lease`), which a worker is told when its lease has moved on; no channel ever sees it.
"""

from typing import Any, ClassVar

from prompts import say


class StateError(Exception):
    """A call at the help desk that did not do what was asked. `str(error)` is for logs, `words` for the customer."""

    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False
    """May the same call, with the same idempotency key, be made again and succeed?"""
    line: ClassVar[str] = "handoff.error"

    def words(self, language: str = "en") -> str:
        """What the customer is told."""
        return say(self.line, language)


class NotFound(StateError):
    """There is no such conversation, message or picture: it never was, it expired, or it was erased."""

    status = 404
    line = "handoff.not_found"


class Conflict(StateError):
    """This idempotency key was used before, with another body."""

    status = 409
    line = "handoff.conflict"


class Changed(StateError):
    """The owner changed between the decision and the write."""

    status = 409
    line = "handoff.changed"

    def __init__(self, owner: str, who: str | None) -> None:
        super().__init__(f"the conversation's owner is {owner} ({who or 'nobody by name'}) by now")
        self.owner = owner
        self.who = who

    def words(self, language: str = "en") -> str:
        """What the one who came second is told."""
        return say("handoff.taken_by", language, who=self.who) if self.who else say(self.line, language)


class Refused(StateError):
    """What was sent cannot be taken: the line that says what to send instead, with its inputs."""

    status = 422

    def __init__(self, line: str, /, **inputs: Any) -> None:
        super().__init__(say(line, **inputs))
        self._line, self._inputs = line, inputs

    def words(self, language: str = "en") -> str:
        """Why, and what to send instead."""
        return say(self._line, language, **self._inputs)


class TooMany(StateError):
    """Too many unanswered messages (wait for the answer), or the conversation is full (start a new one)."""

    status = 429

    def __init__(self, what: str, *, full: bool) -> None:
        super().__init__(what)
        self.full = full

    def words(self, language: str = "en") -> str:
        """Wait, or start anew."""
        return say("handoff.full" if self.full else "handoff.too_many", language)


class Unconfirmed(StateError):
    """The store could not be reached, or too few replicas confirmed. The write may exist: repeat it, same key."""

    status = 503
    retry = True
    line = "handoff.unconfirmed"
