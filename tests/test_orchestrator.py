"""One turn: look, plan, search, answer, point, done; in this order, from the log alone."""

from collections.abc import AsyncIterator, Mapping

from redis.asyncio import Redis

from bot.answering.brief import Answer, Brief, Words
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.conversation import (
    Answered,
    Attached,
    Attachment,
    Choice,
    Citation,
    Conversation,
    Corrected,
    Delta,
    Event,
    Message,
    OwnerChanged,
    Pointed,
    Rated,
    Seen,
    fold,
)
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit, Query, Ranking
from bot.orchestrator import Orchestrator
from bot.routing import Asked
from bot.screenshots.entities import Entity
from bot.screenshots.grounding import Control
from bot.screenshots.ocr import Line, Word
from bot.screenshots.screen import Screen
from bot.state.budget import Budget

PICTURE = Attachment(id="c/1", media_type="image/png", width=800, height=600, size=9)
BUTTON = (600.0, 400.0, 700.0, 430.0)
PASSAGE = Passage(
    article="card.md",
    number=0,
    title="Your card was declined",
    steps=("Choose **Replace card**.", "Enter the new card.", "Choose **Pay now**."),
)
OTHER = PASSAGE.model_copy(update={"article": "bank.md", "title": "The bank asks for a code"})


def line(text: str, box: tuple[float, float, float, float]) -> Line:
    return Line(text=text, box=box, score=0.99, words=(Word(text=text, box=box, score=0.99),))


SCREEN = Screen(
    sha256="1",
    width=800,
    height=600,
    where="Plan & billing",
    error="Your card was declined",
    lines=(line("Your card was declined", (40, 40, 300, 60)), line("Replace card", BUTTON)),
    controls=(Control(kind="button", label="Replace card", box=BUTTON),),
)


class Eye:
    """Screens by attachment; one that is not known is gone."""

    def __init__(self, screens: Mapping[str, Screen]) -> None:
        self._screens = screens

    async def look(self, attachment: Attachment) -> Screen:
        return self._screens[attachment.id]


class Library:
    """Ranks the two passages, and remembers what it was asked."""

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence
        self.asked: list[Query] = []

    async def search(self, query: Query) -> Ranking:
        self.asked.append(query)
        hits = tuple(Hit(passage=p, score=1.0) for p in (PASSAGE, OTHER) if p.article not in query.avoid)
        return Ranking(hits=hits, confidence=self.confidence)


async def turn(library: Library, *log: Event, screens: Mapping[str, Screen] | None = None) -> list[Event]:
    eye = Eye({"c/1": SCREEN} if screens is None else screens)
    orchestrator = Orchestrator(eye, library.search, Ladder([Extractive(sure=0.5, unsure=0.1)]))
    conversation = fold("c", enumerate(log, 1))
    return [event async for event in orchestrator.turn(conversation, len(conversation.answers) + 1)]


def names(events: list[Event]) -> list[str]:
    shown = [event.event for event in events]
    return [name for i, name in enumerate(shown) if name != "delta" or shown[i - 1] != "delta"]


async def test_a_picture_alone_is_looked_at_and_nothing_is_answered() -> None:
    events = await turn(Library(0.9), Attached(attachment=PICTURE))
    assert names(events) == ["seen"]
    assert events[0].outcome == "read"  # type: ignore[union-attr]
    assert events[0].error == "Your card was declined"  # type: ignore[union-attr]


async def test_a_message_is_answered_from_seen_to_done() -> None:
    events = await turn(Library(0.9), Message(id="m1", sender="customer", text="help", attachments=(PICTURE,)))
    assert names(events) == ["seen", "planned", "found", "delta", "answered", "pointed", "done"]
    answered = next(e for e in events if isinstance(e, Answered))
    deltas = [e for e in events if isinstance(e, Delta)]
    assert "".join(d.text for d in deltas) == answered.text
    assert [d.offset for d in deltas] == [sum(len(x.text) for x in deltas[:i]) for i in range(len(deltas))]
    assert answered.to == ("m1",)
    pointed = next(e for e in events if isinstance(e, Pointed))
    assert [(p.label, p.step) for p in pointed.points] == [("Replace card", 1)], "Pay now is another screen's"


async def test_a_picture_that_is_gone_is_said_and_the_words_are_answered() -> None:
    message = Message(id="m1", sender="customer", text="help", attachments=(PICTURE,))
    events = await turn(Library(0.9), message, screens={})
    seen = next(e for e in events if isinstance(e, Seen))
    assert (seen.outcome, bool(seen.reason)) == ("unreadable", True)
    assert names(events)[-1] == "done"


async def test_two_quick_messages_are_one_answer() -> None:
    library = Library(0.9)
    said = [Message(id=f"m{n}", sender="customer", text=text) for n, text in enumerate(("my card", "was refused"))]
    events = await turn(library, *said)
    assert next(e for e in events if isinstance(e, Answered)).to == ("m0", "m1")
    assert library.asked[0].question == "my card\nwas refused"


async def test_a_follow_up_is_about_the_picture_that_was_sent_before() -> None:
    library = Library(0.9)
    first = Message(id="m1", sender="customer", attachments=(PICTURE,))
    answer = Answered(turn=1, to=("m1",), text="…")
    await turn(library, first, answer, Message(id="m2", sender="customer", text="and now?"))
    assert library.asked[0].screens[0].error == "Your card was declined"


async def test_an_article_that_did_not_help_is_never_shown_again() -> None:
    answer = Answered(turn=1, to=("m1",), text="…", citations=(Citation(n=1, article="card.md", title="x"),))
    log = (Message(id="m1", sender="customer", text="help"), answer, Rated(turn=1, helped=False))
    events = await turn(Library(0.9), *log, Message(id="m2", sender="customer", text="that did not help"))
    assert [c.article for c in next(e for e in events if isinstance(e, Answered)).citations] == ["bank.md"]


async def test_the_button_that_was_pressed_is_answered() -> None:
    choices = (Choice(text="Your card was declined", article="card.md"), Choice(text="Other", article="bank.md"))
    log = (Message(id="m1", sender="customer", text="help"), Answered(turn=1, to=("m1",), text="?", choices=choices))
    library = Library(0.2)
    events = await turn(library, *log, Message(id="m2", sender="customer", text="Other"))
    answered = next(e for e in events if isinstance(e, Answered))
    assert (answered.answered, answered.citations[0].article) == (True, "bank.md")
    assert library.asked[0].chosen == "bank.md", "it is found, whatever the button's words find"


async def test_what_the_customer_corrected_on_the_card_counts() -> None:
    library = Library(0.9)
    log = (Attached(attachment=PICTURE), Seen(attachment_id="c/1", outcome="read", error="Your card was declined"))
    fixed = Corrected(attachment_id="c/1", error="Coupon expired")
    message = Message(id="m1", sender="customer", text="help", attachments=(PICTURE,))
    events = await turn(library, *log, fixed, message)
    assert library.asked[0].screens[0].error == "Coupon expired"
    assert "Coupon expired" in next(e for e in events if isinstance(e, Answered)).text


async def test_while_a_human_owns_it_the_bot_only_looks() -> None:
    taken = OwnerChanged(owner="human", who="Ana")
    message = Message(id="m1", sender="customer", text="help", attachments=(PICTURE,))
    assert names(await turn(Library(0.9), taken, message)) == ["seen"]


async def test_nothing_to_do_is_no_event() -> None:
    assert await turn(Library(0.9)) == []


async def test_the_same_turn_is_a_langchain_runnable() -> None:
    orchestrator = Orchestrator(Eye({}), Library(0.9).search, Ladder([Extractive(sure=0.5)]))
    conversation = Conversation("c").then(1, Message(id="m1", sender="customer", text="help"))
    streamed = [event.event async for event in orchestrator.as_runnable().astream((conversation, 1))]
    assert streamed[0] == "planned"
    assert streamed[-1] == "done"


AFTER = Attachment(id="c/2", media_type="image/png", width=800, height=600, size=9)
SAID = "Your card was declined"
FAULTY = SCREEN.model_copy(
    update={
        "entities": (Entity(kind="error", text=SAID, box=(40, 40, 300, 60)),),
        "lines": (*SCREEN.lines, line("Plan & billing", (40, 10, 300, 30)), line("Pay now", (600, 500, 700, 530))),
    }
)
MENDED = FAULTY.model_copy(update={"error": "", "entities": (), "lines": FAULTY.lines[1:]})
EXPIRED = (line("Coupon expired", (40, 40, 300, 60)), *FAULTY.lines[1:])
ANOTHER = FAULTY.model_copy(
    update={
        "error": "Coupon expired",
        "entities": (Entity(kind="error", text="Coupon expired", box=(40, 40, 300, 60)),),
        "lines": EXPIRED,
    }
)


async def second_picture(after: Screen, text: str) -> list[Event]:
    first = Message(id="m1", sender="customer", text="help", attachments=(PICTURE,))
    answer = Answered(turn=1, to=("m1",), text="…", citations=(Citation(n=1, article="card.md", title="x"),))
    again = Message(id="m2", sender="customer", text=text, attachments=(AFTER,))
    return await turn(Library(0.9), first, answer, again, screens={"c/1": FAULTY, "c/2": after})


def answer_of(events: list[Event]) -> Answered:
    answered = next(e for e in events if isinstance(e, Answered))
    assert "".join(e.text for e in events if isinstance(e, Delta)) == answered.text
    return answered


async def test_a_second_picture_without_the_error_is_seen_resolved() -> None:
    events = await second_picture(MENDED, "Did it work?")
    assert f"“{SAID}” is gone" in answer_of(events).text
    assert names(events)[-2:] == ["solved", "done"]
    conversation = Conversation("c")
    for number, event in enumerate(events, 1):
        conversation = conversation.then(number, event)
    assert conversation.solved
    assert conversation.owner == "bot", "seen resolved is not closed"


async def test_a_question_of_its_own_beside_the_mended_screen_is_answered_too() -> None:
    events = await second_picture(MENDED, "thank you, how do I get a receipt for what I paid?")
    answered = answer_of(events)
    assert answered.text.startswith(f"The message “{SAID}” is gone")
    assert answered.citations
    assert "solved" not in names(events)


async def test_an_error_that_is_still_there_is_said_and_the_same_article_is_not_repeated() -> None:
    answered = answer_of(await second_picture(FAULTY, "still not"))
    assert answered.text.startswith(f"The message “{SAID}” is still there")
    assert [c.article for c in answered.citations] == ["bank.md"]


async def test_another_error_is_the_new_problem() -> None:
    answered = answer_of(await second_picture(ANOTHER, "and now?"))
    assert answered.text.startswith(f"The message “{SAID}” is gone")
    assert "Coupon expired" in answered.text


class Model:
    """A rung that counts as a model, since it says how many calls it takes."""

    name = "model"
    calls = 1

    async def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        yield Words("A model's words.")
        yield Answer(text="A model's words.", model=self.name, answered=True)


async def test_when_the_days_budget_is_used_up_the_answer_is_quoted_and_it_is_said(redis: Redis) -> None:
    ladder = Ladder([Model(), Extractive(sure=0.5)])
    spend = Budget(redis, turns=1).spend
    orchestrator = Orchestrator(Eye({}), Library(0.9).search, ladder, asked=(Asked(name="model"),), spend=spend)
    conversation = Conversation("c").then(1, Message(id="m1", sender="customer", text="my card was declined"))
    answers = [answer_of([event async for event in orchestrator.turn(conversation, n)]) for n in (1, 2)]
    assert [answer.model for answer in answers] == ["model", "extractive"]
    assert answers[1].text.startswith("Today's budget for language models is used up")
    for key in await redis.keys("{budget}:*"):
        assert await redis.ttl(key) > 0
