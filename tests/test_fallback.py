"""Whatever a rung does, a turn ends in exactly one answer, inside its deadline; two models' words are never mixed."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from bot.answering.breaker import Breaker, NotWanted, RetryBudget, RungBusy, RungFailed, Seats
from bot.answering.brief import Answer, Brief, Words
from bot.answering.extractive import Extractive
from bot.answering.fallback import Item, Ladder, Limits, Restart, Status
from bot.answering.listening import repeats

QUICK = Limits(first_word=0.8, first_word_with_picture=1.5, silence=0.4, whole=4.0, status=0.2, away=0.3)
BRIEF = Brief(question="How do I reset my password?")


@dataclass
class Scripted:
    """A rung that does what its script says: a text is a word, a number a pause, an event is waited for, an exception
    is a failure."""

    name: str
    script: tuple[object, ...]
    calls: int = 4
    asked: int = field(default=0, init=False)
    cancelled: int = field(default=0, init=False)
    running: int = field(default=0, init=False)

    async def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        """The script, then an answer of its words."""
        self.asked += 1
        self.running += 1
        said = ""
        try:
            for act in self.script:
                if isinstance(act, str):
                    said += act
                    yield Words(act)
                elif isinstance(act, Exception):
                    raise act
                elif isinstance(act, asyncio.Event):
                    await act.wait()
                else:
                    await asyncio.sleep(float(str(act)))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        yield Answer(text=said, model=self.name, answered=True)


async def said(ladder: Ladder, brief: Brief = BRIEF, **more: object) -> tuple[list[Item], float]:
    """Everything that one turn yields, and its seconds."""
    started = time.monotonic()
    items = [item async for item in ladder.answer(brief, **more)]  # type: ignore[arg-type]
    return items, time.monotonic() - started


def shown(items: list[Item]) -> str:
    """The text in front of the customer at the end."""
    text = ""
    for item in items:
        text = "" if isinstance(item, Restart) else text + (item.text if isinstance(item, Words) else "")
    return text


def answer_of(items: list[Item]) -> Answer:
    """The one answer, which is the last item and what is shown."""
    assert [type(item) for item in items].count(Answer) == 1
    last = items[-1]
    assert isinstance(last, Answer)
    assert shown(items) == last.text
    return last


async def test_the_first_rung_that_answers_wins_and_the_next_is_not_asked() -> None:
    second = Scripted("second", ("no",))
    items, _ = await said(Ladder([Scripted("first", ("Hello ", "there")), second, Extractive()]))
    assert answer_of(items).model == "first"
    assert second.asked == 0
    assert not [item for item in items if isinstance(item, (Restart, Status))]


async def test_a_failure_before_the_first_word_is_not_seen() -> None:
    items, _ = await said(Ladder([Scripted("first", (OSError("refused"),)), Scripted("second", ("Fine",))]))
    assert answer_of(items).model == "second"
    assert not [item for item in items if isinstance(item, Restart)]


@pytest.mark.parametrize("end", [OSError("reset"), RungFailed("bad line"), 60])
async def test_a_failure_in_mid_answer_is_a_visible_restart(end: object) -> None:
    first = Scripted("first", ("You should ", "press ", end))
    items, seconds = await said(Ladder([first, Extractive()], QUICK))
    assert answer_of(items).model == "extractive"
    assert [type(i) for i in items[:3]] == [Words, Words, Restart]
    assert seconds < 30, "it waited for as long as the rung did"
    assert first.running == 0


async def test_hanging_rungs_share_one_limit_for_the_first_word_and_a_line_says_so_meanwhile() -> None:
    rungs = [Scripted("a", (60,)), Scripted("b", (60,)), Scripted("c", (60,)), Extractive()]
    limits = replace(QUICK, first_word=2.0)
    items, seconds = await said(Ladder(rungs, limits))
    assert answer_of(items).model == "extractive"
    assert limits.first_word * 0.9 < seconds < limits.first_word * 3, "each rung had the limit for itself"
    assert any(isinstance(item, Status) for item in items)


async def test_when_nothing_answers_the_customer_is_told_and_offered_a_person() -> None:
    items, _ = await said(Ladder([Scripted("a", (OSError("down"),))]))
    answer = answer_of(items)
    assert not answer.answered
    assert answer.handoff
    assert "person" in answer.text


async def test_an_answer_that_goes_on_for_ever_or_in_circles_is_stopped() -> None:
    circles = Scripted("a", tuple(["and then press the button "] * 60))
    items, _ = await said(Ladder([circles, Extractive()]))
    assert answer_of(items).model == "extractive"
    assert circles.running == 0
    endless = Scripted("b", tuple(f"step {n} of it, which differs by {n * n} from all others. " for n in range(500)))
    items, _ = await said(Ladder([endless, Extractive()]))
    assert answer_of(items).model == "extractive"


def test_steps_and_tables_are_not_mistaken_for_going_in_circles() -> None:
    steps = "\n".join(f"{n}. Open **Settings** and choose **Members** in the row {n}." for n in range(1, 30))
    table = "| Plan | Price |\n| --- | --- |\n" + "".join(f"| Plan {n} | {n} |\n" for n in range(40))
    for text in (
        steps,
        table,
        "Yes. " * 5,
        "-" * 400,
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18" * 2,
    ):
        assert not repeats(text)
    assert repeats("I am sorry. " * 30)
    assert repeats("x" * 400)


async def test_the_same_rung_is_asked_again_only_when_it_helps_and_only_as_often_as_the_budget_allows() -> None:
    rung = Scripted("a", (RungFailed("come back", retry_after=0.01),))
    ladder = Ladder([rung, Extractive()])
    ladder.lanes[0].breaker.failures = 1000
    for _ in range(20):
        answer_of((await said(ladder))[0])
    assert 20 < rung.asked <= 24


async def test_a_rung_that_keeps_failing_is_left_alone_and_tried_once_later() -> None:
    now = [0.0]
    rung = Scripted("a", (OSError("down"),))
    ladder = Ladder([rung, Extractive()], clock=lambda: now[0])
    for _ in range(10):
        answer_of((await said(ladder))[0])
    assert rung.asked == 3
    now[0] += 11
    await asyncio.gather(*(said(ladder) for _ in range(5)))
    assert rung.asked == 4
    rung.script = ("Back again",)
    now[0] += 31
    assert answer_of((await said(ladder))[0]).model == "a"
    assert answer_of((await said(ladder))[0]).model == "a"


def test_a_breaker_opens_when_calls_run_and_no_word_comes_whatever_the_server_says() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    with breaker.call():
        now[0] += 9
        assert breaker.allows()
        breaker.moved()
        now[0] += 9
        assert breaker.allows()
        now[0] += 2
        assert not breaker.allows()
    assert breaker.allows()


def test_who_leaves_proves_nothing_about_a_rung() -> None:
    breaker = Breaker(failures=1)
    with pytest.raises(NotWanted), breaker.call():
        raise NotWanted("left")
    assert breaker.allows()


def test_a_rung_that_asks_for_rest_gets_it() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    with pytest.raises(RungFailed), breaker.call():
        raise RungFailed("429", rest=5.0)
    assert not breaker.allows()
    now[0] += 6
    assert breaker.allows()


async def test_a_full_queue_is_said_and_does_not_wait() -> None:
    refused = asyncio.Event()
    slow = Scripted("a", (refused, "Slow answer"), calls=1)
    ladder = Ladder([slow, Extractive()], Limits(first_word=60), queue=1)
    turns = [asyncio.ensure_future(said(ladder)) for _ in range(6)]
    at_once = [await turn for turn in asyncio.as_completed(turns[2:])]
    for items, _ in at_once:
        assert answer_of(items).model == "extractive"
        assert any(isinstance(item, Status) for item in items)
    assert not turns[0].done()
    assert not turns[1].done()
    refused.set()
    assert [answer_of((await turn)[0]).model for turn in turns[:2]] == ["a", "a"]


async def test_a_model_stops_when_nobody_reads_any_more() -> None:
    rung = Scripted("a", tuple(step for number in range(300) for step in (f"word {number} ", 0.1)))
    left = time.monotonic() + 0.3
    ladder = Ladder([rung, Extractive()], Limits(away=0.3))
    items, seconds = await said(ladder, away=lambda: max(0.0, time.monotonic() - left))
    assert answer_of(items).model == "extractive"
    assert rung.cancelled == 1
    assert seconds < 15, "the answer takes half a minute"


async def test_closing_the_turn_stops_the_model_at_once() -> None:
    rung = Scripted("a", ("word ", 60))
    turn = Ladder([rung], QUICK).answer(BRIEF)
    assert isinstance(await anext(turn), Words)
    await turn.aclose()
    assert rung.running == 0
    assert rung.cancelled == 1


def test_the_retry_budget_is_a_fifth_of_the_calls() -> None:
    budget = RetryBudget()
    spent = 0
    for _ in range(100):
        budget.earn()
        spent += budget.spend()
    assert spent == 20


async def test_whoever_would_wait_in_vain_hears_it_at_once() -> None:
    """Two calls at once, each kept for three seconds: the third waits for half of that, the fourth for all of it."""
    now = [100.0]
    seats = Seats(calls=2, queue=10, clock=lambda: now[0])
    async with seats.taken():
        now[0] += 3
    assert seats.wait == 0
    async with seats.taken(), seats.taken():
        assert seats.wait == pytest.approx(1.5)
        with pytest.raises(RungBusy):
            async with seats.taken(within=1.0):
                pass
        waiting = asyncio.create_task(seats.taken(within=2.0).__aenter__())
        await asyncio.sleep(0)
        assert seats.wait == pytest.approx(3.0)
        with pytest.raises(RungBusy):
            async with seats.taken(within=2.0):
                pass
    async with asyncio.timeout(5):
        await waiting
