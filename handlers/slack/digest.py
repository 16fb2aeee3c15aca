"""The morning's digest: one message when the desk opens, with what waits since it closed, the longest first.

Posted once an opening, whichever process is first. Not here: when the desk is open (`bot.hours`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.helpdesk import HelpDesk, NotFound
from bot.hours import Hours
from handlers.slack.blocks import Block, messages, section
from handlers.slack.calls import Calls, Later
from handlers.slack.card import Card, card, masked_card
from handlers.slack.clock import Clock
from handlers.slack.memory import Memory
from handlers.slack.mirror import Mask
from handlers.slack.pacer import Rank
from handlers.slack.text import escape, fit, mrkdwn, short, when
from handlers.slack.thread import place_of_card
from prompts import say

LATE = 3 * 3_600.0
"""Seconds after the opening up to which a digest still makes sense."""
MOST = 15


@dataclass(frozen=True)
class Waiting:
    """A conversation of the digest, and the address of its card in Slack."""

    card: Card
    link: str = ""


@dataclass(frozen=True)
class Digest:
    """One serves a process."""

    client: AsyncWebClient
    calls: Calls
    desk: HelpDesk
    memory: Memory
    clock: Clock
    hours: Hours
    channel: str
    mask: Mask

    async def post(self) -> bool:
        """Posts the digest if the desk has opened and nobody has posted it; waits for as long as Slack is away."""
        now = self.clock.now()
        opened = self.hours.last_opening(int(now * 1000))
        if opened is None or now - opened / 1000 > LATE or not await self.memory.once(f"digest:{opened}", 2 * 86_400):
            return False
        while True:
            try:
                return await self._tell(opened / 1000)
            except Later as later:
                await self.clock.sleep(max(1.0, later.seconds))

    async def _tell(self, opened: float) -> bool:
        waiting = await self._waiting(opened)
        for part in messages(digest_blocks(waiting)) if waiting else []:
            send = partial(
                self.client.chat_postMessage,
                channel=self.channel,
                text=say("slack.digest_title", count=len(waiting)),
                blocks=part,
                unfurl_links=False,
                unfurl_media=False,
            )
            await self.calls.post(self.channel, Rank.CUSTOMER, send)
        return bool(waiting)

    async def _waiting(self, before: float) -> list[Waiting]:
        found = []
        for summary in await self.desk.queue():
            if summary.owner != "waiting":
                continue
            try:
                shown = masked_card(card(summary.id, await self.desk.log(summary.id)), self.mask)
            except NotFound:
                continue
            if shown.since < before:
                found.append(Waiting(shown, await self._link(summary.id)))
        return sorted(found, key=lambda w: w.card.since)

    async def _link(self, conversation_id: str) -> str:
        channel, ts = place_of_card(await self.memory.fields(conversation_id))
        if not ts:
            return ""
        answer = await self.calls.read(channel, lambda: self.client.chat_getPermalink(channel=channel, message_ts=ts))
        return str(answer["permalink"])


def digest_blocks(waiting: Sequence[Waiting]) -> list[Block]:
    """What waits, oldest first, each with the customer's words and the draft. Pure."""
    title = say("slack.digest_title", count=len(waiting))
    blocks: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": title}}]
    for one in waiting[:MOST]:
        about = escape(short(one.card.error or one.card.asked or one.card.reason, 200))
        line = say("slack.digest_line", when=when(one.card.since), about=about)
        if one.link:
            line += f" · <{one.link}|{say('slack.digest_open')}>"
        if one.card.draft:
            line += f"\n&gt; {fit(mrkdwn(short(one.card.draft, 300)), 600)}"
        blocks.append(section(line))
    if len(waiting) > MOST:
        blocks.append(section(say("slack.digest_more", count=len(waiting) - MOST)))
    return blocks
