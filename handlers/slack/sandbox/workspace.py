"""What a workspace holds: people, channels, messages, files, views. Messages are dicts in Slack's own shape.

Every change goes through a method here, and whoever wants to know (the page, the event delivery) listens with
`on_change` and `on_event`. Not here: HTTP (`methods`, `server`), retries and signatures (`delivery`).
"""

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from handlers.slack.clock import Clock

Json = dict[str, Any]
TEAM = "T0SANDBOX"
BOT_USER = "U0HELPLENS"
BOT_ID = "B0HELPLENS"
APP_ID = "A0HELPLENS"


class SlackError(Exception):
    """An answer of Slack's that says no: `code` is Slack's own word for it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass
class User:
    """A member. `colour` draws the picture that the page and `users.info` show."""

    id: str
    name: str
    real_name: str
    colour: str = "#4a154b"
    bot: bool = False
    strange: bool = False
    """From another company, through Slack Connect."""


@dataclass
class Channel:
    """A channel or, with `owner`, the direct messages between the app and that member."""

    id: str
    name: str
    members: set[str]
    owner: str | None = None
    archived: bool = False
    deleted: bool = False
    shared: bool = False
    private: bool = False
    messages: dict[str, Json] = field(default_factory=dict)


@dataclass
class File:
    """A file and its bytes; `shares` are (channel, thread, ts)."""

    id: str
    name: str
    title: str
    mimetype: str
    user: str
    data: bytes = b""
    uploaded: bool = False
    complete: bool = False
    shares: list[tuple[str, str | None, str]] = field(default_factory=list)


class Workspace:
    """One workspace with one app in it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.ephemerals: list[Json] = []
        self.views: dict[str, Json] = {}
        self.homes: dict[str, Json] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self.prompts: dict[str, list[dict[str, str]]] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.streams: dict[str, float] = {}
        """ts -> when the stream was started, while it is open."""
        self.on_event: list[Callable[[Json], None]] = []
        self.on_change: list[Callable[[], None]] = []
        self._count = itertools.count(1)
        self._last_ts = (0, 0)
        self.add_user(User(BOT_USER, "helplens", "HelpLens", "#0b6e4f", bot=True))

    # people and places -------------------------------------------------------------------------------------------

    def add_user(self, user: User) -> User:
        """A new member, with a direct message channel to the app."""
        self.users[user.id] = user
        if not user.bot:
            direct = Channel(f"D{user.id[1:]}", user.name, {user.id, BOT_USER}, owner=user.id)
            self.channels[direct.id] = direct
        return user

    def add_channel(self, channel_id: str, name: str, *, shared: bool = False) -> Channel:
        """A new channel with everybody in it."""
        self.channels[channel_id] = Channel(channel_id, name, set(self.users), shared=shared)
        return self.channels[channel_id]

    def channel(self, channel_id: str, *, posting: bool = False) -> Channel:
        """The channel; raises what Slack says when it is gone, archived or not the app's to post in."""
        direct = f"D{channel_id[1:]}" if channel_id in self.users else channel_id  # a user's id stands for the DM
        channel = self.channels.get(direct)
        if channel is None or channel.deleted:
            raise SlackError("channel_not_found")
        if posting and channel.archived:
            raise SlackError("is_archived")
        if BOT_USER not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def next_id(self, letter: str) -> str:
        """A fresh id that starts with `letter`."""
        return f"{letter}{next(self._count):09d}"

    def next_ts(self) -> str:
        """The next message's timestamp: unique and rising, also when the clock stands still."""
        second = int(self.clock.now())
        last, n = self._last_ts
        self._last_ts = (second, 0) if second > last else (last, n + 1)
        return f"{self._last_ts[0]}.{self._last_ts[1]:06d}"

    # messages ----------------------------------------------------------------------------------------------------

    def post(self, channel_id: str, message: Json) -> Json:
        """Adds a message, tells the listeners, and keeps the parent's reply count as Slack does."""
        channel = self.channels[channel_id]
        parent = channel.messages.get(message.get("thread_ts", ""))
        if message.get("thread_ts") and parent is None:
            raise SlackError("thread_not_found")
        message = {"type": "message", "ts": self.next_ts(), "team": TEAM, **message}
        channel.messages[message["ts"]] = message
        self.changed()
        self.emit_message(channel, message)
        if parent is not None:
            before = copy.deepcopy(parent)
            parent["reply_count"] = parent.get("reply_count", 0) + 1
            parent["latest_reply"] = message["ts"]
            self._emit_changed(channel, parent, before)
        return message

    def update(self, channel_id: str, ts: str, changes: Json, *, edited_by: str | None = None) -> Json:
        """Changes a message in place; `edited_by` marks an edit by a person."""
        channel = self.channels[channel_id]
        message = channel.messages.get(ts)
        if message is None:
            raise SlackError("message_not_found")
        before = copy.deepcopy(message)
        message.update(changes)
        if edited_by is not None:
            message["edited"] = {"user": edited_by, "ts": self.next_ts()}
        self.changed()
        self._emit_changed(channel, message, before)
        return message

    def delete(self, channel_id: str, ts: str) -> None:
        """Removes a message; a parent with replies leaves Slack's tombstone."""
        channel = self.channels[channel_id]
        message = channel.messages.pop(ts, None)
        if message is None:
            raise SlackError("message_not_found")
        self.changed()
        self.emit(
            {
                "type": "message",
                "subtype": "message_deleted",
                "channel": channel.id,
                "channel_type": "im" if channel.owner else "channel",
                "ts": self.next_ts(),
                "deleted_ts": ts,
                "hidden": True,
                "previous_message": message,
            }
        )

    def thread(self, channel_id: str, ts: str) -> list[Json]:
        """A parent and its replies, oldest first; without the parent when it was deleted."""
        messages = self.channels[channel_id].messages
        return [m for m in sorted(messages.values(), key=lambda m: m["ts"]) if ts in (m["ts"], m.get("thread_ts"))]

    # telling -----------------------------------------------------------------------------------------------------

    def emit_message(self, channel: Channel, message: Json) -> None:
        """The `message` event, as the app hears it."""
        kind = "im" if channel.owner else "channel"
        self.emit({**copy.deepcopy(message), "channel": channel.id, "channel_type": kind, "event_ts": message["ts"]})

    def emit(self, event: Json) -> None:
        """Hands an event to every listener."""
        for listener in self.on_event:
            listener(event)

    def changed(self) -> None:
        """Tells the page that something is new."""
        for listener in self.on_change:
            listener()

    def _emit_changed(self, channel: Channel, message: Json, before: Json) -> None:
        self.emit(
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": channel.id,
                "channel_type": "im" if channel.owner else "channel",
                "ts": self.next_ts(),
                "hidden": True,
                "message": copy.deepcopy(message),
                "previous_message": before,
            }
        )
