"""The nouns of the house: messages, pictures, events, and a conversation folded from its log.

Everything here is frozen and does no I/O. An event is one line of a conversation's log (or, for `Delta`, `Reset` and
`Step`, of the running answer's draft); the names in `event` are the names that readers of the event stream see.
The union is closed: a process writes only what is declared here, and skips what a newer process wrote (`decode`
returns None), so that old and new can run side by side during an update.

Not here: how events are stored (`bot.state`), who may speak (`bot.handoff`), what a picture shows (`bot.screenshots`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

Box = tuple[float, float, float, float]
"""[left, top, right, bottom] in pixels of the upright original picture."""

Sender = Literal["customer", "bot", "agent"]
Owner = Literal["bot", "waiting", "human", "closed"]
Outcome = Literal["read", "partly", "unreadable", "skipped"]

VERSION = 1
"""Raised when the meaning of an existing event changes; adding a field or an event does not raise it."""


class Noun(BaseModel):
    """A frozen value. Unknown fields are ignored on reading, so that a newer process may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Attachment(Noun):
    """One picture of a customer's, by reference. Its identity is the hash of its cleaned bytes."""

    id: str
    """`<conversation>/<sha256>`: also the path under which storage keeps it."""
    name: str = ""
    media_type: str
    width: int
    height: int
    size: int


class Citation(Noun):
    """Passage `n` of the answer: the reader sees [n] in the text."""

    n: int
    article: str
    title: str
    url: str | None = None
    quote: str = ""


class Choice(Noun):
    """One button of a splitting question: `text` is what it says, and what the customer says by pressing it."""

    text: str
    article: str | None = None


class Point(Noun):
    """A control on the customer's own picture; `step` is the number of the answer's step that uses it."""

    label: str
    box: Box
    step: int | None = None
    score: float = 1.0


class SeenEntity(Noun):
    """Something exact that the picture shows: an error text, a code, an order number."""

    kind: str
    text: str
    box: Box | None = None
    doubt: bool = False


class FoundPassage(Noun):
    """One ranked passage, as the log keeps it."""

    article: str
    passage: int
    title: str
    score: float


class Message(Noun):
    """Somebody said something. `who` is the shown name of an agent, `avatar` the address of the agent's picture."""

    event: Literal["message"] = "message"
    id: str
    sender: Sender
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    who: str | None = None
    avatar: str | None = None


class Attached(Noun):
    """A picture arrived, before the message that it will belong to."""

    event: Literal["attached"] = "attached"
    attachment: Attachment


class Seen(Noun):
    """What became of one picture: exactly one per picture, in every case."""

    event: Literal["seen"] = "seen"
    attachment_id: str
    outcome: Outcome
    reason: str = ""
    """For the customer, empty when all was read: why not, and what to send instead."""
    kind: str = ""
    where: str = ""
    error: str = ""
    entities: tuple[SeenEntity, ...] = ()
    private: int = 0
    """How many private places were found (and are blacked out in every copy that leaves the machine)."""
    private_boxes: tuple[Box, ...] = ()
    """Where they are, so that the customer can be offered to black them out for good."""


class Corrected(Noun):
    """The customer corrected the "what I see" card; None leaves a field as it was read."""

    event: Literal["corrected"] = "corrected"
    attachment_id: str
    where: str | None = None
    error: str | None = None


class Planned(Noun):
    """What this turn will do and why, in words."""

    event: Literal["planned"] = "planned"
    turn: int
    to: tuple[str, ...]
    plan: str
    reason: str
    tokens: int = 0
    """About what a model reads for this turn; 0 when none is asked."""


class Found(Noun):
    """What the search brought, for the desk and for later turns."""

    event: Literal["found"] = "found"
    turn: int
    passages: tuple[FoundPassage, ...]
    confidence: float


class Step(Noun):
    """Work that takes longer than a moment names what it is doing. Shown, not kept."""

    event: Literal["step"] = "step"
    turn: int
    text: str


class Delta(Noun):
    """A piece of the running answer; `offset` counts Unicode code points of the turn's text before it."""

    event: Literal["delta"] = "delta"
    turn: int
    offset: int
    text: str


class Reset(Noun):
    """Forget the deltas of this turn: it starts again, for the reason given."""

    event: Literal["reset"] = "reset"
    turn: int
    reason: str


class Answered(Noun):
    """The answer of a turn, whole. A later one of the same turn replaces what is shown of it."""

    event: Literal["answered"] = "answered"
    turn: int
    to: tuple[str, ...]
    text: str
    citations: tuple[Citation, ...] = ()
    choices: tuple[Choice, ...] = ()
    confidence: float = 0.0
    answered: bool = False
    model: str = ""
    handoff: str | None = None
    """Why a person is offered, None when none is."""


class Pointed(Noun):
    """Places on one of the customer's pictures that the answer's steps use."""

    event: Literal["pointed"] = "pointed"
    turn: int
    attachment_id: str
    points: tuple[Point, ...]


class Solved(Noun):
    """A later picture shows that the error of an earlier one is gone: seen resolved, for the customer to confirm."""

    event: Literal["solved"] = "solved"
    turn: int
    attachment_id: str
    error: str


class Done(Noun):
    """The turn has ended: exactly one per turn that answers."""

    event: Literal["done"] = "done"
    turn: int


class Stopped(Noun):
    """A human took over in the middle of an answer; `text` is what had been said of it."""

    event: Literal["stopped"] = "stopped"
    turn: int
    text: str


class OwnerChanged(Noun):
    """Who owns the conversation from here on. A state change made by code, never by the words of a model."""

    event: Literal["owner"] = "owner"
    owner: Owner
    reason: str = ""
    """For the customer, in words."""
    who: str | None = None
    avatar: str | None = None
    agent: str | None = None
    """The agent's identity at the desk or in Slack; names may be shared, this is not."""
    back_at: int | None = None
    """When the team is back (Unix ms), where nobody is there now."""
    mail: bool = False
    """Whether the customer is offered to be written to: show a field for an address."""


class Edited(Noun):
    """The owner changed what was said to the customer; `text` None takes it back."""

    event: Literal["edited"] = "edited"
    message_id: str
    text: str | None


class Reminded(Noun):
    """Nobody has answered yet, and it was said: to the customer (`text` is what they read) or to the team."""

    event: Literal["reminded"] = "reminded"
    step: Literal["customer", "team", "last"]
    text: str = ""
    mail: bool = False
    """Whether the customer is offered to be written to: show a field for an address."""


class Reachable(Noun):
    """Where the customer can be written to from here on; empty: nowhere any more. Staff only."""

    event: Literal["reachable"] = "reachable"
    address: str


class Mailed(Noun):
    """The customer was away and was written to, about all agents' words up to the event `to`. Staff only."""

    event: Literal["mailed"] = "mailed"
    to: int
    outcome: Literal["sent", "refused", "unsure"]
    """"unsure": it was cut off in the act, and a second one would be worse than none."""
    reason: str = ""


class Held(Noun):
    """An agent's words while the bot owns the conversation: they wait until the agent decides. Staff only."""

    event: Literal["held"] = "held"
    id: str
    who: str
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    agent: str | None = None


class Decided(Noun):
    """What became of held words: the agent took over, only these were sent, or they stayed a note. Staff only."""

    event: Literal["decided"] = "decided"
    held_id: str
    choice: Literal["take_over", "send", "note"]
    who: str


class Rated(Noun):
    """The customer says whether the answer of a turn helped."""

    event: Literal["rated"] = "rated"
    turn: int
    helped: bool
    comment: str = ""


class Noted(Noun):
    """A note among agents. Never shown to a customer."""

    event: Literal["noted"] = "noted"
    who: str
    text: str


Event = Annotated[
    Message
    | Attached
    | Seen
    | Corrected
    | Planned
    | Found
    | Step
    | Delta
    | Reset
    | Answered
    | Pointed
    | Solved
    | Done
    | Stopped
    | OwnerChanged
    | Edited
    | Reminded
    | Reachable
    | Mailed
    | Held
    | Decided
    | Rated
    | Noted,
    Field(discriminator="event"),
]
DRAFT_EVENTS = ("delta", "reset", "step")
"""These live in the running answer's draft and expire with it; all others are facts of the log."""
STAFF_EVENTS = ("noted", "found", "held", "decided", "reachable", "mailed")
"""These are never sent to a customer."""

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def encode(event: Event) -> bytes:
    """The JSON of an event, its version first."""
    return b'{"v":%d,' % VERSION + event.model_dump_json().encode()[1:]


def decode(data: bytes | str) -> Event | None:
    """The event in `data`, or None when a newer process wrote a kind or a version that this one does not know.

    Raises ValueError when a kind that it does know does not parse: that is damage, not the future.
    """
    raw: dict[str, Any] = _json(data)
    if raw.pop("v", VERSION) > VERSION:
        return None
    try:
        return _EVENT.validate_python(raw)
    except ValidationError as error:
        if any(e["type"] in ("union_tag_invalid", "union_tag_not_found") for e in error.errors()):
            return None
        raise ValueError(f"a damaged event: {error}") from error


def _json(data: bytes | str) -> dict[str, Any]:
    value = orjson.loads(data)
    if not isinstance(value, dict):
        raise ValueError("an event is a JSON object")
    return value


@dataclass(frozen=True)
class Conversation:
    """A conversation as its log tells it."""

    id: str
    owner: Owner = "bot"
    who: str | None = None
    agent: str | None = None
    """The owning agent's identity, where `who` is the shown name."""
    last_event: int = 0
    """The id of the newest event that was folded in."""
    messages: tuple[Message, ...] = ()
    attachments: dict[str, Attachment] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    answers: dict[int, Answered] = field(default_factory=dict)
    pointed: dict[int, tuple[Pointed, ...]] = field(default_factory=dict)
    ratings: dict[int, Rated] = field(default_factory=dict)
    solved: Solved | None = None
    """The newest picture by which the problem was seen to be gone, None when there is none since the last message."""
    human_took: frozenset[str] = frozenset()
    """Ids of customers' messages that the bot need not answer: a human owned the conversation, or closed it."""

    @property
    def unlooked(self) -> tuple[Attachment, ...]:
        """Customers' pictures that nobody has looked at yet, oldest first. Agents know what is on theirs."""
        agents = {a.id for m in self.messages if m.sender == "agent" for a in m.attachments}
        return tuple(a for a in self.attachments.values() if a.id not in self.seen and a.id not in agents)

    @property
    def unanswered(self) -> tuple[Message, ...]:
        """The customer's messages that wait for the bot, oldest first."""
        done = self.human_took.union(*(a.to for a in self.answers.values())) if self.answers else self.human_took
        return tuple(m for m in self.messages if m.sender == "customer" and m.id not in done)

    def then(self, event_id: int, event: Event) -> "Conversation":
        """The conversation after one more event."""
        changed = replace(self, last_event=event_id)
        match event:
            case Message():
                took = (
                    self.human_took | {event.id}
                    if event.sender == "customer" and self.owner == "human"
                    else self.human_took
                )
                known = self.attachments | {a.id: a for a in event.attachments}
                return replace(
                    changed, messages=(*self.messages, event), attachments=known, human_took=took, solved=None
                )
            case Edited():
                return replace(changed, messages=tuple(_edited(m, event) for m in self.messages))
            case Attached():
                return replace(changed, attachments=self.attachments | {event.attachment.id: event.attachment})
            case Seen():
                return replace(changed, seen=self.seen | {event.attachment_id: event})
            case Corrected():
                return replace(changed, seen=_corrected(self.seen, event))
            case Answered():
                return replace(changed, answers=self.answers | {event.turn: event})
            case Pointed():
                return replace(changed, pointed=self.pointed | {event.turn: (*self.pointed.get(event.turn, ()), event)})
            case OwnerChanged():
                took = self.human_took
                if event.owner in ("human", "closed"):
                    took = took | {m.id for m in self.unanswered}
                return replace(changed, owner=event.owner, who=event.who, agent=event.agent, human_took=took)
            case Solved():
                return replace(changed, solved=event)
            case Rated():
                return replace(changed, ratings=self.ratings | {event.turn: event})
            case _:
                return changed


def _edited(message: Message, change: Edited) -> Message:
    return message.model_copy(update={"text": change.text or ""}) if message.id == change.message_id else message


def _corrected(seen: dict[str, Seen], change: Corrected) -> dict[str, Seen]:
    old = seen.get(change.attachment_id)
    if old is None:
        return seen
    update = {k: v for k, v in (("where", change.where), ("error", change.error)) if v is not None}
    return seen | {change.attachment_id: old.model_copy(update=update)}


def fold(conversation_id: str, log: Iterable[tuple[int, Event | None]]) -> Conversation:
    """The conversation that a log of (event id, event) tells; None stands for an event of the future."""
    conversation = Conversation(conversation_id)
    for event_id, event in log:
        conversation = (
            replace(conversation, last_event=event_id) if event is None else conversation.then(event_id, event)
        )
    return conversation
