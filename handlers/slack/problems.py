"""Known problems from Slack: announced by a button on the card, a shortcut or in words; ended in words.

    !known Card payments are refused right now.      (about the error on this conversation's screen)
    !fixed This is repaired, please try again.       (told to those who wait with it; without words nobody is told)

Not here: when an error counts as the same, who is told (`bot.announcing`).
"""

from typing import Any

from bot.announcing import Announcing
from bot.case import case
from bot.helpdesk import Agent, HelpDesk
from handlers.slack.agents import Spot
from handlers.slack.blocks import Block, plain
from handlers.slack.private import Private
from handlers.slack.text import escape, short, unescape
from prompts import say

HOURS = {"4": 4, "24": 24, "72": 72, "168": 168}
TOLD = 1_000
"""Most characters of what customers are told."""


class Problems:
    """What agents do about a problem that many have. Answers are private to the agent."""

    def __init__(self, announcing: Announcing, desk: HelpDesk, private: Private) -> None:
        self._announcing, self._desk, self._private = announcing, desk, private

    async def error_of(self, conversation_id: str) -> str:
        """The error on a conversation's newest screen, on one line; empty when none was read."""
        return " ".join(case(conversation_id, await self._desk.log(conversation_id)).error.split())

    async def announce(self, user: str, spot: Spot | None, agent: Agent, error: str, text: str, hours: float) -> str:
        """Announces, and says so to the agent. Returns what is wrong with `error`, empty when it was announced."""
        try:
            met = await self._announcing.announce(error, unescape(text)[:TOLD], hours, by=agent.name)
        except ValueError as problem:
            return str(problem)
        waiting = len(met.conversations)
        line = say("slack.known_told", text=escape(met.problem.text), hours=f"{hours:g}", waiting=waiting)
        self._say(user, spot, line)
        return ""

    async def known(self, spot: Spot, agent: Agent, text: str) -> None:
        """`!known`: the error of this conversation is known; without words, what is known now."""
        error = await self.error_of(spot.conversation)
        if not text.strip():
            lines = [f"• {escape(short(m.problem.phrase, 120))}" for m in await self._announcing.known()]
            self._private.line(spot, "\n".join([say("slack.known_list"), *(lines or [say("slack.known_none")])]))
        elif not error:
            self._private.line(spot, say("slack.known_no_error"))
        elif wrong := await self.announce(spot.user, spot, agent, error, text, 24):
            self._private.line(spot, escape(wrong))

    async def fixed(self, spot: Spot, agent: Agent, text: str) -> None:
        """`!fixed`: what this conversation shows is over, and those who wait with it are told."""
        problems = await self._announcing.shown_by(spot.conversation)
        if not problems:
            self._private.line(spot, say("slack.known_not_here"))
            return
        told = 0
        for problem in problems:
            ended = await self._announcing.over(problem.id, unescape(text)[:TOLD], by=agent.name)
            told += ended[1] if ended else 0
        self._private.line(spot, say("slack.known_over", told=told))

    def _say(self, user: str, spot: Spot | None, line: str) -> None:
        if spot is not None and spot.conversation:
            self._private.line(spot, line)
        else:
            self._private.direct(user, line)


def announce_modal(error: str, metadata: str) -> Block:
    """The modal in which a problem is announced."""
    options = [{"text": plain(say(f"slack.known_{hours}h")), "value": hours} for hours in HOURS]
    return {
        "type": "modal",
        "callback_id": "announce",
        "private_metadata": metadata,
        "title": plain(say("slack.known_title")),
        "submit": plain(say("slack.known_announce")),
        "close": plain(say("slack.modal_cancel")),
        "blocks": [
            _input("error", say("slack.known_error"), initial_value=error[:500], max_length=500),
            _input("text", say("slack.known_text"), multiline=True, max_length=TOLD),
            {
                "type": "input",
                "block_id": "hours",
                "label": plain(say("slack.known_hours")),
                "element": {
                    "type": "static_select",
                    "action_id": "hours",
                    "options": options,
                    "initial_option": options[1],
                },
            },
        ],
    }


def announced(view: dict[str, Any]) -> tuple[str, str, float]:
    """Error, text and hours of a submitted modal."""
    values = view["state"]["values"]
    chosen = (values.get("hours", {}).get("hours", {}).get("selected_option") or {}).get("value", "24")
    error, text = ((values.get(name, {}).get(name, {}).get("value") or "").strip() for name in ("error", "text"))
    return error, text, float(HOURS.get(chosen, 24))


def _input(name: str, label: str, **more: Any) -> Block:
    element = {"type": "plain_text_input", "action_id": name, **{k: v for k, v in more.items() if v != ""}}
    return {"type": "input", "block_id": name, "label": plain(label), "element": element}
