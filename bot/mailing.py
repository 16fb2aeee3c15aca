"""The job of kind `mail`: writes to customers who were not there when an agent spoke; never twice about the same words.

What is about to be sent is kept under the conversation before the step that cannot be taken back, under the lease. A
worker that finds it there follows one that died in the act: whether that letter went out nobody knows, so it is called
"unsure" and not sent again. Not here: when and what (`bot.letters`), how (`bot.post`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot import letters
from bot.conversation import Mailed
from bot.letters import Letter, Links
from bot.post import Post, Undelivered
from bot.state.lease import Lease, Lost
from bot.state.records import DONE, Finish

SENDING = "sending"
TRIES = 6
"""Refusals that may pass before the letter is given up."""
AGAIN_MS, LONGEST_MS = 60_000, 3_600_000

log = structlog.get_logger()


class _News(Exception):
    """Something was said before the letter was sent: it is written anew."""


@dataclass(frozen=True)
class Mailing:
    """Hand it to the worker as the job of kind `mail`. `sender` stands in From; `links` makes a conversation's,
    for a reader of its language."""

    post: Post
    sender: str
    links: Callable[[str, str], Links]

    async def __call__(self, lease: Lease) -> None:
        """Sends what is due, and comes back for what is not yet. Raises Lost."""
        entries = lease.claim.log
        if cut_off := lease.claim.fields.get(f"mail.{SENDING}"):
            await lease.write(Mailed(to=int(cut_off), outcome="unsure"), fields={SENDING: ""})
            entries = await lease.read_again()
        while not await self._run(lease, entries):
            entries = await lease.read_again()

    async def _run(self, lease: Lease, entries: tuple[letters.LogEntry, ...]) -> bool:
        """Whether it is settled for now; False: something was said meanwhile."""
        letter = letters.next_letter(entries, await lease.store.last_present(lease.claim.id))
        now = max(lease.claim.now, await lease.store.now())
        if letter is None:
            return await lease.write(check=True, finish=DONE) == "written"
        if letter.at > now:
            return await lease.write(check=True, finish=Finish("again", letter.at - now)) == "written"
        try:
            await self._send(lease, letter)
        except _News:
            return False
        return True

    async def _send(self, lease: Lease, letter: Letter) -> None:
        conversation_id = lease.claim.id
        language = lease.claim.head.language
        links = self.links(conversation_id, language)
        message = letters.written(letter, conversation_id, links, self.sender, language)
        committed = False

        async def commit() -> None:
            nonlocal committed
            if await lease.write(check=True, fields={SENDING: str(letter.to)}) != "written":
                raise _News
            committed = True

        outcome = Mailed(to=letter.to, outcome="sent")
        try:
            await self.post.send(message, commit)
        except (_News, Lost):
            raise
        except Undelivered as refusal:
            facts = log.bind(conversation=conversation_id, reason=str(refusal))
            if not refusal.final and lease.claim.tries + 1 < TRIES:
                facts.warning("mail not delivered: it is tried again")
                await lease.write(fields={SENDING: ""})
                await lease.failed(min(AGAIN_MS * 2**lease.claim.tries, LONGEST_MS))
                return
            facts.error("mail not delivered")
            outcome = Mailed(to=letter.to, outcome="refused", reason=str(refusal))
        except Exception as error:
            if not committed:
                raise
            log.error("mail cut off", conversation=conversation_id, exc_info=error)
            outcome = Mailed(to=letter.to, outcome="unsure", reason=type(error).__name__)
        await lease.done(outcome, fields={SENDING: ""})
