"""What a model may do besides writing: search the help centre, look closer at a picture, ask for a person.

None of the three acts on anything outside the conversation. The owner's own `@tool`s are loaded from a module that he
names; they get the customer's id from the runtime, never from the model, and fall silent once a picture has been
looked at, since what a picture says must not reach the arguments of anything that acts.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, ToolCallRequest
from langchain.tools import ToolRuntime
from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.types import Command
from rapidfuzz import fuzz

from bot.answering.breaker import RungFailed
from bot.answering.brief import Brief, Look
from bot.answering.pixels import part_of
from bot.answering.privacy import MustNotLeave
from bot.answering.render import Eyes
from bot.answering.sources import Sources
from bot.conversation import Box
from bot.knowledge.fusion import Query, Ranking

Search = Callable[[Query], Awaitable[Ranking]]

MOST_CALLS = 4
"""Tool calls of one answer; a model that needs more is going in circles."""
FOUND = 3
"""Passages that one search tells."""
SAME_WORDS = 75
"""Likeness (0 to 100) from which a line of the screen is the one that a model named."""


@dataclass
class Turn:
    """What the tools of one answer share; the model sees none of it."""

    brief: Brief
    sources: Sources
    eyes: Eyes
    search: Search
    customer: str | None = None
    """Who asks, as the site vouches for them; None when nobody does."""
    handoff: str | None = None
    calls: int = field(default=0, init=False)
    logprobs: list[float] = field(default_factory=list, init=False)
    """Of each token that the model wrote, where its server says so."""
    read: int = field(default=0, init=False)
    """Tokens that the model has read so far, `written`: and written, where its server says so."""
    written: int = field(default=0, init=False)


@tool
async def search_help(query: str, runtime: ToolRuntime[Turn, Any]) -> str:
    """Search the product's help centre with other words. Returns numbered passages that may be cited."""
    turn = runtime.context
    ranking = await turn.search(turn.brief.within.model_copy(update={"question": query[:500]}))
    numbers = [turn.sources.add(hit.passage) for hit in ranking.hits[:FOUND]]
    return turn.sources.told(numbers) or "Nothing was found."


@tool
async def look_closer(picture: int, region: str, runtime: ToolRuntime[Turn, Any]) -> Command[Any]:
    """See a part of the customer's picture (1 is the first) enlarged.

    `region` is words that stand there, or one of: top left, top, top right, left, middle, right, bottom left, bottom,
    bottom right.
    """
    turn = runtime.context
    looks = turn.brief.looks
    if not 1 <= picture <= len(looks):
        return _reply(runtime, f"There are {len(looks)} pictures.")
    look = looks[picture - 1]
    box = place(look, region)
    if box is None:
        return _reply(runtime, "Nothing like that stands on the picture; name a part of it, such as top left.")
    try:
        block = await turn.eyes.closer(look, part_of(look.screen, box, turn.eyes.grid, turn.eyes.room // 2))
    except (MustNotLeave, LookupError):
        return _reply(runtime, "This picture cannot be shown.")
    shown = HumanMessage([{"type": "text", "text": f"(this part of my picture {picture}, enlarged)"}, block])
    return _reply(runtime, "The part follows as a picture of the customer's.", shown)


@tool
async def hand_off(reason: str, runtime: ToolRuntime[Turn, Any]) -> str:
    """Offer the customer a person, when the passages do not answer or the customer asks for one."""
    runtime.context.handoff = reason[:300] or "the model asked for a person"
    return "The customer is offered a person. Say in one sentence what you could not answer."


def _reply(runtime: ToolRuntime[Turn, Any], text: str, *more: AnyMessage) -> Command[Any]:
    return Command(update={"messages": [ToolMessage(text, tool_call_id=runtime.tool_call_id or ""), *more]})


def place(look: Look, region: str) -> Box | None:
    """Where `region` is on a picture: a named ninth of it, or the line that says these words; None when neither."""
    screen = look.screen
    named = {part for word in region.lower().replace("-", " ").split() for part in (_SIDES.get(word),) if part}
    if named and len(region.split()) <= 3:
        left, right = (0.0, 0.5) if "left" in named else (0.5, 1.0) if "right" in named else (0.25, 0.75)
        top, bottom = (0.0, 0.5) if "top" in named else (0.5, 1.0) if "bottom" in named else (0.25, 0.75)
        return left * screen.width, top * screen.height, right * screen.width, bottom * screen.height
    likeness = [(fuzz.partial_ratio(region.casefold(), line.text.casefold()), line.box) for line in screen.lines]
    best = max(likeness, default=(0.0, None), key=lambda pair: pair[0])
    return best[1] if best[0] >= SAME_WORDS else None


_SIDES = {
    "left": "left",
    "right": "right",
    "top": "top",
    "upper": "top",
    "bottom": "bottom",
    "lower": "bottom",
    "middle": "middle",
    "center": "middle",
    "centre": "middle",
}


def owners(module: str | None) -> tuple[BaseTool, ...]:
    """The `@tool`s of the owner's module. Raises ValueError, saying what to do, when it cannot be loaded."""
    if not module:
        return ()
    try:
        found = vars(import_module(module)).values()
    except ImportError as error:
        raise ValueError(f"the module of your tools, {module!r}, cannot be imported: {error}") from error
    return tuple(value for value in found if isinstance(value, BaseTool))


def looked_at_a_picture(brief: Brief) -> bool:
    """Whether words of a picture may stand in this conversation."""
    return bool(brief.looks) or any(message.attachments for message in brief.history)


class ToolRules(AgentMiddleware[Any, Turn, Any]):
    """Which tools a model is told of in this turn, and a second look when it calls one all the same."""

    def __init__(self, owners_tools: Sequence[BaseTool]) -> None:
        super().__init__()
        self.owners = frozenset(tool.name for tool in owners_tools)

    async def awrap_model_call(
        self, request: ModelRequest[Turn], handler: Callable[[ModelRequest[Turn]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """The tools that this turn allows; pictures of the customer's stand behind all answers of tools."""
        allowed = [one for one in request.tools if self._allowed(_name(one), request.runtime.context)]
        return await handler(request.override(tools=allowed, messages=pictures_last(request.messages)))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]]
    ) -> ToolMessage | Command[Any]:
        """Runs an allowed tool. Raises RungFailed when a model calls too many."""
        turn = cast(Turn, request.runtime.context)
        turn.calls += 1
        if turn.calls > MOST_CALLS:
            raise RungFailed("it called one tool after another")
        name = request.tool_call["name"]
        if not self._allowed(name, turn):
            return ToolMessage("This tool is not available.", tool_call_id=request.tool_call["id"] or "", name=name)
        return await handler(request)

    def _allowed(self, name: str, turn: Turn) -> bool:
        if name in self.owners:
            return not looked_at_a_picture(turn.brief)
        return name != look_closer.name or (turn.eyes.sight == "pixels" and bool(turn.brief.looks))


def _name(one: BaseTool | dict[str, Any]) -> str:
    return one.name if isinstance(one, BaseTool) else str(one.get("name", ""))


def pictures_last(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """`messages` with each customer's picture behind the tools' answers that it came between: APIs want those whole."""
    ordered: list[AnyMessage] = []
    waiting: list[AnyMessage] = []
    for number, message in enumerate(messages):
        between = isinstance(message, HumanMessage) and number and isinstance(messages[number - 1], ToolMessage)
        if between:
            waiting.append(message)
            continue
        if waiting and not isinstance(message, ToolMessage):
            ordered += waiting
            waiting = []
        ordered.append(message)
    return ordered + waiting
