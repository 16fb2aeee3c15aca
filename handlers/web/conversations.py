"""The customer's routes: open, attach, say, read, correct, rate, ask for a person, erase.

Each is a translation: the token is checked, the help desk is called, and its answer is written as JSON. Not here: the
event stream's wire (`stream`), the desk's routes (`desk`).
"""

import contextlib
from functools import partial
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, Field

from bot.conversation import ANYBODY, Event, Introduced
from bot.helpdesk import Refused
from handlers.web.context import Address, Allowed, AnyCaller, KnownCaller, Parts, Speaking, Web, proven
from handlers.web.events import reader
from handlers.web.identity import Access
from handlers.web.pictures import link
from handlers.web.problems import Problem, answers, problems
from handlers.web.stream import EventStream
from handlers.web.wire import Link, Plain, Standing, for_customer, standing
from handlers.web.words import Words, checked_key, keep_context, read_words, take_in, upload

router = APIRouter(tags=["conversations"])
ACCESS = ("sign_in_needed", "not_found", "identity_expired", "identity_invalid", "too_fast", "unavailable")


class Opened(BaseModel):
    """A conversation and the token that opens it. Keep the token where only this customer can read it."""

    id: str
    token: str


class Listed(Opened):
    """One of a customer's conversations, with a token that opens it."""

    owner: Literal["bot", "waiting", "human", "closed"]
    title: str = Field(description="The customer's first words.")
    opened: int = Field(description="When it was opened, in milliseconds since the epoch.")
    at: int = Field(description="When something last happened, in milliseconds since the epoch.")


class Claim(BaseModel):
    """The site's signed token of the user who was a visitor until now."""

    token: Plain = Field(max_length=4096)


class AttachmentTaken(BaseModel):
    """The picture is kept. What is seen in it comes as the event `seen`."""

    attachment_id: str
    url: str = Field(description="Opens the picture for 15 minutes.")


class MessageTaken(BaseModel):
    """The message is kept and will be answered: read the events."""

    message_id: str


class Helped(BaseModel):
    """Whether the answer of a turn helped."""

    turn: int = Field(ge=1)
    helped: bool
    comment: Plain = Field(default="", max_length=2_000)


class Correction(BaseModel):
    """What the "what I see" card should say; null leaves a field as it was read."""

    attachment_id: Plain
    where: Plain | None = Field(default=None, max_length=500)
    error: Plain | None = Field(default=None, max_length=2_000)


def links(web: Web, access: Access) -> Link:
    """Makes this reader's links to pictures."""
    return partial(link, web, viewer=access.customer)


@router.post("/conversations", status_code=201, responses=problems("identity_needed", *ACCESS))
async def open_conversation(web: Parts, who: AnyCaller, source: Address) -> Opened:
    """Open a conversation.

    Without a token it is a new visitor's; with the site's signed user token it is that user's; with the token of an
    earlier conversation it is the same customer's.
    """
    await web.limits.take((web.limits.rates.open_address, source))
    opened = await web.desk.open(who.customer)
    if who.subject:
        name = who.user.name if who.user else ""
        await web.desk.introduce(opened.id, name, verified=True, user=who.subject)
    if who.vouched and who.vouched.facets != ANYBODY:
        await web.desk.vouch(opened.id, who.vouched.facets, who.vouched.issued)
    if web.desk.mail and who.user and who.user.email:
        with contextlib.suppress(Refused):  # what the site calls an address is none: the customer is asked
            await web.desk.reach(opened.id, who.user.email, key="site")
    return Opened(id=opened.id, token=web.tokens.conversation(opened.id, who.customer, who.expires, who.vouched))


@router.get("/conversations", responses=problems("identity_needed", *ACCESS))
async def list_conversations(web: Parts, who: KnownCaller) -> list[Listed]:
    """The caller's conversations, newest first: a user's on every device, a visitor's of this browser."""
    return [
        Listed(
            id=summary.id,
            token=web.tokens.conversation(summary.id, who.customer, who.expires, who.vouched),
            owner=summary.owner,
            title=summary.title,
            opened=summary.opened,
            at=summary.at,
        )
        for summary in await web.desk.conversations(who.customer)
    ]


@router.delete("/conversations", status_code=204, responses=problems("identity_needed", *ACCESS))
async def erase_everything(web: Parts, who: KnownCaller) -> Response:
    """Erase all of the caller's conversations: a user's on every device, a visitor's of this browser."""
    while summaries := await web.desk.conversations(who.customer):
        for summary in summaries:
            await web.desk.erase(summary.id)
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/claim", responses=problems("not_set_up", *ACCESS))
async def claim(web: Parts, access: Allowed, body: Claim, source: Address) -> Opened:
    """Sign in to a conversation that was begun without: with its own token in the header and the site's signed user
    token in the body it becomes that user's, and so do the visitor's others. Only the holder of both can do this."""
    user = await proven(web, body.token, source)
    if access.visiting:
        await web.desk.claim(access.customer, user.customer, user.name, user.subject)
    elif access.customer != user.customer:
        raise Problem("not_found")
    token = web.tokens.conversation(access.conversation, user.customer, user.expires, user.vouched)
    return Opened(id=access.conversation, token=token)


@router.get("/conversations/{conversation_id}", responses=problems(*ACCESS))
async def read_conversation(web: Parts, access: Allowed) -> Standing:
    """The conversation as it stands: owner, messages, pictures, cards and answers."""
    return standing(await web.desk.conversation(access.conversation), links(web, access))


@router.delete("/conversations/{conversation_id}", status_code=204, responses=problems(*ACCESS))
async def erase_conversation(web: Parts, access: Allowed) -> Response:
    """Erase the conversation: words at once, pictures and copies within a minute."""
    await web.desk.erase(access.conversation)
    return Response(status_code=204)


@router.post(
    "/conversations/{conversation_id}/attachments",
    status_code=202,
    responses=problems("too_large", "too_slow", "no_file", "bad_form", "bad_content", "refused", *ACCESS),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": {"type": "string", "format": "binary"}},
                    }
                }
            },
        }
    },
)
async def attach(request: Request, web: Parts, access: Speaking, source: Address) -> AttachmentTaken:
    """Send one picture, before the message that it belongs to: PNG, JPEG, WebP or GIF, at most 10 MB."""
    rates = web.limits.rates
    await web.limits.take((rates.attach_visitor, access.customer), (rates.attach_address, source))
    form = await upload(request, web, source)
    files = [file for file in form.files if file.field == "file"]
    if len(files) != 1:
        raise Problem("no_file")
    attachment_id = await take_in(web, access, files[0])
    return AttachmentTaken(attachment_id=attachment_id, url=link(web, attachment_id, viewer=access.customer))


@router.delete(
    "/conversations/{conversation_id}/attachments/{sha256}", status_code=204, responses=problems("refused", *ACCESS)
)
async def withdraw(web: Parts, access: Allowed, sha256: Annotated[str, Path(max_length=128)]) -> Response:
    """Take back a picture that no message holds yet: it is erased, at once. `sha256` is the part of its id behind `/`.

    What is drawn or blacked out on a picture makes another one: send that, and take this one back.
    """
    await web.desk.withdraw(access.conversation, f"{access.conversation}/{sha256}")
    return Response(status_code=204)


@router.post(
    "/conversations/{conversation_id}/messages",
    status_code=202,
    responses=problems(
        "key_missing", "key_reused", "refused", "unclear_request", "too_many_pictures", "too_large", "too_large_body",
        "too_slow", "bad_form", "bad_content", "too_many_waiting", *ACCESS,
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": Words.model_json_schema()},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "text": {"type": "string"},
                            "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        },
                    }
                },
            },
        }
    },
)  # fmt: skip
async def say(
    request: Request,
    web: Parts,
    access: Speaking,
    source: Address,
    idempotency_key: Annotated[str | None, Header(description="One new random value per message.")] = None,
) -> MessageTaken:
    """Say something, with words, with pictures sent before, or both; as a form, with the pictures themselves.

    The same `Idempotency-Key` with the same message is one message, however often it is sent.
    """
    key = checked_key(idempotency_key)
    rates = web.limits.rates
    await web.limits.take((rates.say_visitor, access.customer), (rates.say_address, source))
    words = await read_words(request, web, access, source)
    await keep_context(web, access, words.context)
    said = await web.desk.say(access.conversation, "customer", words.text, words.attachments, key=f"web:{key}")
    return MessageTaken(message_id=said.id)


@router.post("/conversations/{conversation_id}/handoff", status_code=202, responses=problems(*ACCESS))
async def ask_for_a_person(web: Parts, access: Speaking) -> dict[str, str]:
    """Ask for a person. The event `owner` says who comes."""
    await web.limits.take((web.limits.rates.say_visitor, access.customer))
    await web.desk.request_human(access.conversation, "asked", key=f"web:{uuid4()}")
    return {"owner": "waiting"}


@router.post("/conversations/{conversation_id}/feedback", status_code=202, responses=problems(*ACCESS))
async def rate(web: Parts, access: Speaking, body: Helped) -> dict[str, bool]:
    """Say whether an answer helped. "Did not help" changes what is answered next."""
    await web.limits.take((web.limits.rates.say_visitor, access.customer))
    await web.desk.rate(access.conversation, body.turn, body.helped, body.comment, key=f"web:{uuid4()}")
    return {"helped": body.helped}


@router.post("/conversations/{conversation_id}/screen", status_code=202, responses=problems(*ACCESS))
async def correct(web: Parts, access: Allowed, body: Correction) -> dict[str, str]:
    """Correct the "what I see" card of a picture, before or after an answer is built on it."""
    await web.limits.take((web.limits.rates.say_visitor, access.customer))
    await web.desk.correct(
        access.conversation, body.attachment_id, where=body.where, error=body.error, key=f"web:{uuid4()}"
    )
    return {"attachment_id": body.attachment_id}


def claimed(event: Event) -> bool:
    """Whether the visitor's conversation became a user's: then it is the visitor's no more."""
    return isinstance(event, Introduced) and event.claimed


@router.get(
    "/conversations/{conversation_id}/events",
    response_class=Response,
    responses=answers("Server-sent events", "text/event-stream") | problems("too_many_open", *ACCESS),
)
async def events(
    web: Parts,
    access: Allowed,
    source: Address,
    last_event_id: Annotated[str | None, Header(description="The id of the last event that was read.")] = None,
    after: Annotated[str | None, Query(description="The same, where headers cannot be set.")] = None,
) -> EventStream:
    """What happens in the conversation, from the start or after the event named, without end."""
    await web.limits.take((web.limits.rates.follow_address, source))
    present = partial(for_customer, link=links(web, access))
    return await reader(
        web,
        access.conversation,
        who=access.customer,
        last_event_id=last_event_id if last_event_id is not None else after,
        present=present,
        expires=access.expires,
        beat=partial(web.desk.present, access.conversation) if web.desk.mail else None,
        until=claimed if access.visiting else lambda event: False,
    )
