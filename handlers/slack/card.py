"""What a card shows: the case, and what only Slack knows of it. Pure.

Not here: what the case is (`bot.case`), how it looks (`blocks`), when it is posted or edited (`mirror`).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from bot.case import Case, Log, case
from bot.conversation import Answered, Decided, Held, Message, Noun, OwnerChanged
from bot.knowledge.solved import Solved
from prompts import say


class Used(Noun):
    """A button that somebody used."""

    action: str
    who: str
    at: float
    basis: int = 0
    """The last fact that counted: a newer one of its kind makes the button usable again."""


@dataclass(frozen=True)
class Card(Case):
    """One conversation on one card."""

    picture: str | None = None
    """Id of the Slack file with the newest screenshot."""
    held: tuple[Held, ...] = ()
    used: Mapping[str, Used] = field(default_factory=dict)
    snoozed: Used | None = None
    snoozed_until: float = 0.0
    assigned: str | None = None
    alerts_only: bool = False
    desk_url: str = ""
    solved: tuple[Solved, ...] = ()
    """Solved conversations that show the same."""
    solved_url: str = ""
    """Address of a conversation at the desk, with `{id}`; empty when there is none."""

    @property
    def customer(self) -> str:
        """Who the customer is; a name that nobody vouches for is marked so."""
        return named(self)


def named(of: Case) -> str:
    """The customer's name as the team reads it; empty when nobody has said it."""
    return of.name if of.verified or not of.name else say("slack.unverified", name=of.name)


def card(
    conversation_id: str,
    log: Log,
    *,
    used: Iterable[Used] = (),
    picture: str | None = None,
    snoozed_until: float = 0.0,
    assigned: str | None = None,
    alerts_only: bool = False,
    desk_url: str = "",
    solved: tuple[Solved, ...] = (),
    solved_url: str = "",
) -> Card:
    """The card of a conversation as its log stands; the rest is what only the Slack side knows."""
    known = case(conversation_id, log)
    marks = {u.action: u for u in used if not _stale(u, log)}
    return Card(
        **{f.name: getattr(known, f.name) for f in fields(Case)},
        picture=picture,
        held=waiting_words(log),
        used=marks,
        snoozed=marks.get("snooze"),
        snoozed_until=snoozed_until,
        assigned=assigned,
        alerts_only=alerts_only,
        desk_url=desk_url,
        solved=solved,
        solved_url=solved_url,
    )


def masked_card(shown: Card, mask: Callable[[str], str]) -> Card:
    """The card as it may leave for Slack: without what is private in the words of customer, bot or screen."""
    return replace(
        shown,
        facets=tuple(f.model_copy(update={"values": tuple(map(mask, f.values))}) for f in shown.facets),
        where=mask(shown.where),
        error=mask(shown.error),
        exact=tuple(mask(text) for text in shown.exact),
        draft=mask(shown.draft),
        asked=mask(shown.asked),
        solved=tuple(s.model_copy(update={"title": mask(s.title), "said": mask(s.said)}) for s in shown.solved),
    )


def waiting_words(log: Log) -> tuple[Held, ...]:
    """An agent's words that nobody has decided about yet, oldest first."""
    decided = {e.held_id for _, e in log if isinstance(e, Decided)}
    return tuple(e for _, e in log if isinstance(e, Held) and e.id not in decided)


def _stale(used: Used, log: Log) -> bool:
    """A draft may be sent again once there is a newer answer, a screenshot asked for again once the customer spoke."""
    if used.action == "send_draft":
        return any(i > used.basis and isinstance(e, Answered) for i, e in log)
    if used.action == "screenshot":
        return any(i > used.basis and isinstance(e, Message) and e.sender == "customer" for i, e in log)
    if used.action == "snooze":
        return any(i > used.basis and isinstance(e, OwnerChanged) and e.owner == "closed" for i, e in log)
    return False
