"""The job of kind `timer`: says what is due in a conversation that waits for a person, each thing once.

A reminder is a score in the future, so it outlives every process. It is written only if nothing was said since the
log was read: an agent who comes at the same moment is not talked over.
"""

from dataclasses import dataclass

from bot import handoff
from bot.hours import Hours
from bot.state.lease import Lease
from bot.state.records import DONE, Finish


@dataclass(frozen=True)
class Reminders:
    """Hand it to the worker as the job of kind `timer`."""

    hours: Hours | None = None
    language: str = "en"

    async def __call__(self, lease: Lease) -> None:
        """Says what is due, and comes back for what is next. Raises Lost."""
        log = lease.claim.log
        while not await self._run(lease, log):
            log = await lease.read_again()

    async def _run(self, lease: Lease, log: tuple[handoff.LogEntry, ...]) -> bool:
        """Whether it was written; False: something was said meanwhile."""
        now = max(lease.claim.now, await lease.store.now())
        due = handoff.next_reminder(log, self.hours)
        if due is None:
            return await lease.write(check=True, finish=DONE) == "written"
        if due.at > now:
            return await lease.write(check=True, finish=Finish("again", due.at - now)) == "written"
        said = handoff.reminded(due.step, now, self.hours, self.language)
        following = handoff.next_reminder((*log, (now, said)), self.hours)
        finish = Finish("again", max(0, following.at - now)) if following else DONE
        return await lease.write(said, check=True, finish=finish) == "written"
