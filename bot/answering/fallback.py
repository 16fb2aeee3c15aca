"""The rungs in order, as one: whatever a rung does, the turn ends in exactly one answer, inside one deadline.

A rung that fails before its first word is followed by the next one unseen; one that breaks off later is followed by a
visible `Restart`, and the next rung answers whole: two models' words are never spliced. The first word of the turn is
due within one limit that the rungs share, however many of them hang. This is the only place that asks a model twice;
clients below it retry nothing. Not here: how a call is watched (`listening`), when a rung may be asked (`breaker`),
what it says (`agent`, `extractive`).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from bot.answering.breaker import Breaker, Clock, NotSure, RetryBudget, RungBusy, RungFailed, Seats
from bot.answering.brief import Answer, Brief, Rung, Usage, Words
from bot.answering.listening import Patience, Quiet, listen
from prompts import say

log = structlog.get_logger()

Away = Callable[[], float]
"""For how many seconds nobody has been reading this answer; 0 while somebody is."""
Observe = Callable[[str, str], None]
"""Hears how each call of a rung ended: its name, and `answered`, `resting` (not asked), `retried`, or what it failed
of: `runfailed`, `stalled`, `rambling`, `rungbusy`, `notwanted`, `notsure`."""
Doubt = Callable[[Answer, Brief], str | None]
"""Why an answer of a small model's does not stand; None when it does."""


@dataclass(frozen=True)
class Restart:
    """Forget the words so far: the answer begins again, for the reason given (in the customer's words)."""

    reason: str


@dataclass(frozen=True)
class Status:
    """What is being done, while no word has come yet. Shown, not kept."""

    text: str


Item = Words | Restart | Status | Answer


@dataclass(frozen=True)
class Limits:
    """How long a customer waits at most; seconds of one turn."""

    first_word: float = 8.0
    first_word_with_picture: float = 15.0
    silence: float = 5.0
    """Between two words of one answer."""
    whole: float = 60.0
    status: float = 1.2
    """After this long without a word, a line says what is being done."""
    away: float = 30.0
    """After this long without a reader, the model is stopped and the rung without a model answers."""
    characters: int = 12_000
    """No answer is longer: what writes more is not answering any more."""


@dataclass(frozen=True)
class Lane:
    """A rung and what is known of it. `seats` is None for a rung that calls no model: it neither waits nor fails."""

    rung: Rung
    breaker: Breaker
    seats: Seats | None
    doubt: Doubt | None = None
    """Of a small model: its words are held until it has none."""


@dataclass
class _Turn:
    """The one deadline, and what the customer has seen so far."""

    limits: Limits
    away: Away
    language: str
    ends: float
    first_due: float
    status_due: float
    said: bool = field(default=False, init=False)
    """Words of an answer stand in front of the customer."""
    busy: bool = field(default=False, init=False)
    usage: Usage = field(default=Usage(), init=False)
    """What answers that do not stand have cost."""

    @property
    def unread(self) -> bool:
        """Whether the customer has been away for so long that no model need go on."""
        return self.away() >= self.limits.away


class Ladder:
    """Rungs, the best first.

    A rung that calls a model says by its attribute `calls` how many it takes at once; `queue` more may wait for it. A
    rung without this attribute is asked at once, always, and never timed. A small model has a `doubt`: nobody sees its
    answer before that has judged it, and it must be whole within the time that a first word may take. Rungs that need
    not be asked about a brief at all say so by `passes`.
    """

    def __init__(
        self,
        rungs: Sequence[Rung],
        limits: Limits | None = None,
        *,
        queue: int = 32,
        clock: Clock = time.monotonic,
        observe: Observe = lambda rung, outcome: None,
    ) -> None:
        self.limits = limits or Limits()
        self.lanes = tuple(
            Lane(rung, Breaker(clock=clock), _seats(rung, queue, clock), getattr(rung, "doubt", None)) for rung in rungs
        )
        self._budget = RetryBudget()
        self._clock = clock
        self._observe = observe

    async def answer(self, brief: Brief, away: Away = lambda: 0.0) -> AsyncGenerator[Item]:
        """Words and status lines as they come, a Restart where a rung broke off, then exactly one Answer.

        Raises nothing of its own: when every rung has failed, the answer says so and offers a person.
        """
        turn = self._start(brief, away)
        for number, lane in enumerate(self.lanes):
            if lane.seats is not None and (turn.unread or not brief.models or _passes(lane.rung, brief)):
                continue
            slow_after = sum(later.seats is not None for later in self.lanes[number + 1 :])
            async with aclosing(self._ask(lane, brief, turn, slow_after)) as items:
                async for item in items:
                    yield item
                    if isinstance(item, Answer):
                        return
        text = say("fallback.failed_busy" if turn.busy else "fallback.failed", turn.language)
        yield Words(text)
        yield Answer(text=text, model="none", handoff="no model could answer")

    def _start(self, brief: Brief, away: Away) -> _Turn:
        now, limits = self._clock(), self.limits
        first = limits.first_word_with_picture if brief.looks else limits.first_word
        return _Turn(limits, away, brief.language, now + limits.whole, now + first, now + limits.status)

    async def _ask(self, lane: Lane, brief: Brief, turn: _Turn, slow_after: int) -> AsyncGenerator[Item]:
        """One rung's items, with at most one retry; ends without an Answer when it failed.

        Of the time that is left for a first word it takes an equal share with the `slow_after` rungs behind it.
        """
        if lane.seats is not None:
            self._budget.earn()
        for retries_left in (1, 0):
            now = self._clock()
            if lane.seats is not None and (now >= turn.ends or not lane.breaker.allows()):
                self._observe(lane.rung.name, "resting")
                return
            due = now + max(0.0, turn.first_due - now) / (slow_after + 1)
            try:
                async with aclosing(self._listen(lane, brief, turn, due)) as items:
                    async for item in items:
                        yield item
                return
            except RungFailed as failure:
                self._observe(lane.rung.name, type(failure).__name__.lower())
                tell = log.info if isinstance(failure, NotSure) else log.warning
                tell("rung failed", rung=lane.rung.name, reason=str(failure)[:300])
                turn.busy = isinstance(failure, RungBusy)
                for line in self._shown(turn, last=lane is self.lanes[-1]):
                    yield line
                wait = failure.retry_after
            if wait is None or not retries_left or self._clock() + wait >= due or not self._budget.spend():
                return
            self._observe(lane.rung.name, "retried")
            await asyncio.sleep(wait)

    async def _listen(self, lane: Lane, brief: Brief, turn: _Turn, due: float) -> AsyncGenerator[Item]:
        """One call's items as the customer sees them; the breaker learns how it ended."""
        limits = turn.limits
        ends = due if lane.doubt else turn.ends
        patience = Patience(due, ends, limits.silence, limits.characters, lambda: turn.unread, self._clock)
        with lane.breaker.call():
            async with aclosing(listen(lane.rung, brief, lane.seats, patience)) as heard:
                async for item in heard:
                    match item:
                        case Words() if lane.doubt is None:
                            lane.breaker.moved()
                            turn.said = True
                            yield item
                        case Words() | Quiet():
                            if isinstance(item, Words):
                                lane.breaker.moved()
                            if line := self._waiting(turn):
                                yield line
                        case Answer():
                            whole = item
        if lane.doubt:
            if why := lane.doubt(whole, brief):
                turn.usage += whole.usage
                raise NotSure(why)
            turn.said = True
            yield Words(whole.text)
        self._observe(lane.rung.name, "answered")
        yield whole.model_copy(update={"usage": turn.usage + whole.usage})

    def _waiting(self, turn: _Turn) -> Status | None:
        """A line for the customer when nothing has come for a while."""
        now = self._clock()
        if turn.said or now < turn.status_due:
            return None
        turn.status_due = now + turn.limits.silence
        return Status(say("fallback.thinking", turn.language))

    def _shown(self, turn: _Turn, *, last: bool) -> Sequence[Item]:
        """What the customer sees of a failure."""
        now = self._clock()
        if turn.said:
            turn.said = False
            turn.first_due, turn.status_due = now + turn.limits.first_word, now + turn.limits.status
            return (Restart(say("fallback.away" if turn.unread else "fallback.restart", turn.language)),)
        if last:
            return ()
        if turn.busy:
            return (Status(say("fallback.busy", turn.language)),)
        return (
            (Status(say("fallback.next_model", turn.language)),)
            if now >= turn.status_due - turn.limits.status / 2
            else ()
        )


def _passes(rung: Rung, brief: Brief) -> bool:
    passes: Callable[[Brief], bool] | None = getattr(rung, "passes", None)
    return passes is not None and passes(brief)


def _seats(rung: Rung, queue: int, clock: Clock) -> Seats | None:
    calls: int | None = getattr(rung, "calls", None)
    return Seats(calls, queue, clock) if calls else None
