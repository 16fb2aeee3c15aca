"""The same error seen by several customers, or announced by the team, is said at once, and nothing private is kept."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.conversation import Answered, Attachment, Delta, Event, Message, Planned, fold
from bot.incidents import Incidents
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit, Query, Ranking
from bot.knowledge.incidents import fingerprint, phrase, words
from bot.orchestrator import Orchestrator
from bot.screenshots.screen import Screen
from bot.state.sightings import Sightings

MORNING = 1_800_000_000_000
"""2027-01-15 08:00 UTC."""
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
TELL = "We are on it; please do not pay twice."


@dataclass
class Clock:
    now: int = MORNING

    def __call__(self) -> int:
        return self.now

    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def incidents(redis_url: str, clock: Clock) -> AsyncIterator[Incidents]:
    async with Sightings(redis_url, clock=clock) as sightings:
        yield Incidents(sightings)


def screen(error: str) -> Screen:
    return Screen(sha256="1", width=800, height=600, error=error)


async def met(incidents: Incidents, conversation: str, error: str = "Payment failed for order 4711") -> str | None:
    return await incidents.known(conversation, [screen(error)], "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Payment failed for order INV-20391", "Payment failed\nfor order #7"),
        ("Could not send to anna@example.com", "Could not send to bert@example.org"),
        ("Sync stopped at 10:32 (id 8f3a-99ab-2c01)", "Sync stopped at 11:07 (id 77aa-0b1c-9d)"),
        ("Cannot open https://a.example/x?user=1 right now", "Cannot open https://b.example/y right now"),
        ("PAYMENT FAILED, try again", "Payment failed; try  again."),
        ("Paymentfailed, try again", "Payment failed, try again"),
    ],
)
def test_what_differs_between_customers_does_not_make_another_error(one: str, other: str) -> None:
    assert fingerprint(phrase(one)) == fingerprint(phrase(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Error 500", "Error 404"),
        ("Request failed (ERR_TIMED_OUT)", "Request failed (ERR_RESET)"),
        ("Your card was declined", "Your card has expired"),
    ],
)
def test_codes_and_words_that_name_an_error_tell_it_apart(one: str, other: str) -> None:
    assert phrase(one) and phrase(other) and fingerprint(phrase(one)) != fingerprint(phrase(other))


@pytest.mark.parametrize("error", ["Error", "Oops!", "12:30", "4711", "", "anna@example.com"])
def test_what_says_nothing_is_no_error_to_count(error: str) -> None:
    assert phrase(error) == ""


def test_no_private_data_stands_in_a_phrase() -> None:
    said = words("Card 4111 1111 1111 1111 of anna@example.com declined, call +49 30 901820, code 482913")
    assert said == "card of declined call code"


async def test_the_third_conversation_within_the_hour_is_told(incidents: Incidents, clock: Clock) -> None:
    assert await met(incidents, "a") is None
    clock.wait(20)
    assert await met(incidents, "b", "Payment failed for order 12") is None
    assert [await met(incidents, "b") for _ in range(3)] == [None] * 3, "a conversation counts once"
    clock.wait(20)
    told = await met(incidents, "c", "Payment failed for order 99")
    assert told and "since 08:00 (UTC)" in told and "Payment failed for order 99" in told
    assert "4711" not in told, "nothing of another customer's"
    assert await met(incidents, "d", "Export failed with status 503") is None
    [problem] = await incidents.all()
    assert (problem.phrase, problem.since, problem.seen) == ("payment failed for order", MORNING, 3)


async def test_a_customer_counts_once_in_however_many_conversations(incidents: Incidents) -> None:
    async def whose(conversation: str) -> str:
        return conversation[0]

    known = replace(incidents, customer=whose)
    assert [await met(known, conversation) for conversation in ("a1", "a2", "a3", "b1", "b2")] == [None] * 5
    assert await met(known, "c1") is not None


async def test_among_many_at_once_each_counts_and_one_makes_it_known(incidents: Incidents) -> None:
    became = await asyncio.gather(*(incidents.sightings.add("id", "payment failed", str(n)) for n in range(20)))
    assert sorted(became) == [False] * 19 + [True]
    assert [problem.seen for problem in await incidents.all()] == [20]


async def test_three_conversations_over_a_day_are_no_incident(incidents: Incidents, clock: Clock) -> None:
    for conversation in "abc":
        assert await met(incidents, conversation) is None
        clock.wait(61)


async def test_it_is_over_an_hour_after_the_last_one_met_it(incidents: Incidents, clock: Clock) -> None:
    for conversation in "abc":
        await met(incidents, conversation)
    clock.wait(50)
    assert "08:00" in str(await met(incidents, "d"))
    clock.wait(50)
    assert "08:00" in str(await met(incidents, "e")), "since when is not forgotten while it goes on"
    clock.wait(61)
    assert await incidents.all() == [] and await met(incidents, "f") is None


async def test_an_error_that_is_always_there_is_no_incident(incidents: Incidents, clock: Clock) -> None:
    """Wrong passwords: two an hour for four days, then three, then very many."""
    for n in range(192):
        await met(incidents, f"then{n}", "The password is wrong")
        clock.wait(30)
    for n in range(3):
        assert await met(incidents, f"now{n}", "The password is wrong") is None
    told = [await met(incidents, f"rush{n}", "The password is wrong") for n in range(12)]
    assert told[-1] is not None


async def test_a_house_that_is_new_learns_within_hours_what_is_usual(incidents: Incidents, clock: Clock) -> None:
    for n in range(10):
        await met(incidents, f"then{n}", "The password is wrong")
        clock.wait(31)
    assert [await met(incidents, f"now{n}", "The password is wrong") for n in range(3)] == [None] * 3
    told = [await met(incidents, f"new{n}", "Payment failed") for n in range(3)]
    assert told[-1] is not None


async def test_what_goes_on_for_more_than_a_day_is_usual(redis_url: str, clock: Clock) -> None:
    """Also where it is met so often that not all sightings are kept: one in four minutes, the last four hours kept."""
    async with Sightings(redis_url, clock=clock, most=60) as sightings:
        told = []
        for n in range(25 * 15):
            told.append(await met(Incidents(sightings), str(n), "The password is wrong"))
            clock.wait(4)
    assert told[2] is not None and told[300] is not None
    assert told[24 * 15 + 3 :] == [None] * (len(told) - 24 * 15 - 3)


async def test_the_team_announces_and_ends(incidents: Incidents, clock: Clock) -> None:
    problem = await incidents.announce("Payment failed", f"{TELL} Mail boss@example.com")
    assert problem.text == f"{TELL} Mail [email]"
    clock.wait(24 * 60 - 1)
    told = await met(incidents, "a", "Payment failed\nfor order 4711")
    assert told and told.endswith(problem.text) and "since Friday 15 January, 08:00 (UTC)" in told
    assert TELL in str(await incidents.known("b", [], "Why do I get 'payment failed' all the time?"))
    lines = Screen(sha256="1", width=9, height=9)
    assert await incidents.known("c", [lines], "Where are my invoices?") is None
    assert (await incidents.end(problem.id)) is not None
    assert await met(incidents, "d", "Payment failed") is None and await incidents.end(problem.id) is None


@pytest.mark.parametrize(
    ("announced", "same"),
    [
        ("Your card was declined. Error TB-4021", True),
        ("TB-4021: your card was declined", True),
        ("Error TB-4021", True),
        ("Your card was declined. Error TB-4022", False),
        ("Your card declined", False),
    ],
)
async def test_a_headline_and_a_code_are_the_error_though_its_screen_says_more(
    announced: str, same: bool, incidents: Incidents
) -> None:
    """Without a code, words that lie apart are not the same error."""
    await incidents.announce(announced, TELL)
    error = "Your card was declined\nThe bank refused $48.00 for invoice INV-20418. Error TB-4021"
    assert (TELL in str(await met(incidents, "a", error))) is same


async def test_what_was_counted_of_an_announced_error_ends_with_it(incidents: Incidents) -> None:
    error = "Your card was declined\nThe bank refused $48.00 for invoice INV-20418. Error TB-4021"
    for conversation in "abc":
        await met(incidents, conversation, error)
        await met(incidents, conversation, "Export failed with status 503")
    problem = await incidents.announce("Your card was declined. Error TB-4021", TELL)
    assert len(await incidents.all()) == 3
    await incidents.end(problem.id)
    assert [p.phrase for p in await incidents.all()] == ["export failed with status 503"]
    assert await met(incidents, "d", error) is None


async def test_of_a_long_error_its_headline_is_told(incidents: Incidents) -> None:
    error = "Your card was declined\nThe bank refused $48.00 for invoice INV-20418. Error TB-4021"
    told = [await met(incidents, conversation, error) for conversation in "abc"][-1]
    assert told and "“Your card was declined”" in told
    told = [await met(incidents, conversation, "Error\nError 503 in the gateway") for conversation in "abc"][-1]
    assert told and "“Error Error 503 in the gateway”" in told


async def test_an_announcement_runs_out(incidents: Incidents, clock: Clock) -> None:
    await incidents.announce("Payment failed", TELL, hours=2)
    clock.wait(119)
    assert await met(incidents, "a")
    clock.wait(2)
    assert await met(incidents, "b") is None and await incidents.all() == []


async def test_what_was_no_incident_is_quiet_for_a_day_unless_it_is_announced(
    incidents: Incidents, clock: Clock
) -> None:
    for conversation in "abc":
        await met(incidents, conversation)
    [problem] = await incidents.all()
    await incidents.end(problem.id)
    clock.wait(60)
    assert [await met(incidents, conversation) for conversation in "defg"] == [None] * 4
    await incidents.announce("Payment failed for order 1", TELL)
    assert TELL in str(await met(incidents, "h"))


async def test_an_announcement_that_says_too_little_is_refused(incidents: Incidents) -> None:
    with pytest.raises(ValueError, match="too little"):
        await incidents.announce("Error", TELL)


async def test_only_what_several_share_is_kept_and_it_expires(incidents: Incidents, redis: Redis) -> None:
    await met(incidents, "p0-secret", "Payment failed for Anna Smith, anna@example.com")
    [key] = await redis.keys("*seen*")
    assert await redis.keys("*known*") == []
    [who] = await redis.zrange(key, 0, -1)
    assert len(who) == 24 and b"secret" not in who and not any(word in key for word in (b"anna", b"payment", b"secret"))
    for conversation in "abc":
        await met(incidents, conversation)
    for key in await redis.keys():
        assert b"payment" not in key and 0 < await redis.pttl(key) <= 28 * DAY


async def test_without_redis_an_answer_goes_out_all_the_same() -> None:
    async with Sightings("redis://127.0.0.1:1") as sightings:
        assert await met(Incidents(sightings), "a") is None


PICTURE = Attachment(id="c/1", media_type="image/png", width=800, height=600, size=9)


@dataclass
class Parts:
    """An eye that sees one error, and a library with one article."""

    error: str = "Payment failed for order 1"
    asked: list[Query] = field(default_factory=list)

    async def look(self, attachment: Attachment) -> Screen:
        return screen(self.error)

    async def search(self, query: Query) -> Ranking:
        self.asked.append(query)
        passage = Passage(article="card.md", number=0, title="Payments", steps=("Choose **Try again**.",))
        return Ranking(hits=(Hit(passage=passage, score=1.0),), confidence=0.9)


async def test_a_turn_says_it_first_answers_all_the_same_and_says_it_once(incidents: Incidents) -> None:
    parts = Parts()
    orchestrator = Orchestrator(parts, parts.search, Ladder([Extractive(sure=0.5)]), incidents=incidents)
    await incidents.announce("Payment failed", TELL)
    log: list[Event] = [Message(id="m1", sender="customer", text="help", attachments=(PICTURE,))]

    async def turn(number: int) -> tuple[str, str]:
        events = [event async for event in orchestrator.turn(fold("c", enumerate(log, 1)), number)]
        assert any(isinstance(event, Planned) for event in events)
        answer = next(event for event in events if isinstance(event, Answered))
        log.extend(event for event in events if not isinstance(event, Delta))
        return answer.text, "".join(event.text for event in events if isinstance(event, Delta))

    text, deltas = await turn(1)
    assert text.startswith("**Known problem since 08:00 (UTC):**") and TELL in text
    assert "Try again" in text and text == deltas
    log.append(Message(id="m2", sender="customer", text="And where is the button?"))
    text, _ = await turn(2)
    assert TELL not in text and "Try again" in text
