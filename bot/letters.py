"""Pure: who is written to, about which words, when, and what the letter says.

A customer who gave an address and was not there when an agent spoke gets one letter for each burst of the agent's
words. Not here: how it is carried (`bot.post`), that it is sent once (`bot.mailing`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate, parseaddr

from bot.conversation import Edited, Event, Mailed, Message, Rated, Reachable
from bot.handoff import Mail
from prompts import say

LogEntry = tuple[int, Event | None]
QUIET_MS = 120_000
"""How long an agent must have said nothing: then the burst is over."""
LONGEST_MS = 600_000
"""How long a burst may last: what comes later is another letter."""
READ_MS = 45_000
"""A customer who was there this long after the words has them: a line that broke unseen is found out by then."""
BACK_DAYS = 30
LONGEST_ADDRESS = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL}(?:\.{_LOCAL})*@(?:{_LABEL}\.)+(?=[A-Za-z0-9-]*[A-Za-z]){_LABEL}")


class NoAddress(ValueError):
    """What was given is no e-mail address; `given` is it, short enough to be shown."""

    def __init__(self, given: str) -> None:
        super().__init__(say("mail.no_address", address=given))
        self.given = given


@dataclass(frozen=True)
class Links:
    """The addresses in a letter: back into the conversation, and to stop being written to."""

    back: str
    stop: str


@dataclass(frozen=True)
class Letter:
    """One burst of agents' words for somebody who was away: `to` is the event of the last of them, `at` when it is
    sent, in Unix ms."""

    address: str
    to: int
    at: int
    said: tuple[Message, ...]


def address(text: str) -> str:
    """The address in `text`, its domain as the net writes it. Raises NoAddress."""
    given = text.strip()
    name, at, domain = given.rpartition("@")
    try:
        found = f"{name}@{domain.encode('idna').decode()}" if at and domain.isprintable() else ""
    except UnicodeError:
        found = ""
    if len(found) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(found):
        raise NoAddress(_line(given)[:80])
    return found


def sender(text: str) -> str:
    """Who writes, as "Support <help@example.com>" or an address alone. Raises ValueError when it is neither."""
    name, found = parseaddr(text)
    try:
        return formataddr((_line(name), address(found)))
    except NoAddress as error:
        raise ValueError(f"HELPLENS_MAIL_FROM is written like 'Support <help@example.com>', not {text!r}") from error


def reached(log: Iterable[LogEntry]) -> str:
    """Where the customer is written to; empty: nowhere."""
    found = ""
    for _, event in log:
        if isinstance(event, Reachable):
            found = event.address
    return found


def mail(log: Iterable[LogEntry]) -> Mail:
    """What a customer may be told of mail, where it can be sent."""
    return "known" if reached(log) else "offered"


def next_letter(log: Sequence[LogEntry], present: int) -> Letter | None:
    """The letter that is to be sent next, None when there is none. `present` is when the customer was last there."""
    to = reached(log)
    said: dict[str, tuple[int, Message]] = {}
    for event_id, event in log:
        match event:
            case Message(sender="agent"):
                said[event.id] = (event_id, event)
            case Edited() if event.message_id in said:
                first, old = said[event.message_id]
                said[event.message_id] = (first, old.model_copy(update={"text": event.text or ""}))
            case Message(sender="customer") | Rated():
                said.clear()
            case Mailed():
                said = {id_: (n, message) for id_, (n, message) in said.items() if n > event.to}
            case _:
                pass
    unread = [
        (n, message)
        for n, message in said.values()
        if n + READ_MS > present and (message.text.strip() or message.attachments)
    ]
    if not to or not unread:
        return None
    at = min(unread[-1][0] + QUIET_MS, unread[0][0] + LONGEST_MS)
    return Letter(to, unread[-1][0], at, tuple(message for _, message in unread))


def written(letter: Letter, conversation_id: str, links: Links, sender: str, language: str = "en") -> EmailMessage:
    """The letter as it goes over the net: plain words, and a header by which a mail program stops them with one press
    (RFC 8058)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = letter.address
    message["Subject"] = say("mail.subject", language, who=_line(letter.said[-1].who or "")[:80])
    message["Date"] = formatdate(letter.at / 1000)
    message["Message-ID"] = f"<{conversation_id}.{letter.to}@{sender.rpartition('@')[2].strip(' >')}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{links.stop}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(words(letter, links, language), cte="quoted-printable")
    return message


def words(letter: Letter, links: Links, language: str = "en") -> str:
    """What the letter says."""
    said = [
        "\n".join((f"{_line(message.who or '')}:", *([message.text] if message.text.strip() else [])))
        + (f"\n{say('mail.picture', language)}" if message.attachments else "")
        for message in letter.said
    ]
    back = say("mail.back", language, days=BACK_DAYS, link=links.back)
    stop = say("mail.stop", language, link=links.stop)
    return "\n\n".join((say("mail.greeting", language), *said, back, stop)) + "\n"


def _line(text: str) -> str:
    """As one line, without anything that ends a header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
