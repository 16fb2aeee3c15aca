"""What agents do, by button or in words: each is one call at the help desk, then its mark on the card.

Everything is keyed by what was pressed or typed, so that a repeated delivery changes nothing. Who hears an agent's
words is decided by `bot.handoff.may_speak` inside the desk, here it is only shown. Not here: reading Slack's requests
(`app`), files (`inbox`).
"""

from collections.abc import Awaitable, Sequence
from typing import Literal

import structlog

from bot.case import draft_of
from bot.conversation import Attachment, Held
from bot.helpdesk import Agent, Changed, Conflict, HelpDesk, NotFound, Said, StateError
from handlers.slack.agents import Spot
from handlers.slack.blocks import SNOOZES, held_prompt
from handlers.slack.card import Used, waiting_words
from handlers.slack.clock import Clock
from handlers.slack.commands import Command
from handlers.slack.memory import Memory
from handlers.slack.posts import note_id
from handlers.slack.private import Private
from handlers.slack.problems import Problems
from handlers.slack.text import escape, unescape
from handlers.slack.thread import Thread
from prompts import say

Choice = Literal["take_over", "send", "note"]
SENT, KEPT, WAITS, FAILED = "white_check_mark", "memo", "lock", "x"
"""Reactions on an agent's message: sent to the customer, kept as a note, waits for a decision, failed."""
DAY = 86_400.0
log = structlog.get_logger(__name__)


class Actions:
    """The verbs of an agent in Slack."""

    def __init__(
        self,
        desk: HelpDesk,
        memory: Memory,
        private: Private,
        clock: Clock,
        problems: Problems,
        *,
        alerts_only: bool,
    ) -> None:
        self._desk, self._memory, self._private, self._clock = desk, memory, private, clock
        self._problems, self._alerts_only = problems, alerts_only

    def listens(self, spot: Spot) -> bool:
        """Whether what is written in this channel counts; an agent who writes where it does not is told."""
        if self._alerts_only:
            self._private.line(spot, say("slack.only_here"))
        return not self._alerts_only

    # words -------------------------------------------------------------------------------------------------------

    async def words(
        self, spot: Spot, agent: Agent, ts: str, text: str, pictures: Sequence[Attachment] = ()
    ) -> Said | None:
        """An agent wrote in the thread: to the customer, a note, or held, and shown which. None: nothing was kept."""
        if await self._gone(spot, ts):
            return None
        await self._memory.keep(spot.conversation, {f"saying:{ts}": f"{self._clock.now():.3f}"})
        try:
            said = await self._desk.say(
                spot.conversation, "agent", text, pictures, key=f"slack:{spot.channel}:{ts}", who=agent
            )
        except Conflict:
            return None  # an edit of it came in before it did
        except StateError as error:
            if error.retry:
                raise
            self._unsent(spot, ts, error)
            return None
        name = note_id(agent.name, text) if said.heard == "note" else said.id
        await self._memory.keep(spot.conversation, {f"written:{name}": ts, f"saying:{ts}": ""})
        if await self._gone(spot, ts):  # it was deleted while it was being said
            await self.deleted(spot, agent, ts, f"slack:{spot.channel}:{ts}:deleted")
        elif await self._memory.once(f"shown:{spot.channel}:{ts}", DAY):
            await self._show(spot, agent, ts, said, text)
        return said

    async def _gone(self, spot: Spot, ts: str) -> bool:
        return bool((await self._memory.fields(spot.conversation)).get(f"gone:{ts}"))

    async def _show(self, spot: Spot, agent: Agent, ts: str, said: Said, text: str) -> None:
        self._private.react(spot, ts, {"customer": SENT, "note": KEPT, "held": WAITS}[said.heard])
        if said.heard == "held":
            held = Held(id=said.id, who=agent.name, agent=agent.id, text=text)
            owner = (await self._desk.conversation(spot.conversation)).owner
            self._private.prompt(spot, say("slack.held_bot"), held_prompt(spot.conversation, held, owner))
        elif said.heard == "note" and await self._memory.once(f"note:{spot.thread_ts}:{spot.user}", DAY):
            who = (await self._desk.conversation(spot.conversation)).who
            self._private.line(spot, say("slack.held_other", who=escape(who or "")))

    def _unsent(self, spot: Spot, ts: str, error: StateError) -> None:
        self._private.react(spot, ts, FAILED)
        self._private.line(spot, say("slack.unsent", reason=escape(error.words())))

    async def theirs(self, spot: Spot, agent: Agent, held_id: str) -> Held | str:
        """Held words that this agent may decide about; else the line that says why not."""
        log_ = await self._desk.log(spot.conversation)
        held = next((h for h in waiting_words(log_) if h.id == held_id), None)
        if held is None:
            return say("slack.held_gone")
        return held if held.agent == agent.id else say("slack.held_not_yours", who=escape(held.who))

    async def decide(
        self,
        spot: Spot,
        agent: Agent,
        held_id: str,
        choice: Choice,
        key: str,
        text: str | None = None,
        pictures: Sequence[Attachment] = (),
    ) -> str:
        """What becomes of held words, with the `pictures` that came with them; returns the line that takes the prompt's
        place. `text`: what is said instead of the words as they were held, unless the agent has edited them."""
        held = await self.theirs(spot, agent, held_id)
        if isinstance(held, str):
            return held
        fields = await self._memory.fields(spot.conversation)
        revised, ts = fields.get(f"revised:{held_id}"), fields.get(f"written:{held_id}")
        if choice == "note" and ts:  # the note stands in the thread already
            await self._memory.keep(spot.conversation, {f"written:{note_id(held.who, held.text)}": ts})
        try:
            text = text if revised is None else revised
            await self._desk.decide(spot.conversation, held_id, choice, agent, key=key, text=text, pictures=pictures)
        except Changed as changed:
            return say("slack.taken", who=escape(changed.who or ""))
        except Conflict:
            return say("slack.held_gone")
        if ts:
            self._private.react(spot, ts, KEPT if choice == "note" else SENT)
        return say({"take_over": "slack.held_took", "send": "slack.held_sent", "note": "slack.held_noted"}[choice])

    async def ask_again(self, spot: Spot, agent: Agent, held_id: str) -> None:
        """Shows the private question once more: Slack forgets it on reload, the card does not."""
        conversation = await self._desk.conversation(spot.conversation)
        for held in waiting_words(await self._desk.log(spot.conversation)):
            if held.id == held_id:
                if held.agent == agent.id:
                    blocks = held_prompt(spot.conversation, held, conversation.owner)
                    self._private.prompt(spot, say("slack.held_bot"), blocks)
                else:
                    self._private.line(spot, say("slack.held_not_yours", who=escape(held.who)))
                return
        self._private.line(spot, say("slack.held_gone"))

    async def edited(self, spot: Spot, agent: Agent, ts: str, text: str, key: str) -> None:
        """An agent changed a message: what reached the customer changes there too, what is held changes here."""
        fields = await self._memory.fields(spot.conversation)
        name = Thread.read(spot.conversation, fields).message_in(ts)
        if name is None:  # the edit overtook the message
            if await self.words(spot, agent, ts, text) is not None:
                return
            name = Thread.read(spot.conversation, await self._memory.fields(spot.conversation)).message_in(ts)
        if name is None or name.startswith("note-"):
            return
        if any(h.id == name for h in waiting_words(await self._desk.log(spot.conversation))):
            await self._memory.keep(spot.conversation, {f"revised:{name}": text})
            return
        await self._correct(spot, agent, name, text, key)

    async def deleted(self, spot: Spot, agent: Agent, ts: str, key: str) -> None:
        """An agent deleted a message: it is taken back from the customer; held words become a note; what has not been
        heard yet is not heard any more."""
        name = Thread.read(spot.conversation, await self._memory.fields(spot.conversation)).message_in(ts)
        if name is None:
            await self._memory.keep(spot.conversation, {f"gone:{ts}": "1", f"inbox:{ts}": ""})
            return
        if name.startswith("note-"):
            return
        if any(h.id == name for h in waiting_words(await self._desk.log(spot.conversation))):
            await self._desk.decide(spot.conversation, name, "note", agent, key=key)
            return
        await self._correct(spot, agent, name, None, key)

    async def _correct(self, spot: Spot, agent: Agent, message_id: str, text: str | None, key: str) -> None:
        try:
            await self._desk.edit(spot.conversation, message_id, text, agent, key=key)
        except StateError as error:
            if error.retry:
                raise
            self._private.line(spot, say("slack.unsent", reason=escape(error.words())))

    # verbs -------------------------------------------------------------------------------------------------------

    async def take(self, spot: Spot, agent: Agent, key: str) -> None:
        """The agent answers from here on."""
        await self._try(spot, self._desk.take_over(spot.conversation, agent, key=key))

    async def hand_back(self, spot: Spot, agent: Agent, key: str) -> None:
        """The bot answers again."""
        await self._try(spot, self._desk.hand_back(spot.conversation, agent, key=key))

    async def resolve(self, spot: Spot, agent: Agent, key: str) -> None:
        """Nothing is open any more."""
        await self._try(spot, self._desk.resolve(spot.conversation, agent, key=key))

    async def note(self, spot: Spot, agent: Agent, text: str, key: str) -> None:
        """A note among agents."""
        await self._desk.note(spot.conversation, agent, text, key=key)

    async def draft(self, conversation_id: str) -> str:
        """The reply that could be sent, empty when there is none."""
        answers = (await self._desk.conversation(conversation_id)).answers
        return draft_of(max(answers.values(), key=lambda a: a.turn, default=None))

    async def send(self, spot: Spot, agent: Agent, text: str, key: str, mark: str = "send_draft") -> bool:
        """Words that a button sends: pressing it is the decision, so that they are never held. False: not sent."""
        if not text.strip():
            self._private.line(spot, say("slack.draft_none"))
            return False
        conversation = await self._desk.conversation(spot.conversation)
        if conversation.owner == "human" and conversation.agent != agent.id:
            self._private.line(spot, say("slack.modal_owner", who=escape(conversation.who or "")))
            return False
        if mark:  # before the words: they are what makes the card be drawn again
            await self._mark(spot, agent, mark)
        sent = await self._say(spot, agent, text, key)
        if mark and not sent:
            await self._memory.keep(spot.conversation, {f"mark:{mark}": ""})
        return sent

    async def _say(self, spot: Spot, agent: Agent, text: str, key: str) -> bool:
        try:
            said = await self._desk.say(spot.conversation, "agent", text, key=key, who=agent)
            if said.heard == "held":
                await self._desk.decide(spot.conversation, said.id, "send", agent, key=key)
        except StateError as error:
            if error.retry:
                raise
            self._private.line(spot, say("slack.unsent", reason=escape(error.words())))
            return False
        if said.heard == "note":
            self._private.line(spot, say("slack.held_noted"))
        return said.heard != "note"

    async def screenshot(self, spot: Spot, agent: Agent, key: str) -> None:
        """Asks the customer for another screenshot."""
        await self.send(spot, agent, say("slack.ask_screenshot"), key, mark="screenshot")

    async def assign(self, spot: Spot, agent: Agent, colleague: Agent, ts: str) -> None:
        """Asks a colleague to take it. `ts`: when, by Slack's own count."""
        await self._memory.keep(spot.conversation, {"assigned": colleague.name})
        line = say("slack.asked_to_take", who=agent.name, colleague=colleague.name)
        await self._desk.note(spot.conversation, agent, line, key=f"assign:{ts}")
        if await self._memory.once(f"assign:{spot.channel}:{ts}", DAY):
            self._private.call(
                spot, colleague.id.removeprefix("slack:"), say("slack.asked_you", who=escape(agent.name))
            )

    async def snooze(self, spot: Spot, agent: Agent, seconds: float, ts: str) -> None:
        """Sleeps for so long from `ts` on, then stands on the card as waiting again."""
        until = float(ts) + seconds
        await self._memory.keep(spot.conversation, {"snoozed_until": f"{until:.0f}"})
        await self._mark(spot, agent, "snooze")
        line = say("slack.snoozed_for", minutes=f"{seconds / 60:.0f}")
        await self._desk.note(spot.conversation, agent, line, key=f"snooze:{ts}")

    async def by_word(self, spot: Spot, agent: Agent, ts: str, asked: Command, colleague: Agent | None) -> None:
        """The same verbs, typed. The message stays among agents."""
        key = f"slack:{spot.channel}:{ts}"
        match asked.name:
            case "take" | "reopen":
                await self.take(spot, agent, key)
            case "send":
                await self.send(spot, agent, await self.draft(spot.conversation), key)
            case "note" if asked.text:
                text = unescape(asked.text)
                await self._memory.keep(spot.conversation, {f"written:{note_id(agent.name, text)}": ts})
                await self.note(spot, agent, text, key)
            case "assign" if colleague is not None:
                await self.assign(spot, agent, colleague, ts)
            case "snooze":
                await self.snooze(spot, agent, min(asked.seconds, 7 * SNOOZES["1d"]), ts)
            case "screenshot":
                await self.screenshot(spot, agent, key)
            case "resolve":
                await self.resolve(spot, agent, key)
            case "bot":
                await self.hand_back(spot, agent, key)
            case "known" | "fixed":
                if await self._memory.once(f"{asked.name}:{spot.channel}:{ts}", DAY):
                    await {"known": self._problems.known, "fixed": self._problems.fixed}[asked.name](
                        spot, agent, asked.text
                    )
            case _:
                line = say("slack.unknown_word", word=escape(asked.typed), words=say("slack.card_words"))
                self._private.line(spot, line)
                return
        self._private.react(spot, ts, "eyes")

    async def card_deleted(self, conversation_id: str, ts: str) -> None:
        """Somebody deleted a card: the note makes the mirror run, which opens a new thread."""
        await self._memory.keep(conversation_id, {"deleted": ts})
        slack = Agent(id="slack", name="Slack")
        await self._desk.note(conversation_id, slack, say("slack.card_deleted"), key=f"slack:deleted:{ts}")

    async def _try(self, spot: Spot, change: Awaitable[None]) -> None:
        try:
            await change
        except Changed as changed:
            self._private.line(spot, say("slack.taken", who=escape(changed.who or "")))
        except NotFound:
            self._private.line(spot, say("slack.unsent", reason=say("slack.unsent_gone")))

    async def _mark(self, spot: Spot, agent: Agent, action: str) -> None:
        at = self._clock.now()
        used = Used(action=action, who=agent.name, at=at, basis=await self._desk.at(spot.conversation))
        await self._memory.keep(spot.conversation, {f"mark:{action}": used.model_dump_json()})
