"""What a customer has is kept with the conversation: a worker that takes over after a kill finds by the same."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from killing import worker
from pictures import NoIntake, NoStorage

from bot.answering.brief import Answer, Brief, Words
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.conversation import Attachment, Conversation, Described, Facets, Found, Message
from bot.helpdesk import HelpDesk, TooMany
from bot.knowledge.index import build
from bot.knowledge.retriever import HelpRetriever
from bot.orchestrator import Orchestrator
from bot.screenshots.screen import Screen
from bot.state.records import Limits
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker
from tests.centre import write

ARTICLES = {
    f"{plan}.md": f"---\nplan: {plan}\n---\n# Export the monthly report in {plan}\n\nChoose **Export** for {plan}.\n"
    for plan in ("free", "pro", "enterprise")
}
PRO, FREE = Facets(plan=("pro",)), Facets(plan=("free",))


class Blind:
    """Nobody sends pictures here."""

    async def look(self, attachment: Attachment) -> Screen:
        raise LookupError(attachment.id)


@pytest.fixture
def desk(store: Store) -> HelpDesk:
    return HelpDesk(store, NoIntake(), NoStorage(), limits=Limits(facts=30))


async def answer(store: Store, folder: Path) -> None:
    """All that is due, by a worker on the articles."""
    await build(write(folder / "centre", ARTICLES), folder / "kb")
    search = HelpRetriever(kb=folder / "kb").search
    turn = Orchestrator(Blind(), search, Ladder([Extractive()]), closed=frozenset({"plan:enterprise"})).turn
    await Worker(store, {"turn": Turns(turn, batch_s=0)}).drain()


async def found(desk: HelpDesk, conversation: str) -> list[set[str]]:
    log = await desk.log(conversation)
    return [{p.article for p in event.passages} for _, event in log if isinstance(event, Found) and event.passages]


@pytest.mark.parametrize("point", ["after claim", "after planned", "in mid-answer"])
async def test_who_takes_over_from_a_killed_worker_finds_by_the_same(
    desk: HelpDesk, tmp_path: Path, point: str
) -> None:
    """A process of its own dies in the turn (`kill -9`); what the site and the page said is in the log."""
    conversation = (await desk.open()).id
    await desk.vouch(conversation, PRO, 1)
    await desk.describe(conversation, {"plan": ("free",), "version": ("8",)})
    await desk.say(conversation, "customer", "How do I export the monthly report?", key="1")
    async with worker(desk.store.url, point) as process:
        assert await process.wait() == -9
    async with Store(desk.store.url, clock=_later(await desk.store.now())) as later:
        await answer(later, tmp_path)
    assert (await found(desk, conversation))[-1] == {"pro.md"}
    told = await desk.conversation(conversation)
    assert (told.signed, told.has) == (PRO, Facets(plan=("pro",), version=("8",)))
    assert [message.id for message in told.unanswered] == []


def _later(now: int) -> "object":
    """A clock by which the dead worker's lease has ended."""
    return lambda: now + 60_000


async def test_a_change_counts_for_the_questions_after_it(desk: HelpDesk, store: Store, tmp_path: Path) -> None:
    conversation = (await desk.open()).id
    for number, has in enumerate((PRO, FREE, Facets(), Facets(plan=("enterprise",))), 1):
        await desk.vouch(conversation, has, number)
        await desk.say(conversation, "customer", "How do I export the monthly report?", key=str(number))
        await answer(store, tmp_path)
    assert await found(desk, conversation) == [{"pro.md"}, {"free.md"}, {"free.md", "pro.md"}, {"enterprise.md"}]


class Listening:
    """A rung that quotes, and keeps what it was given."""

    name = "listening"

    def __init__(self) -> None:
        self.briefs: list[Brief] = []

    def answer(self, brief: Brief) -> AsyncIterator[Words | Answer]:
        self.briefs.append(brief)
        return Extractive().answer(brief)


async def test_an_agents_first_search_finds_what_is_closed_and_a_models_own_does_not(tmp_path: Path) -> None:
    """What the first one brought is told, so that such an answer can be kept with the team."""
    await build(write(tmp_path / "centre", ARTICLES), tmp_path / "kb")
    closed = frozenset({"plan:enterprise"})
    for team, shown in ((True, {"free.md", "pro.md", "enterprise.md"}), (False, {"free.md", "pro.md"})):
        rung = Listening()
        search = HelpRetriever(kb=tmp_path / "kb").search
        bot = Orchestrator(Blind(), search, Ladder([rung]), closed=closed, team=team)
        message = Message(id="1", sender="customer", text="How do I export the monthly report?")
        events = [event async for event in bot.turn(Conversation("agent").then(1, message), 1)]
        assert {p.article for e in events if isinstance(e, Found) for p in e.passages} == shown
        assert rung.briefs[0].within.closed == closed


async def test_the_same_again_and_what_is_older_writes_nothing(desk: HelpDesk) -> None:
    conversation = (await desk.open()).id
    for facets, issued in ((PRO, 20), (PRO, 20), (FREE, 10), (FREE, 20), (PRO, 0)):
        await desk.vouch(conversation, facets, issued)
    for changes in ({"version": ("8",)}, {"version": ("8",)}, {"language": "de"}, {"version": ()}):
        await desk.describe(conversation, changes)
    log = [event for _, event in await desk.log(conversation) if isinstance(event, Described)]
    assert [(event.facets, event.signed) for event in log] == [
        (PRO, True),
        (FREE, True),
        (PRO, True),
        (Facets(version=("8",)), False),
        (Facets(version=("8",), language="de"), False),
        (Facets(language="de"), False),
    ]
    head = await desk.store.head(conversation)
    assert (head.signed, head.issued, head.said) == (PRO, 0, Facets(language="de"))


async def test_a_page_that_changes_its_word_for_ever_fills_its_own_conversation_alone(desk: HelpDesk) -> None:
    conversation = (await desk.open()).id
    with pytest.raises(TooMany):
        for number in range(100):
            await desk.describe(conversation, {"version": (str(number),)})
    assert len(await desk.log(conversation)) == 30
