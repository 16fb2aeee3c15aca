"""The log -> the thread: one card, whole messages in order, nothing lost and nothing doubled.

Each post is first noted as an intent, then sent with the fact's name as its metadata, then passed by the cursor. An
intent without a result is looked up in the thread before it is sent again. A run happens under the lease of the kind
`slack` and may be stopped anywhere. Not here: what agents do (`actions`), how posts look (`posts`, `blocks`).
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import orjson
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.case import Log, case
from bot.conversation import Attachment, Message, Point, fold
from bot.knowledge.solved import Solved
from handlers.slack.blocks import card_blocks, card_text, context
from handlers.slack.calls import Calls, Later, ThreadGone, Unshowable
from handlers.slack.card import Card, card, masked_card, named
from handlers.slack.clock import Clock
from handlers.slack.looking import find_card, find_post
from handlers.slack.pacer import Rank
from handlers.slack.posts import Post, file_name, instead, masked, place_of, pointed_attachment, posts, wants_person
from handlers.slack.thread import Thread
from prompts import say

Picture = Callable[[Attachment, Sequence[Point]], Awaitable[bytes | None]]
"""The copy of a picture that may leave: private parts blacked out, rings drawn. None when that cannot be had."""
Keep = Callable[[Mapping[str, str]], Awaitable[None]]
"""Writes fields of the conversation under the lease; raises when the lease has moved on."""
Mask = Callable[[str], str]
"""A text with what is private in it left out: Slack is a third party."""
Like = Callable[[str, Log], Awaitable[list[Solved]]]
"""Solved conversations that show the same as one."""
BATCH = 10
"""Most posts of one run, so that a long transcript shares its worker with others."""
RUN = 30.0
"""Seconds after which a run starts no further post: its lease ends long after."""
END = 99
TRIES = 3
ENTERING = 60.0
"""Seconds after which a message that was being entered was given up by a process that died."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Place:
    """Where conversations land and what may be shown there."""

    channel: str
    pictures: bool = True
    alerts_only: bool = False
    desk_url: str = ""
    """Address of a conversation at the desk, with `{id}`; empty when there is none."""


@dataclass(frozen=True)
class Mirror:
    """Shows conversations to the team. One serves a process; how far each thread got lies in the store."""

    client: AsyncWebClient
    calls: Calls
    clock: Clock
    place: Place
    picture: Picture
    mask: Mask
    like: Like

    async def run(self, conversation_id: str, facts: Log, fields: Mapping[str, str], keep: Keep) -> "Told":
        """Brings the thread up to the log."""
        thread = Thread.read(conversation_id, fields)
        if not thread.ts and not wants_person(facts):
            return Told(thread, None)
        telling = _Telling(self, thread, facts, keep)
        try:
            again = await telling.catch_up()
            return Told(telling.thread, again)
        except ThreadGone:
            await keep(telling.thread.moved().own_fields())
            return Told(thread, 0.0)
        except Later as later:
            log.warning("slack.later", conversation=conversation_id, reason=later.reason, seconds=later.seconds)
            return Told(telling.thread, later.seconds, later.shut)


@dataclass(frozen=True)
class Told:
    """How a run ended: where the thread stands, and in how many seconds to run again; None when all is shown."""

    thread: Thread
    again: float | None
    shut: str = ""
    """Why the channel takes no posts at all, in Slack's own word; empty when it does."""


class _Telling:
    """One run on one conversation."""

    def __init__(self, mirror: Mirror, thread: Thread, facts: Log, keep: Keep) -> None:
        self._client, self._calls, self._clock = mirror.client, mirror.calls, mirror.clock
        self._place, self._picture, self._mask, self._like = mirror.place, mirror.picture, mirror.mask, mirror.like
        self._solved: tuple[Solved, ...] = ()
        self.thread, self._facts, self._keep = thread, facts, keep
        self._conversation = fold(thread.conversation, facts)
        self._case = case(thread.conversation, facts)

    async def catch_up(self) -> float | None:
        """Everything after the cursor, then the card."""
        if self.thread.deleted and self.thread.deleted == self.thread.ts:
            raise ThreadGone
        self._solved = tuple(await self._like(self.thread.conversation, self._facts))
        if not self.thread.ts:
            await self._open()
        if self._being_entered():
            return 1.0
        due = await asyncio.to_thread(self._due)  # masking takes its time
        until = self._clock.now() + RUN
        for sent, post in enumerate(due):
            if sent == BATCH or self._clock.now() > until:
                return 0.0
            await self._once(post)
        if self._facts:
            await self._set(cursor=max(self.thread.cursor, (self._facts[-1][0], END)))
        await self._draw_card()
        return self._wake_up()

    def _being_entered(self) -> bool:
        """Whether an agent's message may just come from this very thread: then it must not be posted there again."""
        known = self.thread.written
        unknown = any(
            isinstance(e, Message) and e.sender == "agent" and e.id not in known
            for i, e in self._facts
            if i > self.thread.cursor[0]
        )
        return unknown and any(self._clock.now() - at < ENTERING for at in self.thread.saying.values())

    def _due(self) -> list[Post]:
        """The posts after the cursor; of a run of status lines that are all still to be sent, the last alone."""
        due: list[Post] = []
        for event_id, event in self._facts:
            if event_id < self.thread.cursor[0]:
                continue
            ringed = self._conversation.attachments.get(pointed_attachment(event) or "")
            if ringed is not None and ringed.id in self.thread.files:
                due.append(Post(f"{event_id}.0", Rank.STATUS, "", picture=ringed))
            due += posts(event_id, masked(event, self._mask), named(self._case), self.thread.written)
        asleep = self.thread.snoozed_until > self._clock.now()
        due = [p for p in due if place_of(p.key) > self.thread.cursor and not (p.broadcast and asleep)]
        worthless = {p.key for p, after in pairwise(due) if p.fleeting and after.fleeting}
        return [p for p in due if p.key not in worthless]

    def _wake_up(self) -> float | None:
        """A snoozed conversation comes back by itself."""
        left = self.thread.snoozed_until - self._clock.now()
        return left if left > 0 else None

    # the card ----------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        """Posts the card; one whose answer was lost is found again by its metadata."""
        ts = None
        if self.thread.intent == "card":
            ts = await find_card(self._client, self._calls, self.thread, self._place.channel)
        if ts is None:
            await self._set(intent="card", intent_at=self._clock.now())
            shown = await asyncio.to_thread(self._card)
            answer = await self._calls.post(
                self._place.channel,
                Rank.CUSTOMER,
                lambda: self._client.chat_postMessage(
                    channel=self._place.channel,
                    text=card_text(shown),
                    blocks=card_blocks(replace(shown, picture=None)),
                    metadata=self._metadata(),
                    unfurl_links=False,
                    unfurl_media=False,
                ),
            )
            ts = str(answer["ts"])
        await self._set(channel=self._place.channel, ts=ts, intent="")
        if self.thread.gone:
            line = say("slack.new_thread")
            await self._words(Post("0.0", Rank.STATUS, line, [context(line)]))

    def _card(self) -> Card:
        shown = card(
            self.thread.conversation,
            self._facts,
            used=self.thread.used,
            picture=next(reversed(list(self.thread.files.values())), None),
            snoozed_until=self.thread.snoozed_until if self.thread.snoozed_until > self._clock.now() else 0.0,
            assigned=self.thread.assigned or None,
            alerts_only=self._place.alerts_only,
            desk_url=self._place.desk_url.replace("{id}", self.thread.conversation),
            solved=self._solved,
            solved_url=self._place.desk_url,
        )
        return masked_card(shown, self._mask)

    async def _draw_card(self) -> None:
        """Edits the card in place when what it shows has changed."""
        shown = await asyncio.to_thread(self._card)
        mark = hashlib.sha256(orjson.dumps(card_blocks(shown))).hexdigest()[:16]
        if mark == self.thread.drawn:
            return
        try:
            await self._draw(shown)
        except Unshowable as error:  # most often a picture that Slack has not finished yet
            if self.thread.undrawn < TRIES:
                await self._set(undrawn=self.thread.undrawn + 1)
                raise Later(5.0, str(error)) from error
            log.error("slack.unshowable", conversation=self.thread.conversation, reason=str(error))
            await self._draw(replace(shown, picture=None))
        await self._set(drawn=mark, undrawn=0)

    async def _draw(self, shown: Card) -> None:
        await self._calls.update(
            self.thread.channel,
            Rank.CARD,
            lambda: self._client.chat_update(
                channel=self.thread.channel,
                ts=self.thread.ts,
                text=card_text(shown),
                blocks=card_blocks(shown),
                metadata=self._metadata(),
            ),
        )

    # posts -------------------------------------------------------------------------------------------------------

    async def _once(self, post: Post) -> None:
        """One post, exactly once: intent, look-up when there was one, post, cursor."""
        if self.thread.intent != post.key or not await self._stands(post):
            await self._set(intent=post.key, intent_at=self._clock.now())
            try:
                await (self._words(post) if post.picture is None else self._file(post, post.picture))
            except Unshowable as error:  # say so and go on: what follows must not wait behind it for ever
                log.error("slack.unshowable", conversation=self.thread.conversation, post=post.key, reason=str(error))
                await self._words(instead(post, say("slack.unshown")))
        await self._set(intent="", cursor=place_of(post.key))

    async def _stands(self, post: Post) -> bool:
        """Whether a post whose answer was lost is in the thread."""
        name = file_name(post) if post.picture else None
        found = await find_post(self._client, self._calls, self.thread, post.key, name)
        if found is not None and post.picture is not None and found.file:
            await self._set(files={**self.thread.files, post.picture.id: found.file})
        return found is not None

    async def _words(self, post: Post) -> None:
        shown_at = self.thread.turns.get(str(post.turn))
        if shown_at is not None:  # a later answer of the same turn replaces the earlier one
            await self._calls.update(
                self.thread.channel,
                post.rank,
                lambda: self._client.chat_update(
                    channel=self.thread.channel, ts=shown_at, text=post.text, blocks=post.blocks
                ),
            )
            return
        answer = await self._calls.post(
            self.thread.channel,
            post.rank,
            lambda: self._client.chat_postMessage(
                channel=self.thread.channel,
                thread_ts=self.thread.ts,
                text=post.text,
                blocks=post.blocks,
                username=post.username,
                icon_emoji=post.icon,
                reply_broadcast=post.broadcast or None,
                metadata=self._metadata(post.key),
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        if post.turn is not None:
            await self._set(turns={**self.thread.turns, str(post.turn): str(answer["ts"])})

    async def _file(self, post: Post, picture: Attachment) -> None:
        """A picture as a real Slack file, blacked out and ringed; a line in its place when it may not or cannot go."""
        if not self._place.pictures:
            await self._words(instead(post, say("slack.picture_kept")))
            return
        pointed = [p for group in self._conversation.pointed.values() for p in group if p.attachment_id == picture.id]
        data = await self._picture(picture, [point for p in pointed[-1:] for point in p.points])
        if data is None:
            await self._words(instead(post, say("slack.picture_failed")))
            return
        answer = await self._calls.post(
            self.thread.channel,
            post.rank,
            lambda: self._client.files_upload_v2(
                file=data,
                filename=file_name(post),
                title=say("slack.card_picture"),
                alt_txt=say("slack.card_picture"),
                channel=self.thread.channel,
                thread_ts=self.thread.ts,
                initial_comment=say("slack.picture_from", who=post.text or say("slack.customer")),
            ),
        )
        await self._set(files={**self.thread.files, picture.id: str(answer["files"][0]["id"])})

    # the store ---------------------------------------------------------------------------------------------------

    async def _set(self, **changes: Any) -> None:
        """Changes the thread and writes what changed, under the lease."""
        after = replace(self.thread, **changes)
        fields = after.changes(self.thread)
        if fields:
            await self._keep(fields)
        self.thread = after

    def _metadata(self, fact: str = "") -> dict[str, Any]:
        payload = {"conversation": self.thread.conversation}
        if not fact:
            return {"event_type": "helplens_conversation", "event_payload": payload}
        return {"event_type": "helplens_fact", "event_payload": payload | {"fact": fact}}
