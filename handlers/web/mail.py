"""Being written to: the customer's address, and the links in a letter.

A link back carries a token for its conversation alone, behind the `#`, where no server's log sees it. The link to stop
asks once more when a browser opens it, since some mail programs open every link; a mail program's own button (RFC
8058) does not. Not here: the letters (`bot.letters`).
"""

from html import escape
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, Response

from bot import letters
from handlers.web.context import Address, Allowed, Parts, Web
from handlers.web.identity import Tokens
from handlers.web.pages import PAGE
from handlers.web.problems import Problem, answers, problems
from handlers.web.wire import Plain
from prompts import say

router = APIRouter(tags=["mail"])
ACCESS = ("sign_in_needed", "not_found", "identity_expired", "identity_invalid", "too_fast", "unavailable")
FRAME = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<body style="font:1.1rem/1.5 system-ui;max-width:34rem;margin:4rem auto;padding:0 1rem"><h1>{title}</h1>
<p>{text}</p>{form}</body></html>"""
BUTTON = '<form method="post"><button style="font:inherit;padding:.5rem 1rem">{label}</button></form>'
Seal = Annotated[str, Query(alias="of", max_length=2048)]


class Reach(BaseModel):
    """Where to write to."""

    address: Plain = Field(max_length=320)


def links(tokens: Tokens, public_url: str, conversation: str, language: str) -> letters.Links:
    """The links of a letter about a conversation, for who reads its language."""
    base = public_url.rstrip("/")
    token = tokens.by_mail(conversation, letters.BACK_DAYS)
    return letters.Links(
        back=f"{base}/talk?in={language}#{conversation}/{token}",
        stop=f"{base}/api/v1/mail/stop?of={tokens.mail_stop(conversation)}",
    )


@router.post("/conversations/{conversation_id}/email", status_code=202, responses=problems("refused", *ACCESS))
async def reach(web: Parts, access: Allowed, body: Reach, source: Address) -> Reach:
    """Be written to at this address when a person answers and this customer is not there; replaces an earlier one."""
    rates = web.limits.rates
    await web.limits.take((rates.reach_visitor, access.customer), (rates.reach_address, source))
    if not body.address.strip():
        raise Problem("unclear_request", what="address: it is empty")
    return Reach(address=await web.desk.reach(access.conversation, body.address, key=f"web:{uuid4()}"))


@router.delete("/conversations/{conversation_id}/email", status_code=204, responses=problems("refused", *ACCESS))
async def forget(web: Parts, access: Allowed) -> Response:
    """Be written to no more."""
    await web.limits.take((web.limits.rates.reach_visitor, access.customer))
    await web.desk.reach(access.conversation, "", key=f"web:{uuid4()}")
    return Response(status_code=204)


@router.get("/mail/stop", response_class=HTMLResponse, responses=answers("A page", "text/html") | problems("not_found"))
async def ask(web: Parts, seal: Seal, source: Address) -> HTMLResponse:
    """The page behind the link in a letter: changes nothing."""
    language = (await web.desk.conversation(await _conversation(web, seal, source))).language
    return _page("mail.stop_ask", language, BUTTON.format(label=escape(say("mail.stop_button", language))))


@router.post(
    "/mail/stop", response_class=HTMLResponse, responses=answers("A page", "text/html") | problems("not_found")
)
async def stop(web: Parts, seal: Seal, source: Address) -> HTMLResponse:
    """Stops the letters about a conversation, with one press and no sign-in."""
    conversation = await _conversation(web, seal, source)
    await web.desk.reach(conversation, "", key=f"web:{uuid4()}")
    return _page("mail.stop_done", (await web.desk.conversation(conversation)).language)


async def _conversation(web: Web, seal: str, source: str) -> str:
    found = web.tokens.mail_stopped(seal)
    if found is None:
        await web.limits.take((web.limits.rates.guess_address, source))
        raise Problem("not_found")
    return found


def _page(line: str, language: str, form: str = "") -> HTMLResponse:
    title, text = escape(say("mail.stop_title", language)), escape(say(line, language))
    page = FRAME.format(language=language, title=title, text=text, form=form)
    return HTMLResponse(page, headers=PAGE | {"Cache-Control": "no-store"})
