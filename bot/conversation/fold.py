"""A conversation folded from its log: what was said, seen and answered, who owns it, and what still waits."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.conversation.events import (
    Answered,
    Attached,
    Corrected,
    Described,
    Edited,
    Event,
    Introduced,
    Message,
    OwnerChanged,
    Pointed,
    Rated,
    Seen,
    Solved,
    Speaks,
    Withdrawn,
)
from bot.conversation.values import ANYBODY, Attachment, Facets, Owner


@dataclass(frozen=True)
class Conversation:
    """A conversation as its log tells it."""

    id: str
    owner: Owner = "bot"
    who: str | None = None
    agent: str | None = None
    """The owning agent's identity, where `who` is the shown name."""
    language: str = "en"
    """What the customer reads."""
    name: str = ""
    """The customer's, empty when nobody has said it; `verified`: the site vouches for it."""
    verified: bool = False
    user: str = ""
    """The site's own id of the customer, empty unless the site vouches for it."""
    signed: Facets = ANYBODY
    """What the site vouches for of what the customer has; `said`: what their page says."""
    said: Facets = ANYBODY
    last_event: int = 0
    """The id of the newest event that was folded in."""
    messages: tuple[Message, ...] = ()
    attachments: dict[str, Attachment] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    """Pictures that were taken back before they were sent, and how often; one may have come again since."""
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
    def has(self) -> Facets:
        """What decides which articles are for the customer: what the site signed stands above what the page says."""
        return self.signed.over(self.said)

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
            case Speaks() | Introduced() | Described():
                return _known(changed, event)
            case Edited():
                return replace(changed, messages=tuple(_edited(m, event) for m in self.messages))
            case Attached() | Withdrawn() | Seen() | Corrected():
                return _pictured(changed, event)
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


def _known(of: Conversation, event: Speaks | Introduced | Described) -> Conversation:
    """What is known of the customer."""
    match event:
        case Speaks():
            return replace(of, language=event.language)
        case Introduced():
            name, user = event.name or of.name, event.user or of.user
            return replace(of, name=name, verified=event.verified, user=user)
        case Described(signed=True):
            return replace(of, signed=event.facets)
        case Described():
            return replace(of, said=event.facets)


def _edited(message: Message, change: Edited) -> Message:
    return message.model_copy(update={"text": change.text or ""}) if message.id == change.message_id else message


def _pictured(of: Conversation, event: Attached | Withdrawn | Seen | Corrected) -> Conversation:
    """What became of a picture. One that was taken back is not seen by whoever was still looking at it."""
    match event:
        case Attached(attachment=new):
            return replace(of, attachments=of.attachments | {new.id: new})
        case Withdrawn(attachment_id=id_):
            return replace(
                of,
                attachments={other: attachment for other, attachment in of.attachments.items() if other != id_},
                seen={other: seen for other, seen in of.seen.items() if other != id_},
                withdrawn=of.withdrawn | {id_: of.withdrawn.get(id_, 0) + 1},
            )
        case Seen(attachment_id=id_):
            gone = id_ in of.withdrawn and id_ not in of.attachments
            return of if gone else replace(of, seen=of.seen | {id_: event})
        case Corrected(attachment_id=id_) if id_ in of.seen:
            update = {k: v for k, v in (("where", event.where), ("error", event.error)) if v is not None}
            return replace(of, seen=of.seen | {id_: of.seen[id_].model_copy(update=update)})
        case _:
            return of


def fold(conversation_id: str, log: Iterable[tuple[int, Event | None]]) -> Conversation:
    """The conversation that a log of (event id, event) tells; None stands for an event of the future."""
    conversation = Conversation(conversation_id)
    for event_id, event in log:
        conversation = (
            replace(conversation, last_event=event_id) if event is None else conversation.then(event_id, event)
        )
    return conversation
