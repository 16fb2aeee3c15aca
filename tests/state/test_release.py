"""An agent who lets a customer wait for half an hour no longer owns the conversation: it waits for the team again."""

from collections.abc import AsyncIterator

import pytest
from gated import plain_turn
from pictures import NoIntake, NoStorage

from bot.conversation import OwnerChanged
from bot.handoff import Agent
from bot.helpdesk import HelpDesk
from bot.reminders import Reminders
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

ANN, BEN = Agent("U1", "Ann"), Agent("U2", "Ben")
MINUTE = 60_000


class House:
    """A desk whose clock goes on when told to, with a new worker each minute."""

    def __init__(self, url: str, after: int | None = 30) -> None:
        self.now = 1_900_148_400_000
        self.after = after
        self.store = Store(url, release=after is not None, clock=lambda: self.now)
        self.desk = HelpDesk(self.store, NoIntake(), NoStorage())

    async def pass_minutes(self, minutes: int) -> None:
        self.now += 10
        for _ in range(minutes):
            self.now += MINUTE
            reminders = Reminders(release_ms=self.after * MINUTE if self.after else None)
            await Worker(self.store, {"turn": Turns(plain_turn, batch_s=0), "timer": reminders}).drain()

    async def owners(self, conversation: str) -> list[str]:
        log = await self.desk.log(conversation)
        return [event.owner for _, event in log if isinstance(event, OwnerChanged)]


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[House]:
    house = House(redis_url)
    yield house
    await house.store.aclose()


async def test_who_says_nothing_is_released_with_notice(house: House) -> None:
    """Then the reminders count anew, another agent takes it, and the silent one owns it no more."""
    conversation = (await house.desk.open()).id
    await house.desk.take_over(conversation, ANN, key="t")
    await house.pass_minutes(29)
    assert await house.owners(conversation) == ["human"]
    await house.pass_minutes(1)
    assert await house.owners(conversation) == ["human", "waiting"]
    log = await house.desk.log(conversation)
    assert "has not been able to answer" in [e for _, e in log if isinstance(e, OwnerChanged)][-1].reason
    assert [s.id for s in await house.desk.queue()] == [conversation]
    await house.pass_minutes(16)
    assert [e.step for _, e in await house.desk.log(conversation) if e and e.event == "reminded"] == [
        "customer",
        "team",
        "last",
    ]
    assert (await house.desk.say(conversation, "agent", "sorry", key="late", who=ANN)).heard == "held"
    await house.desk.take_over(conversation, BEN, key="t2")
    await house.pass_minutes(31)
    assert await house.owners(conversation) == ["human", "waiting", "human", "waiting"]


async def test_only_while_the_customer_waits(house: House) -> None:
    """An answer ends the wait; the customer's next words begin it, however many follow."""
    conversation = (await house.desk.open()).id
    await house.desk.take_over(conversation, ANN, key="t")
    await house.pass_minutes(10)
    await house.desk.say(conversation, "agent", "which card?", key="a", who=ANN)
    await house.pass_minutes(120)
    assert await house.owners(conversation) == ["human"]
    await house.desk.say(conversation, "customer", "the blue one", key="1")
    await house.pass_minutes(20)
    await house.desk.say(conversation, "customer", "hello?", key="2")
    await house.desk.note(conversation, ANN, "looking", key="n")
    await house.pass_minutes(9)
    assert await house.owners(conversation) == ["human"]
    await house.pass_minutes(1)
    assert await house.owners(conversation) == ["human", "waiting"]


@pytest.mark.parametrize("leave", ["hand_back", "resolve"])
async def test_who_has_ended_it_is_not_released(house: House, leave: str) -> None:
    conversation = (await house.desk.open()).id
    await house.desk.take_over(conversation, ANN, key="t")
    await house.pass_minutes(5)
    await getattr(house.desk, leave)(conversation, ANN, key="e")
    await house.pass_minutes(60)
    assert len(await house.owners(conversation)) == 2


async def test_a_word_at_the_last_moment_counts(house: House) -> None:
    """Said after the worker has read the log and before it writes: the agent keeps the conversation."""
    conversation = (await house.desk.open()).id
    await house.desk.take_over(conversation, ANN, key="t")
    await house.pass_minutes(29)
    house.now += MINUTE
    reminders = Reminders(release_ms=30 * MINUTE)

    async def late(lease):  # type: ignore[no-untyped-def]
        await house.desk.say(conversation, "agent", "here I am", key="a", who=ANN)
        await reminders(lease)

    await Worker(house.store, {"timer": late}).drain()
    await house.pass_minutes(60)
    assert await house.owners(conversation) == ["human"]


async def test_only_where_it_is_wanted(redis_url: str) -> None:
    house = House(redis_url, after=None)
    async with house.store:
        conversation = (await house.desk.open()).id
        await house.desk.take_over(conversation, ANN, key="t")
        await house.pass_minutes(90)
        assert await house.owners(conversation) == ["human"]
