"""A brief as one model can see it: messages with pixels, with the screen's words and their places, or with neither.

Customers' words and what their screens say stand in user messages alone: the system prompt is the same for every
customer, and nothing read from a picture ever gets a role that a model obeys. Not here: what may leave (`privacy`).
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from PIL import Image

from bot.answering.brief import Brief, Look
from bot.answering.pixels import Cut, cuts, drawn
from bot.answering.privacy import Gate, MustNotLeave
from bot.answering.sources import Sources
from bot.conversation import Message
from bot.routing import needs_pixels
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Screen
from prompts import prompt

Load = Callable[[str], Awaitable[bytes]]
"""The bytes of a kept picture by its attachment's id. Raises LookupError when it is gone."""
Sight = Literal["pixels", "screen", "passages"]
"""What a model can see: pictures (covered where they leave), the screen's words with their places, or neither."""

REMEMBERED = 6
"""Earlier messages that a model is told."""
LONGEST_MESSAGE = 4000
MOST_LINES = 120
"""Lines of a screen that a model is told when it does not see the picture."""


@dataclass(frozen=True)
class Eyes:
    """How one model sees: through its gate, on its grid."""

    sight: Sight
    gate: Gate
    load: Load
    grid: int = 28
    room: int = 1600
    sure: float = 0.5

    async def messages(self, brief: Brief, sources: Sources) -> list[BaseMessage]:
        """The conversation so far and this turn's question, as this model can see them."""
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        screens = ""
        before = {attachment.id for message in brief.history for attachment in message.attachments}
        for number, look in enumerate(brief.looks, 1):
            pictures = await self._pictures(look, brief.ranking.confidence)
            (old if look.attachment.id in before else new).extend(pictures)
            if self.sight != "passages":
                screens += told(look.screen, number, briefly=bool(pictures))
        text = prompt(
            "turn",
            screens=screens,
            passages=sources.told() or "(none was found)",
            question=brief.question[:LONGEST_MESSAGE] or "(only a picture, no words)",
        )
        messages = [*earlier(brief.history), with_pictures(HumanMessage(text), new)]
        # What stays equal from turn to turn stands first: servers keep what they made of a prompt's beginning, and a
        # picture is most of a prompt.
        first = next(n for n, message in enumerate(messages) if isinstance(message, HumanMessage))
        messages[first] = with_pictures(messages[first], old)
        return messages

    async def closer(self, look: Look, cut: Cut) -> dict[str, Any]:
        """A part of a picture as an image block. Raises MustNotLeave or LookupError when it cannot be shown."""
        picture = await self.load(look.attachment.id)
        return await asyncio.to_thread(self._block, picture, look.screen, cut)

    async def _pictures(self, look: Look, confidence: float) -> list[dict[str, Any]]:
        if self.sight != "pixels" or not needs_pixels(look.screen, confidence, self.sure):
            return []
        try:
            data = await self.load(look.attachment.id)
            return [
                await asyncio.to_thread(self._block, data, look.screen, cut)
                for cut in cuts(look.screen, self.grid, self.room)
            ]
        except (MustNotLeave, LookupError):
            return []  # its words go instead, which pass the same gate

    def _block(self, data: bytes, screen: Screen, cut: Cut) -> dict[str, Any]:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            return self.gate.sealed(picture, screen, lambda covered: drawn(covered, cut))


def with_pictures(message: BaseMessage, blocks: Sequence[dict[str, Any]]) -> BaseMessage:
    """`message` behind its pictures."""
    if not blocks:
        return message
    said = [{"type": "text", "text": message.content}] if isinstance(message.content, str) else message.content
    return HumanMessage([*blocks, *said])


def told(screen: Screen, number: int, *, briefly: bool) -> str:
    """A screen's words as data; `briefly` where the model sees the picture too."""
    if not screen.lines:
        return ""
    what = screen.where or screen.kind
    lines = _exact(screen) if briefly else screen.lines[:MOST_LINES]
    return prompt("screen", number=number, what=_marked(what), lines="\n".join(_placed(line, screen) for line in lines))


def earlier(history: Sequence[Message]) -> list[BaseMessage]:
    """The last messages before this turn, alternating as models expect: the bot's own, and everybody else's."""
    messages: list[BaseMessage] = []
    for message in history[-REMEMBERED:]:
        text = message.text[:LONGEST_MESSAGE] or "(a picture)"
        if message.sender == "bot":
            messages.append(AIMessage(text))
        else:
            messages.append(
                HumanMessage(text if message.sender == "customer" else f"(a colleague of yours wrote) {text}")
            )
    return messages


def _exact(screen: Screen) -> list[Line]:
    """The lines that a model reads worse than we do: those with an exact code, message or number on them."""
    boxes = [entity.box for entity in screen.entities]
    return [line for line in screen.lines if any(_overlap(line.box, box) for box in boxes)][:20] or list(
        screen.lines[:5]
    )


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _placed(line: Line, screen: Screen) -> str:
    x = round(100 * (line.box[0] + line.box[2]) / 2 / screen.width)
    y = round(100 * (line.box[1] + line.box[3]) / 2 / screen.height)
    return f"| {x},{y} | {_marked(line.text)}"


def _marked(text: str) -> str:
    """Text of a screen on one line of its own, unable to look like our marks."""
    return " ".join(text.split()).replace("===", "= = =")[:300]
