"""A case: what a person needs to know to take a conversation over in ten seconds, worked out from its log. Pure.

The desk's page and Slack's card show the same case. Not here: how it looks there, what is private in it (Slack masks,
the desk does not), what may be done with it (`bot.helpdesk`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.conversation import (
    Answered,
    Citation,
    Conversation,
    Event,
    Found,
    Lit,
    Noun,
    Owner,
    OwnerChanged,
    Planned,
    Seen,
    fold,
)
from prompts import say

Log = Sequence[tuple[int, Event | None]]
EXACT = ("code", "order", "invoice", "ticket", "version", "amount")
"""Kinds of what is read from a picture to the letter, in the order of their worth."""
MOST_EXACT, MOST_NEAREST = 6, 2


class Nearest(Noun):
    """An article close to the customer's question."""

    title: str
    url: str | None = None
    article: str = ""
    lit: tuple[Lit, ...] = ()
    """The lines on the customer's pictures that spoke for it."""


class Has(Noun):
    """What the customer has or is, of one kind. `signed`: the site vouches for it; else it is what their page says."""

    kind: str
    values: tuple[str, ...]
    signed: bool


class Tried(Noun):
    """An article that an answer stood on, and whether it helped; None: nobody said."""

    title: str
    helped: bool | None = None

    def __str__(self) -> str:
        return self.title + ("" if self.helped is None else " ✓" if self.helped else " ✗")


@dataclass(frozen=True)
class Case:
    """One conversation as its log stands. Times are seconds since the epoch."""

    conversation: str
    name: str = ""
    """The customer's, empty when nobody has said it; `verified`: the site vouches for it."""
    verified: bool = False
    facets: tuple[Has, ...] = ()
    """Plan, version and audience of the customer, as far as anybody said them: what is found for them fits these."""
    language: str = "en"
    owner: Owner = "bot"
    who: str | None = None
    since: float = 0.0
    reason: str = ""
    """Why a person was called, in the team's language; empty when none was since the bot last had it."""
    where: str = ""
    error: str = ""
    exact: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    belief: str = ""
    """The article that the newest answer stood on; `confidence` is how sure it was."""
    confidence: float = 0.0
    nearest: tuple[Nearest, ...] = ()
    draft: str = ""
    asked: str = ""
    """The customer's newest words."""
    plan: str = ""
    """Why the newest answer was made from words, from the screen's text, or from pixels."""
    model: str = ""


def case(conversation_id: str, log: Log) -> Case:
    """The case that a log tells."""
    conversation = fold(conversation_id, log)
    change = next((event_id for event_id, event in reversed(log) if isinstance(event, OwnerChanged)), None)
    since = change if change is not None else log[0][0] if log else 0
    where, error, exact = _seen(conversation)
    answer = max(conversation.answers.values(), key=lambda a: a.turn, default=None)
    return Case(
        conversation=conversation_id,
        name=conversation.name,
        verified=conversation.verified,
        facets=tuple(_facets(conversation)),
        language=conversation.has.language or conversation.language,
        owner=conversation.owner,
        who=conversation.who,
        since=since / 1000,
        reason=called_for(log),
        where=where,
        error=error,
        exact=exact,
        tried=tuple(_tried(conversation)),
        belief=answer.citations[0].title if answer and answer.citations else "",
        confidence=answer.confidence if answer else 0.0,
        nearest=_nearest(log),
        draft=draft_of(answer),
        asked=next((m.text for m in reversed(conversation.messages) if m.sender == "customer" and m.text), ""),
        plan=next((event.reason for _, event in reversed(log) if isinstance(event, Planned)), ""),
        model=answer.model if answer else "",
    )


def called_for(log: Log) -> str:
    """Why a person was called in the present stretch, in the team's language; empty when none was."""
    for _, event in reversed(log):
        if isinstance(event, OwnerChanged):
            if event.owner == "waiting":
                return why(event)
            if event.owner in ("bot", "closed"):
                return ""
    return ""


def why(change: OwnerChanged) -> str:
    """Why a person was called, for the team; of an older log the first sentence of what the customer was told."""
    if change.why:
        return say(f"desk.{change.why}")
    first, stop, _ = change.reason.partition(". ")
    return first + stop.strip()


def draft_of(answer: Answered | None) -> str:
    """A reply that a person could send: the bot's last answer when it stood on an article, without its numbers."""
    return unnumbered(answer.text, answer.citations) if answer and answer.citations else ""


def unnumbered(text: str, citations: Sequence[Citation]) -> str:
    """An answer as a person would send it: without the numbers of its sources."""
    for citation in citations:
        text = text.replace(f" [{citation.n}]", "").replace(f"[{citation.n}]", "")
    return text.strip()


def _seen(conversation: Conversation) -> tuple[str, str, tuple[str, ...]]:
    """Where the newest readable screenshot is, its error, and its exact numbers and codes."""
    shown_by_agents = {a.id for m in conversation.messages if m.sender == "agent" for a in m.attachments}
    for seen in reversed(list(conversation.seen.values())):
        if seen.outcome in ("read", "partly") and seen.attachment_id not in shown_by_agents:
            return seen.where, seen.error, _exact(seen)
    return "", "", ()


def _exact(seen: Seen) -> tuple[str, ...]:
    found = (e.text + (" (?)" if e.doubt else "") for e in seen.entities if e.kind in EXACT)
    return tuple(dict.fromkeys(found))[:MOST_EXACT]


def _facets(conversation: Conversation) -> Iterable[Has]:
    for kind in ("plan", "version", "audience"):
        if values := getattr(conversation.has, kind):
            yield Has(kind=kind, values=values, signed=bool(getattr(conversation.signed, kind)))


def _tried(conversation: Conversation) -> Iterable[Tried]:
    for turn, answer in sorted(conversation.answers.items()):
        rated = conversation.ratings.get(turn)
        for citation in answer.citations[:1]:
            yield Tried(title=citation.title, helped=rated.helped if rated else None)


def _nearest(log: Log) -> tuple[Nearest, ...]:
    urls = {c.article: c.url for _, e in log if isinstance(e, Answered) for c in e.citations}
    for _, event in reversed(log):
        if isinstance(event, Found):
            best = {p.article: p for p in reversed(event.passages)}
            order = list(dict.fromkeys(p.article for p in event.passages))[:MOST_NEAREST]
            nearest = (best[article] for article in order)
            return tuple(Nearest(title=p.title, url=urls.get(p.article), article=p.article, lit=p.lit) for p in nearest)
    return ()
