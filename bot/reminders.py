"""The job of kind `timer`: says what is due in a conversation that waits for a person, each thing once, and releases
an agent who has let a customer wait.

A reminder is a score in the future, so it outlives every process. It is written only if nothing was said since the
log was read: an agent who comes at the same moment is not talked over.
"""

from dataclasses import dataclass

from bot import handoff, letters
from bot.conversation import Event
from bot.hours import Hours
from bot.state.lease import Lease
from bot.state.records import DONE, Finish


@dataclass(frozen=True)
class Reminders:
    """Hand it to the worker as the job of kind `timer`."""

    hours: Hours | None = None
    mail: bool = False
    """Whether customers who have left can be written to."""
    release_ms: int | None = None
    """How long an agent may let a customer wait for a word; None: for ever."""

    async def __call__(self, lease: Lease) -> None:
        """Says what is due, and comes back for what is next. Raises Lost."""
        log = lease.claim.log
        while not await self._run(lease, log):
            log = await lease.read_again()

    async def _run(self, lease: Lease, log: tuple[handoff.LogEntry, ...]) -> bool:
        """Whether it was written; False: something was said meanwhile."""
        now = max(lease.claim.now, await lease.store.now())
        at = self._next(log)
        if at is None:
            return await lease.write(check=True, finish=DONE) == "written"
        if at > now:
            return await lease.write(check=True, finish=Finish("again", at - now)) == "written"
        said = self._said(log, now, lease.claim.head.language)
        following = self._next((*log, (now, said)))
        finish = DONE if following is None else Finish("again", max(0, following - now))
        if await lease.write(said, check=True, finish=finish) == "written":
            return True
        if said.event == "owner":
            # Somebody else may have changed the owner: only a new claim knows the epoch that holds now.
            await lease.again(0)
            return True
        return False

    def _next(self, log: tuple[handoff.LogEntry, ...]) -> int | None:
        """When something is due: a conversation waits, or somebody has it, never both."""
        due = handoff.next_reminder(log, self.hours)
        if due or self.release_ms is None:
            return due.at if due else None
        return handoff.next_release(log, self.release_ms)

    def _said(self, log: tuple[handoff.LogEntry, ...], now: int, language: str) -> Event:
        mail = letters.mail(log) if self.mail else "off"
        if due := handoff.next_reminder(log, self.hours):
            return handoff.reminded(due.step, now, self.hours, language, mail)
        return handoff.asked_for("released", now, self.hours, language, mail)
