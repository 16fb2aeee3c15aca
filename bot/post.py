"""Carries letters: to a mail server (SMTP), or to the owner's own service (a webhook).

Each calls `commit` right before the step that cannot be taken back. What fails before it was certainly not sent, what
is refused after it neither: `Undelivered`. Any other error after it leaves open whether it was sent. Not here: what
becomes of that (`bot.mailing`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiohttp
import aiosmtplib

TIMEOUT_S = 30
LOCAL = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}
WIRE = SMTP.clone(max_line_length=998)
"""A link in a header stands whole on one line: folded at 78 characters it would be encoded, and no program stops mails
by that."""
Commit = Callable[[], Awaitable[None]]


class Undelivered(Exception):
    """It was certainly not sent. `final`: nor will it be, however often it is tried."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


class Post(Protocol):
    """A way to send letters."""

    async def send(self, message: EmailMessage, commit: Commit) -> None:
        """Sends it once. Raises Undelivered, whatever `commit` raises, and others when it is unknown."""


@dataclass(frozen=True, repr=False)
class MailServer:
    """`smtps://user:password@host:port`, or `smtp://` (encrypted by STARTTLS where the server offers it; always before
    a password goes to another machine)."""

    url: str
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("HELPLENS_MAIL_URL is written like smtps://user:password@mail.example.com:465")

    async def send(self, message: EmailMessage, commit: Commit) -> None:
        """See `Post`."""
        client = self._client()
        try:
            await self._address(client, message)
            await commit()
            try:
                await client.data(message.as_bytes(policy=WIRE))
            except aiosmtplib.SMTPDataError as error:
                raise Undelivered(_reason(error), final=error.code >= 500) from error
        finally:
            client.close()

    async def check(self, sender: str) -> None:
        """Signs in and names the sender, and sends nothing. Raises Undelivered, which says what is wrong."""
        client = self._client()
        try:
            await client.connect()
            await client.mail(parseaddr(sender)[1])
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Undelivered(_reason(error), final=False) from error
        finally:
            client.close()

    async def _address(self, client: aiosmtplib.SMTP, message: EmailMessage) -> None:
        """Up to the letter itself: all of this may be repeated."""
        try:
            await client.connect()
            await client.mail(parseaddr(str(message["From"]))[1])
            await client.rcpt(str(message["To"]))
        except aiosmtplib.SMTPRecipientRefused as error:
            raise Undelivered(_reason(error), final=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Undelivered(_reason(error), final=False) from error

    def _client(self) -> aiosmtplib.SMTP:
        parts = urlsplit(self.url)
        encrypted = parts.scheme == "smtps"
        must_start = bool(parts.username) and parts.hostname not in LOCAL
        return aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or "") if parts.username else None,
            use_tls=encrypted,
            start_tls=False if encrypted else (True if must_start else None),
            timeout=self.timeout_s,
        )


@dataclass(frozen=True, repr=False)
class Webhook:
    """An address that takes `{"to", "from", "subject", "text", "headers"}` as JSON; the letter's own id comes as
    `Idempotency-Key`."""

    url: str
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOCAL):
            raise ValueError("HELPLENS_MAIL_WEBHOOK must begin with https://: it carries customers' addresses")

    async def send(self, message: EmailMessage, commit: Commit) -> None:
        """See `Post`."""
        named = ("From", "To", "Subject")
        body = {
            "to": str(message["To"]),
            "from": str(message["From"]),
            "subject": str(message["Subject"]),
            "text": message.get_content(),
            "headers": {name: str(value) for name, value in message.items() if name not in named},
        }
        timeout = aiohttp.ClientTimeout(total=self.timeout_s)
        headers = {"Idempotency-Key": str(message["Message-ID"])}
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await commit()
            try:
                async with session.post(self.url, json=body, headers=headers, allow_redirects=False) as answer:
                    if answer.status >= 300:
                        passing = answer.status == 429 or answer.status >= 500
                        raise Undelivered(f"the webhook answered {answer.status}", final=not passing)
            except aiohttp.ClientConnectorError as error:
                raise Undelivered(f"the webhook cannot be reached: {error}", final=False) from error


def _reason(error: Exception) -> str:
    return f"the mail server: {error}"[:300]
