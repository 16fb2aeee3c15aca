"""The next card with the same error shows what solved the last one: redacted, with a link, and only while it stands."""

from slack_house import House, text_of

from bot.conversation import Attached, Attachment, Seen
from bot.state.records import Write
from handlers.slack.sandbox.server import SUPPORT

ERROR = "Upload failed for invoice INV-20418\nError TB-6010"


async def shows(house: House, conversation: str, error: str = ERROR, where: str = "Files › Uploads") -> None:
    """The customer's picture was read."""
    id_ = f"{conversation}/{'0' * 64}"
    picture = Attachment(id=id_, media_type="image/png", width=9, height=9, size=9)
    events = (Attached(attachment=picture), Seen(attachment_id=id_, outcome="read", error=error, where=where))
    await house.desk.store.accept(conversation, Write(events, key="seen", digest=""))
    await house.settle()


async def solved(house: House, reply: str, **screen: str) -> str:
    """A conversation that Ana answers and resolves."""
    conversation, card = await house.taken("My upload fails, I am bo@example.com")
    await shows(house, conversation, **screen)
    house.ana.say(SUPPORT, reply, card["ts"])
    await house.settle()
    await house.ana.click(SUPPORT, house.card(conversation)["ts"], "resolve")
    await house.settle()
    return conversation


def before(house: House, conversation: str) -> list[str]:
    """What the card says of solved conversations."""
    return [line for line in text_of(house.card(conversation)).split("\n") if "Solved before" in line]


async def test_the_same_error_is_found_again(house: House) -> None:
    """Whatever its numbers are; who said what, a link to the desk, nothing private; another error finds nothing."""
    first = await solved(house, "Sign out and in again; write to bo@example.com if it stays.")
    again, other = await house.opened("Upload!"), await house.opened("Coupon!")
    await shows(house, again, error=ERROR.replace("INV-20418", "INV-9"))
    await shows(house, other, error="This coupon has expired (TB-1)")
    (line,) = before(house, again)
    assert "Sign out and in again" in line and "Ana Ferreira" in line and f"/desk#{first}|" in line
    assert "bo@example.com" not in line
    assert before(house, other) == []


async def test_without_an_error_the_same_page_is_found(house: House) -> None:
    await solved(house, "Press Save first.", error="", where="Files › Uploads")
    again = await house.opened("Where is it?")
    await shows(house, again, error="", where="Files › Uploads")
    assert len(before(house, again)) == 1


async def test_what_is_open_again_or_erased_solved_nothing(house: House) -> None:
    reopened, erased = await solved(house, "Try again."), await solved(house, "Try once more.")
    await house.desk.say(reopened, "customer", "It is back!", key="back")
    await house.desk.erase(erased)
    again = await house.opened("Upload!")
    await shows(house, again)
    assert before(house, again) == []
    mark = (await house.desk.marks(await house.desk.log(again)))[0]
    assert await house.desk.store.solved(mark) == []


async def test_at_most_two_the_newest_first(house: House) -> None:
    for reply in ("one", "two", "three"):
        await solved(house, reply)
    again = await house.opened("Upload!")
    await shows(house, again)
    assert ["three" in line for line in before(house, again)] == [True, False]
    assert "two" in before(house, again)[1]
