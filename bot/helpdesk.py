"""The one door for every channel: whatever comes from a customer or an agent goes through `HelpDesk`.

Each call is durable before it returns, and idempotent under its `key`: the same key and body twice is one write, with
another body `Conflict`. Keys belong to the conversation; a channel prefixes its own ("slack:Ev123"). A decision is
made on the conversation's standing and refused by the store when that has moved on; then it is made again.

Not here: tokens and signatures (the channels), what a turn answers (`bot.orchestrator`), the scripts (`bot.state`).
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast
from uuid import uuid4

from bot import decisions, handoff, letters, pictures
from bot.conversation import (
    Attached,
    Attachment,
    Conversation,
    Event,
    Facets,
    Introduced,
    Message,
    OwnerChanged,
    Rated,
    fold,
)
from bot.decisions import Choice
from bot.handoff import Agent, Heard, Reason
from bot.hours import Hours
from bot.pictures import Intake, Storage
from bot.screenshots.intake import Refused as NotTaken
from bot.state.errors import Changed, Conflict, NotFound, Refused, StateError, TooMany, Unconfirmed
from bot.state.records import Head, Limits, Summary, Write
from bot.state.store import Store

__all__ = [
    "Agent",
    "Changed",
    "Conflict",
    "HelpDesk",
    "NotFound",
    "Opened",
    "Refused",
    "Said",
    "StateError",
    "Summary",
    "TooMany",
    "Unconfirmed",
]

LogEntry = tuple[int, Event | None]
"""Event id and event; None stands for an event of a newer process."""


@dataclass(frozen=True)
class Opened:
    """A conversation was opened. The web makes the token."""

    id: str


@dataclass(frozen=True)
class Said:
    """What became of somebody's words: the message's id, and who hears them."""

    id: str
    heard: Heard


@dataclass(frozen=True)
class HelpDesk:
    """One company's desk. All methods raise `NotFound` for a conversation that is gone, `Unconfirmed` when the store
    could not be reached (repeat with the same key), besides what each names."""

    store: Store
    intake: Intake
    storage: Storage
    limits: Limits = field(default_factory=Limits)
    hours: Hours | None = None
    """When people answer; None: always."""
    mail: bool = False
    """Whether customers who have left can be written to."""
    marks: Callable[[list[LogEntry]], Awaitable[tuple[str, ...]]] | None = None
    """What a conversation is found by once it is resolved; None: it is not found again."""

    async def open(self, customer: str | None = None) -> Opened:
        """A new conversation; `customer` is the stable, site-wide id of an identified customer (kept as a hash)."""
        return Opened(await self.store.open(customer_hash(customer)))

    async def speaks(self, conversation_id: str, language: str) -> None:
        """The customer reads this language from here on: what is answered, and what the house says itself."""
        await self._accept(conversation_id, decisions.speaks(await self.store.head(conversation_id), language))

    async def introduce(self, conversation_id: str, name: str, *, verified: bool, user: str = "") -> None:
        """Who the customer is, for the team. `verified`: the site vouches for it, and `user` is its own id of them;
        else it is what their page says."""
        conversation = await self.conversation(conversation_id)
        await self._accept(conversation_id, decisions.introduces(conversation, name, verified, user))

    async def vouch(self, conversation_id: str, facets: Facets, issued: int = 0) -> None:
        """What the customer has, as the site signed it at `issued` (Unix seconds; 0: it does not say)."""
        await self._accept(conversation_id, decisions.vouched(await self.store.head(conversation_id), facets, issued))

    async def describe(self, conversation_id: str, changes: Mapping[str, object]) -> None:
        """What the customer has, as their page says: fields of `Facets`, those that it names alone. It narrows what is
        found for them and opens nothing."""
        await self._accept(conversation_id, decisions.described(await self.store.head(conversation_id), changes))

    async def claim(self, visitor: str, user: str, name: str, subject: str) -> list[str]:
        """Every conversation of `visitor` becomes `user`'s, who has proven to be both: the ids. Each says so in its
        log. `subject`: the site's own id of them."""
        introduced = Introduced(name=name, verified=True, user=subject, claimed=True)
        before, after = customer_hash(visitor) or "", customer_hash(user) or ""
        found = [summary.id for summary in await self.store.conversations(before)]
        for conversation_id in found:
            head = await self.store.head(conversation_id)
            await self._accept(conversation_id, decisions.claims(head, before, after, introduced))
        return found

    async def attach(
        self, conversation_id: str, data: bytes, name: str = "", *, sender: Literal["customer", "agent"] = "customer"
    ) -> Attachment:
        """Takes a picture in: clean, keep, then say so in the log. The same picture twice is one attachment. An agent's
        leaves no fact before it is said: pass what is returned to `say`.

        Raises `Refused` when the bytes are no picture that we take, `TooMany` when the conversation holds too many.
        """
        conversation = await self.conversation(conversation_id)
        if len(conversation.attachments) >= self.limits.all_pictures:
            raise TooMany("the conversation is full of pictures", full=True)
        try:
            attachment = await pictures.take(self.intake, self.storage, conversation_id, data, name)
        except NotTaken as refusal:
            raise Refused(f"intake.{refusal.reason}", **refusal.inputs) from refusal
        if sender == "agent":
            return attachment
        again = conversation.withdrawn.get(attachment.id, 0)  # the same picture, after it was taken back, is a new one
        key = f"attach:{attachment.sha256}:{again}" if again else f"attach:{attachment.sha256}"
        write = Write((Attached(attachment=attachment),), key=key, digest="", needs_turn=True)
        try:
            await self.store.accept(conversation_id, write, limits=self.limits)
        except NotFound:
            await self.storage.remove(attachment.id)  # erased this very moment: the eraser may have been here
            raise
        return attachment

    async def withdraw(self, conversation_id: str, attachment_id: str) -> None:
        """The customer takes back a picture before sending it: the log says so, then it is gone from storage. Raises
        `Refused` for one that was sent."""
        write = decisions.withdraws(await self.conversation(conversation_id), attachment_id)
        await self._accept(conversation_id, write)
        if attachment_id.startswith(f"{conversation_id}/"):
            await self.storage.remove(attachment_id)

    async def say(
        self,
        conversation_id: str,
        sender: Literal["customer", "agent"],
        text: str = "",
        attachments: Sequence[str | Attachment] = (),
        *,
        key: str,
        who: Agent | None = None,
    ) -> Said:
        """Somebody says something; `attachments` are what `attach` returned, or the ids. An agent is named by `who`.

        Raises `Refused` (empty, too long, unknown picture), `Conflict`, `TooMany`.
        """
        shown = await self._pictures(conversation_id, text, attachments)
        digest, new = decisions.digest_of(text, *(picture.id for picture in shown)), uuid4().hex
        if sender == "agent" and who is not None:

            async def by_agent(head: Head) -> Write:
                return decisions.agent_says(head, new, text, shown, who, key, digest)

            heard, _, first = (await self._write(conversation_id, by_agent)).partition(" ")
            return Said(first, cast(Heard, heard))
        message = Message(id=new, sender=sender, text=text, attachments=shown)
        call = await self._call(conversation_id, "asked") if handoff.asks_for_person(text) else None

        async def by_customer(head: Head) -> Write:
            return decisions.customer_says(head, message, call, key, digest)

        return Said(await self._write(conversation_id, by_customer, limits=self.limits), "customer")

    async def tell(self, conversation_id: str, text: str, *, key: str) -> None:
        """The house tells the customer something, in the assistant's name: whoever owns the conversation keeps it."""
        message = Message(id=uuid4().hex, sender="bot", text=text)
        await self._accept(conversation_id, decisions.tells(message, key))

    async def take_over(self, conversation_id: str, who: Agent, *, key: str) -> None:
        """An agent takes the conversation: a running answer stops, and the bot is silent until it is handed back.

        Taking what one already owns changes nothing. Raises `Changed` when another agent owns it.
        """

        async def take(head: Head) -> Write | None:
            return decisions.takes(head, who, key)

        await self._write(conversation_id, take)

    async def hand_back(self, conversation_id: str, who: Agent, *, key: str) -> None:
        """The bot answers again, from the next message on. Raises `Changed` when another agent owns it."""
        await self._end(conversation_id, who, handoff.handed_back, key)

    async def resolve(self, conversation_id: str, who: Agent | None = None, *, key: str) -> None:
        """Closes the conversation; the customer's next message opens it again. Raises `Changed` as `hand_back`."""
        marks = await self.marks(await self.log(conversation_id)) if self.marks else ()
        await self._end(conversation_id, who, handoff.resolved, key, marks)

    async def request_human(self, conversation_id: str, reason: Reason = "asked", *, key: str) -> None:
        """A person is wanted: bot -> waiting. Nothing changes when one is already wanted or there."""
        call = await self._call(conversation_id, reason)

        async def ask(head: Head) -> Write | None:
            return decisions.calls(head, call, reason, key)

        await self._write(conversation_id, ask)

    async def rate(self, conversation_id: str, turn: int, helped: bool, comment: str = "", *, key: str) -> None:
        """The customer says whether an answer helped; two that did not call a person. Raises `NotFound` for a turn
        without an answer."""
        rated = Rated(turn=turn, helped=helped, comment=comment[: self.limits.text])
        call = await self._call(conversation_id, "failed_twice")

        async def rate(head: Head) -> Write:
            return decisions.rates(head, await self.log(conversation_id), rated, call, key)

        await self._write(conversation_id, rate, limits=self.limits)

    async def correct(
        self,
        conversation_id: str,
        attachment_id: str,
        *,
        where: str | None = None,
        error: str | None = None,
        key: str,
    ) -> None:
        """The customer corrects the "what I see" card. Raises `NotFound` for a picture that is not in it."""
        if attachment_id not in (await self.conversation(conversation_id)).attachments:
            raise NotFound(attachment_id)
        await self._accept(conversation_id, decisions.corrects(attachment_id, where, error, key))

    async def reach(self, conversation_id: str, address: str, *, key: str) -> str:
        """The customer wants to be written to at `address` when an answer comes and they are not there; "" ends that.
        Returns the address as it is kept. Raises `Refused` for what is no address, or where nothing can be sent."""
        if not self.mail:
            raise Refused("mail.not_set_up")
        try:
            address = letters.address(address) if address.strip() else ""
        except letters.NoAddress as error:
            raise Refused("mail.no_address", address=error.given) from error
        await self._accept(conversation_id, decisions.reaches(await self.log(conversation_id), address, key))
        return address

    async def present(self, conversation_id: str) -> None:
        """The customer follows the conversation at this moment: nobody writes to who is there."""
        await self.store.present(conversation_id)

    async def note(self, conversation_id: str, who: Agent, text: str, *, key: str) -> None:
        """A note among agents."""
        await self._accept(conversation_id, decisions.notes(who, text, key))

    async def edit(self, conversation_id: str, message_id: str, text: str | None, who: Agent, *, key: str) -> None:
        """An agent changes what they said to the customer; None takes it back. The same text again changes nothing.

        Raises `NotFound` for what is no agent's message, `Refused` for another agent's.
        """
        conversation = await self.conversation(conversation_id)
        await self._accept(conversation_id, decisions.edits(conversation, message_id, text, who, key))

    async def decide(
        self,
        conversation_id: str,
        held_id: str,
        choice: Choice,
        who: Agent,
        *,
        key: str,
        text: str | None = None,
        pictures: Sequence[Attachment] = (),
    ) -> None:
        """An agent decides about words that were held: take over and say them, say only them, or keep them a note.
        Said, they are the message of the same id, as changed since (`text`) and with the `pictures` that came with
        them. The same choice again changes nothing.

        Raises `NotFound` for words that are not held, `Refused` for another agent's, `Conflict` when it was decided
        otherwise before, `Changed` when another agent owns the conversation by now and they were to be said.
        """

        async def decide(head: Head) -> Write:
            return decisions.decides(head, await self.log(conversation_id), held_id, choice, who, text, pictures)

        await self._write(conversation_id, decide)

    async def erase(self, conversation_id: str) -> None:
        """Words and keys go at once, pictures and posts by the erase worker. Erasing twice is fine."""
        await self.store.erase(conversation_id)

    async def conversation(self, conversation_id: str) -> Conversation:
        """The conversation as its log tells it."""
        return fold(conversation_id, await self.log(conversation_id))

    async def log(self, conversation_id: str) -> list[LogEntry]:
        """Every fact, oldest first."""
        return await self.store.log(conversation_id)

    async def at(self, conversation_id: str) -> int:
        """The id of the newest event: a reader that stands beyond it must start over (`fresh`)."""
        return await self.store.at(conversation_id)

    def follow(self, conversation_id: str, after: int = 0) -> AsyncIterator[tuple[int, Event]]:
        """Every event after `after`, facts and running text in one order, without end.

        Raises `NotFound` when the conversation is gone, also later, when it is erased. Staff events are among them:
        a customer's channel leaves out `STAFF_EVENTS`. Close it (`aclose`) when the reader has left.
        """
        return self.store.follow(conversation_id, after)

    async def conversations(self, customer: str) -> list[Summary]:
        """The conversations of an identified customer, newest first."""
        return await self.store.conversations(customer_hash(customer) or "")

    async def queue(self) -> list[Summary]:
        """The conversations that wait for a person or have one, longest waiting first."""
        return await self.store.queue()

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _write(
        self,
        conversation_id: str,
        decide: Callable[[Head], Awaitable[Write | None]],
        limits: Limits | None = None,
    ) -> str:
        """Decides on where the conversation stands, and again whenever it stands elsewhere by the time of writing."""
        while True:
            write = await decide(await self.store.head(conversation_id))
            if write is None:
                return ""
            try:
                if write.ends_turn:
                    return await self.store.take_over(conversation_id, write)
                return await self.store.accept(conversation_id, write, limits=limits)
            except Changed:
                continue

    async def _end(
        self,
        conversation_id: str,
        who: Agent | None,
        change: Callable[[str], OwnerChanged],
        key: str,
        marks: tuple[str, ...] = (),
    ) -> None:
        """`change` says in a language how it ends."""

        async def end(head: Head) -> Write | None:
            return decisions.ends(head, who, change(head.language), key, marks)

        await self._write(conversation_id, end)

    async def _call(self, conversation_id: str, reason: Reason) -> OwnerChanged:
        language = (await self.store.head(conversation_id)).language
        mail = letters.mail(await self.log(conversation_id)) if self.mail else "off"
        return handoff.asked_for(reason, await self.store.now(), self.hours, language, mail)

    async def _accept(self, conversation_id: str, write: Write | None) -> None:
        """Writes what holds wherever the conversation stands; None: there is nothing to change."""
        if write is not None:
            await self.store.accept(conversation_id, write, limits=self.limits)

    async def _pictures(
        self, conversation_id: str, text: str, given: Sequence[str | Attachment]
    ) -> tuple[Attachment, ...]:
        if not text.strip() and not given:
            raise Refused("handoff.empty")
        if len(text) > self.limits.text:
            raise Refused("handoff.too_long", limit=f"{self.limits.text:,}")
        if len(given) > self.limits.pictures:
            raise Refused("handoff.too_many_pictures", limit=self.limits.pictures)
        if not given:
            return ()
        known = (await self.conversation(conversation_id)).attachments
        return pictures.chosen(conversation_id, given, known)


def customer_hash(customer: str | None) -> str | None:
    """What is kept of a customer's id."""
    return hashlib.sha256(b"customer:" + customer.encode()).hexdigest()[:32] if customer else None
