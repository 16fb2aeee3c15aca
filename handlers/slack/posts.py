"""A fact of the log -> what is posted of it in the thread, in order. Pure.

Whole messages only: deltas, plans and steps are never posted. Not here: sending (`mirror`), the card (`card`).
"""

import hashlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field, replace

from bot.case import Log, why
from bot.conversation import (
    Answered,
    Attachment,
    Edited,
    Event,
    Message,
    Noted,
    OwnerChanged,
    Pointed,
    Rated,
    Reminded,
    Stopped,
)
from handlers.slack.blocks import Block, answer, context, messages, words
from handlers.slack.pacer import Rank
from handlers.slack.text import escape, short, shown_name
from prompts import say

PICTURES = 50
"""Number of a message's first picture among its posts; words come before."""


@dataclass(frozen=True)
class Post:
    """One post in a thread: words, or (with `picture`) a file."""

    key: str
    """Names it for ever: `<event id>.<number>`. Kept as the post's metadata, so that it is found again."""
    rank: Rank
    text: str
    blocks: list[Block] = field(default_factory=list)
    username: str | None = None
    icon: str | None = None
    picture: Attachment | None = None
    fleeting: bool = False
    """A line about the state of things: when another one follows it unsent, it is not sent at all."""
    broadcast: bool = False
    """Shown in the channel too, not in the thread alone."""
    turn: int | None = None
    """The bot's turn that this is the answer of: a later answer of the same turn replaces it."""


def posts(event_id: int, event: Event | None, customer: str, written: Container[str]) -> list[Post]:
    """What one fact adds to the thread. `written` holds the ids of what was written there."""
    match event:
        case Message(sender="customer"):
            return list(_customers(event_id, event, customer))
        case Message(sender="agent") if event.id not in written:
            return list(_agents(event_id, event))
        case Message(sender="bot"):
            post = Post(
                "", Rank.BOT, escape(short(event.text, 300)), username=say("slack.bot_name"), icon=":robot_face:"
            )
            return list(_whole(event_id, post, words(event.text)))
        case Answered():
            sources = [(c.title, c.url) for c in event.citations]
            lead = f"\n\n{say('answering.or_these')}" if event.answered and event.choices else ""
            choices = lead + "".join(f"\n• {choice.text}" for choice in event.choices)
            text = escape(short(event.text, 300))
            post = Post("", Rank.BOT, text, username=say("slack.bot_name"), icon=":robot_face:")
            whole = list(_whole(event_id, post, answer(event.text + choices, sources)))
            return [replace(whole[0], turn=event.turn), *whole[1:]]
        case Noted() if note_id(event.who, event.text) not in written:
            return [_status(event_id, say("slack.note_by", who=escape(event.who), text=escape(event.text)))]
        case Stopped() if event.text.strip():
            text = escape(short(event.text, 1_000))
            return [_status(event_id, say("slack.stopped", text=text))]
        case OwnerChanged():
            return [replace(_status(event_id, _owner(event)), fleeting=True)]
        case Reminded(step="team"):
            return [replace(_status(event_id, say("slack.still_waiting")), broadcast=True)]
        case Reminded():
            return [replace(_status(event_id, say("slack.told", text=escape(event.text))), fleeting=True)]
        case Edited() if event.message_id not in written:
            line = say("slack.edited", text=escape(event.text)) if event.text else say("slack.taken_back")
            return [_status(event_id, line)]
        case Rated():
            comment = escape(short(event.comment, 500))
            line = say("slack.rated_well") if event.helped else say("slack.rated_badly", comment=comment)
            return [_status(event_id, line.strip())]
    return []


def masked(event: Event | None, mask: Callable[[str], str]) -> Event | None:
    """A fact as it may leave for Slack: what customers and the bot said, without what is private in it."""
    match event:
        case Message(sender="customer") | Answered() | Stopped() if event.text:
            return event.model_copy(update={"text": mask(event.text)})
        case Rated() if event.comment:
            return event.model_copy(update={"comment": mask(event.comment)})
    return event


def note_id(who: str, text: str) -> str:
    """The name of a note that was written in Slack: notes carry no id of their own."""
    return "note-" + hashlib.sha256(f"{who}\0{text}".encode()).hexdigest()[:16]


def pointed_attachment(event: Event | None) -> str | None:
    """The picture that a fact put a ring on."""
    return event.attachment_id if isinstance(event, Pointed) else None


def _whole(event_id: int, post: Post, blocks: list[Block]) -> Iterator[Post]:
    """A post in as many messages as its blocks need."""
    for number, part in enumerate(messages(blocks)):
        yield replace(post, key=f"{event_id}.{number}", blocks=part)


def _pictures(event_id: int, post: Post, event: Message) -> Iterator[Post]:
    for number, attachment in enumerate(event.attachments, start=PICTURES):
        yield replace(post, key=f"{event_id}.{number}", text=post.username or "", picture=attachment)


def _customers(event_id: int, event: Message, customer: str) -> Iterator[Post]:
    name = shown_name(customer, say("slack.customer"))
    post = Post("", Rank.CUSTOMER, escape(short(event.text, 300)), username=name, icon=":bust_in_silhouette:")
    if event.text.strip():
        yield from _whole(event_id, post, words(event.text))
    yield from _pictures(event_id, post, event)


def _agents(event_id: int, event: Message) -> Iterator[Post]:
    """An agent's words from the desk: shown here too, under the agent's name."""
    post = Post("", Rank.STATUS, escape(short(event.text, 300)) or "…", username=short(event.who or "?", 60))
    if event.text.strip():
        yield from _whole(event_id, post, words(event.text))
    yield from _pictures(event_id, post, event)


def _status(event_id: int, line: str) -> Post:
    return Post(f"{event_id}.0", Rank.STATUS, line, [context(line)])


def _owner(event: OwnerChanged) -> str:
    who = escape(event.who or "")
    if event.owner == "waiting":
        return say("slack.waits", reason=escape(why(event)))
    if event.owner == "human":
        return say("slack.took", who=who)
    if event.owner == "closed":
        return say("slack.resolved", who=who) if who else say("slack.resolved_alone")
    return say("slack.handed_back")


def wants_person(facts: Log) -> bool:
    """Whether a conversation belongs in Slack: a person was asked for at least once."""
    return any(isinstance(e, OwnerChanged) and e.owner in ("waiting", "human") for _, e in facts)


def place_of(key: str) -> tuple[int, int]:
    """A post's name as a place in the log."""
    event_id, _, number = key.partition(".")
    return int(event_id), int(number)


def file_name(post: Post) -> str:
    """The name of a post's file, by which it is found again. Only for posts with a picture."""
    assert post.picture is not None
    return f"screenshot-{post.picture.id.rpartition('/')[2][:12]}-{post.key.partition('.')[0]}.png"


def instead(post: Post, line: str) -> Post:
    """A line in the place of what may not or cannot be shown."""
    return replace(post, picture=None, text=line, blocks=[context(line)])
