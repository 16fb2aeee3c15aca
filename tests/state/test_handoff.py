"""From bot to person and back: who is called, who is told what and when, and what becomes of held words."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from gated import plain_turn
from killing import speak
from ledger import check
from pictures import NoIntake, NoStorage

from bot.conversation import Answered, Decided, Event, Held, Message, Noted, OwnerChanged, Reminded, Seen
from bot.handoff import Agent, asked_for, asks_for_person, called_for
from bot.helpdesk import Changed, Conflict, HelpDesk, NotFound, Refused
from bot.hours import Hours
from bot.reminders import Reminders
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

ANN, BEN = Agent("U1", "Ann"), Agent("U2", "Ben")
MINUTE = 60_000
TUESDAY_NOON = 1_900_148_400_000
"""Tuesday 2030-03-19, 12:00 in Berlin."""
BERLIN = Hours.parse("Europe/Berlin Mon-Fri 09:00-17:00 !2030-03-20")


class House:
    """A desk whose clock goes on when told to, and a worker that does what is due."""

    def __init__(self, url: str, hours: Hours | None, now: int = TUESDAY_NOON) -> None:
        self.now = now
        self.store = Store(url, clock=lambda: self.now)
        self.desk = HelpDesk(self.store, NoIntake(), NoStorage(), hours=hours)
        self.hours = hours

    async def work(self) -> None:
        """As if a new process had started: nothing is remembered but what the store holds."""
        jobs = {"turn": Turns(plain_turn, hours=self.hours, batch_s=0), "timer": Reminders(self.hours)}
        await Worker(self.store, jobs).drain()  # type: ignore[arg-type]

    async def pass_minutes(self, minutes: int) -> None:
        """Time goes on a minute at a time."""
        self.now += 10
        for _ in range(minutes):
            self.now += MINUTE
            await self.work()

    async def events(self, conversation: str) -> list[Event]:
        return [event for _, event in await self.desk.log(conversation) if event]

    async def reminders(self, conversation: str) -> list[Reminded]:
        return [event for event in await self.events(conversation) if isinstance(event, Reminded)]


@pytest.fixture
async def house(redis_url: str) -> House:
    house = House(redis_url, None)
    yield house
    await house.store.aclose()


@pytest.fixture
async def berlin(redis_url: str) -> House:
    house = House(redis_url, BERLIN)
    yield house
    await house.store.aclose()


async def test_nobody_comes_and_each_thing_is_said_once(house: House) -> None:
    """At 2 minutes the customer, at 5 the team, at 15 the customer again; a new process each minute."""
    conversation = (await house.desk.open()).id
    await house.desk.request_human(conversation, key="h")
    said_at = {}
    for minute in range(1, 31):
        await house.pass_minutes(1)
        for reminder in await house.reminders(conversation):
            said_at.setdefault(reminder.step, minute)
    assert said_at == {"customer": 2, "team": 5, "last": 15}
    reminders = await house.reminders(conversation)
    assert [reminder.step for reminder in reminders] == ["customer", "team", "last"]
    assert [bool(reminder.text) for reminder in reminders] == [True, False, True]


async def test_a_process_that_was_away_says_what_is_due_once(house: House) -> None:
    """Nobody worked for an hour: all is said, in order, none twice."""
    conversation = (await house.desk.open()).id
    await house.desk.request_human(conversation, key="h")
    house.now += 60 * MINUTE
    for _ in range(3):
        await house.work()
    assert [r.step for r in await house.reminders(conversation)] == ["customer", "team", "last"]


@pytest.mark.parametrize("leave", ["take_over", "hand_back", "resolve"])
async def test_who_was_helped_is_not_reminded_and_a_second_wait_counts_anew(house: House, leave: str) -> None:
    """A second handoff works like the first."""
    conversation = (await house.desk.open()).id
    for round_ in range(2):
        await house.desk.request_human(conversation, key=f"h{round_}")
        await house.pass_minutes(3)
        if leave == "take_over":
            await house.desk.take_over(conversation, ANN, key=f"t{round_}")
            await house.pass_minutes(30)
            await house.desk.hand_back(conversation, ANN, key=f"b{round_}")
        elif leave == "hand_back":
            await house.desk.hand_back(conversation, ANN, key=f"b{round_}")
        else:
            await house.desk.resolve(conversation, ANN, key=f"r{round_}")
        await house.pass_minutes(30)
    assert [r.step for r in await house.reminders(conversation)] == ["customer", "customer"]


async def test_after_hours_the_customer_is_told_when_and_the_clock_starts_in_the_morning(berlin: House) -> None:
    """The day after is closed by date; the queue keeps its order; the bot goes on answering."""
    berlin.now += 6 * 60 * MINUTE  # 18:00
    first, second = (await berlin.desk.open()).id, (await berlin.desk.open()).id
    for conversation in (first, second):
        await berlin.desk.request_human(conversation, key="h")
        berlin.now += 1000
    change = (await berlin.events(first))[0]
    assert isinstance(change, OwnerChanged)
    assert "Thursday 21 March, 09:00" in change.reason
    assert change.back_at == berlin.hours.next_open(berlin.now)
    berlin.now += 12 * 60 * MINUTE
    await berlin.work()
    assert await berlin.reminders(first) == []
    await berlin.desk.say(first, "customer", "meanwhile?", key="1")
    await berlin.work()
    assert len((await berlin.desk.conversation(first)).answers) == 1
    assert [summary.id for summary in await berlin.desk.queue()] == [first, second]
    berlin.now = change.back_at
    await berlin.pass_minutes(3)
    assert [r.step for r in await berlin.reminders(first)] == ["customer"]


async def test_the_team_left_before_anybody_came(berlin: House) -> None:
    """The customer hears of it at once; nobody is called at night."""
    berlin.now += (4 * 60 + 59) * MINUTE  # 16:59
    conversation = (await berlin.desk.open()).id
    await berlin.desk.request_human(conversation, key="h")
    await berlin.pass_minutes(10)
    (reminder,) = await berlin.reminders(conversation)
    assert "Thursday" in reminder.text
    berlin.now = berlin.hours.next_open(berlin.now) or 0
    await berlin.pass_minutes(1)
    assert [r.step for r in await berlin.reminders(conversation)] == ["customer", "team", "last"]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Can I talk to a person?", True),
        ("let me speak with a real human please", True),
        ("human please", True),
        ("Agent!", True),
        ("connect me to support", True),
        ("I want a real person", True),
        ("please get me an agent", True),
        ("I need a human.", True),
        ("transfer me to someone", True),
        ("How do I add a person to my team?", False),
        ("The agent field is greyed out", False),
        ("How do I get a person to sign the contract?", False),
        ("I need a person record for the import", False),
        ("Where do I connect to the operator dashboard?", False),
        ("Chat with a colleague in the app does not work: error E-17. chat does not load", False),
        ("human resources export fails", False),
        ("", False),
    ],
)
def test_asking_for_a_person_in_words(text: str, asks: bool) -> None:
    """Always honoured; a product's own words are no request."""
    assert asks_for_person(text) == asks


async def test_asking_in_words_calls_a_person_and_the_message_is_still_answered(house: House) -> None:
    """One write: the message, and who is called."""
    conversation = (await house.desk.open()).id
    await house.desk.say(conversation, "customer", "I want to talk to a human", key="1")
    await house.work()
    assert [e.event for e in await house.events(conversation)] == ["message", "owner", "planned", "answered", "done"]
    await house.desk.say(conversation, "customer", "talk to a human!!", key="2")
    await house.work()
    assert sum(isinstance(e, OwnerChanged) for e in await house.events(conversation)) == 1
    assert check(await house.events(conversation)) == []


async def test_two_answers_that_did_not_help_call_a_person_until_the_bot_is_given_it_back(house: House) -> None:
    """Counted from the last boundary: an old failure never counts again."""
    conversation = (await house.desk.open()).id
    for round_ in range(2):
        for number in (1, 2):
            await house.desk.say(conversation, "customer", "?", key=f"{round_}{number}")
            await house.work()
            assert (await house.desk.conversation(conversation)).owner == "bot"
            turn = max((await house.desk.conversation(conversation)).answers)
            await house.desk.rate(conversation, turn, False, key=f"r{round_}{number}")
        assert (await house.desk.conversation(conversation)).owner == "waiting"
        await house.desk.take_over(conversation, ANN, key=f"t{round_}")
        await house.desk.hand_back(conversation, ANN, key=f"b{round_}")


async def test_two_unreadable_pictures_call_a_person(redis_url: str) -> None:
    """By the turn that looked at them, in its last write."""

    async def blind(conversation, turn):  # type: ignore[no-untyped-def]
        for attachment in conversation.unlooked:
            yield Seen(attachment_id=attachment.id, outcome="unreadable", reason="too small")

    async with Store(redis_url) as store:
        conversation = await store.open()
        for _ in range(2):
            await speak(store, conversation, "", picture=True)
        await Worker(store, {"turn": Turns(blind)}).drain()
        head = await store.head(conversation)
        assert (head.owner, head.epoch) == ("waiting", 1)


def test_what_calls_a_person() -> None:
    """Risk, doubt where it is costly, a model that failed: by rules, never by tone."""

    def log(*events: Event) -> list[tuple[int, Event | None]]:
        return [(n, event) for n, event in enumerate(events, 1)]

    def asked(text: str) -> Message:
        return Message(id="m", sender="customer", text=text)

    def answered(**more: object) -> Event:
        return Answered(turn=1, to=("m",), text="x", **more)  # type: ignore[arg-type]

    assert called_for(log(asked("I will call my lawyer"))) == "risk"
    assert called_for(log(asked("THIS IS TERRIBLE!!! WORST APP EVER"))) is None
    assert called_for(log(asked("I want a refund"), answered(answered=True, confidence=0.9))) is None
    assert called_for(log(asked("I want a refund"), answered(answered=False))) == "unsure"
    assert called_for(log(asked("where is the button"), answered(answered=False))) is None
    assert called_for(log(asked("hello"), answered(model="none"))) == "failure"
    waiting = asked_for("asked", TUESDAY_NOON)
    assert called_for(log(waiting, asked("I will call my lawyer"))) is None


@pytest.mark.parametrize("choice", ["take_over", "send", "note"])
async def test_held_words_wait_until_they_are_decided_once(house: House, choice: str) -> None:
    """Take over, send only this, keep as note; pressed twice is once, and the other choice comes too late."""
    conversation = (await house.desk.open()).id
    held = await house.desk.say(conversation, "agent", "try the other card", key="a", who=ANN)
    assert (await house.desk.conversation(conversation)).messages == ()
    with pytest.raises(Refused):
        await house.desk.decide(conversation, held.id, "send", BEN, key="b")
    with pytest.raises(NotFound):
        await house.desk.decide(conversation, "nothing", "send", ANN, key="b")
    for key in ("1", "2"):
        await house.desk.decide(conversation, held.id, choice, ANN, key=key)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        await house.desk.decide(conversation, held.id, "note" if choice != "note" else "send", ANN, key="3")
    events, folded = await house.events(conversation), await house.desk.conversation(conversation)
    assert sum(isinstance(e, Decided) for e in events) == 1
    assert [m.text for m in folded.messages] == ([] if choice == "note" else ["try the other card"])
    assert [e.text for e in events if isinstance(e, Noted)] == (["try the other card"] if choice == "note" else [])
    assert folded.owner == ("human" if choice == "take_over" else "bot")
    assert [e.id for e in events if isinstance(e, Held)] == [held.id]


async def test_held_words_do_not_talk_over_a_colleague(house: House) -> None:
    """Somebody else took it meanwhile: a note is all they can become."""
    conversation = (await house.desk.open()).id
    held = await house.desk.say(conversation, "agent", "try the other card", key="a", who=ANN)
    await house.desk.take_over(conversation, BEN, key="t")
    for choice in ("take_over", "send"):
        with pytest.raises(Changed) as changed:
            await house.desk.decide(conversation, held.id, choice, ANN, key="d")  # type: ignore[arg-type]
        assert changed.value.who == "Ben"
    await house.desk.decide(conversation, held.id, "note", ANN, key="d")


async def test_an_agent_edits_and_takes_back_their_own_words_only(house: House) -> None:
    """Metadata-only changes are no change."""
    conversation = (await house.desk.open()).id
    await house.desk.take_over(conversation, ANN, key="t")
    said = await house.desk.say(conversation, "agent", "Tuesday", key="a", who=ANN)
    await house.desk.edit(conversation, said.id, "Tuesday", ANN, key="same")
    await house.desk.edit(conversation, said.id, "Wednesday", ANN, key="e")
    assert (await house.desk.conversation(conversation)).messages[0].text == "Wednesday"
    await house.desk.edit(conversation, said.id, None, ANN, key="d")
    assert (await house.desk.conversation(conversation)).messages[0].text == ""
    with pytest.raises(Refused):
        await house.desk.edit(conversation, said.id, "x", BEN, key="x")
    with pytest.raises(NotFound):
        await house.desk.edit(conversation, "nothing", "x", ANN, key="x")
    assert sum(e.event == "edited" for e in await house.events(conversation)) == 2


# --- opening hours --------------------------------------------------------------------------------------------------


def berlin_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "moment", "is_open", "opens"),
    [
        ("Mon-Fri 09:00-17:00", "2026-11-24T08:59", False, "2026-11-24T09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-24T09:00", True, "2026-11-24T09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-24T17:00", False, "2026-11-25T09:00"),
        ("Mon-Fri 09:00-17:00", "2026-11-27T18:00", False, "2026-11-30T09:00"),
        ("Mon-Fri 09:00-12:00 13:00-17:00", "2026-11-24T12:30", False, "2026-11-24T13:00"),
        ("Mon-Fri 09:00-17:00 !2026-12-24..2026-12-27", "2026-12-24T10:00", False, "2026-12-28T09:00"),
        ("Mon-Fri 09:00-17:00 2026-12-24 10:00-12:00", "2026-12-24T09:30", False, "2026-12-24T10:00"),
        ("Fri 22:00-06:00", "2026-11-28T05:59", True, "2026-11-28T05:59"),
        ("Fri 22:00-06:00", "2026-11-28T06:00", False, "2026-12-04T22:00"),
        ("Sat,Sun 00:00-24:00", "2026-11-28T23:59", True, "2026-11-28T23:59"),
        ("Sat-Mon 08:00-09:00", "2026-11-29T08:30", True, "2026-11-29T08:30"),
        # The night in which a clock is put forward has no 02:30; the day still opens at nine by the wall.
        ("Sun 09:00-10:00", "2027-03-28T00:30", False, "2027-03-28T09:00"),
    ],
)
def test_opening_hours(hours: str, moment: str, is_open: bool, opens: str) -> None:
    """Weekdays, breaks, nights, dates that differ, and a clock that is changed."""
    parsed = Hours.parse(f"Europe/Berlin {hours}")
    now = berlin_ms(moment)
    assert (parsed.next_open(now) == now) == is_open
    assert parsed.next_open(berlin_ms(moment)) == berlin_ms(opens)


def test_the_morning_of_the_digest() -> None:
    """When the desk last opened."""
    assert BERLIN.last_opening(berlin_ms("2030-03-21T09:00")) == berlin_ms("2030-03-21T09:00")
    assert BERLIN.last_opening(berlin_ms("2030-03-21T08:59")) == berlin_ms("2030-03-19T09:00")


@pytest.mark.parametrize(
    "wrong",
    ["", "Mars/Olympus Mon 09:00-10:00", "Europe/Berlin", "Europe/Berlin 09:00-10:00", "Europe/Berlin Mon 9-17",
     "Europe/Berlin Mon 25:00-26:00", "Europe/Berlin Mon 09:00-10:00 !2026-13-01", "Europe/Berlin Funday 09:00-10:00"],
)  # fmt: skip
def test_hours_that_cannot_be_read_say_how_to_write_them(wrong: str) -> None:
    """With an example."""
    with pytest.raises(ValueError, match="Europe/Berlin Mon-Fri"):
        Hours.parse(wrong)
