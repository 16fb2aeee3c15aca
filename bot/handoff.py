"""Pure: who owns a conversation, who may speak in it, when a person is called, and what is said while nobody comes.

    bot -> waiting -> human -> bot | closed -> bot (the customer writes again)

A change of owner is an event written by code under an epoch, never the words of a model: each decision is made on the
owner of some epoch, and the store refuses it when that has moved on. Nothing is promised here that is not scheduled:
the words that tell a customer when they hear next stand beside the reminder that keeps them.

Not here: opening hours themselves (`bot.hours`), writing anything (`bot.helpdesk`, `bot.reminders`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.conversation import (
    Answered,
    Conversation,
    Done,
    Event,
    Message,
    Owner,
    OwnerChanged,
    Rated,
    Reminded,
    Seen,
)
from bot.hours import Hours
from prompts import matches, say

Heard = Literal["customer", "note", "held"]
Reason = Literal["asked", "risk", "failed_twice", "unreadable", "unsure", "failure", "released"]
Step = Literal["customer", "team", "last"]
LogEntry = tuple[int, Event | None]
Mail = Literal["off", "offered", "known"]
"""Whether customers are written to: not at all, if they give an address, or at the address that is known."""
AFTER_MS: dict[Step, int] = {"customer": 120_000, "team": 300_000, "last": 900_000}
"""When nobody has come: the customer is told, the team is called again, the customer is told the truth; once each."""
FAILED = 2
"""Answers that did not help, or pictures that could not be read, before a person is called."""


@dataclass(frozen=True)
class Agent:
    """A person of the team. `id` tells two of the same name apart; `avatar` is the address of a picture."""

    id: str
    name: str
    avatar: str | None = None


# --- who may speak --------------------------------------------------------------------------------------------------


def may_speak(owner: Owner, owning: str | None, agent: Agent) -> Heard:
    """Who hears an agent's words: the owner's go to the customer, others' are notes, and while no person owns the
    conversation they are held until the agent decides. `owning` is the id of the agent who owns it."""
    if owner == "human":
        return "customer" if owning == agent.id else "note"
    return "held"


# --- changes of owner -----------------------------------------------------------------------------------------------


def taken(agent: Agent, language: str = "en") -> OwnerChanged:
    """An agent takes the conversation."""
    return OwnerChanged(
        owner="human",
        reason=say("handoff.reason_taken", language, who=agent.name),
        who=agent.name,
        avatar=agent.avatar,
        agent=agent.id,
    )


def asked_for(
    reason: Reason, now: int, hours: Hours | None = None, language: str = "en", mail: Mail = "off"
) -> OwnerChanged:
    """A person is called: the bot goes on answering until one takes the conversation. Says when somebody is there,
    and whether the customer is written to where nobody is."""
    words = say(f"handoff.reason_{reason}", language)
    opens = hours.next_open(now) if hours else now
    if hours is None or opens == now:
        called = say("handoff.called", language)
        return OwnerChanged(owner="waiting", why=reason, reason=f"{words} {called}")
    if opens is None:
        away = say("handoff.away_unknown", language)
    else:
        away = say("handoff.away", language, when=hours.shown(opens, language))
    told = "" if mail == "off" else " " + say(f"mail.away_{mail}", language)
    return OwnerChanged(
        owner="waiting", why=reason, reason=f"{words} {away}{told}", back_at=opens, mail=mail == "offered"
    )


def handed_back(language: str = "en") -> OwnerChanged:
    """The bot answers again; an old request for a person no longer counts."""
    return OwnerChanged(owner="bot", reason=say("handoff.reason_back", language))


def resolved(language: str = "en") -> OwnerChanged:
    """Nothing is open any more."""
    return OwnerChanged(owner="closed", reason=say("handoff.reason_resolved", language))


def reopened(language: str = "en") -> OwnerChanged:
    """The customer wrote again after the conversation had been closed."""
    return OwnerChanged(owner="bot", reason=say("handoff.reason_reopened", language))


def given_up(conversation: Conversation, turn: int, call: OwnerChanged, language: str = "en") -> tuple[Event, ...]:
    """The end of a turn that failed again and again, with no model and no picture touched: every picture is accounted
    for, every message is answered with an honest line, and a person is called (`call`)."""
    reason = say("handoff.picture_skipped", language)
    events: list[Event] = [Seen(attachment_id=a.id, outcome="skipped", reason=reason) for a in conversation.unlooked]
    messages = conversation.unanswered
    if messages and conversation.owner in ("bot", "waiting"):
        to = tuple(message.id for message in messages)
        events.append(Answered(turn=turn, to=to, text=say("handoff.gave_up", language), handoff="failure"))
        if conversation.owner == "bot":
            events.append(call)
        events.append(Done(turn=turn))
    return tuple(events)


# --- when a person is called ----------------------------------------------------------------------------------------


def asks_for_person(text: str) -> bool:
    """Whether a customer's words ask for a person, in whichever language they are. Always honoured."""
    return matches("triggers.asks", text)


def called_for(log: Iterable[LogEntry]) -> Reason | None:
    """Why a person should be called, from what happened since the bot last took the conversation up; None: no need.

    Only while the bot owns it: whoever has been called once is not called again.
    """
    owner: Owner = "bot"
    failed: set[int] = set()
    unreadable: set[str] = set()
    reason: Reason | None = None
    asked = ""
    for _, event in log:
        match event:
            case OwnerChanged():
                owner, reason, asked = event.owner, None, ""
                failed.clear()
                unreadable.clear()
            case Message(sender="customer"):
                asked = event.text
                reason = reason or _by_words(asked)
            case Rated():
                (failed.discard if event.helped else failed.add)(event.turn)
            case Seen():
                (unreadable.add if event.outcome == "unreadable" else unreadable.discard)(event.attachment_id)
            case Answered():
                reason = reason or _by_answer(event, asked)
            case _:
                pass
    if owner != "bot":
        return None
    if len(failed) >= FAILED:
        return "failed_twice"
    return reason or ("unreadable" if len(unreadable) >= FAILED else None)


def _by_words(text: str) -> Reason | None:
    if asks_for_person(text):
        return "asked"
    return "risk" if matches("triggers.risks", text) else None


def _by_answer(answer: Answered, asked: str) -> Reason | None:
    """A model that failed, or doubt where a wrong answer is costly."""
    if answer.model == "none":
        return "failure"
    return "unsure" if not answer.answered and matches("triggers.costly", asked) else None


# --- while nobody comes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Due:
    """The next reminder and when it is due, in Unix ms."""

    step: Step
    at: int


def next_reminder(log: Sequence[LogEntry], hours: Hours | None = None) -> Due | None:
    """What is said next, and when, in a conversation that waits for a person; None when all was said or it does not
    wait. Counted from the request, or from the opening after it; the team is only called while it is there."""
    since, said = _waiting_since(log)
    if since is None:
        return None
    start = hours.next_open(since) if hours else since
    step = next((step for step in AFTER_MS if step not in said), None)
    if start is None or step is None:
        return None
    at = start + AFTER_MS[step]
    if hours and step != "customer":
        at = hours.next_open(at) or at
    return Due(step, at)


def reminded(step: Step, now: int, hours: Hours | None = None, language: str = "en", mail: Mail = "off") -> Reminded:
    """What is said when a reminder is due: to the team nothing that the customer reads."""
    opens = hours.next_open(now) if hours else now
    if step == "team":
        return Reminded(step="team")
    if step == "customer" and hours and opens and opens > now:
        return Reminded(step=step, text=say("handoff.left_for_today", language, when=hours.shown(opens, language)))
    if step == "last" and mail != "off":
        return Reminded(step=step, text=say(f"mail.last_{mail}", language), mail=mail == "offered")
    return Reminded(step=step, text=say(f"handoff.reminded_{step}", language))


def next_release(log: Iterable[LogEntry], silence_ms: int) -> int | None:
    """When the agent who owns the conversation has let the customer wait for `silence_ms`, in Unix ms; None: the
    customer does not wait. Who has been told that a person takes care of it waits from then on."""
    owner: Owner = "bot"
    since: int | None = None
    for event_id, event in log:
        match event:
            case OwnerChanged():
                owner, since = event.owner, event_id
            case Message(sender="agent"):
                since = None
            case Message(sender="customer"):
                since = event_id if since is None else since
            case _:
                pass
    return since + silence_ms if owner == "human" and since is not None else None


def _waiting_since(log: Sequence[LogEntry]) -> tuple[int | None, set[Step]]:
    """When the conversation began to wait (event ids are Unix ms), and what has been said since."""
    since: int | None = None
    said: set[Step] = set()
    for event_id, event in log:
        if isinstance(event, OwnerChanged):
            since, said = (event_id if event.owner == "waiting" else None), set()
        elif isinstance(event, Reminded):
            said.add(event.step)
    return since, said
