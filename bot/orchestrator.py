"""One turn, top to bottom: what is new is looked at, what was asked is answered, and each step is an event.

`Orchestrator.turn` is an async generator that reads like the promise: look, search, plan, answer, point, done. It
writes nothing itself: whoever runs it (the worker, `helplens ask`) decides what becomes of its events, so a turn can
be run again from the same log. Not here: leases and retries (`bot.worker`), which rung answers (`bot.answering`),
what the log keeps of what was seen, found and said (`bot.record`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from langchain_core.runnables import Runnable, RunnableGenerator

from bot.answering.brief import Answer, Brief, Look, Words
from bot.answering.fallback import Away, Restart, Status
from bot.answering.proof import Proof, proof
from bot.conversation import (
    Attachment,
    Conversation,
    Delta,
    Done,
    Event,
    Found,
    Message,
    Planned,
    Reset,
    Seen,
    Step,
)
from bot.knowledge.fusion import Query, Ranking
from bot.recall import earlier, fits, last_cited, pressed, unhelpful
from bot.record import answered, found, points, seen, solved, spent
from bot.routing import Asked, route
from bot.screenshots.screen import Screen
from prompts import say

Search = Callable[[Query], Awaitable[Ranking]]


class Eye(Protocol):
    """Looks at a stored picture; the same picture is read once, however often it is asked for."""

    async def look(self, attachment: Attachment) -> Screen:
        """The screen. Raises LookupError when the picture is gone; never raises for what the picture shows."""


class Incidents(Protocol):
    """What many customers have right now."""

    async def known(
        self, conversation_id: str, screens: Sequence[Screen], question: str, language: str = "en"
    ) -> str | None:
        """What a customer with these screens is told of a known problem, None when there is none; never raises for
        want of its server. Remembers that this conversation met the screens' errors, once."""


class Ladder(Protocol):
    """The rungs in order, as one."""

    def answer(self, brief: Brief, away: Away) -> AsyncIterator[Words | Restart | Status | Answer]:
        """Words and status lines as they come, a Restart where a rung broke off, then exactly one Answer. `away`: for
        how many seconds nobody has been reading."""


@contextmanager
def always_there(conversation_id: str) -> Iterator[Away]:
    """Somebody reads every answer to its end."""
    yield lambda: 0.0


@dataclass(frozen=True)
class Orchestrator:
    """The parts that a turn needs, handed in by the composition root."""

    eye: Eye
    search: Search
    ladder: Ladder
    sure: float = 0.5
    """Confidence from which a screen's text is enough."""
    asked: tuple[Asked, ...] = ()
    """The models that the ladder may ask, in order."""
    spend: Callable[[], Awaitable[bool]] | None = None
    """Takes one turn of the day's budget for models; None: there is no limit."""
    watched: Callable[[str], AbstractContextManager[Away]] = always_there
    """Tells, of a conversation's id and for as long as its answer runs, whether anybody reads it."""
    incidents: Incidents | None = None
    """None: known problems are neither counted nor said."""
    closed: frozenset[str] = frozenset()
    """What opens only to whom the site vouches for, as `filters.closing` gives it."""
    team: bool = False
    """Whether agents ask: then the first search, whose passages are told (`Found`), finds what is closed too."""

    async def turn(self, conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        """The events of turn number `turn` on a conversation as its log stands; none when nothing is to be done.

        A turn that only looks at pictures yields `Seen` alone; one that answers ends with `Answered`, `Pointed` for
        each picture with a place to show, and `Done`.
        """
        for attachment in conversation.unlooked:
            seen = await self._see(attachment, conversation.language)
            conversation = conversation.then(conversation.last_event, seen)
            yield seen
        messages = conversation.unanswered
        if not messages or conversation.owner not in ("bot", "waiting"):
            return
        async for event in self._answer(conversation, messages, turn):
            yield event

    def as_runnable(self) -> Runnable[tuple[Conversation, int], Event]:
        """The same turn as a LangChain Runnable: (conversation, turn number) in, a stream of events out."""

        async def transform(inputs: AsyncIterator[tuple[Conversation, int]]) -> AsyncIterator[Event]:
            async for conversation, turn in inputs:
                async for event in self.turn(conversation, turn):
                    yield event

        return RunnableGenerator(transform)

    async def _see(self, attachment: Attachment, language: str) -> Seen:
        try:
            screen = await self.eye.look(attachment)
        except LookupError:
            return Seen(
                attachment_id=attachment.id, outcome="unreadable", reason=say("answering.picture_gone", language)
            )
        return seen(attachment, screen, language)

    async def _answer(self, conversation: Conversation, messages: Sequence[Message], turn: int) -> AsyncIterator[Event]:
        to = tuple(message.id for message in messages)
        question = "\n".join(message.text for message in messages if message.text)
        looks = await self._looks(conversation, messages)
        screens = tuple(look.screen for look in looks)
        readable = tuple(screen for screen in screens if screen.legible)
        proven = await self._proof(conversation, messages, looks, question)
        if proven and proven.whole:
            for event in solved(proven, turn, to, looks[-1]):
                yield event
            return
        known = await self._known(conversation, readable, question)
        avoid = unhelpful(conversation) | (last_cited(conversation) if proven and proven.tried else frozenset())
        fitting = fits(conversation, self.closed).model_copy(update={"avoid": avoid})
        picked = pressed(conversation, question)
        article = (picked and picked.article) or ""
        asked = fitting.model_copy(update={"question": question, "screens": readable, "chosen": article})
        ranking = await self.search(asked.model_copy(update={"closed": frozenset()}) if self.team else asked)
        may_ask = not (self.asked and self.spend) or await self.spend()
        plan = route(
            question,
            screens,
            confidence=ranking.confidence,
            sure=self.sure,
            asked=self.asked if may_ask else (),
            known=not any(message.attachments for message in messages),
        )
        yield Planned(turn=turn, to=to, **plan.model_dump())
        yield Found(turn=turn, passages=tuple(found(ranking, looks)), confidence=ranking.confidence)
        brief = Brief(
            question=question,
            looks=looks,
            ranking=ranking,
            within=fitting,
            history=earlier(conversation, messages),
            pressed=picked,
            language=conversation.language,
            called=conversation.owner == "waiting",
            models=may_ask,
            customer=conversation.user or None,
        )
        budget = "" if brief.models else say("answering.budget", conversation.language)
        leads = (proven and proven.lead, known, budget)
        talk = _Talk(turn, "".join(f"{lead}\n\n" for lead in leads if lead))
        with self.watched(conversation.id) as away:
            async for item in self.ladder.answer(brief, away):
                match item:
                    case Answer():
                        yield answered(item, turn, to, talk.lead)
                        for pointed in await asyncio.to_thread(points, item.aims, looks, turn) if item.aims else ():
                            yield pointed
                        if used := spent(item, turn):
                            yield used
                    case _:
                        for event in talk.events(item):
                            yield event
        yield Done(turn=turn)

    async def _proof(
        self, conversation: Conversation, messages: Sequence[Message], looks: Sequence[Look], question: str
    ) -> Proof | None:
        """What this turn's newest picture says about the last one that was answered; None when either is missing."""
        if not any(message.attachments for message in messages):
            return None
        answered_ids = {id_ for answer in conversation.answers.values() for id_ in answer.to}
        before = [a for m in conversation.messages if m.id in answered_ids for a in m.attachments]
        if not before or not looks or before[-1].id == looks[-1].attachment.id:
            return None
        try:
            screen = await self.eye.look(before[-1])
        except LookupError:
            return None
        after = looks[-1].screen
        return proof(screen, after, question, conversation.language) if screen.legible and after.legible else None

    async def _known(self, conversation: Conversation, screens: Sequence[Screen], question: str) -> str | None:
        """What is said of a known problem, once in a conversation."""
        if self.incidents is None:
            return None
        known = await self.incidents.known(conversation.id, screens, question, conversation.language)
        said = any(known in answer.text for answer in conversation.answers.values()) if known else False
        return None if said else known

    async def _looks(self, conversation: Conversation, messages: Sequence[Message]) -> tuple[Look, ...]:
        """The pictures of these messages, else of the last message that had any: a follow-up is about the same one."""
        attachments = [a for message in messages for a in message.attachments]
        for message in reversed(conversation.messages):
            if attachments:
                break
            attachments = list(message.attachments) if message.sender == "customer" else []
        looks = []
        for attachment in attachments:
            try:
                screen = await self.eye.look(attachment)
            except LookupError:
                continue
            looks.append(Look(attachment=attachment, screen=corrected(screen, conversation.seen.get(attachment.id))))
        return tuple(looks)


@dataclass
class _Talk:
    """The running answer's deltas, their offsets counted in code points. `lead` opens it, again after each restart."""

    turn: int
    lead: str
    said: int = field(default=0, init=False)

    def events(self, item: Words | Restart | Status) -> Iterator[Event]:
        match item:
            case Words(text=text):
                piece = text if self.said else self.lead + text
                yield Delta(turn=self.turn, offset=self.said, text=piece)
                self.said += len(piece)
            case Restart(reason=reason):
                self.said = 0
                yield Reset(turn=self.turn, reason=reason)
            case Status(text=text):
                yield Step(turn=self.turn, text=text)


def corrected(screen: Screen, card: Seen | None) -> Screen:
    """The screen as the customer corrected it on the card."""
    if card is None:
        return screen
    return screen.model_copy(update={"where": card.where or screen.where, "error": card.error or screen.error})
