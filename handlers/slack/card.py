"""What a card shows, worked out from the log and from what only Slack knows. Pure.

Not here: how it looks (`blocks`), when it is posted or edited (`mirror`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.conversation import (
    Answered,
    Citation,
    Conversation,
    Decided,
    Event,
    Found,
    Held,
    Message,
    Noun,
    Owner,
    OwnerChanged,
    Seen,
    fold,
)

Log = Sequence[tuple[int, Event | None]]


class Used(Noun):
    """A button that somebody used."""

    action: str
    who: str
    at: float
    basis: int = 0
    """The last fact that counted: a newer one of its kind makes the button usable again."""


class Nearest(Noun):
    """An article close to the customer's question."""

    title: str
    url: str | None = None


@dataclass(frozen=True)
class Card:
    """One conversation on one card."""

    conversation: str
    customer: str = ""
    owner: Owner = "bot"
    who: str | None = None
    since: float = 0.0
    reason: str = ""
    where: str = ""
    error: str = ""
    exact: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    belief: str = ""
    confidence: float = 0.0
    nearest: tuple[Nearest, ...] = ()
    draft: str = ""
    asked: str = ""
    """The customer's newest words."""
    picture: str | None = None
    """Id of the Slack file with the newest screenshot."""
    held: tuple[Held, ...] = ()
    used: Mapping[str, Used] = field(default_factory=dict)
    snoozed: Used | None = None
    snoozed_until: float = 0.0
    assigned: str | None = None
    alerts_only: bool = False
    desk_url: str = ""


def card(
    conversation_id: str,
    log: Log,
    *,
    used: Iterable[Used] = (),
    picture: str | None = None,
    customer: str = "",
    draft: str = "",
    snoozed_until: float = 0.0,
    assigned: str | None = None,
    alerts_only: bool = False,
    desk_url: str = "",
) -> Card:
    """The card of a conversation as its log stands; the rest is what only the Slack side knows."""
    conversation = fold(conversation_id, log)
    change = _last_change(log)
    where, error, exact = _seen(conversation)
    marks = {u.action: u for u in used if not _stale(u, log)}
    answer = max(conversation.answers.values(), key=lambda a: a.turn, default=None)
    return Card(
        conversation=conversation_id,
        customer=customer,
        owner=conversation.owner,
        who=conversation.who,
        since=change[0] / 1000 if change else (log[0][0] / 1000 if log else 0.0),
        reason=_first_reason(log),
        where=where,
        error=error,
        exact=exact,
        tried=tuple(_tried(conversation)),
        belief=answer.citations[0].title if answer and answer.citations else "",
        confidence=answer.confidence if answer else 0.0,
        nearest=_nearest(log),
        draft=draft or draft_of(answer),
        asked=next((m.text for m in reversed(conversation.messages) if m.sender == "customer" and m.text), ""),
        picture=picture,
        held=waiting_words(log),
        used=marks,
        snoozed=marks.get("snooze"),
        snoozed_until=snoozed_until,
        assigned=assigned,
        alerts_only=alerts_only,
        desk_url=desk_url,
    )


def masked_card(shown: Card, mask: Callable[[str], str]) -> Card:
    """The card as it may leave for Slack: without what is private in the words of customer, bot or screen."""
    return replace(
        shown,
        where=mask(shown.where),
        error=mask(shown.error),
        exact=tuple(mask(text) for text in shown.exact),
        draft=mask(shown.draft),
        asked=mask(shown.asked),
    )


def why(change: OwnerChanged) -> str:
    """Why a person was called: the first sentence of what the customer was told."""
    first, stop, _ = change.reason.partition(". ")
    return first + stop.strip()


def waiting_words(log: Log) -> tuple[Held, ...]:
    """An agent's words that nobody has decided about yet, oldest first."""
    decided = {e.held_id for _, e in log if isinstance(e, Decided)}
    return tuple(e for _, e in log if isinstance(e, Held) and e.id not in decided)


def draft_of(answer: Answered | None) -> str:
    """A reply that a person could send: the bot's last answer when it stood on an article, without its numbers."""
    if answer is None or not answer.citations:
        return ""
    return draft_of_text(answer.text, answer.citations)


def draft_of_text(text: str, citations: Sequence[Citation]) -> str:
    """An answer as a person would send it: without the numbers of its sources."""
    for citation in citations:
        text = text.replace(f" [{citation.n}]", "").replace(f"[{citation.n}]", "")
    return text.strip()


def _last_change(log: Log) -> tuple[int, OwnerChanged] | None:
    return next(((i, e) for i, e in reversed(log) if isinstance(e, OwnerChanged)), None)


def _first_reason(log: Log) -> str:
    """Why a person was asked for in the present stretch: the last `waiting` since the bot last had it."""
    for _, event in reversed(log):
        if isinstance(event, OwnerChanged):
            if event.owner == "waiting":
                return why(event)
            if event.owner in ("bot", "closed"):
                return ""
    return ""


def _seen(conversation: Conversation) -> tuple[str, str, tuple[str, ...]]:
    """Where the newest readable screenshot is, its error, and its exact numbers and codes."""
    shown_by_agents = {a.id for m in conversation.messages if m.sender == "agent" for a in m.attachments}
    for seen in reversed(list(conversation.seen.values())):
        if seen.outcome in ("read", "partly") and seen.attachment_id not in shown_by_agents:
            return seen.where, seen.error, _exact(seen)
    return "", "", ()


def _exact(seen: Seen) -> tuple[str, ...]:
    kinds = ("code", "order", "invoice", "ticket", "version", "amount")
    return tuple(dict.fromkeys(e.text + (" (?)" if e.doubt else "") for e in seen.entities if e.kind in kinds))[:6]


def _tried(conversation: Conversation) -> Iterable[str]:
    for turn, answer in sorted(conversation.answers.items()):
        rated = conversation.ratings.get(turn)
        mark = "" if rated is None else (" ✓" if rated.helped else " ✗")
        for citation in answer.citations[:1]:
            yield citation.title + mark


def _nearest(log: Log) -> tuple[Nearest, ...]:
    urls = {c.article: c.url for _, e in log if isinstance(e, Answered) for c in e.citations}
    for _, event in reversed(log):
        if isinstance(event, Found):
            best = list(dict.fromkeys((p.article, p.title) for p in event.passages))[:2]
            return tuple(Nearest(title=title, url=urls.get(article)) for article, title in best)
    return ()


def _stale(used: Used, log: Log) -> bool:
    """A draft may be sent again once there is a newer answer, a screenshot asked for again once the customer spoke."""
    if used.action == "send_draft":
        return any(i > used.basis and isinstance(e, Answered) for i, e in log)
    if used.action == "screenshot":
        return any(i > used.basis and isinstance(e, Message) and e.sender == "customer" for i, e in log)
    if used.action == "snooze":
        return any(i > used.basis and isinstance(e, OwnerChanged) and e.owner == "closed" for i, e in log)
    return False
