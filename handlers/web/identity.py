"""Who is asking: visitors by a token per conversation, the site's users by its signed JWT, agents at the desk.

A conversation's token is signed, not stored: it names the conversation and its customer, so a token is worth nothing
for another conversation, nor for the same one once it belongs to somebody else. A token made on a user's proof ends
with that proof. Not here: limits (`limits`), what the desk may do (`desk`).
"""

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bot.conversation import ANYBODY, Facets
from handlers.web import facets
from handlers.web.problems import Problem
from handlers.web.seals import Clock, Seals

DAY = 86_400.0
LONGEST_PROOF_SECONDS = 12 * 3600
LEEWAY_SECONDS = 30
LINK_SECONDS = 15 * 60
LINK_STEPS = 120
"""A link's end is a multiple of so many seconds."""
DESK_SECONDS = 12 * 3600
STOP_DAYS = 365
SHORTEST_SHARED_KEY = 32
LONGEST_PROOF = 4096
USER = "user:"
VISITOR = "visitor:"
MAIL = "mail:"
INVITED = "desk:invited:"


@dataclass(frozen=True)
class Vouched:
    """What the site vouches for of what a user has, and when it signed that (Unix seconds, 0: it does not say)."""

    facets: Facets = ANYBODY
    issued: int = 0


@dataclass(frozen=True)
class User:
    """One of the site's own users, proven. `expires` is when the proof does."""

    subject: str
    name: str
    email: str
    expires: float
    vouched: "Vouched"

    @property
    def customer(self) -> str:
        """The key under which this user's conversations are found."""
        return USER + self.subject


@dataclass(frozen=True)
class Access:
    """What a conversation's token opens: this conversation, as long as it belongs to this customer."""

    conversation: str
    customer: str
    expires: float
    vouched: Vouched | None = None
    """What the site vouched for in the proof that it was made on; None where it was made on none."""
    language: str = ""
    """What the conversation's customer reads, once it was looked up; and what was vouched for when last they spoke."""
    noted: Facets = ANYBODY
    said: Facets = ANYBODY
    """What the page said of it until now."""

    @property
    def proven(self) -> bool:
        """Whether it was made on a user's proof."""
        return self.customer.startswith(USER)

    @property
    def by_mail(self) -> bool:
        """Whether it came by mail, to whoever the conversation belongs."""
        return self.customer.startswith(MAIL)

    @property
    def visiting(self) -> bool:
        """Whether it is an anonymous visitor's."""
        return self.customer.startswith(VISITOR)


@dataclass(frozen=True)
class SignedIn:
    """Somebody who signed in to the desk: the same `id` keeps a conversation across sign-ins; customers see `name`."""

    id: str
    name: str
    expires: float
    invited: float = 0.0
    """Of an agent with an invitation: when that was made, Unix seconds; 0 where it does not say."""


class SiteUsers:
    """Checks the tokens that the site signs for its users.

    `key` is a shared secret of at least 32 bytes (HS256) or a public key in PEM (RS256, ES256, EdDSA): the key decides
    the algorithm, never the token. A token must carry `sub`, `aud` (exactly `audience`) and an `exp` at most 12 hours
    ahead.
    """

    def __init__(self, key: str, audience: str, clock: Clock) -> None:
        self._key, self._algorithm = _pinned(key)
        self._audience = audience
        self._clock = clock

    def user(self, token: str) -> User:
        """The user that `token` proves. Raises Problem, with the words for the site's visitor."""
        claims = self._claims(token, self._audience)
        return User(
            subject=claims["sub"],
            name=shown(claims.get("name")),
            email=shown(claims.get("email")),
            expires=claims["exp"],
            vouched=Vouched(facets.signed(claims), int(claims.get("iat", 0))),
        )

    def agent(self, token: str) -> SignedIn:
        """The agent whom the site signs in to the desk: the same, for the audience `<audience>:desk`."""
        claims = self._claims(token, f"{self._audience}:desk")
        name = shown(claims.get("name")) or claims["sub"]
        return SignedIn(id=f"desk:{USER}{claims['sub']}", name=name, expires=claims["exp"])

    def _claims(self, token: str, audience: str) -> dict[str, Any]:
        if len(token) > LONGEST_PROOF:
            raise Problem("identity_invalid")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                audience=audience,
                options={
                    "require": ["exp", "aud", "sub"],
                    "strict_aud": True,
                    # the times are checked below, by this house's clock
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise Problem("identity_invalid") from error
        self._check_times(claims)
        if not _is_subject(claims["sub"]):
            raise Problem("identity_invalid")
        return claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
        if not all(_is_time(value) for value in times.values()):
            raise Problem("identity_invalid")
        if claims["exp"] <= now:
            raise Problem("identity_expired")
        too_long = claims["exp"] > now + LONGEST_PROOF_SECONDS + LEEWAY_SECONDS
        too_early = any(times.get(name, now) > now + LEEWAY_SECONDS for name in ("nbf", "iat"))
        if too_long or too_early:
            raise Problem("identity_invalid")


class Tokens:
    """Hands out and checks the tokens of this server.

    `secret` signs them (32 bytes at least); `users` is None where the site signs no tokens; `enforced` takes nothing
    without a user's proof; `days` is how long a visitor's token lives.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        clock: Clock,
        users: SiteUsers | None = None,
        enforced: bool = False,
        desk_password: str | None = None,
        days: int = 180,
    ) -> None:
        if enforced and users is None:
            raise ValueError("identity is enforced, but no key for the site's user tokens is set (HELPLENS_JWT_KEY)")
        self.users = users
        self.enforced = enforced
        self._clock = clock
        self._days = days
        self._desk_password = desk_password
        self._conversations = Seals(secret, "conversation", clock)
        self._links = Seals(secret, "link", clock)
        self._stops = Seals(secret, "mail-stop", clock)
        self._desk = Seals(secret, "desk", clock)
        self._invites = Seals(secret, "desk-invite", clock)

    def new_visitor(self) -> str:
        """A customer key for a browser that was never here: random, 256 bits."""
        return VISITOR + secrets.token_urlsafe(32)

    def user(self, token: str) -> User:
        """The site's user that a JWT proves. Raises Problem."""
        if self.users is None:
            raise Problem("not_set_up", what="no key for the site's user tokens (HELPLENS_JWT_KEY)")
        return self.users.user(token)

    def conversation(
        self, conversation: str, customer: str, until: float | None = None, vouched: Vouched | None = None
    ) -> str:
        """A token that opens `conversation` for `customer`, until the proof that it was made on ends; `vouched` is what
        that proof says besides."""
        expires = self._clock() + self._days * DAY if until is None else until
        more = [vouched.facets.model_dump_json(exclude_defaults=True), str(vouched.issued)] if vouched else []
        return self._conversations.seal([conversation, customer, *more], expires)

    def by_mail(self, conversation: str, days: int) -> str:
        """A token for who reads the customer's mail: it opens this conversation, and lists none of the others."""
        return self._conversations.seal([conversation, MAIL + conversation], self._clock() + days * DAY)

    def mail_stop(self, conversation: str) -> str:
        """What stops the mails about a conversation, for a year."""
        return self._stops.seal([conversation], self._clock() + STOP_DAYS * DAY)

    def mail_stopped(self, seal: str) -> str | None:
        """The conversation whose mails `seal` stops; None when it is forged or expired."""
        opened = self._stops.open(seal)
        return opened[1][0] if opened else None

    def access(self, token: str) -> Access | None:
        """What a conversation's token opens; None when it is not one, or not good enough where proof is enforced."""
        opened = self._conversations.open(token)
        if opened is None:
            return None
        expires, (conversation, customer, *more) = opened
        vouched = Vouched(Facets.model_validate_json(more[0]), int(more[1])) if more else None
        access = Access(conversation, customer, expires, vouched)
        return access if access.proven or not self.enforced else None

    def link(self, attachment: str, viewer: str) -> str:
        """The signature of a link to one picture, made for one viewer, good for 15 minutes, a little less at times: it
        is the same for two minutes, so that a page that asks again does not fetch its pictures anew."""
        return self._links.seal([attachment, viewer], (self._clock() + LINK_SECONDS) // LINK_STEPS * LINK_STEPS)

    def link_viewer(self, attachment: str, signature: str) -> str | None:
        """For whom a link to `attachment` was made; None when it is forged, expired or another picture's."""
        opened = self._links.open(signature)
        if opened is None or opened[1][0] != attachment:
            return None
        return opened[1][1]

    def sign_in(self, password: str, name: str) -> tuple[str, SignedIn]:
        """A desk token for who knows the password: one password, so the name tells people apart. Raises Problem."""
        if self._desk_password is None:
            raise Problem("not_set_up", what="no password for the desk (HELPLENS_DESK_PASSWORD)")
        if not hmac.compare_digest(password.encode(), self._desk_password.encode()):
            raise Problem("wrong_password")
        who = shown(name)
        if not who:
            raise Problem("unclear_request", what="name: say who you are")
        return self._desk_token(SignedIn(f"desk:{who.casefold()}", who, self._clock() + DESK_SECONDS))

    def invite(self, name: str, days: int) -> str:
        """What signs one agent in under `name`, for so many days. Raises ValueError for a name that shows nothing."""
        if not (who := shown(name)):
            raise ValueError("the name is empty")
        return self._invites.seal([who, f"{self._clock():.3f}"], self._clock() + days * DAY)

    def sign_in_by_token(self, token: str) -> tuple[str, SignedIn]:
        """A desk token for whom the owner invited or the site signs in. Raises Problem."""
        if invited := self._invites.open(token):
            who, *made = invited[1]
            expires = self._clock() + DESK_SECONDS
            return self._desk_token(SignedIn(INVITED + who.casefold(), who, expires, float(made[0]) if made else 0.0))
        if self.users is None:
            raise Problem("not_set_up", what="no key for the site's user tokens (HELPLENS_JWT_KEY)")
        return self._desk_token(self.users.agent(token))

    def signed_in(self, token: str) -> SignedIn | None:
        """Who holds a desk token."""
        opened = self._desk.open(token)
        if opened is None:
            return None
        expires, (id_, name, *invited) = opened
        return SignedIn(id_, name, expires, float(invited[0]) if invited else 0.0)

    def _desk_token(self, agent: SignedIn) -> tuple[str, SignedIn]:
        return self._desk.seal([agent.id, agent.name, str(agent.invited)], agent.expires), agent


def _pinned(key: str) -> tuple[Any, str]:
    """The key, ready, and the one algorithm that it is for."""
    if "-----BEGIN" not in key:
        if len(key.encode()) < SHORTEST_SHARED_KEY:
            raise ValueError(f"the key of the site's user tokens is short: use at least {SHORTEST_SHARED_KEY} bytes")
        return key, "HS256"
    try:
        loaded = load_pem_public_key(key.encode())
    except ValueError as error:
        raise ValueError(
            "the key of the site's user tokens is no public key in PEM: never give a private one"
        ) from error
    match loaded:
        case RSAPublicKey():
            return loaded, "RS256"
        case EllipticCurvePublicKey():
            return loaded, "ES256"
        case Ed25519PublicKey():
            return loaded, "EdDSA"
        case _:
            raise ValueError("the key of the site's user tokens must be for RS256, ES256 or EdDSA")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _is_subject(value: object) -> bool:
    """A stable id of a user: taken exactly as it is, so it must not hold what the eye or a comparison could miss."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= 200
        and value == value.strip()
        and not any(unicodedata.category(character)[0] == "C" for character in value)
    )


def shown(value: object) -> str:
    """A name as it may be shown: one line, at most 80 characters, nothing invisible."""
    if not isinstance(value, str):
        return ""
    visible = (c if unicodedata.category(c)[0] != "C" else " " for c in value)
    return " ".join("".join(visible).split())[:80]
