"""Agents ask the bot: in its Messages tab, streamed; or by mention in a thread, answered to them alone.

An answer reaches a customer only when the agent presses "send to customer". Not here: how an answer is found (handed
in as `ask`), how a stream survives (`stream`).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Restart, Status
from bot.case import unnumbered
from bot.conversation import ANYBODY, Facets
from bot.helpdesk import Agent, HelpDesk, StateError
from handlers.slack.agents import Spot
from handlers.slack.blocks import Block, answer, button, context, feedback, section
from handlers.slack.clock import Clock
from handlers.slack.files import Files, Got
from handlers.slack.memory import Memory
from handlers.slack.private import Private
from handlers.slack.stream import Stream, quietly
from handlers.slack.text import escape, short, unescape
from prompts import say

Ask = Callable[[str, Sequence[bytes], Facets], AsyncIterator[Words | Restart | Status | Answer]]
"""One turn without a conversation: a question, pictures and what the customer has whom it is about in, words as they
come and one Answer out."""
Internal = Callable[[Sequence[str]], bool]
"""Whether any of these articles is none for every customer."""
PROMPTS = ("error", "article", "steps")
OFFERED = 3
log = structlog.get_logger(__name__)


class Asking:
    """The bot as the agents' own help."""

    def __init__(
        self,
        client: AsyncWebClient,
        ask: Ask,
        desk: HelpDesk,
        memory: Memory,
        files: Files,
        private: Private,
        clock: Clock,
        bot_user: Callable[[], str],
        mask: Callable[[str], str],
        internal: Internal,
    ) -> None:
        self._client, self._ask, self._desk, self._memory = client, ask, desk, memory
        self._internal = internal
        self._files, self._private, self._clock, self._bot_user, self._mask = files, private, clock, bot_user, mask

    async def greet(self, channel: str) -> None:
        """Suggested prompts in the Messages tab. Without a thread: with one, Slack ignores the call in silence."""
        prompts = [
            {"title": say(f"slack.ask_title_{name}"), "message": say(f"slack.ask_prompt_{name}")} for name in PROMPTS
        ]
        title = say("slack.ask_heading")
        await quietly(
            self._client.assistant_threads_setSuggestedPrompts(channel_id=channel, title=title, prompts=prompts)
        )

    async def direct(self, event: Mapping[str, Any], agent: Agent, team: str, *, again: bool = False) -> None:
        """A question in the Messages tab: a streamed answer under it. `again`: an earlier one broke off."""
        channel, thread = str(event["channel"]), str(event.get("thread_ts") or event["ts"])
        stream = Stream(self._client, self._clock, channel, thread, user=str(event["user"]), team=team)
        question = self._question(event)
        pictures, unread = await self._pictures(event.get("files", []))
        if not question and not pictures:
            await stream.say("\n".join(unread) or say("slack.ask_empty"))
            await stream.finish()
            return
        await self._status(channel, thread, say("slack.ask_looking" if pictures else "slack.ask_searching"))
        if again:
            await stream.say(say("slack.ask_again"))
        try:
            found = await self._streamed(stream, channel, thread, question, pictures)
        except Exception as error:  # said to the agent, then told on: it is logged there
            await stream.say(say("slack.ask_failed", reason=type(error).__name__))
            await stream.finish()
            raise
        name = uuid4().hex[:12]
        blocks: list[Block] = [context(line) for line in unread]
        if found is not None:
            blocks += _sources(found)
            blocks += await self._offers(agent, found, name) if self._may_be_sent(found) else [_for_the_team()]
        await stream.finish([*blocks, feedback(name)])

    async def failed(self, event: Mapping[str, Any], spot: Spot | None) -> None:
        """Says that a question could not be answered: each try broke off."""
        line = say("slack.ask_failed", reason=say("slack.ask_broke_off"))
        if spot is not None:
            self._private.line(spot, line)
        else:
            self._private.direct(str(event["user"]), line)

    async def mention(self, event: Mapping[str, Any], spot: Spot, *, again: bool = False) -> None:
        """A question in a thread: the whole answer, to the one who asked alone."""
        await self._status(spot.channel, spot.thread_ts, say("slack.ask_searching"))
        pictures, unread = await self._pictures(await self._files_of(spot, str(event["ts"])))
        question = self._question(event)
        try:
            found = await self._whole(question, pictures, await self._about(spot.conversation))
        except Exception as error:  # said to the agent, then told on: it is logged there
            self._private.line(spot, say("slack.ask_failed", reason=type(error).__name__))
            raise
        await self._status(spot.channel, spot.thread_ts, "")
        before = [say("slack.ask_again").strip()] if again else []
        blocks: list[Block] = [context(say("slack.ask_private"), *before, *unread)]
        if found is not None:
            blocks += answer(found.text, [(c.title, c.url) for c in found.citations])
        else:
            blocks.append(section(say("slack.ask_empty")))
        if found is not None and not self._may_be_sent(found):
            blocks.append(_for_the_team())
        elif found is not None and spot.conversation:
            name = uuid4().hex[:12]
            await self._memory.keep(spot.conversation, {f"ask:{name}": unnumbered(found.text, found.citations)})
            send = button("ask_send", f"{spot.conversation} {name}", say("slack.ask_send"), "primary")
            blocks.append({"type": "actions", "elements": [send]})
        self._private.prompt(spot, short(escape(found.text if found else ""), 200) or " ", blocks)

    async def asked(self, conversation_id: str, name: str) -> str:
        """The text of an earlier answer, to be sent; empty when it is gone."""
        return (await self._memory.fields(conversation_id)).get(f"ask:{name}", "")

    def rated(self, value: str, user: str) -> None:
        """An agent says whether an answer was good."""
        verdict, _, name = value.partition(" ")
        log.info("slack.answer_rated", good=verdict == "good", answer=name, user=user)

    async def _streamed(
        self, stream: Stream, channel: str, thread: str, question: str, pictures: Sequence[bytes]
    ) -> Answer | None:
        found = None
        async for item in self._ask(question, pictures, ANYBODY):
            match item:
                case Words():
                    await stream.say(item.text)
                case Status() if not stream.messages:
                    await self._status(channel, thread, item.text)
                case Restart():
                    await stream.restart(item.reason)
                case Answer():
                    found = item
        return found

    async def _whole(self, question: str, pictures: Sequence[bytes], about: Facets) -> Answer | None:
        if not question and not pictures:
            return None
        async for item in self._ask(question, pictures, about):
            if isinstance(item, Answer):
                return item
        return None

    async def _about(self, conversation: str) -> Facets:
        """Which version and plan the customer of a thread has: what an agent asks there must fit them. Agents
        themselves are every audience, and read English."""
        if not conversation:
            return ANYBODY
        try:
            has = (await self._desk.conversation(conversation)).has
        except StateError:
            return ANYBODY
        return Facets(version=has.version, plan=has.plan)

    def _may_be_sent(self, found: Answer) -> bool:
        """Whether nothing that is closed to customers can be in an answer."""
        articles = [c.article for c in found.citations] + [c.article for c in found.choices if c.article]
        return not self._internal([*articles, *found.told])

    async def _offers(self, agent: Agent, found: Answer, name: str) -> list[Block]:
        """A button for each of the conversations that this agent has now."""
        buttons: list[Block] = []
        for summary in (await self._desk.queue())[:100]:
            if summary.owner == "human" and summary.who == agent.name and len(buttons) < OFFERED:
                await self._memory.keep(summary.id, {f"ask:{name}": unnumbered(found.text, found.citations)})
                label = f"{say('slack.ask_send')}: {short(self._mask(summary.title), 40)}"
                buttons.append(
                    button("ask_send", f"{summary.id} {name}", label) | {"action_id": f"ask_send_{len(buttons)}"}
                )
        return [{"type": "actions", "elements": buttons}] if buttons else []

    def _question(self, event: Mapping[str, Any]) -> str:
        text = str(event.get("text") or "").replace(f"<@{self._bot_user()}>", "")
        return unescape(text).strip()

    async def _pictures(self, files: Sequence[Mapping[str, Any]]) -> tuple[list[bytes], list[str]]:
        read = await self._files.read_all(files) if files else []
        return [f.data for f in read if isinstance(f, Got)], [f.words for f in read if not isinstance(f, Got)]

    async def _files_of(self, spot: Spot, ts: str) -> list[dict[str, Any]]:
        """The files of a message: an `app_mention` never carries them."""
        thread = await self._client.conversations_replies(
            channel=spot.channel, ts=spot.thread_ts, oldest=ts, latest=ts, inclusive=True, limit=200
        )
        return next((list(m.get("files", [])) for m in thread["messages"] if m["ts"] == ts), [])

    async def _status(self, channel: str, thread: str, text: str) -> None:
        await quietly(self._client.assistant_threads_setStatus(channel_id=channel, thread_ts=thread, status=text))


def _for_the_team() -> Block:
    return context(say("slack.ask_internal"))


def _sources(found: Answer) -> list[Block]:
    if not found.citations:
        return []
    return answer(" ", [(c.title, c.url) for c in found.citations])[1:]
