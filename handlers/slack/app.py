"""Bolt listeners: read what Slack sent, make one durable write, acknowledge; the rest goes on in the background.

`process_before_response` is on, so an event is acknowledged after its write and not before; a write that fails
answers 500, and Slack sends the event again. Opening a modal is the one call to Slack inside a request: its trigger
lives three seconds. Not here: what the verbs do (`actions`).
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.helpdesk import Agent
from handlers.slack.actions import Actions, Choice
from handlers.slack.agents import Agents, Spot, Threads
from handlers.slack.asking import Asking
from handlers.slack.blocks import SNOOZES, text_modal
from handlers.slack.commands import command
from handlers.slack.inbox import Inbox
from handlers.slack.memory import Memory
from handlers.slack.private import Background, Private
from handlers.slack.problems import Problems, announce_modal, announced
from handlers.slack.questions import Question, Questions
from handlers.slack.text import unescape
from prompts import say

Json = dict[str, Any]
DAY = 86_400.0
ANYTHING = re.compile(".*")
WORDS = (None, "file_share", "thread_broadcast")
"""Subtypes of messages in which a person says something; all others are Slack's own."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the listeners work with."""

    client: AsyncWebClient
    channel: str
    actions: Actions
    agents: Agents
    threads: Threads
    asking: Asking
    inbox: Inbox
    memory: Memory
    private: Private
    background: Background
    problems: Problems
    questions: Questions


class Listeners:
    """All of them, on one Bolt app."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def join(self, app: AsyncApp) -> None:
        """Registers every listener."""
        app.middleware(self.ours_only)
        app.event("message")(self.message)
        app.event("app_mention")(self.mention)
        app.event("app_home_opened")(self.home)
        app.event(re.compile("channel_archive|channel_left|group_left|tokens_revoked|app_uninstalled"))(self.shut)
        app.event(ANYTHING)(self.nothing)  # files shared, reactions, members: known, and of no concern
        for name in ("take", "reopen", "hand_back", "resolve", "send_draft", "screenshot"):
            app.action(name)(self.press)
        for name in ("note", "edit_draft"):
            app.action(name)(self.open_modal)
            app.view(name)(self.submit)
        app.action("announce")(self.open_announcement)
        app.shortcut("announce")(self.open_announcement)
        app.view("announce")(self.announce)
        app.action("assign")(self.assign)
        app.action("snooze")(self.snooze)
        app.action(re.compile("^held_(take_over|send|note)$"))(self.decide)
        app.action("held_open")(self.ask_again)
        app.action(re.compile("^ask_send(_[0-9])?$"))(self.send_answer)
        app.action("ask_feedback")(self.feedback)

    async def ours_only(self, body: Json, next: Callable[[], Awaitable[Any]]) -> BoltResponse | None:
        """Buttons and modals work for members of this workspace alone, not for guests through Slack Connect."""
        pressed = body.get("type") in ("block_actions", "view_submission", "shortcut")
        if pressed and await self._parts.agents.foreign(body["user"]["id"]):
            return BoltResponse(status=200, body="")
        await next()
        return None

    # events ------------------------------------------------------------------------------------------------------

    async def message(self, event: Json, body: Json) -> None:
        """Something happened to a message: said, edited, deleted; in a thread of ours or in the Messages tab."""
        subtype = event.get("subtype")
        if event.get("channel_type") == "im":
            if subtype in WORDS and not event.get("bot_id"):
                await self._direct(event, body)
        elif subtype in WORDS:
            await self.hear(event)
        elif subtype == "message_changed":
            await self._changed(event)
        elif subtype == "message_deleted":
            await self._deleted(event)

    async def hear(self, event: Json) -> None:
        """A person said something in a channel: in a thread of ours it is heard, elsewhere it is not."""
        if event.get("subtype") not in WORDS or event.get("bot_id") or event.get("app_id") or not event.get("user"):
            return
        spot = await self._spot(event["channel"], event.get("thread_ts"), event["user"])
        if spot is None or self._mentions_bot(event.get("text", "")) or not self._parts.actions.listens(spot):
            return
        agent, ts, text = await self._parts.agents.agent(spot.user), event["ts"], event.get("text", "")
        asked = command(text)
        if asked is not None:
            colleague = await self._parts.agents.agent(asked.user) if asked.user else None
            await self._parts.actions.by_word(spot, agent, ts, asked, colleague)
        elif event.get("files") or await self._parts.inbox.waiting(spot.conversation):
            await self._parts.inbox.keep(spot, event)
            self._parts.background.start(self._parts.inbox.process(spot.conversation))
        elif text.strip():
            await self._parts.actions.words(spot, agent, ts, unescape(text))

    async def _changed(self, event: Json) -> None:
        """Only an edit by a person counts: Slack sends the same for previews, thread counts and edits of ours."""
        new, old = event.get("message", {}), event.get("previous_message", {})
        edit = new.get("edited", {}).get("ts")
        if (
            new.get("bot_id")
            or not edit
            or edit == old.get("edited", {}).get("ts")
            or new.get("text") == old.get("text")
        ):
            return
        spot = await self._spot(event["channel"], new.get("thread_ts"), new.get("user"))
        text = new.get("text", "")
        if spot is None or command(text) or self._mentions_bot(text) or not self._parts.actions.listens(spot):
            return
        if await self._parts.inbox.revise(spot, new["ts"], text):
            return
        agent = await self._parts.agents.agent(spot.user)
        key = f"slack:{spot.channel}:{new['ts']}:{edit}"
        await self._parts.actions.edited(spot, agent, new["ts"], unescape(text), key)

    async def _deleted(self, event: Json) -> None:
        old, ts = event.get("previous_message", {}), event["deleted_ts"]
        parent = old.get("thread_ts") or ts
        if old.get("bot_id") and parent == ts:  # a card of ours: the conversation needs a new one
            conversation = old.get("metadata", {}).get("event_payload", {}).get("conversation")
            conversation = conversation or await self._parts.threads.conversation(event["channel"], ts)
            if conversation:
                await self._parts.actions.card_deleted(conversation, ts)
            return
        if old.get("bot_id") or not old.get("user"):
            return
        spot = await self._spot(event["channel"], parent, old["user"])
        if spot is not None:
            agent = await self._parts.agents.agent(spot.user)
            await self._parts.actions.deleted(spot, agent, ts, f"slack:{spot.channel}:{ts}:deleted")

    async def _direct(self, event: Json, body: Json) -> None:
        if await self._parts.agents.foreign(event["user"]):
            return
        await self._ask(event, body)

    async def mention(self, event: Json, body: Json) -> None:
        """The bot was called in a channel: a question, never words for a customer."""
        if event.get("bot_id") or await self._parts.agents.foreign(event["user"]):
            return
        thread = event.get("thread_ts") or event["ts"]
        conversation = await self._parts.threads.conversation(event["channel"], thread)
        await self._ask(event, body, (event["channel"], thread, event["user"], conversation or ""))

    async def _ask(self, event: Json, body: Json, spot: tuple[str, ...] = ()) -> None:
        """Keeps a question to the bot; a repeated delivery is dropped by its event's id."""
        agent = await self._parts.agents.agent(event["user"])
        asked = Question(
            event=event, user=agent.id, who=agent.name, avatar=agent.avatar, team=body.get("team_id", ""), spot=spot
        )
        await self._parts.questions.take(body["event_id"], asked)

    async def home(self, event: Json) -> None:
        """Somebody opened the app's Messages tab."""
        if event.get("tab") == "messages":
            self._parts.background.start(self._parts.asking.greet(event["channel"]))

    async def shut(self, event: Json) -> None:
        """The app was shut out somewhere: the mirror waits and tries again, and the operator is told."""
        log.error("slack.shut_out", reason=event["type"], channel=event.get("channel"))

    async def nothing(self, event: Json) -> None:
        """An event that changes nothing here."""

    # buttons -----------------------------------------------------------------------------------------------------

    async def press(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """A button that does one thing."""
        spot = self._pressed(body, action["value"])
        agent, key = await self._agent(body), f"slack:{action['action_id']}:{action['action_ts']}"
        verbs: dict[str, Callable[..., Awaitable[None]]] = {
            "take": self._parts.actions.take,
            "reopen": self._parts.actions.take,
            "hand_back": self._parts.actions.hand_back,
            "resolve": self._parts.actions.resolve,
            "screenshot": self._parts.actions.screenshot,
        }
        if action["action_id"] == "send_draft":
            await self._parts.actions.send(spot, agent, await self._parts.actions.draft(spot.conversation), key)
        else:
            await verbs[action["action_id"]](spot, agent, key)
        await ack()

    async def open_modal(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """A button that asks for words first."""
        spot = self._pressed(body, action["value"])
        name = action["action_id"]
        draft = await self._parts.actions.draft(spot.conversation) if name == "edit_draft" else ""
        title = say("slack.modal_draft" if name == "edit_draft" else "slack.modal_note")
        submit = say("slack.modal_send" if name == "edit_draft" else "slack.modal_keep")
        metadata = f"{spot.channel} {spot.thread_ts} {spot.conversation}"
        await self._parts.client.views_open(
            trigger_id=body["trigger_id"], view=text_modal(name, title, submit, draft, metadata)
        )
        await ack()

    async def submit(self, ack: AsyncAck, body: Json, view: Json) -> None:
        """The words of a modal."""
        channel, thread, conversation = view["private_metadata"].split(" ")
        spot = Spot(channel, thread, body["user"]["id"], conversation)
        text = (view["state"]["values"].get("text", {}).get("text", {}).get("value") or "").strip()
        if not text:
            await ack(response_action="errors", errors={"text": say("slack.modal_empty")})
            return
        agent, key = await self._agent(body), f"slack:view:{view['id']}"
        if view["callback_id"] == "note":
            await self._parts.actions.note(spot, agent, text, key)
        else:
            await self._parts.actions.send(spot, agent, text, key)
        await ack()

    async def open_announcement(self, ack: AsyncAck, body: Json) -> None:
        """The card's button or the global shortcut: the modal in which a problem is announced."""
        pressed = (body.get("actions") or [{}])[0].get("value", "")
        error, metadata = "", ""
        if pressed:
            spot = self._pressed(body, pressed)
            error, metadata = await self._parts.problems.error_of(pressed), f"{spot.channel} {spot.thread_ts} {pressed}"
        await self._parts.client.views_open(trigger_id=body["trigger_id"], view=announce_modal(error, metadata))
        await ack()

    async def announce(self, ack: AsyncAck, body: Json, view: Json) -> None:
        """The modal came back."""
        error, text, hours = announced(view)
        missing = {name: say("slack.modal_empty") for name, value in (("error", error), ("text", text)) if not value}
        if missing:
            await ack(response_action="errors", errors=missing)
            return
        user, where = body["user"]["id"], view["private_metadata"].split(" ")
        spot = Spot(where[0], where[1], user, where[2]) if len(where) == 3 else None
        wrong = await self._parts.problems.announce(user, spot, await self._agent(body), error, text, hours)
        if wrong:
            await ack(response_action="errors", errors={"error": wrong})
        else:
            await ack()

    async def assign(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """The menu of colleagues."""
        spot = self._pressed(body, action["block_id"].partition(":")[2])
        if action.get("selected_user"):
            colleague = await self._parts.agents.agent(action["selected_user"])
            await self._parts.actions.assign(spot, await self._agent(body), colleague, action["action_ts"])
        await ack()

    async def snooze(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """The menu of times."""
        spot = self._pressed(body, action["block_id"].partition(":")[2])
        seconds = SNOOZES.get((action.get("selected_option") or {}).get("value", ""))
        if seconds:
            await self._parts.actions.snooze(spot, await self._agent(body), seconds, action["action_ts"])
        await ack()

    async def decide(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """The answer to a private question about held words."""
        conversation, _, held_id = action["value"].partition(" ")
        spot = self._pressed(body, conversation)
        choice: Choice = action["action_id"].removeprefix("held_")
        agent, answer = await self._agent(body), body.get("response_url", "")
        if await self._parts.inbox.decide(spot, agent, held_id, choice, action["action_ts"], answer):
            await ack()
            self._parts.background.start(self._parts.inbox.process(conversation))
            return
        line = await self._parts.actions.decide(spot, agent, held_id, choice, f"slack:decide:{held_id}")
        await ack()
        if answer:
            self._parts.private.replace(answer, line)

    async def ask_again(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """The card's own way to held words."""
        conversation, _, held_id = action["value"].partition(" ")
        await self._parts.actions.ask_again(self._pressed(body, conversation), await self._agent(body), held_id)
        await ack()

    async def send_answer(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """An answer to an agent goes to the customer, under the agent's name."""
        conversation, _, name = action["value"].partition(" ")
        spot, agent = self._pressed(body, conversation), await self._agent(body)
        text = await self._parts.asking.asked(conversation, name)
        sent = await self._parts.actions.send(spot, agent, text, f"slack:ask:{name}", mark="")
        await ack()
        if sent and body.get("response_url") and body["container"].get("is_ephemeral"):
            self._parts.private.replace(body["response_url"], say("slack.ask_sent", who=agent.name))

    async def feedback(self, ack: AsyncAck, body: Json, action: Json) -> None:
        """Thumbs under an answer to an agent."""
        self._parts.asking.rated(action.get("value", ""), body["user"]["id"])
        await ack()
        self._parts.private.line(self._pressed(body, ""), say("slack.ask_thanks"))

    # reading what Slack sent -------------------------------------------------------------------------------------

    async def _spot(self, channel: str, thread_ts: str | None, user: str | None) -> Spot | None:
        """A thread that shows a conversation; None for everything else that is said in Slack."""
        if thread_ts is None or user is None or channel != self._parts.channel:
            return None
        conversation = await self._parts.threads.conversation(channel, thread_ts)
        if not conversation:
            return None
        spot = Spot(channel, thread_ts, user, conversation)
        if await self._parts.agents.foreign(user):
            self._parts.private.line(spot, say("slack.foreign"))
            return None
        return spot

    def _pressed(self, body: Json, conversation: str) -> Spot:
        box = body["container"]
        message = body.get("message", {})
        thread = box.get("thread_ts") or message.get("thread_ts") or box["message_ts"]
        return Spot(box["channel_id"], thread, body["user"]["id"], conversation)

    async def _agent(self, body: Json) -> Agent:
        user = body["user"]
        return await self._parts.agents.agent(user["id"], user.get("name", ""))

    def _mentions_bot(self, text: str) -> bool:
        return f"<@{self._parts.agents.bot_user}>" in text
