"""Runs one turn under a lease: its events in batches, news before its first word, one end.

`Turn` is all that is asked of an orchestrator: events for a conversation as its log stands, written by nobody but us.
Words go out every 25 to 50 ms; the answer, what it points at, and the turn's end go out in one write, so that no
crash can leave an answer without its end.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from bot import handoff, letters
from bot.conversation import DRAFT_EVENTS, Answered, Conversation, Delta, Done, Event, OwnerChanged, Planned, Seen, fold
from bot.course import Course
from bot.hours import Hours
from bot.state.lease import Lease, Lost
from bot.state.records import DONE, LogEntry
from bot.telemetry import TURN, Metrics
from bot.turn_end import TurnEnd

Turn = Callable[[Conversation, int], AsyncIterator[Event]]
"""(conversation, number of the turn) -> its events, none when nothing is to be done."""

BATCH_S = 0.03
"""How long words that follow others wait for more words."""
ANSWER_S = 0.5
"""How long a finished answer waits for its last events."""
READ_AGAIN = 2
"""How often a turn starts over for what was said before its first word."""
GIVE_UP_AFTER = 4
"""Tries that vanished or failed before an honest line is given instead of a fifth."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Turns:
    """The job of kind `turn`. A turn after which a person is needed calls one itself, within the `hours`."""

    turn: Turn
    hours: Hours | None = None
    metrics: Metrics | None = None
    batch_s: float = BATCH_S
    mail: bool = False
    """Whether customers who have left can be written to."""

    async def __call__(self, lease: Lease) -> None:
        """Runs the turn that is due, to its end. Raises Lost, and whatever the turn raises."""
        claim = lease.claim
        conversation, number = fold(claim.id, claim.log), claim.head.turn + 1
        if number in conversation.answers:
            # A worker wrote the answer and died before its end.
            await lease.write(Done(turn=number))
            number += 1
        course = Course(claim, conversation, number)
        try:
            await self._work(lease, conversation, course)
        except Exception as error:
            self._tell(course.end("lost" if isinstance(error, Lost) else "failed"))
            raise
        self._tell(course.end())

    async def _work(self, lease: Lease, conversation: Conversation, course: Course) -> None:
        """The turn from its first event to its last write."""
        claim, number = lease.claim, course.number
        if claim.tries >= GIVE_UP_AFTER:
            call = self._call("failure", claim.now, claim.log, claim.head.language)
            course.give_up(call)
            await lease.done(*handoff.given_up(conversation, number, call, claim.head.language))
            return
        facts = claim.log
        for starts_left in range(READ_AGAIN, -1, -1):
            pen = Pen(lease, self.batch_s, course, check=starts_left > 0)
            if await self._run(pen, fold(claim.id, facts), number) and await self._end(pen, facts):
                return
            facts = await lease.read_again()

    async def _run(self, pen: "Pen", conversation: Conversation, number: int) -> bool:
        """Whether the turn has said all; False: something was said before its first word."""
        saying = asyncio.create_task(self._take(pen, conversation, number))
        try:
            while await pen.due():
                if not await pen.write():
                    return False
            await saying
            return True
        finally:
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)

    async def _take(self, pen: "Pen", conversation: Conversation, number: int) -> None:
        """All that the turn says, into the pen, which writes meanwhile."""
        events = self.turn(conversation, number)
        try:
            async for event in events:
                pen.take(event)
                if self.metrics and isinstance(event, Seen):
                    self.metrics.pictures.labels(event.outcome).inc()
        finally:
            pen.close()
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    async def _end(self, pen: "Pen", log: Sequence[LogEntry]) -> bool:
        """The last write; whoever is needed after this turn is called in it."""
        reason = handoff.called_for((*log, *((0, event) for event in pen.facts)))
        if reason is None:
            return await pen.end()
        now = await pen.lease.store.now()
        return await pen.end(self._call(reason, now, log, pen.lease.claim.head.language))

    def _call(self, reason: handoff.Reason, now: int, log: Sequence[LogEntry], language: str) -> OwnerChanged:
        return handoff.asked_for(reason, now, self.hours, language, letters.mail(log) if self.mail else "off")

    def _tell(self, end: TurnEnd) -> None:
        """One line of the log for each turn that did something, and its share of the counts."""
        if end.outcome == "looked" and not end.pictures:
            return
        log.info(TURN, **end.fields())
        if self.metrics:
            self.metrics.ended(end)


@dataclass
class Pen:
    """What a turn has said and not yet written."""

    lease: Lease
    batch_s: float
    course: Course
    check: bool
    """Whether to ask for news before the plan and before the first word."""
    spoke: bool = False
    facts: list[Event] = field(default_factory=list)
    """What was taken in so far, without running text."""
    _pending: list[Event] = field(default_factory=list)
    _since: float = 0.0
    _written: float = 0.0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def take(self, event: Event) -> None:
        """Adds an event; pieces of the answer that follow each other become one."""
        if not self._pending:
            self._since = time.monotonic()
        last = self._pending[-1] if self._pending else None
        if isinstance(event, Delta) and isinstance(last, Delta) and last.turn == event.turn:
            self._pending[-1] = last.model_copy(update={"text": last.text + event.text})
            return
        self.course.take(event)
        if event.event not in DRAFT_EVENTS:
            self.facts.append(event)
        self._pending.append(event)
        self._news.set()

    def close(self) -> None:
        """Nothing more is to come."""
        self._closed = True
        self._news.set()

    async def due(self) -> bool:
        """Waits until what is pending must be written; False: nothing more comes, and what is left is for the end."""
        while not self._closed:
            patience = self._patience()
            if patience == 0:
                return True
            self._news.clear()
            if patience is None:
                await self._news.wait()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._news.wait()
        return False

    def _patience(self) -> float | None:
        """Seconds until what is pending must be written; None when nothing is.

        Words after a pause go at once, and those that follow gather until a batch's time has passed.
        """
        if not self._pending:
            return None
        names = {event.event for event in self._pending}
        if names & {"seen", "planned"} or (not self.spoke and "delta" in names):
            return 0
        until = self._since + ANSWER_S if "answered" in names else self._written + self.batch_s
        return max(0.0, until - time.monotonic())

    async def write(self) -> bool:
        """Writes what is pending; False: something was said before the first word, and nothing was written."""
        return await self._write(last=False)

    async def end(self, call: OwnerChanged | None = None) -> bool:
        """The last write; `call` goes before the turn's end."""
        if call:
            self.course.take(call)
            self._pending.insert(len(self._pending) - self._ends(), call)
        return await self._write(last=True)

    async def _write(self, *, last: bool) -> bool:
        events, self._pending = tuple(self._pending), []  # more may come in while these are under way
        speaks = any(isinstance(event, Delta | Answered) for event in events)
        check = self.check and not self.spoke and (speaks or any(isinstance(e, Planned) for e in events))
        outcome = await self.lease.write(*events, check=check, finish=DONE if last else None)
        if outcome == "newer" and not check:
            # Somebody else has changed the owner meanwhile: that stands, and what was said goes out without ours.
            self._pending[:0] = [event for event in events if not isinstance(event, OwnerChanged)]
            return await self._write(last=last)
        if outcome == "newer":
            return False
        self._written = time.monotonic()
        if speaks:
            self.spoke = True
            self.course.spoke()
        return True

    def _ends(self) -> bool:
        return bool(self._pending) and isinstance(self._pending[-1], Done)
