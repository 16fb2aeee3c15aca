"""What goes into the store and comes out of it, as frozen values; and how Redis's replies become these values."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import structlog

from bot.conversation import ANYBODY, Described, Event, Facets, Message, Owner, OwnerChanged, Speaks, decode

log = structlog.get_logger()

Kind = Literal["turn", "slack", "timer", "mail", "erase"]
KINDS: tuple[Kind, ...] = ("turn", "slack", "timer", "mail", "erase")
LogEntry = tuple[int, Event | None]
"""Event id and event; None stands for an event that a newer process wrote."""


@dataclass(frozen=True)
class Limits:
    """What one conversation holds; past it the customer is told to wait, or to start a new one."""

    unanswered: int = 20
    facts: int = 2000
    text: int = 10_000
    pictures: int = 4
    """Pictures in one message."""
    all_pictures: int = 100
    """Pictures in one conversation."""


@dataclass(frozen=True)
class Head:
    """Where a conversation stands. `epoch` goes up whenever the owner changes; `at` is the newest event's id."""

    id: str
    owner: Owner
    who: str | None
    agent: str | None
    epoch: int
    turn: int
    at: int
    opened: int
    customer: str | None
    since: int | None = None
    """Unix ms since when it has waited for a person or had one."""
    language: str = "en"
    """What the customer reads."""
    signed: Facets = ANYBODY
    """What the site vouched for of what the customer has; `issued`: when it did, Unix seconds, 0 when nobody knows."""
    issued: int = 0
    said: Facets = ANYBODY
    """What their page said of it."""


@dataclass(frozen=True)
class Write:
    """Events from outside a lease, with what they change."""

    events: tuple[Event, ...]
    key: str
    """The idempotency key, within the conversation."""
    digest: str
    """Hash of the body: another one under the same key is a conflict."""
    result: str = ""
    """What this call returns, and every repetition of it."""
    epoch: int | None = None
    """The epoch that it was decided on, None when it holds in any."""
    needs_turn: bool = False
    counts: bool = False
    """Whether it counts as an unanswered message."""
    ends_turn: bool = False
    """Whether the running turn ends with it, its words kept as `Stopped`."""
    wakes: tuple[Kind, ...] = ()
    """What else looks at the conversation because of it, where the store has somebody who does."""
    marks: tuple[str, ...] = ()
    """What the conversation is found by from here on, when it closes with this."""
    belongs: tuple[str, str] | None = None
    """Whose it was (a hash) and whose it is from here on; refused as changed when it was not the first one's."""


@dataclass(frozen=True)
class Claim:
    """A lease on one conversation for one kind of work, and the log of the same instant."""

    kind: Kind
    head: Head
    lease: int
    holder: str
    tries: int
    """How many holders before this one vanished or failed without finishing."""
    basis: int
    """The last event that this claim has read of those that matter to its kind."""
    now: int
    log: tuple[LogEntry, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    """What earlier holders kept under the conversation, named "<kind>.<name>"."""

    @property
    def id(self) -> str:
        """The conversation's."""
        return self.head.id


@dataclass(frozen=True)
class Idle:
    """Nothing is due: wait for a wake-up after `wake`, at most `wait_ms`."""

    wake: str
    wait_ms: int


@dataclass(frozen=True)
class Reading:
    """Events after some id, facts and running text merged, and the newest id of the conversation."""

    events: tuple[LogEntry, ...]
    at: int


@dataclass(frozen=True)
class Summary:
    """A conversation in a list."""

    id: str
    owner: Owner
    who: str | None
    opened: int
    at: int
    title: str
    """The customer's first words."""
    since: int | None = None
    """Unix ms since when it has waited for a person or had one; None when it does neither."""


@dataclass(frozen=True)
class Finish:
    """How a lease ends: done, given back for `delay_ms` (uncounted), or failed (the next claim counts a try)."""

    how: Literal["done", "again", "failed"]
    delay_ms: int = 0


DONE = Finish("done")

# --- from Redis's replies -------------------------------------------------------------------------------------------

_ID = re.compile(r"p\d{1,4}-[0-9a-f]{24}")


def well_formed(conversation_id: str) -> bool:
    """Whether this can be a conversation's id at all."""
    return _ID.fullmatch(conversation_id) is not None


def tag(conversation_id: str) -> str:
    """The hash tag of a conversation's partition, which is part of its id."""
    return f"{{{conversation_id.partition('-')[0]}}}:"


def strings(raw: Mapping[bytes, bytes]) -> dict[str, str]:
    """A hash as text."""
    return {k.decode(): v.decode() for k, v in raw.items()}


def entry(raw: tuple[bytes, dict[bytes, bytes]] | Sequence[Any]) -> LogEntry:
    """One entry of a log or draft, as XRANGE gives it to a client (a dict) or to a script (a flat list)."""
    fields = raw[1] if isinstance(raw[1], dict) else dict(zip(raw[1][::2], raw[1][1::2], strict=True))
    event_id = int(raw[0].split(b"-")[0])
    return event_id, readable(event_id, fields[b"d"])


def readable(event_id: int, data: bytes) -> Event | None:
    """The event in `data`; None for one of a newer process, and for a damaged one: a conversation goes on without it,
    rather than to end each worker that claims it."""
    try:
        return decode(data)
    except ValueError as error:
        log.error("a damaged event is skipped", event_id=event_id, error=str(error).partition("\n")[0])
        return None


def head(conversation_id: str, flat: Mapping[str, str]) -> Head:
    """The head's hash as a value."""
    return Head(
        id=conversation_id,
        owner=cast(Owner, flat.get("owner", "closed")),
        who=flat.get("who") or None,
        agent=flat.get("agent") or None,
        epoch=int(flat.get("epoch", 0)),
        turn=int(flat.get("turn", 0)),
        at=int(flat.get("at", 0)),
        opened=int(flat.get("opened", 0)),
        customer=flat.get("customer"),
        since=int(flat.get("since", 0)) or None,
        language=flat.get("language") or "en",
        signed=facets(flat.get("signed")),
        issued=int(flat.get("issued", 0)),
        said=facets(flat.get("said")),
    )


def claim(kind: Kind, holder: str, reply: Sequence[Any]) -> Claim | Idle:
    """The reply of claim.lua."""
    if reply[0] == b"idle":
        return Idle(wake=reply[1].decode(), wait_ms=int(reply[2]))
    flat = strings(dict(zip(reply[2][::2], reply[2][1::2], strict=True)))
    return Claim(
        kind=kind,
        head=head(reply[1].decode(), flat),
        lease=int(reply[4]),
        holder=holder,
        tries=int(reply[5]),
        basis=int(flat.get("in" if kind == "turn" else "fact", 0)),
        now=int(reply[6]),
        log=tuple(entry(raw) for raw in reply[3]),
        fields={name: value for name, value in flat.items() if "." in name},
    )


def owner_of(events: Iterable[Event]) -> dict[str, str] | None:
    """Who owns the conversation after these events, None when they do not say."""
    changes = [event for event in events if isinstance(event, OwnerChanged)]
    if not changes:
        return None
    return {name: value for name in ("owner", "who", "agent") if (value := getattr(changes[-1], name)) is not None}


def language_of(events: Iterable[Event]) -> str | None:
    """What the customer reads after these events, None when they do not say."""
    return next((event.language for event in reversed(tuple(events)) if isinstance(event, Speaks)), None)


def described_in(events: Iterable[Event]) -> dict[str, str] | None:
    """What the head keeps of what the customer has after these events, None when they say nothing of it."""
    kept: dict[str, str] = {}
    for event in events:
        if isinstance(event, Described):
            kept["signed" if event.signed else "said"] = event.facets.model_dump_json(exclude_defaults=True)
            kept |= {"issued": str(event.issued)} if event.signed else {}
    return kept or None


def facets(kept: str | None) -> Facets:
    """What the head keeps of what the customer has."""
    return Facets.model_validate_json(kept) if kept else ANYBODY


def summary(conversation_id: str, flat: Mapping[str, str], log: Iterable[LogEntry]) -> Summary:
    """A line of a list: the title is the customer's first words."""
    said = (event.text for _, event in log if isinstance(event, Message) and event.sender == "customer" and event.text)
    found = head(conversation_id, flat)
    return Summary(found.id, found.owner, found.who, found.opened, found.at, next(said, "")[:80], found.since)
