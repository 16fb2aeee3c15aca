"""In the morning, one message tells what waits since the desk closed; once, whoever is first."""

from slack_house import House, text_of

from bot.conversation import Citation
from bot.hours import Hours
from handlers.slack.calls import Calls
from handlers.slack.clock import HandClock
from handlers.slack.digest import Digest
from handlers.slack.pacer import OwnSlots
from handlers.slack.sandbox.server import SUPPORT

ARTICLE = Citation(n=1, article="a.md", title="Replace a card")


async def test_what_waits_from_last_night_is_told_once_oldest_first(house: House) -> None:
    first = await house.opened("My card <!here> was declined")
    await house.bot_answers(first, "Choose **Replace card** [1].", ARTICLE)
    await house.opened("Where are my invoices?")
    await house.taken("Somebody has this one")

    now = int(house.clock.now() * 1000)
    hours = Hours.parse("UTC Mon-Sun 00:00-24:00")
    opening = hours.last_opening(now + 86_400_000)
    assert opening is not None
    clock = HandClock(opening / 1000 + 120)
    client = house.service.client
    digests = [
        Digest(
            client, Calls(client, clock, OwnSlots(clock)), house.desk, house.service.memory, clock, hours, SUPPORT, str
        )
        for _ in range(2)
    ]
    assert [await digest.post() for digest in digests] == [True, False]

    message = list(house.slack.workspace.channels[SUPPORT].messages.values())[-1]
    lines = text_of(message).split("\n")
    assert lines[0] == "Waiting since the desk closed: 2"
    about = [line for line in lines if "open the thread" in line]
    assert "My card &lt;!here&gt; was declined" in about[0]
    assert "Where are my invoices?" in about[1]
    assert "/archives/C0SUPPORT/" in about[0]
    assert any("Choose *Replace card*." in line for line in lines)
