"""Pure: what each call at the help desk writes, decided on where the conversation stands.

A decision returns the `Write` for one epoch, None when there is nothing to change, or raises the error that the caller
is told. The store refuses a write whose epoch has moved on; then the help desk decides again. No I/O here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import orjson

from bot import handoff, letters
from bot.conversation import (
    Attachment,
    Conversation,
    Corrected,
    Decided,
    Described,
    Edited,
    Event,
    Facets,
    Held,
    Introduced,
    Message,
    Noted,
    OwnerChanged,
    Rated,
    Reachable,
    Speaks,
    Withdrawn,
    fold,
)
from bot.handoff import Agent, Reason
from bot.state.errors import Changed, NotFound, Refused
from bot.state.records import Head, Kind, LogEntry, Write

Choice = Literal["take_over", "send", "note"]


def customer_says(head: Head, message: Message, call: OwnerChanged | None, key: str, digest: str) -> Write:
    """While a person owns it the bot is not asked; words to a closed conversation open it again; words that ask for a
    person call one (`call`), unless one is called or there."""
    events: tuple[Event, ...] = (message,)
    if head.owner == "closed":
        events = (handoff.reopened(head.language), message)
    if call and head.owner in ("bot", "closed"):
        events = (*events, call)
    asks_bot = head.owner != "human"
    return Write(
        events,
        key=f"customer:{key}",
        digest=digest,
        result=message.id,
        epoch=head.epoch,
        needs_turn=asks_bot,
        counts=asks_bot,
        wakes=() if asks_bot else ("timer",),
    )


def speaks(head: Head, language: str) -> Write | None:
    """What the customer reads from here on, unless they do already."""
    if head.language == language:
        return None
    return Write((Speaks(language=language),), key=f"speaks:{language}:{head.at}", digest="")


def introduces(conversation: Conversation, name: str, verified: bool, user: str = "") -> Write | None:
    """Who the customer is, unless that is known; what their page says never stands above what the site vouches for."""
    if (
        not (name or user)
        or ((conversation.name, conversation.verified) == (name, verified) and user in ("", conversation.user))
        or (conversation.verified and conversation.name and not verified)
    ):
        return None
    introduced = Introduced(name=name, verified=verified, user=user)
    return Write((introduced,), key=f"introduced:{digest_of(name, verified, user)}", digest="")


def vouched(head: Head, facets: Facets, issued: int) -> Write | None:
    """What the site vouches for from here on, unless it is so already, or the site said something newer since: of two
    tabs one may hold yesterday's token."""
    if head.signed == facets or 0 < issued < head.issued:
        return None
    return _describes(head, Described(facets=facets, signed=True, issued=issued))


def described(head: Head, changes: Mapping[str, object]) -> Write | None:
    """What the page says from here on: what it named replaces what it said of that before."""
    facets = head.said.model_copy(update=changes)
    return None if facets == head.said else _describes(head, Described(facets=facets))


def _describes(head: Head, event: Described) -> Write:
    return Write((event,), key=f"described:{head.at}:{digest_of(event.model_dump_json())}", digest="")


def claims(head: Head, visitor: str, user: str, introduced: Introduced) -> Write | None:
    """The conversation is the user's from here on, who held the visitor's token too; both are hashes. None: it is
    already. Raises NotFound when it is somebody else's."""
    if head.customer == user:
        return None
    if head.customer != visitor:
        raise NotFound(head.id)
    return Write((introduced,), key=f"claims:{user}", digest="", belongs=(visitor, user))


def withdraws(conversation: Conversation, attachment_id: str) -> Write | None:
    """A picture that belongs to no message is taken back; None: it is not there (any more). Raises Refused for one
    that was sent."""
    if any(a.id == attachment_id for m in conversation.messages for a in m.attachments):
        raise Refused("handoff.picture_sent")
    if attachment_id not in conversation.attachments:
        return None
    withdrawn = Withdrawn(attachment_id=attachment_id)
    return Write((withdrawn,), key=f"withdraw:{attachment_id}:{conversation.last_event}", digest="")


def agent_says(
    head: Head, new: str, text: str, pictures: tuple[Attachment, ...], who: Agent, key: str, digest: str
) -> Write:
    """To the customer, a note, or held, as `may_speak` decides; the result is "<who hears it> <id>"."""
    heard = handoff.may_speak(head.owner, head.agent, who)
    event: Event
    match heard:
        case "customer":
            event = _said(new, text, pictures, who)
        case "note":
            event = Noted(who=who.name, text=text)
        case "held":
            event = Held(id=new, who=who.name, agent=who.id, text=text, attachments=pictures)
    wakes: tuple[Kind, ...] = ("mail",) if heard == "customer" else ()
    return Write((event,), key=f"agent:{key}", digest=digest, result=f"{heard} {new}", epoch=head.epoch, wakes=wakes)


def tells(message: Message, key: str) -> Write:
    """What the house says to the customer, beside whoever owns the conversation."""
    return Write((message,), key=f"tell:{key}", digest=digest_of(message.text))


def takes(head: Head, who: Agent, key: str) -> Write | None:
    """The conversation becomes the agent's, unless it is already. Raises Changed when it is a colleague's."""
    if head.owner == "human":
        if head.agent == who.id:
            return None
        raise Changed(head.owner, head.who)
    return _owner(head, handoff.taken(who, head.language), f"take:{key}")


def ends(head: Head, who: Agent | None, change: OwnerChanged, key: str, marks: tuple[str, ...] = ()) -> Write | None:
    """Handed back or resolved, unless it is already; resolved, it is found by its `marks`. Raises Changed when it is a
    colleague's."""
    if head.owner == change.owner:
        return None
    if head.owner == "human" and who is not None and head.agent != who.id:
        raise Changed(head.owner, head.who)
    return replace(_owner(head, change, f"{change.owner}:{key}"), marks=marks)


def calls(head: Head, call: OwnerChanged, reason: Reason, key: str) -> Write | None:
    """A person is called, unless one is called or there."""
    if head.owner in ("waiting", "human"):
        return None
    return Write((call,), key=f"human:{key}", digest=digest_of(reason), epoch=head.epoch)


def rates(head: Head, log: Sequence[LogEntry], rated: Rated, call: OwnerChanged, key: str) -> Write:
    """The rating, and the call when it is the one too many. Raises NotFound for a turn without an answer."""
    if rated.turn not in fold(head.id, log).answers:
        raise NotFound(f"turn {rated.turn} of {head.id}")
    too_many = handoff.called_for([*log, (0, rated)]) == "failed_twice"
    digest = digest_of(rated.turn, rated.helped, rated.comment)
    return Write((rated, call) if too_many else (rated,), key=f"rate:{key}", digest=digest, epoch=head.epoch)


def corrects(attachment_id: str, where: str | None, error: str | None, key: str) -> Write:
    """What the card shows from here on; None leaves a field as it was read."""
    corrected = Corrected(attachment_id=attachment_id, where=where, error=error)
    return Write((corrected,), key=f"correct:{key}", digest=digest_of(attachment_id, where, error))


def reaches(log: Sequence[LogEntry], address: str, key: str) -> Write | None:
    """Where the customer is written to from here on, unless that is so already."""
    if letters.reached(log) == address:
        return None
    return Write((Reachable(address=address),), key=f"reach:{key}", digest=digest_of(address), wakes=("mail",))


def notes(who: Agent, text: str, key: str) -> Write:
    """A note among agents."""
    return Write((Noted(who=who.name, text=text),), key=f"note:{key}", digest=digest_of(who.id, text))


def edits(conversation: Conversation, message_id: str, text: str | None, who: Agent, key: str) -> Write | None:
    """An agent's message with other words, or without any (None), unless it reads so already. Raises NotFound for what
    is no agent's message, Refused for another agent's."""
    message = next((m for m in conversation.messages if m.id == message_id and m.sender == "agent"), None)
    if message is None:
        raise NotFound(message_id)
    theirs = message.agent == who.id if message.agent else message.who == who.name  # earlier releases kept names alone
    if not theirs:
        raise Refused("handoff.not_editable")
    if message.text == (text or ""):
        return None
    return Write((Edited(message_id=message_id, text=text),), key=f"edit:{key}", digest=digest_of(message_id, text))


def decides(
    head: Head,
    log: Sequence[LogEntry],
    held_id: str,
    choice: Choice,
    who: Agent,
    text: str | None = None,
    pictures: Sequence[Attachment] = (),
) -> Write:
    """What becomes of held words, once; said, with other `text` where it is given, and with `pictures` that came since.
    Raises NotFound, Refused (another agent's), Changed (a colleague owns the conversation and the words were to be
    said)."""
    held = next((e for _, e in log if isinstance(e, Held) and e.id == held_id), None)
    if held is None:
        raise NotFound(held_id)
    if held.agent != who.id:
        raise Refused("handoff.not_yours", who=held.who)
    decided = any(isinstance(e, Decided) and e.held_id == held_id for _, e in log)
    if choice != "note" and not decided and head.owner == "human" and head.agent != who.id:
        raise Changed(head.owner, head.who)
    said: Event = Noted(who=held.who, text=held.text)
    if choice != "note":
        said = _said(held.id, held.text if text is None else text, (*held.attachments, *pictures), who)
    events: tuple[Event, ...] = (Decided(held_id=held_id, choice=choice, who=who.name), said)
    takes_over = choice == "take_over" and head.owner != "human"
    if takes_over:
        events = (handoff.taken(who, head.language), *events)
    return Write(
        events,
        key=f"decide:{held_id}",
        digest=digest_of(choice),
        epoch=head.epoch,
        ends_turn=takes_over,
        wakes=("mail", "timer"),
    )


def _said(new: str, text: str, pictures: tuple[Attachment, ...], who: Agent) -> Message:
    return Message(
        id=new, sender="agent", text=text, attachments=pictures, who=who.name, avatar=who.avatar, agent=who.id
    )


def digest_of(*parts: object) -> str:
    """What a repeated key is compared by."""
    return hashlib.sha256(orjson.dumps([str(part) for part in parts])).hexdigest()[:32]


def _owner(head: Head, change: OwnerChanged, key: str) -> Write:
    digest = digest_of(change.owner, change.agent)
    wakes: tuple[Kind, ...] = ("timer",) if change.owner == "human" else ()
    return Write((change,), key=key, digest=digest, epoch=head.epoch, ends_turn=True, wakes=wakes)
