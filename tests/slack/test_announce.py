"""Known problems from Slack: announced from the card, by the shortcut and in words; ended in words, and those who wait
are told."""

from slack_house import House, text_of

from bot.conversation import Attached, Attachment, Message, Seen
from bot.state.records import Write
from handlers.slack.sandbox.server import SUPPORT


async def shows_error(house: House, conversation: str, error: str = "Upload failed\nError TB-6010") -> None:
    """The customer's picture was read, and shows an error."""
    id_ = f"{conversation}/{'0' * 64}"
    picture = Attachment(id=id_, media_type="image/png", width=9, height=9, size=9)
    events = (Attached(attachment=picture), Seen(attachment_id=id_, outcome="read", error=error))
    await house.desk.store.accept(conversation, Write(events, key="seen", digest=""))
    await house.settle()


def privately(house: House) -> list[str]:
    """What Ana was told alone."""
    return [text_of(message) for message in house.ana.prompts(SUPPORT)]


async def told(house: House, conversation: str) -> list[str]:
    """What the assistant said to the customer by itself."""
    log = [event for _, event in await house.desk.log(conversation)]
    return [event.text for event in log if isinstance(event, Message) and event.sender == "bot"]


async def test_the_cards_button_announces_what_its_screen_shows(house: House) -> None:
    """The error is there already; who announced it is kept, and the agent reads how many wait with it."""
    conversation = await house.opened("help")
    await shows_error(house, conversation)
    await house.ana.click(SUPPORT, house.card(conversation)["ts"], "announce")
    modal = await house.ana.modal()
    assert modal["blocks"][0]["element"]["initial_value"] == "Upload failed Error TB-6010"
    values = {"error": "Upload failed Error TB-6010", "text": "Uploads fail right now.", "hours": "4"}
    await house.ana.submit(modal["id"], values)
    await house.settle()
    (problem,) = await house.incidents.all()
    assert (problem.text, problem.by) == ("Uploads fail right now.", "Ana Ferreira")
    assert any("Announced for 4 hours" in line and "wait with it: 1" in line for line in privately(house))


async def test_the_shortcut_announces_without_a_conversation(house: House) -> None:
    """What says too little is refused in the modal, in words; good words are announced."""
    await house.ana.shortcut("announce")
    modal = await house.ana.modal()
    refused = await house.ana.submit(modal["id"], {"error": "Oops", "text": "We know."})
    assert refused and "too little" in refused["errors"]["error"]
    empty = await house.ana.submit(modal["id"], {"error": "  ", "text": ""})
    assert empty and set(empty["errors"]) == {"error", "text"}
    await house.ana.submit(modal["id"], {"error": "Error TB-6010", "text": "We know."})
    await house.settle()
    assert [p.text for p in await house.incidents.all()] == ["We know."]


async def test_in_words_known_and_fixed_tell_exactly_those_who_wait_with_it(house: House) -> None:
    """Nobody else hears of it, no word of the command reaches a customer, and twice is once."""
    with_it, without = await house.opened("help"), await house.opened("Where do I enter a coupon?")
    await shows_error(house, with_it)
    thread = house.card(with_it)["ts"]
    house.ana.say(SUPPORT, "!known Uploads fail right now.", thread)
    await house.settle()
    assert [p.text for p in await house.incidents.all()] == ["Uploads fail right now."]
    house.ana.say(SUPPORT, "!fixed Uploads work again.", thread)
    await house.settle()
    house.ana.say(SUPPORT, "!fixed Uploads work again.", thread)
    await house.settle()
    assert await told(house, with_it) == ["Uploads work again."]
    assert await told(house, without) == []
    assert await house.customer_reads(with_it) == []
    assert await house.incidents.all() == []
    assert "HelpLens (bot): Uploads work again." in house.says(with_it)
    lines = privately(house)
    assert any("Customers told: 1" in line for line in lines) and any("No known problem" in line for line in lines)


async def test_known_without_words_lists_and_without_an_error_says_so(house: House) -> None:
    conversation = await house.opened("help")
    house.ana.say(SUPPORT, "!known", house.card(conversation)["ts"])
    await house.settle()
    house.ana.say(SUPPORT, "!known We are on it.", house.card(conversation)["ts"])
    await house.settle()
    lines = privately(house)
    assert any("None right now" in line for line in lines) and any("No error was read" in line for line in lines)
    assert await house.incidents.all() == []
