"""Messages with files: kept before they are acknowledged, then read, cleaned by the intake, and said.

What waits lies in the conversation's fields, so that a process that dies here loses nothing: the next run of the
mirror finds it (`sweep`). Nothing of a file is attached before it is certain that the customer may see it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from bot.conversation import Attachment
from bot.helpdesk import Agent, HelpDesk, Refused, TooMany
from handlers.slack.actions import FAILED, Actions, Choice
from handlers.slack.agents import Agents, Spot
from handlers.slack.clock import Clock
from handlers.slack.files import Files, Got, Unread
from handlers.slack.memory import Memory
from handlers.slack.private import Private
from handlers.slack.text import escape, unescape
from prompts import say

STALE = 90.0
"""Seconds after which a message that still waits was left behind by a process that died."""


class Inbox:
    """One serves a process. In a conversation messages are taken in order."""

    def __init__(
        self,
        desk: HelpDesk,
        memory: Memory,
        actions: Actions,
        agents: Agents,
        files: Files,
        private: Private,
        clock: Clock,
    ) -> None:
        self._desk, self._memory, self._actions = desk, memory, actions
        self._agents, self._files, self._private, self._clock = agents, files, private, clock
        self._busy: dict[str, asyncio.Lock] = {}

    async def keep(self, spot: Spot, event: Mapping[str, Any]) -> None:
        """The durable write: after it the event may be acknowledged."""
        letter = {
            "spot": [spot.channel, spot.thread_ts, spot.user, spot.conversation],
            "text": event.get("text", ""),
            "files": event.get("files", []),
            "at": self._clock.now(),
        }
        await self._memory.keep(spot.conversation, {f"inbox:{event['ts']}": orjson.dumps(letter).decode()})

    async def waiting(self, conversation_id: str) -> bool:
        """Whether messages of this conversation still wait, so that a later one has to wait behind them."""
        return any(k.startswith("inbox:") and v for k, v in (await self._memory.fields(conversation_id)).items())

    async def revise(self, spot: Spot, ts: str, text: str) -> bool:
        """An edit of a message that still waits. False: it does not wait (any more)."""
        waiting = (await self._memory.fields(spot.conversation)).get(f"inbox:{ts}")
        if not waiting:
            return False
        letter = orjson.dumps({**orjson.loads(waiting), "text": text}).decode()
        await self._memory.keep(spot.conversation, {f"inbox:{ts}": letter})
        return True

    async def sweep(self, conversation_id: str, fields: Mapping[str, str]) -> None:
        """Takes up what a process that died left behind."""
        letters = [orjson.loads(v) for k, v in fields.items() if k.startswith("inbox:") and v]
        if any(self._clock.now() - letter["at"] > STALE for letter in letters):
            await self.process(conversation_id)

    async def process(self, conversation_id: str) -> None:
        """Says everything that waits, oldest first."""
        lock = self._busy.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            fields = await self._memory.fields(conversation_id)
            for name in sorted(name for name in fields if name.startswith("inbox:")):
                # As it stands now: it may have been edited or deleted while those before it were read.
                if value := (await self._memory.fields(conversation_id)).get(name):
                    letter = orjson.loads(value)
                    spot = Spot(*letter["spot"])
                    if "held" in letter:
                        await self._carry_out(spot, letter)
                    else:
                        await self._say(spot, name.partition(":")[2], letter)
                    await self._memory.keep(conversation_id, {name: ""})
        if not lock.locked():
            self._busy.pop(conversation_id, None)

    async def _say(self, spot: Spot, ts: str, letter: dict[str, Any]) -> None:
        agent = await self._agents.agent(spot.user)
        text, files = unescape(letter["text"]), letter["files"]
        conversation = await self._desk.conversation(spot.conversation)
        if conversation.owner == "human" and conversation.agent == agent.id:
            pictures = await self._attach(spot, ts, files)
            if text.strip() or pictures:
                await self._actions.words(spot, agent, ts, text, pictures)
            return
        named = ", ".join(str(f.get("name") or f.get("id")) for f in files)
        words = f"{text}\n[{named}]".strip() if files else text
        said = await self._actions.words(spot, agent, ts, words)
        if said is not None and said.heard == "held" and files:
            later = orjson.dumps({"ts": ts, "text": text, "files": files}).decode()
            await self._memory.keep(spot.conversation, {f"files:{said.id}": later})

    async def decide(self, spot: Spot, agent: Agent, held_id: str, choice: Choice, action_ts: str, answer: str) -> bool:
        """Held words with files are to be said: that is kept, and done once the files were read, in one message. False:
        they have none, or it is not for this agent to say. `answer`: where the prompt is replaced."""
        files = (await self._memory.fields(spot.conversation)).get(f"files:{held_id}")
        if choice == "note" or not files or isinstance(await self._actions.theirs(spot, agent, held_id), str):
            return False
        if choice == "take_over":  # at once: the bot is not to go on while files are read
            await self._actions.take(spot, agent, f"slack:take:{held_id}")
        where = [spot.channel, spot.thread_ts, spot.user, spot.conversation]
        letter = {"spot": where, "held": held_id, "choice": choice, "answer": answer, "at": self._clock.now()}
        await self._memory.keep(spot.conversation, {f"inbox:{action_ts}": orjson.dumps(letter).decode()})
        return True

    async def _carry_out(self, spot: Spot, letter: dict[str, Any]) -> None:
        """A decision about held words with files."""
        held_id, choice = letter["held"], letter["choice"]
        waiting = (await self._memory.fields(spot.conversation)).get(f"files:{held_id}")
        if not waiting:
            return
        written = orjson.loads(waiting)
        pictures = await self._attach(spot, written["ts"], written["files"])
        if not pictures and not written["text"].strip():
            choice = "note"
        agent = await self._agents.agent(spot.user)
        line = await self._actions.decide(
            spot, agent, held_id, choice, f"slack:decide:{held_id}", written["text"], pictures
        )
        if letter["answer"]:
            self._private.replace(letter["answer"], line)
        await self._memory.keep(spot.conversation, {f"files:{held_id}": ""})

    async def _attach(self, spot: Spot, ts: str, files: list[dict[str, Any]]) -> list[Attachment]:
        """Those files that the intake takes; of each other one is said why not."""
        taken: list[Attachment] = []
        for file in await self._files.read_all(files):
            match file:
                case Unread(words=words):
                    self._refuse(spot, ts, words)
                case Got(name=name, data=data):
                    try:
                        taken.append(await self._desk.attach(spot.conversation, data, name, sender="agent"))
                    except (Refused, TooMany) as error:
                        reason = escape(error.words())
                        self._refuse(spot, ts, say("slack.file_unread", name=escape(name), reason=reason))
        return taken

    def _refuse(self, spot: Spot, ts: str, words: str) -> None:
        self._private.react(spot, ts, FAILED)
        self._private.line(spot, words)
