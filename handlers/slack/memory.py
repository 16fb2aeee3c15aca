"""What the Slack side asks of the store besides the log: small texts beside a conversation, marks, and seconds.

Fields that the mirror writes under its lease go through the lease; these are for everybody else. All of a
conversation's fields live and die with it. Not here: what is said (`bot.helpdesk` writes the log).
"""

from collections.abc import Mapping
from typing import Protocol


class Memory(Protocol):
    """Offered by the store."""

    async def fields(self, conversation_id: str) -> dict[str, str]:
        """All that is kept beside a conversation; empty when there is nothing."""

    async def keep(self, conversation_id: str, fields: Mapping[str, str]) -> None:
        """Writes fields in one step, an empty one is removed. Nothing when the conversation is gone."""

    async def drop(self, conversation_id: str) -> None:
        """Removes all that is kept beside a conversation."""

    async def heard(self, event: str, question: str, seconds: float) -> bool:
        """Whether an event is heard for the first time in `seconds`; then its question is kept, in the same step."""

    async def questions(self) -> dict[str, str]:
        """The questions that are kept, by their event."""

    async def question(self, event: str, question: str) -> None:
        """Keeps a question in the place of an earlier one; an empty one is removed."""

    async def holds(self, event: str, holder: str, seconds: float) -> bool:
        """Whether `holder` has this question, for so many seconds more; 0 gives it back."""

    async def once(self, name: str, seconds: float) -> bool:
        """Whether this is the first time in `seconds` that `name` is asked about."""
