"""A rung with a model behind it: one LangChain agent per model, its words checked before the customer sees them.

The agent is `create_agent` with the tools and the privacy gate next to the model. What it writes passes `guardrails`
as it comes; what cannot be judged before the end (steps without a source, a promise) makes the rung fail, so that the
next one answers instead. Not here: how a brief is shown to a model (`render`), deadlines and retries (`fallback`).
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from math import exp
from statistics import fmean
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import BaseTool

from bot.answering.breaker import RungFailed
from bot.answering.brief import Aim, Answer, Brief, Usage, Words
from bot.answering.extractive import BOLD
from bot.answering.guardrails import Held, promises
from bot.answering.privacy import PrivacyMiddleware, one_customer
from bot.answering.render import Eyes
from bot.answering.sources import Sources
from bot.answering.sureness import doubt
from bot.answering.tools import Search, ToolRules, Turn, hand_off, look_closer, search_help
from bot.answering.tracing import Traces, traced
from bot.routing import Asked, passed_over
from prompts import prompt

STEP = re.compile(r"^\s*(\d{1,2})[.)]\s+(\S.*)$", re.MULTILINE)
SENTENCE = re.compile(r"[.!?]\s|\n")


class ModelRung:
    """Answers with `model`, which sees through `eyes`. `calls` is how many answers it writes at once; `asked` is what a
    plan may know of it."""

    def __init__(
        self,
        name: str,
        model: BaseChatModel,
        eyes: Eyes,
        search: Search,
        *,
        calls: int = 8,
        tools: bool = True,
        owners_tools: Sequence[BaseTool] = (),
        traces: Traces | None = None,
        passages: int = 5,
        asked: Asked | None = None,
    ) -> None:
        self.name = name
        self.calls = calls
        self.asked = asked or Asked(name=name, sees=eyes.sight == "pixels")
        self.doubt = partial(doubt, sure=eyes.sure) if self.asked.small else None
        self._eyes = eyes
        self._search = search
        self._traces = traces
        self._passages = passages
        ours = [search_help, look_closer, hand_off] if tools else []
        theirs = list(owners_tools) if tools else []
        self._agent = create_agent(
            model,
            [*ours, *theirs],
            context_schema=Turn,
            middleware=[ToolRules(theirs), PrivacyMiddleware(eyes.gate)],
        )

    def passes(self, brief: Brief) -> bool:
        """Whether it need not be asked: a small model that sees no pixels, where no text can do."""
        return passed_over(self.asked.sees, self.asked.small, [look.screen for look in brief.looks])

    async def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        """Checked words as they come, then the answer. Raises RungFailed, or whatever its model raises."""
        one_customer(brief)
        sources = Sources([hit.passage for hit in brief.ranking.hits[: self._passages]])
        turn = Turn(brief, sources, self._eyes, self._search, customer=brief.customer)
        messages = await self._eyes.messages(brief, sources)
        system = prompt("answer", language=brief.language)
        said, judged = "", 0
        held = Held(links=sources.links, citations=sources)
        async with aclosing(self._pieces([{"role": "system", "content": system}, *messages], turn)) as pieces:
            async for piece in pieces:
                if turn.calls:  # a search in mid-answer may have brought new links
                    held.links = sources.links
                if ready := held.feed(piece):
                    said += ready
                    judged += _no_promise(said[judged:])
                    yield Words(ready)
        if ready := held.finish():
            said += ready
            yield Words(ready)
        yield self._whole(said, brief, turn)

    async def _pieces(self, messages: list[Any], turn: Turn) -> AsyncGenerator[str]:
        """The text that the model writes for the customer, as it comes."""
        with traced(self._traces):
            stream = self._agent.astream({"messages": messages}, context=turn, stream_mode="messages")
            try:
                async for chunk, _ in stream:
                    if isinstance(chunk, AIMessageChunk):
                        turn.logprobs += logprobs(chunk)
                        if used := chunk.usage_metadata:
                            turn.read += used["input_tokens"]
                            turn.written += used["output_tokens"]
                        if text := chunk.text:
                            yield text
            except RungFailed:
                raise
            except Exception as error:  # whatever a provider's client raises: the ladder logs it and goes on
                raise failure(error) from error

    def _whole(self, text: str, brief: Brief, turn: Turn) -> Answer:
        """The answer, if it may stand. Raises RungFailed when it may not."""
        _no_promise(text + "\n")
        citations = turn.sources.citations(text)
        if STEP.search(text) and not citations:
            raise RungFailed("steps without a source")
        return Answer(
            text=text,
            citations=citations,
            aims=tuple(aims(text, brief)),
            confidence=brief.ranking.confidence,
            answered=bool(citations) and turn.handoff is None,
            model=self.name,
            usage=Usage(read=turn.read, written=turn.written, price=self.asked.price(turn.read, turn.written)),
            handoff=turn.handoff or (None if citations else "the answer rests on no article"),
            certainty=round(exp(fmean(turn.logprobs)), 4) if turn.logprobs else None,
        )


def logprobs(chunk: AIMessageChunk) -> list[float]:
    """Of each token in a chunk, as OpenAI's interface tells them; none when it does not."""
    told = chunk.response_metadata.get("logprobs") or {}
    return [token["logprob"] for token in told.get("content") or ()]


def failure(error: Exception) -> RungFailed:
    """What a client of somebody else's raised, as far as it says whether asking again would help."""
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    again = status in (408, 429, 500, 502, 503, 504, 529) or isinstance(error, (ConnectionError, TimeoutError))
    return RungFailed(f"{type(error).__name__}: {error}", retry_after=0.5 if again else None)


def _no_promise(text: str) -> int:
    """How much of `text` is whole sentences. Raises RungFailed when one promises an action or claims one was done."""
    whole = max((match.end() for match in SENTENCE.finditer(text)), default=0)
    if whole and (found := promises(text[:whole])):
        raise RungFailed(f"it promised: {found[0]}")
    return whole


def aims(text: str, brief: Brief) -> Iterator[Aim]:
    """The controls that an answer's steps name in bold, on the newest picture; without steps, its sentences."""
    if not brief.looks:
        return
    picture = brief.looks[-1].attachment.id
    steps: list[tuple[int | None, str]] = [(int(number), step) for number, step in STEP.findall(text)]
    for number, step in steps or [(None, line) for line in SENTENCE.split(text)]:
        if BOLD.search(step):
            yield Aim(attachment_id=picture, instruction=step, step=number)
