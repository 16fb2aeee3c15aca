"""Pure: by what a conversation is found again once it is solved, and what is told of it then.

A conversation is marked by the phrases of the errors that its pictures showed, else by the page that they were of: the
same fingerprints by which known problems are told apart, so nothing that is private is in them. Not here: where marks
are kept (`bot.state`), who looks (`bot.precedents`).
"""

from collections.abc import Sequence

from bot.conversation import Event, Message, Noun, OwnerChanged, Seen, fold
from bot.knowledge.incidents import fingerprint, phrase, words

LogEntry = tuple[int, Event | None]
SAID_CHARS = 300
PAGE = "page "


class Solved(Noun):
    """A conversation that a person or the assistant has solved: what it was about, and what helped. `at` is Unix ms."""

    id: str
    title: str
    said: str
    who: str | None
    at: int


def marks(log: Sequence[LogEntry], own_patterns: Sequence[str] = ()) -> tuple[str, ...]:
    """What a conversation is found by: its errors, where none was read its pages; nothing when it shows neither."""
    seen = [event for _, event in log if isinstance(event, Seen)]
    errors = dict.fromkeys(filter(None, (phrase(one.error, own_patterns) for one in seen if one.error)))
    if errors:
        return tuple(fingerprint(error) for error in errors)
    pages = dict.fromkeys(filter(None, (words(one.where, own_patterns) for one in seen if one.where)))
    return tuple(fingerprint(PAGE + page) for page in pages)


def solved(conversation_id: str, log: Sequence[LogEntry]) -> Solved | None:
    """What is told of a conversation that is closed: the last words of a person to the customer, else the last answer
    that the customer said had helped; None: nothing in it tells what solved it, or it is open again."""
    conversation = fold(conversation_id, log)
    closed = next(((i, e) for i, e in reversed(log) if isinstance(e, OwnerChanged)), None)
    if conversation.owner != "closed" or closed is None:
        return None
    persons = [m for m in conversation.messages if m.sender == "agent" and m.text]
    helped = [a for turn, a in conversation.answers.items() if (r := conversation.ratings.get(turn)) and r.helped]
    said, who = (persons[-1].text, persons[-1].who) if persons else (helped[-1].text if helped else "", None)
    if not said:
        return None
    asked = (m.text for m in conversation.messages if isinstance(m, Message) and m.sender == "customer" and m.text)
    short = said if len(said) <= SAID_CHARS else said[: SAID_CHARS - 1].rstrip() + "…"
    return Solved(id=conversation_id, title=next(asked, "")[:80], said=short, who=who, at=closed[0])
