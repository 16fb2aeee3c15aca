"""The desk's routes, for a team (or a laptop) without Slack: the same methods of the help desk as Slack uses.

An agent signs in with the desk's password or a token of the site, sees who waits, takes over, replies, notes, hands
back. Not here: who may speak (`bot.handoff`), what customers see (`conversations`).
"""

import asyncio
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from bot.case import case
from bot.conversation import Owner, fold
from bot.helpdesk import Agent, Changed
from handlers.web.card import Card, Earlier, Waiting, card_of, covered, waiting
from handlers.web.context import Address, AtDesk, Parts
from handlers.web.events import reader
from handlers.web.identity import SignedIn
from handlers.web.problems import Problem, answers, problems
from handlers.web.stream import EventStream
from handlers.web.wire import Plain, for_staff
from handlers.web.words import checked_key

router = APIRouter(prefix="/desk", tags=["desk"])
ACCESS = ("not_at_the_desk", "invitation_ended", "too_fast", "unavailable")
ON_ONE = ("not_found", *ACCESS)
SHOWN = 100
"""Waiting conversations that the queue shows."""


class SignIn(BaseModel):
    """The desk's password and who you are; or what `helplens desk invite` gave you, or a token of the site whose `aud`
    ends in ":desk"."""

    password: Plain | None = Field(default=None, max_length=500)
    name: Plain = Field(default="", max_length=80)
    token: Plain | None = Field(default=None, max_length=4096)


class DeskToken(BaseModel):
    """Send `token` as the bearer token of the desk's routes until `expires` (seconds since the epoch)."""

    token: str
    name: str
    expires: float


class Text(BaseModel):
    """Words of an agent."""

    text: Plain


class Decision(BaseModel):
    """What becomes of held words: take the conversation over and say them, say them and let the bot go on, or keep
    them as a note."""

    choice: Literal["take_over", "send", "note"]


class Heard(BaseModel):
    """Who hears the words: the customer, the team as a note, or nobody yet, since the bot still answers: then decide
    at `.../held/{message_id}`."""

    message_id: str
    heard: Literal["customer", "note", "held"]


class Ownership(BaseModel):
    """Who owns the conversation now."""

    owner: Owner


Key = Annotated[str | None, Header(alias="Idempotency-Key", description="The same again when a call is repeated.")]


@router.post("/sign-in", responses=problems("wrong_password", "identity_invalid", "not_set_up", *ACCESS))
async def sign_in(web: Parts, body: SignIn, source: Address) -> DeskToken:
    """Sign in to the desk."""
    await web.limits.take((web.limits.rates.sign_in_address, source))
    if body.token:
        token, agent = web.tokens.sign_in_by_token(body.token)
        if await web.invitations.ended(agent):
            raise Problem("invitation_ended")
    else:
        token, agent = web.tokens.sign_in(body.password or "", body.name)
    return DeskToken(token=token, name=agent.name, expires=agent.expires)


@router.get("/queue", responses=problems(*ACCESS))
async def queue(web: Parts, who: AtDesk) -> list[Waiting]:
    """The conversations that wait for a person or have one, longest waiting first."""
    summaries = (await web.desk.queue())[:SHOWN]
    logs = await asyncio.gather(*(web.desk.log(s.id) for s in summaries), return_exceptions=True)
    return [waiting(web, who, s, log) for s, log in zip(summaries, logs, strict=True) if isinstance(log, list)]


@router.get("/conversations/{conversation_id}", responses=problems(*ON_ONE))
async def card(web: Parts, who: AtDesk, conversation_id: str) -> Card:
    """Everything that an agent needs: the conversation, why it is here, a draft, and the events with the team's notes.

    Pictures come with `url` (what is private blacked out) and `original` (logged when it is opened).
    """
    log = await web.desk.log(conversation_id)
    return card_of(web, who, conversation_id, log, await web.precedents.like(conversation_id, log))


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=Response,
    responses=answers("Server-sent events", "text/event-stream") | problems("too_many_open", *ON_ONE),
)
async def events(
    web: Parts,
    who: AtDesk,
    conversation_id: str,
    last_event_id: Annotated[str | None, Header()] = None,
    after: Annotated[str | None, Query()] = None,
) -> EventStream:
    """What happens in the conversation, the team's notes among it."""
    return await reader(
        web,
        conversation_id,
        who=who.id,
        last_event_id=last_event_id if last_event_id is not None else after,
        present=partial(for_staff, link=covered(web, who)),
        expires=who.expires,
        over=partial(web.invitations.until_ended, who),
    )


@router.post("/conversations/{conversation_id}/take-over", responses=problems("changed", *ON_ONE))
async def take_over(web: Parts, who: AtDesk, conversation_id: str, key: Key = None) -> Ownership:
    """Take the conversation: a running answer stops, and the bot is silent until it is handed back."""
    await web.desk.take_over(conversation_id, agent(who), key=desk_key(key))
    return Ownership(owner="human")


@router.post("/conversations/{conversation_id}/hand-back", responses=problems("changed", *ON_ONE))
async def hand_back(web: Parts, who: AtDesk, conversation_id: str, key: Key = None) -> Ownership:
    """Give the conversation back to the bot."""
    await web.desk.hand_back(conversation_id, agent(who), key=desk_key(key))
    return Ownership(owner="bot")


@router.post("/conversations/{conversation_id}/resolve", responses=problems("changed", *ON_ONE))
async def resolve(web: Parts, who: AtDesk, conversation_id: str, key: Key = None) -> Ownership:
    """Close the conversation. The customer's next message opens it again."""
    await web.desk.resolve(conversation_id, agent(who), key=desk_key(key))
    return Ownership(owner="closed")


@router.post(
    "/conversations/{conversation_id}/reply", status_code=202, responses=problems("key_reused", "refused", *ON_ONE)
)
async def reply(web: Parts, who: AtDesk, conversation_id: str, body: Text, key: Key = None) -> Heard:
    """Say something to the customer. Only the owner's words reach the customer; `heard` says who hears these."""
    said = await web.desk.say(conversation_id, "agent", body.text, key=desk_key(key), who=agent(who))
    return Heard(message_id=said.id, heard=said.heard)


@router.post(
    "/conversations/{conversation_id}/note", status_code=202, responses=problems("key_reused", "refused", *ON_ONE)
)
async def note(web: Parts, who: AtDesk, conversation_id: str, body: Text, key: Key = None) -> dict[str, str]:
    """Write a note for the team. No customer ever sees it."""
    await web.desk.note(conversation_id, agent(who), body.text, key=desk_key(key))
    return {"heard": "note"}


@router.post(
    "/conversations/{conversation_id}/held/{held_id}",
    responses=problems("changed", "key_reused", "refused", *ON_ONE),
)
async def decide(web: Parts, who: AtDesk, conversation_id: str, held_id: str, body: Decision) -> Heard:
    """Say what becomes of your words that were held while the bot owned the conversation."""
    await web.desk.decide(conversation_id, held_id, body.choice, agent(who), key=desk_key(None))
    return Heard(message_id=held_id, heard="note" if body.choice == "note" else "customer")


@router.post(
    "/conversations/{conversation_id}/send-draft", status_code=202, responses=problems("no_draft", "changed", *ON_ONE)
)
async def send_draft(web: Parts, who: AtDesk, conversation_id: str, key: Key = None) -> Heard:
    """Send the draft as it stands, in the agent's name, to the customer; the bot may go on answering."""
    log = await web.desk.log(conversation_id)
    conversation, text = fold(conversation_id, log), case(conversation_id, log).draft
    if not text:
        raise Problem("no_draft")
    if conversation.owner == "human" and conversation.agent != who.id:
        raise Changed(conversation.owner, conversation.who)
    said = await web.desk.say(conversation_id, "agent", text, key=desk_key(key), who=agent(who))
    if said.heard == "held":  # pressing the button was the decision
        await web.desk.decide(conversation_id, said.id, "send", agent(who), key=desk_key(None))
        return Heard(message_id=said.id, heard="customer")
    return Heard(message_id=said.id, heard=said.heard)


@router.get("/conversations/{conversation_id}/earlier", responses=problems(*ON_ONE))
async def earlier(web: Parts, who: AtDesk, conversation_id: str) -> list[Earlier]:
    """The other conversations of the same customer, newest first."""
    customer = (await web.desk.store.head(conversation_id)).customer
    summaries = await web.desk.store.conversations(customer) if customer else []
    return [
        Earlier(id=s.id, owner=s.owner, who=s.who, title=s.title, opened=s.opened, at=s.at)
        for s in summaries
        if s.id != conversation_id
    ]


def agent(who: SignedIn) -> Agent:
    """Who is at the desk, as the help desk knows them."""
    return Agent(id=who.id, name=who.name)


def desk_key(key: str | None) -> str:
    """The call's own key, or a new one for a call that is not repeated."""
    return f"desk:{uuid4() if key is None else checked_key(key)}"
