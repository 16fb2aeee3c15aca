"""Pure: who owns a conversation, who may speak in it, and what a change of owner looks like. No I/O, no clock.

    bot -> waiting -> human -> bot | closed -> bot (the customer writes again)

A change of owner is an event written by code under an epoch, never the words of a model: each decision is made on the
owner of some epoch, and the store refuses it when that has moved on.
"""

from dataclasses import dataclass
from typing import Literal

from bot.conversation import Answered, Conversation, Done, Event, Owner, OwnerChanged, Seen
from prompts import say

Heard = Literal["customer", "note", "held"]
Reason = Literal["asked", "risk", "failed_twice", "unreadable", "unsure", "failure"]


@dataclass(frozen=True)
class Agent:
    """A person of the team. `id` tells two of the same name apart; `avatar` is the address of a picture."""

    id: str
    name: str
    avatar: str | None = None


def may_speak(owner: Owner, owning: str | None, agent: Agent) -> Heard:
    """Who hears an agent's words: the owner's go to the customer, others' are notes, and while no person owns the
    conversation they are held until the agent decides. `owning` is the id of the agent who owns it."""
    if owner == "human":
        return "customer" if owning == agent.id else "note"
    return "held"


def taken(agent: Agent, language: str = "en") -> OwnerChanged:
    """An agent takes the conversation."""
    return OwnerChanged(
        owner="human",
        reason=say("handoff.reason_taken", language, who=agent.name),
        who=agent.name,
        avatar=agent.avatar,
        agent=agent.id,
    )


def asked_for(reason: Reason, language: str = "en") -> OwnerChanged:
    """A person is wanted: the bot goes on answering until one takes the conversation."""
    return OwnerChanged(owner="waiting", reason=say(f"handoff.reason_{reason}", language))


def handed_back(language: str = "en") -> OwnerChanged:
    """The bot answers again; an old request for a person no longer counts."""
    return OwnerChanged(owner="bot", reason=say("handoff.reason_back", language))


def resolved(language: str = "en") -> OwnerChanged:
    """Nothing is open any more."""
    return OwnerChanged(owner="closed", reason=say("handoff.reason_resolved", language))


def reopened(language: str = "en") -> OwnerChanged:
    """The customer wrote again after the conversation had been closed."""
    return OwnerChanged(owner="bot", reason=say("handoff.reason_reopened", language))


def given_up(conversation: Conversation, turn: int, language: str = "en") -> tuple[Event, ...]:
    """The end of a turn that failed again and again, with no model and no picture touched: every picture is accounted
    for, every message is answered with an honest line, and a person is asked for."""
    reason = say("handoff.picture_skipped", language)
    events: list[Event] = [Seen(attachment_id=a.id, outcome="skipped", reason=reason) for a in conversation.unlooked]
    messages = conversation.unanswered
    if messages and conversation.owner in ("bot", "waiting"):
        to = tuple(message.id for message in messages)
        events.append(Answered(turn=turn, to=to, text=say("handoff.gave_up", language), handoff="failure"))
        if conversation.owner == "bot":
            events.append(asked_for("failure", language))
        events.append(Done(turn=turn))
    return tuple(events)
