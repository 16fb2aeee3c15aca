"""A conversation's thread as the store remembers it: where it is, how far it got, which buttons were used.

Two hands write here: the mirror under its lease (where, how far), and whoever presses a button (`mark`, `assigned`,
`snoozed`); no field is written by both. Not here: what was said, held or decided; that is in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from handlers.slack.card import Used


@dataclass(frozen=True)
class Thread:
    """One conversation's place in Slack. Frozen: a change is a new one, and `changes` says what to write."""

    conversation: str
    channel: str = ""
    ts: str = ""
    """Of the card, under which everything is posted; empty while there is none."""
    cursor: tuple[int, int] = (0, 0)
    """(event id, number) of the last post that stands in the thread."""
    intent: str = ""
    """The post that was about to be sent."""
    intent_at: float = 0.0
    drawn: str = ""
    """What the card showed when it was last drawn, as a hash."""
    undrawn: int = 0
    """How often the card could not be drawn as it should be."""
    gone: str = ""
    """The ts of the card that was deleted, when this thread stands in for an older one."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Attachment id -> Slack file id, the newest last."""
    turns: Mapping[str, str] = field(default_factory=dict)
    """The bot's turn -> ts of its answer in the thread."""
    # written by buttons and listeners:
    assigned: str = ""
    snoozed_until: float = 0.0
    deleted: str = ""
    """The ts of a card that somebody deleted."""
    used: tuple[Used, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    """Id of a message, a note or held words -> ts of the Slack message that it was written in."""
    saying: Mapping[str, float] = field(default_factory=dict)
    """ts of Slack messages that are just being entered into the log -> since when."""

    @staticmethod
    def read(conversation_id: str, fields: Mapping[str, str]) -> "Thread":
        """The thread in a conversation's fields; a field that is empty is not there."""
        event_id, _, number = (fields.get("cursor") or "0.0").partition(".")
        marks = {k.partition(":")[2]: v for k, v in fields.items() if k.startswith("mark:") and v}
        return Thread(
            conversation=conversation_id,
            channel=fields.get("channel", ""),
            ts=fields.get("ts", ""),
            cursor=(int(event_id), int(number)),
            intent=fields.get("intent", ""),
            intent_at=float(fields.get("intent_at") or 0),
            drawn=fields.get("drawn", ""),
            undrawn=int(fields.get("undrawn") or 0),
            gone=fields.get("gone", ""),
            files=orjson.loads(fields.get("files") or "{}"),
            turns=orjson.loads(fields.get("turns") or "{}"),
            assigned=fields.get("assigned", ""),
            snoozed_until=float(fields.get("snoozed_until") or 0),
            deleted=fields.get("deleted", ""),
            used=tuple(Used.model_validate_json(mark) for _, mark in sorted(marks.items())),
            written={k.partition(":")[2]: v for k, v in fields.items() if k.startswith("written:") and v},
            saying={k.partition(":")[2]: float(v) for k, v in fields.items() if k.startswith("saying:") and v},
        )

    def own_fields(self) -> dict[str, str]:
        """What the mirror writes, as texts by name."""
        return {
            "channel": self.channel,
            "ts": self.ts,
            "cursor": f"{self.cursor[0]}.{self.cursor[1]}",
            "intent": self.intent,
            "intent_at": f"{self.intent_at:.6f}",
            "drawn": self.drawn,
            "undrawn": str(self.undrawn),
            "gone": self.gone,
            "files": orjson.dumps(dict(self.files)).decode(),
            "turns": orjson.dumps(dict(self.turns)).decode(),
        }

    def changes(self, before: "Thread") -> dict[str, str]:
        """The mirror's fields that differ from `before`."""
        old = before.own_fields()
        return {name: value for name, value in self.own_fields().items() if old[name] != value}

    def moved(self) -> "Thread":
        """The same conversation without its thread: the next run opens a new one and tells all from the start."""
        return replace(self, ts="", cursor=(0, 0), intent="", drawn="", files={}, turns={}, gone=self.ts)

    def message_in(self, ts: str) -> str | None:
        """The id of the message, note or held words that was written in the Slack message `ts`."""
        return next((message for message, written_in in self.written.items() if written_in == ts), None)


def place_of_card(beside: Mapping[str, str]) -> tuple[str, str]:
    """Channel and ts of a conversation's card, as kept beside it for whoever does not hold the lease."""
    channel, _, ts = beside.get("card", "").partition(" ")
    return channel, ts
