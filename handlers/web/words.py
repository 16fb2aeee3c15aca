"""What a customer sends as a message: JSON or a form -> words, with every picture in it taken in.

Not here: what becomes of a message (`bot.helpdesk`), how a form is read (`uploads`).
"""

import hashlib

import orjson
from fastapi import Request
from pydantic import BaseModel, Field, ValidationError

from bot.handoff import Agent
from handlers.web.context import Web
from handlers.web.facets import CLAIMS, named
from handlers.web.identity import Access, shown
from handlers.web.problems import Problem
from handlers.web.uploads import File, Form, read_body, read_form
from prompts import say

Scalar = str | bool | int | float | None
Context = dict[str, Scalar | list[Scalar]]
LONGEST_CONTEXT = 2_000
ON_THE_CARD = frozenset(name for names in CLAIMS.values() for name in names) | {"language"}
BUSY_SECONDS = 3


class Words(BaseModel):
    """A message. A picture without words is a whole message."""

    text: str = ""
    attachments: list[str] = Field(default_factory=list, description="Ids of pictures sent before.")
    context: Context = Field(
        default_factory=dict,
        max_length=30,
        description="What the page knows (route; `name`: who this is), for the team. `version`, `plan`, `audience` and "
        "`language` also narrow what is found; they open nothing, and the site's signed token stands above them.",
    )


def checked_key(key: str | None) -> str:
    """An Idempotency-Key that can be used. Raises Problem, which says what to send."""
    if key is None or not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise Problem("key_missing")
    return key


async def read_words(request: Request, web: Web, access: Access, source: str) -> Words:
    """The message in a JSON or a multipart body; pictures in it are taken in."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        body = await read_body(request, web.uploads.field_bytes)
        try:
            return Words.model_validate(orjson.loads(body))
        except (ValidationError, orjson.JSONDecodeError) as error:
            raise Problem("unclear_request", what="the body is no message of text and attachments") from error
    if kind != "multipart/form-data":
        raise Problem("bad_content")
    form = await upload(request, web, source)
    return Words(text=form.fields.get("text", ""), attachments=[await take_in(web, access, f) for f in form.files])


async def upload(request: Request, web: Web, source: str) -> Form:
    """The form in the body; one address sends only so many at once, since each is held until it is whole."""
    if not web.uploading.free(source):
        raise Problem("too_fast", retry=BUSY_SECONDS, seconds=BUSY_SECONDS)
    with web.uploading.taken(source):
        return await read_form(request, web.uploads)


async def keep_context(web: Web, access: Access, context: Context) -> None:
    """What the page knows: what of it narrows the search, which the card shows; the rest as a note for the team, once,
    until it changes."""
    changes = named(context)
    if changes.get("language") == access.language:
        changes["language"] = ""  # it is what the conversation is in
    if any(getattr(access.said, kind) != value for kind, value in changes.items()):
        await web.desk.describe(access.conversation, changes)
    name = shown(context.get("name"))
    if name and not access.proven:
        await web.desk.introduce(access.conversation, name, verified=False)
    text = "\n".join(f"{name[:100]}: {_told(value)}" for name, value in context.items() if name not in ON_THE_CARD)
    text = text[:LONGEST_CONTEXT]
    if text:
        key = f"web:context:{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        await web.desk.note(access.conversation, Agent(id="page", name=say("web.page")), text, key=key)


def _told(value: Scalar | list[Scalar]) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


async def take_in(web: Web, access: Access, file: File) -> str:
    """A file -> the id of the picture in the conversation."""
    attachment = await web.desk.attach(access.conversation, file.data, file.name[:200])
    return attachment.id
