"""The events: one line of a conversation's log each, or of the running answer's draft (`Delta`, `Reset`, `Step`).

The names in `event` are the names that readers of the event stream see. The union is closed: a process writes only
what is declared here, and skips what a newer process wrote (`codec.decode` returns None), so that old and new can run
side by side during an update.
"""

from typing import Annotated, Literal

from pydantic import Field

from bot.conversation.values import (
    Attachment,
    Box,
    Choice,
    Citation,
    Facets,
    FoundPassage,
    Noun,
    Outcome,
    Owner,
    Point,
    SeenEntity,
    Sender,
)


class Message(Noun):
    """Somebody said something. `who` is the shown name of an agent, `avatar` the address of the agent's picture, and
    `agent` who that is at the desk or in Slack; no customer is told, names change and may be shared."""

    event: Literal["message"] = "message"
    id: str
    sender: Sender
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    who: str | None = None
    avatar: str | None = None
    agent: str | None = None


class Attached(Noun):
    """A picture arrived, before the message that it will belong to."""

    event: Literal["attached"] = "attached"
    attachment: Attachment


class Withdrawn(Noun):
    """The customer took a picture back before it belonged to any message: it is gone, here and from storage."""

    event: Literal["withdrawn"] = "withdrawn"
    attachment_id: str


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
    asks: tuple[str, ...] = ()
    """The models in the order in which they are asked; whoever answers ends it."""
    price: float | None = 0.0
    """About what that costs at most, in dollars; None: nobody knows."""


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


class Spent(Noun):
    """What models read and wrote for a turn, those that were not sure among them; none when none was asked. What a call
    that broke off had used is not known. Staff only."""

    event: Literal["spent"] = "spent"
    turn: int
    tokens_read: int
    tokens_written: int
    price: float | None = 0.0
    """In dollars; None: nobody knows."""


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
    why: str = ""
    """Why a person is called, as `bot.handoff.Reason` names it: the team may not read the customer's language."""
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


class Speaks(Noun):
    """The customer reads this language from here on: what is said to them, and what the house says itself. Staff
    only."""

    event: Literal["speaks"] = "speaks"
    language: str


class Introduced(Noun):
    """Who the customer is. `verified`: the site vouches for it; else it is what their page says. Staff only."""

    event: Literal["introduced"] = "introduced"
    name: str
    verified: bool = False
    user: str = ""
    """The site's own id of them; empty unless it vouches for it. For the owner's tools."""
    claimed: bool = False
    """The conversation was a visitor's until now: who held its token has signed in."""


class Described(Noun):
    """What decides from here on which articles are for the customer: all that the site signed, or all that the page
    said. Staff only."""

    event: Literal["described"] = "described"
    facets: Facets
    signed: bool = False
    """Whether the site vouches for it; only then does it open what is closed."""
    issued: int = 0
    """When the site signed it, Unix seconds; 0: it does not say."""


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
    | Withdrawn
    | Seen
    | Corrected
    | Planned
    | Found
    | Step
    | Delta
    | Reset
    | Answered
    | Spent
    | Pointed
    | Solved
    | Done
    | Stopped
    | OwnerChanged
    | Edited
    | Speaks
    | Introduced
    | Described
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
STAFF_EVENTS = (
    "noted",
    "found",
    "spent",
    "held",
    "decided",
    "reachable",
    "mailed",
    "speaks",
    "introduced",
    "described",
)
"""These are never sent to a customer."""
