"""The one door for every channel: whatever comes from a customer or an agent goes through `HelpDesk`.

Each call is durable before it returns, and idempotent under its `key`: the same key and body twice is one write, with
another body `Conflict`. Keys belong to the conversation; a channel prefixes its own ("slack:Ev123"). A decision is
made on the conversation's standing and refused by the store when that has moved on; then it is made again.

Not here: tokens and signatures (the channels), what a turn answers (`bot.orchestrator`), the scripts (`bot.state`).
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast
from uuid import uuid4

import orjson

from bot import handoff
from bot.conversation import (
    Attached,
    Attachment,
    Conversation,
    Corrected,
    Decided,
    Edited,
    Event,
    Held,
    Message,
    Noted,
    OwnerChanged,
    Rated,
    fold,
)
from bot.handoff import Agent, Heard, Reason
from bot.hours import Hours
from bot.screenshots.intake import Picture
from bot.screenshots.intake import Refused as NotTaken
from bot.state.errors import Changed, Conflict, NotFound, Refused, StateError, TooMany, Unconfirmed
from bot.state.records import Head, Limits, Summary, Write
from bot.state.store import Store
from prompts import say

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

Choice = Literal["take_over", "send", "note"]
LogEntry = tuple[int, Event | None]
"""Event id and event; None stands for an event of a newer process."""


class Intake(Protocol):
    """Any bytes -> a clean picture."""

    async def clean(self, data: bytes, name: str = "") -> Picture:
        """The picture in `data`. Raises `bot.screenshots.intake.Refused` when it cannot be taken."""


class Storage(Protocol):
    """Where pictures lie, under `<conversation>/<sha256>`."""

    async def put(self, path: str, data: bytes) -> None:
        """Keeps `data`; the same path twice is fine."""

    async def delete(self, prefix: str) -> int:
        """Removes everything under `prefix`; how many there were."""


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
    language: str = "en"
    limits: Limits = field(default_factory=Limits)
    hours: Hours | None = None
    """When people answer; None: always."""

    async def open(self, customer: str | None = None) -> Opened:
        """A new conversation; `customer` is the stable, site-wide id of an identified customer (kept as a hash)."""
        return Opened(await self.store.open(customer_hash(customer)))

    async def attach(self, conversation_id: str, data: bytes, name: str = "") -> Attachment:
        """Takes a picture in: clean, keep, then say so in the log. The same picture twice is one attachment.

        Raises `Refused` when the bytes are no picture that we take, `TooMany` when the conversation holds too many.
        """
        await self.store.head(conversation_id)
        try:
            picture = await self.intake.clean(data, name)
        except NotTaken as refusal:
            raise Refused(str(refusal)) from refusal
        path = f"{conversation_id}/{picture.sha256}"
        await self.storage.put(path, picture.data)
        attachment = Attachment(
            id=path,
            name=name,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
        )
        write = Write((Attached(attachment=attachment),), key=f"attach:{picture.sha256}", digest="", needs_turn=True)
        await self.store.accept(conversation_id, write, limits=self.limits)
        return attachment

    async def say(
        self,
        conversation_id: str,
        sender: Literal["customer", "agent"],
        text: str = "",
        attachments: Sequence[str] = (),
        *,
        key: str,
        who: Agent | None = None,
    ) -> Said:
        """Somebody says something; `attachments` are ids that `attach` returned. An agent is named by `who`.

        Raises `Refused` (empty, too long, unknown picture), `Conflict`, `TooMany`.
        """
        pictures = await self._pictures(conversation_id, text, attachments)
        digest = _digest(text, *(picture.id for picture in pictures))
        if sender == "agent" and who is not None:
            return await self._agent_says(conversation_id, text, pictures, key, digest, who)
        message = Message(id=_new_id(), sender=sender, text=text, attachments=pictures)
        return await self._customer_says(conversation_id, message, key, digest)

    async def take_over(self, conversation_id: str, who: Agent, *, key: str) -> None:
        """An agent takes the conversation: a running answer stops, and the bot is silent until it is handed back.

        Taking what one already owns changes nothing. Raises `Changed` when another agent owns it.
        """
        while True:
            head = await self.store.head(conversation_id)
            if head.owner == "human":
                if head.agent == who.id:
                    return
                raise Changed(head.owner, head.who)
            if await self._change_owner(head, handoff.taken(who, self.language), f"take:{key}"):
                return

    async def hand_back(self, conversation_id: str, who: Agent, *, key: str) -> None:
        """The bot answers again, from the next message on. Raises `Changed` when another agent owns it."""
        await self._end_ownership(conversation_id, who, handoff.handed_back(self.language), f"back:{key}")

    async def resolve(self, conversation_id: str, who: Agent | None = None, *, key: str) -> None:
        """Closes the conversation; the customer's next message opens it again. Raises `Changed` as `hand_back`."""
        await self._end_ownership(conversation_id, who, handoff.resolved(self.language), f"resolve:{key}")

    async def request_human(self, conversation_id: str, reason: Reason = "asked", *, key: str) -> None:
        """A person is wanted: bot -> waiting. Nothing changes when one is already wanted or there."""
        while True:
            head = await self.store.head(conversation_id)
            if head.owner in ("waiting", "human"):
                return
            change = await self._call(reason)
            write = Write((change,), key=f"human:{key}", digest=_digest(reason), epoch=head.epoch)
            if await self._accepted(conversation_id, write) is not None:
                return

    async def rate(self, conversation_id: str, turn: int, helped: bool, comment: str = "", *, key: str) -> None:
        """The customer says whether an answer helped; two that did not call a person. Raises `NotFound` for a turn
        without an answer."""
        digest = _digest(turn, helped, comment)
        rated = Rated(turn=turn, helped=helped, comment=comment[: self.limits.text])
        while True:
            head, log = await self.store.head(conversation_id), await self.log(conversation_id)
            if turn not in fold(conversation_id, log).answers:
                raise NotFound(f"turn {turn} of {conversation_id}")
            reason = handoff.called_for([*log, (0, rated)], self.language)
            events = (rated, await self._call(reason)) if reason else (rated,)
            write = Write(events, key=f"rate:{key}", digest=digest, epoch=head.epoch)
            if await self._accepted(conversation_id, write, limits=self.limits) is not None:
                return

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
        corrected = Corrected(attachment_id=attachment_id, where=where, error=error)
        await self._fact(conversation_id, corrected, f"correct:{key}", _digest(attachment_id, where, error))

    async def note(self, conversation_id: str, who: Agent, text: str, *, key: str) -> None:
        """A note among agents."""
        await self._fact(conversation_id, Noted(who=who.name, text=text), f"note:{key}", _digest(who.id, text))

    async def edit(self, conversation_id: str, message_id: str, text: str | None, who: Agent, *, key: str) -> None:
        """An agent changes what they said to the customer; None takes it back. The same text again changes nothing.

        Raises `NotFound` for what is no agent's message, `Refused` for another agent's.
        """
        messages = (await self.conversation(conversation_id)).messages
        message = next((m for m in messages if m.id == message_id and m.sender == "agent"), None)
        if message is None:
            raise NotFound(message_id)
        if message.who != who.name:
            raise Refused(say("handoff.not_editable", self.language))
        if message.text != (text or ""):
            edited = Edited(message_id=message_id, text=text)
            await self._fact(conversation_id, edited, f"edit:{key}", _digest(message_id, text))

    async def decide(self, conversation_id: str, held_id: str, choice: Choice, who: Agent, *, key: str) -> None:
        """An agent decides about words that were held: take over and say them, say only them, or keep them a note.
        Said, they are the message of the same id. The same choice again changes nothing.

        Raises `NotFound` for words that are not held, `Refused` for another agent's, `Conflict` when it was decided
        otherwise before, `Changed` when another agent owns the conversation by now and they were to be said.
        """
        while True:
            head, log = await self.store.head(conversation_id), await self.log(conversation_id)
            held = next((e for _, e in log if isinstance(e, Held) and e.id == held_id), None)
            if held is None:
                raise NotFound(held_id)
            if held.agent != who.id:
                raise Refused(say("handoff.not_yours", self.language, who=held.who))
            decided = any(isinstance(e, Decided) and e.held_id == held_id for _, e in log)
            if choice != "note" and not decided and head.owner == "human" and head.agent != who.id:
                raise Changed(head.owner, head.who)
            events: tuple[Event, ...] = (
                Decided(held_id=held_id, choice=choice, who=who.name),
                _freed(held, choice, who),
            )
            taking = choice == "take_over" and head.owner != "human"
            if taking:
                events = (handoff.taken(who, self.language), *events)
            write = Write(events, key=f"decide:{held_id}", digest=_digest(choice), epoch=head.epoch)
            try:
                await (self.store.take_over if taking else self.store.accept)(conversation_id, write)
                return
            except Changed:
                continue

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

    async def _customer_says(self, conversation_id: str, message: Message, key: str, digest: str) -> Said:
        """While a person owns it the bot is not asked; words to a closed conversation open it again; words that ask
        for a person call one."""
        while True:
            head = await self.store.head(conversation_id)
            events: tuple[Event, ...] = (message,)
            if head.owner == "closed":
                events = (handoff.reopened(self.language), message)
            if head.owner in ("bot", "closed") and handoff.asks_for_person(message.text, self.language):
                events = (*events, await self._call("asked"))
            write = Write(
                events,
                key=f"customer:{key}",
                digest=digest,
                result=message.id,
                epoch=head.epoch,
                needs_turn=head.owner != "human",
                counts=head.owner != "human",
            )
            said = await self._accepted(conversation_id, write, limits=self.limits)
            if said is not None:
                return Said(said, "customer")

    async def _call(self, reason: Reason) -> OwnerChanged:
        return handoff.asked_for(reason, await self.store.now(), self.hours, self.language)

    async def _agent_says(
        self, conversation_id: str, text: str, pictures: tuple[Attachment, ...], key: str, digest: str, who: Agent
    ) -> Said:
        while True:
            head = await self.store.head(conversation_id)
            heard = handoff.may_speak(head.owner, head.agent, who)
            new = _new_id()
            event: Event
            match heard:
                case "customer":
                    event = Message(
                        id=new, sender="agent", text=text, attachments=pictures, who=who.name, avatar=who.avatar
                    )
                case "note":
                    event = Noted(who=who.name, text=text)
                case "held":
                    event = Held(id=new, who=who.name, agent=who.id, text=text, attachments=pictures)
            write = Write((event,), key=f"agent:{key}", digest=digest, result=f"{heard} {new}", epoch=head.epoch)
            said = await self._accepted(conversation_id, write)
            if said is not None:
                first_heard, _, first = said.partition(" ")
                return Said(first, cast(Heard, first_heard))

    async def _end_ownership(self, conversation_id: str, who: Agent | None, change: OwnerChanged, key: str) -> None:
        while True:
            head = await self.store.head(conversation_id)
            if head.owner == change.owner:
                return
            if head.owner == "human" and who is not None and head.agent != who.id:
                raise Changed(head.owner, head.who)
            if await self._change_owner(head, change, key):
                return

    async def _change_owner(self, head: Head, change: OwnerChanged, key: str) -> bool:
        """Whether the change was written; False: the owner has changed meanwhile, decide again."""
        write = Write((change,), key=key, digest=_digest(change.owner, change.agent), epoch=head.epoch)
        try:
            await self.store.take_over(head.id, write)
        except Changed:
            return False
        return True

    async def _accepted(self, conversation_id: str, write: Write, limits: Limits | None = None) -> str | None:
        """The result, or None when the owner has changed meanwhile: decide again."""
        try:
            return await self.store.accept(conversation_id, write, limits=limits)
        except Changed:
            return None

    async def _fact(self, conversation_id: str, event: Event, key: str, digest: str) -> None:
        await self.store.accept(conversation_id, Write((event,), key=key, digest=digest), limits=self.limits)

    async def _pictures(self, conversation_id: str, text: str, ids: Sequence[str]) -> tuple[Attachment, ...]:
        if not text.strip() and not ids:
            raise Refused(say("handoff.empty", self.language))
        if len(text) > self.limits.text:
            raise Refused(say("handoff.too_long", self.language, limit=f"{self.limits.text:,}"))
        if len(ids) > self.limits.pictures:
            raise Refused(say("handoff.too_many_pictures", self.language, limit=self.limits.pictures))
        if not ids:
            return ()
        known = (await self.conversation(conversation_id)).attachments
        if any(id_ not in known for id_ in ids):
            raise Refused(say("handoff.unknown_picture", self.language))
        return tuple(known[id_] for id_ in dict.fromkeys(ids))


def _freed(held: Held, choice: Choice, who: Agent) -> Event:
    """Held words once it is decided who hears them."""
    if choice == "note":
        return Noted(who=held.who, text=held.text)
    return Message(
        id=held.id, sender="agent", text=held.text, attachments=held.attachments, who=who.name, avatar=who.avatar
    )


def _new_id() -> str:
    return uuid4().hex


def _digest(*parts: object) -> str:
    return hashlib.sha256(orjson.dumps([str(part) for part in parts])).hexdigest()[:32]


def customer_hash(customer: str | None) -> str | None:
    """What is kept of a customer's id."""
    return hashlib.sha256(b"customer:" + customer.encode()).hexdigest()[:32] if customer else None
