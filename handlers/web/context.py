"""What every route of the web channel is handed: its parts, and who is asking.

The parts are made once by `create_app` and reached through FastAPI's dependencies. Not here: how a token is made and
checked (`identity`).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

from fastapi import Depends, Header, Request

from bot.conversation import ANYBODY, Facets
from bot.helpdesk import HelpDesk, NotFound, customer_hash
from bot.incidents import Incidents
from bot.knowledge.articles import Passage
from bot.precedents import Precedents
from handlers.web.identity import USER, Access, SignedIn, Tokens, User, Vouched
from handlers.web.invitations import Invitations
from handlers.web.limits import Limits, network
from handlers.web.problems import Problem
from handlers.web.stream import KEEPALIVE_SECONDS, SEATS, Seats, Streams
from handlers.web.uploads import UploadLimits
from prompts import accepted

UPLOADS = 24
"""Uploads that one address sends to this process at once."""
Check = Callable[[], Awaitable[None]]
"""Asks one service whether it is there; raises when it is not, saying what is wrong."""


@dataclass(frozen=True)
class Web:
    """The parts of the web channel.

    `picture` gives a stored picture by its attachment's id, `redacted` the same with what is private blacked out;
    both raise LookupError when it is gone. `passages` gives an article's passages in order, empty when there is none
    for whom the site vouches for so;
    `notice` is the line that the widget says of the bot, empty for none; `keepalive` is how long a stream is silent at
    most, in seconds, `streams` are all of
    this process, `seats` how many one reader may have open, `uploading` how many uploads one address may send at
    once; `checks` are the services that `/readyz` asks.
    """

    desk: HelpDesk
    tokens: Tokens
    invitations: Invitations
    limits: Limits
    picture: Callable[[str], Awaitable[bytes]]
    passages: Callable[[str, Facets], Sequence[Passage]]
    incidents: Incidents
    precedents: Precedents
    redacted: Callable[[str], Awaitable[bytes]] | None = None
    uploads: UploadLimits = field(default_factory=UploadLimits)
    notice: str = ""
    keepalive: float = KEEPALIVE_SECONDS
    streams: Streams = field(default_factory=Streams)
    seats: Seats = field(default_factory=lambda: Seats(SEATS))
    uploading: Seats = field(default_factory=lambda: Seats(UPLOADS))
    checks: Mapping[str, Check] = field(default_factory=dict)


async def parts(request: Request) -> Web:
    """The parts that this app was made with. This and its like are coroutines though they wait for nothing: FastAPI
    sends each dependency that is none to a thread and back."""
    web: Web = request.app.state.web
    return web


Parts = Annotated[Web, Depends(parts)]


async def address(request: Request) -> str:
    """Where a request comes from, as limits count it. Behind a proxy the server must be told to trust it."""
    return network(request.client.host) if request.client else "unknown"


Address = Annotated[str, Depends(address)]


async def bearer(authorization: Annotated[str | None, Header()] = None) -> str | None:
    """The token of the Authorization header."""
    kind, _, token = (authorization or "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


Bearer = Annotated[str | None, Depends(bearer)]


async def spoken(accept_language: Annotated[str | None, Header()] = None) -> str | None:
    """The language that whoever asks reads, None when they name none that there are words in."""
    return accepted(accept_language)


Spoken = Annotated[str | None, Depends(spoken)]


@dataclass(frozen=True)
class Caller:
    """Somebody outside a conversation: a proven user, a visitor who was here before, or a new one."""

    customer: str
    user: User | None = None
    expires: float | None = None
    vouched: Vouched | None = None
    """What the site vouches for of what a proven user has."""

    @property
    def subject(self) -> str:
        """The site's own id of a proven user, now or when an earlier conversation was opened; empty of a visitor."""
        return self.customer.removeprefix(USER) if self.customer.startswith(USER) else ""


async def caller(web: Parts, token: Bearer, source: Address) -> Caller:
    """Who opens a conversation. A token that is no good is refused, never taken for a new visitor's."""
    if token is None and not web.tokens.enforced:
        return Caller(web.tokens.new_visitor())
    return await known_caller(web, token, source)


async def known_caller(web: Parts, token: Bearer, source: Address) -> Caller:
    """Who lists conversations: somebody with a token."""
    if token is None:
        raise Problem("identity_needed" if web.tokens.enforced else "sign_in_needed")
    if access := web.tokens.access(token):
        return Caller(access.customer, None, access.expires if access.proven else None, access.vouched)
    user = await proven(web, token, source)
    return Caller(user.customer, user, user.expires, user.vouched)


AnyCaller = Annotated[Caller, Depends(caller)]
KnownCaller = Annotated[Caller, Depends(known_caller)]


async def access(conversation_id: str, web: Parts, token: Bearer, source: Address) -> Access:
    """The right to this conversation: by its own token, or by the proof of the user whom it belongs to.

    A token made for somebody whose conversation it is no longer (a visitor who has signed in since) opens nothing.
    Any other token is answered as if there were no such conversation, and counted.
    """
    if token is None:
        raise Problem("sign_in_needed")
    opened = await opens(web, conversation_id, web.tokens.access(token) or by_proof(web, conversation_id, token))
    if opened:
        return opened
    await web.limits.take((web.limits.rates.guess_address, source))
    raise Problem("not_found")


Allowed = Annotated[Access, Depends(access)]


async def opens(web: Web, conversation_id: str, given: Access | None) -> Access | None:
    """What a token gives, where it is this conversation's and the conversation still belongs to whom it names. Raises
    NotFound."""
    if given is None or given.conversation != conversation_id:
        return None
    head = await web.desk.store.head(conversation_id)
    theirs = given.by_mail or head.customer == customer_hash(given.customer)
    return replace(given, language=head.language, noted=head.signed, said=head.said) if theirs else None


async def speaking(web: Parts, access: Allowed, language: Spoken) -> Access:
    """The right to say or do something in this conversation; from here on it is in the language of whoever does, and
    what is found fits what the site vouches for in the token."""
    if language and language != access.language:
        await web.desk.speaks(access.conversation, language)
        access = replace(access, language=language)
    if access.vouched and access.vouched.facets != access.noted:
        await web.desk.vouch(access.conversation, access.vouched.facets, access.vouched.issued)
    return access


Speaking = Annotated[Access, Depends(speaking)]


def by_proof(web: Web, conversation_id: str, token: str) -> Access | None:
    """The right that a user's token gives, where the conversation is theirs. One that has expired is told so, for the
    page to fetch another."""
    try:
        user = web.tokens.user(token)
    except Problem as problem:
        if problem.kind == "identity_expired":
            raise
        return None
    return Access(conversation_id, user.customer, user.expires, user.vouched)


async def vouched_for(web: Parts, token: Bearer) -> Facets:
    """What the site vouches for of who asks for an article: by a conversation's token, or its own. A token that is no
    good is nobody's: what is not closed is read without one."""
    if token is None:
        return ANYBODY
    if given := web.tokens.access(token):
        try:
            opened = await opens(web, given.conversation, given)
        except NotFound:
            return ANYBODY
        if opened is None:
            return ANYBODY
        return opened.vouched.facets if opened.vouched else opened.noted
    try:
        return web.tokens.user(token).vouched.facets
    except Problem:
        return ANYBODY


VouchedFor = Annotated[Facets, Depends(vouched_for)]


async def proven(web: Web, token: str, source: str) -> User:
    """The site's user that a token proves; a forged one counts against its address."""
    try:
        if token.count(".") != 2:
            raise Problem("identity_invalid")
        return web.tokens.user(token)
    except Problem as problem:
        if problem.kind == "identity_invalid":
            await web.limits.take((web.limits.rates.guess_address, source))
        raise


async def signed_in(web: Parts, token: Bearer, source: Address) -> SignedIn:
    """Who is at the desk."""
    found = web.tokens.signed_in(token) if token else None
    if found is None:
        if token:
            await web.limits.take((web.limits.rates.guess_address, source))
        raise Problem("not_at_the_desk")
    if await web.invitations.ended(found):
        raise Problem("invitation_ended")
    return found


AtDesk = Annotated[SignedIn, Depends(signed_in)]
