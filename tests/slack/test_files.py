"""Pictures go both ways: a customer's as Slack files, private parts blacked out; an agent's through the intake."""

from pathlib import Path

import pytest
from slack_house import House, built, png, text_of

from bot.conversation import Message, Point, Pointed
from bot.state.records import Write
from handlers.slack.mirror import Place
from handlers.slack.sandbox.faults import ALL_SCOPES
from handlers.slack.sandbox.server import SUPPORT


async def asked_with_picture(house: House) -> tuple[str, str]:
    """A conversation with a screenshot that waits for a person, and the attachment's id."""
    conversation = (await house.desk.open()).id
    attachment = await house.desk.attach(conversation, png(), "screen.png")
    await house.desk.say(conversation, "customer", "What is this?", [attachment.id], key="c1")
    await house.desk.request_human(conversation, "asked", key="h1")
    await house.settle()
    return conversation, attachment.id


async def test_a_customers_picture_is_a_file_in_the_thread_and_stands_on_the_card(house: House) -> None:
    conversation, attachment = await asked_with_picture(house)
    files = [f for m in house.thread(conversation) for f in m.get("files", [])]
    assert [house.slack.workspace.files[f["id"]].data for f in files] == [png("plain")]
    assert [b["slack_file"]["id"] for b in house.card(conversation)["blocks"] if b["type"] == "image"] == [
        files[0]["id"]
    ]

    ringed = Pointed(turn=1, attachment_id=attachment, points=(Point(label="Save", box=(1, 1, 9, 9)),))
    await house.desk.store.accept(conversation, Write((ringed,), key="p", digest=""))
    await house.settle()
    files = [f for m in house.thread(conversation) for f in m.get("files", [])]
    assert house.slack.workspace.files[files[-1]["id"]].data == png("ringed")


async def test_a_picture_that_cannot_be_blacked_out_stays_at_the_desk(house: House) -> None:
    house.safe = False
    conversation, _ = await asked_with_picture(house)
    assert house.slack.workspace.files == {}
    assert any("could not be blacked out" in text_of(m) for m in house.thread(conversation))


async def test_no_picture_goes_to_slack_unless_it_is_switched_on(redis_url: str, tmp_path: Path) -> None:
    async with built(redis_url, tmp_path, Place(SUPPORT, pictures=False)) as house:
        conversation, _ = await asked_with_picture(house)
        assert house.slack.workspace.files == {}
        assert any("Pictures are not sent to Slack" in text_of(m) for m in house.thread(conversation))


async def test_the_owners_picture_reaches_the_customer_and_words_wait_for_it(house: House) -> None:
    conversation, card = await house.taken()
    house.ana.say(SUPPORT, "Like this:", card["ts"], [house.ana.upload("how.png", png("how"))])
    house.ana.say(SUPPORT, "then press Save", card["ts"])
    await house.settle()
    messages = [e for e in await house.customer_sees(conversation) if isinstance(e, Message) and e.sender == "agent"]
    assert [(m.text, len(m.attachments)) for m in messages] == [("Like this:", 1), ("then press Save", 0)]
    assert messages[0].attachments[0].width == 320
    # The customer never saw it before it was said, and no bot looks at it.
    assert not any(e.event == "attached" for e in await house.customer_sees(conversation))
    assert (await house.desk.conversation(conversation)).unlooked == ()


@pytest.mark.parametrize("spoil", ["scope", "page", "not a picture", "gone"])
async def test_a_file_that_cannot_be_read_is_said_and_nothing_else_is_lost(house: House, spoil: str) -> None:
    conversation, card = await house.taken()
    data = b"%PDF-1.7 no picture" if spoil == "not a picture" else png()
    file = house.ana.upload("invoice.png", data)
    house.slack.faults.login_page = spoil == "page"
    if spoil == "scope":
        house.slack.faults.scopes = ALL_SCOPES - {"files:read"}
    said = house.ana.say(SUPPORT, "See the picture", card["ts"], [file])
    if spoil == "gone":
        del house.slack.workspace.files[file]
    await house.settle()
    assert await house.customer_reads(conversation) == ["See the picture"]
    told = house.ana.prompts(SUPPORT)[-1]["text"]
    expected = {
        "scope": "files:read",
        "page": "files:read",
        "not a picture": "was not sent",
        "gone": "does not have it",
    }
    assert expected[spoil] in told
    assert "invoice.png" in told
    assert "x" in house.slack.workspace.channels[SUPPORT].messages[said["ts"]]["reactions"]


async def test_a_file_of_a_slack_connect_channel_is_asked_for(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.workspace.channels[SUPPORT].shared = True
    house.ana.say(SUPPORT, "", card["ts"], [house.ana.upload("how.png", png("how"))])
    await house.settle()
    messages = (await house.desk.conversation(conversation)).messages
    assert [len(m.attachments) for m in messages if m.sender == "agent"] == [1]


async def test_another_agents_picture_never_becomes_an_attachment(house: House) -> None:
    conversation, card = await house.taken()
    house.ben.say(SUPPORT, "internal", card["ts"], [house.ben.upload("secret.png", png("secret"))])
    await house.settle()
    assert (await house.desk.conversation(conversation)).attachments == {}
    assert await house.customer_reads(conversation) == []


async def test_a_held_picture_goes_to_the_customer_only_when_it_is_decided(house: House) -> None:
    conversation = await house.opened()
    ts = house.card(conversation)["ts"]
    house.ana.say(SUPPORT, "Like this:", ts, [house.ana.upload("how.png", png("how"))])
    await house.settle()
    assert (await house.desk.conversation(conversation)).attachments == {}
    await house.ana.click(SUPPORT, house.ana.prompts(SUPPORT)[-1]["ts"], "held_take_over")
    await house.settle()
    sent = [m for m in (await house.desk.conversation(conversation)).messages if m.sender == "agent"]
    assert [(m.text, len(m.attachments)) for m in sent] == [("Like this:", 1)], "one message, as it was written"
    assert house.card(conversation) and "Held" not in text_of(house.card(conversation))


async def test_held_files_that_cannot_be_read_leave_the_words(house: House) -> None:
    conversation = await house.opened()
    ts = house.card(conversation)["ts"]
    for text in ("Like this:", ""):
        house.ana.say(SUPPORT, text, ts, [house.ana.upload("how.png", b"no picture at all")])
    await house.settle()
    first, second = [prompt["ts"] for prompt in house.ana.prompts(SUPPORT)[-2:]]
    await house.ana.click(SUPPORT, first, "held_send")
    await house.ana.click(SUPPORT, second, "held_send")
    await house.settle()
    said = await house.desk.conversation(conversation)
    assert [(m.text, len(m.attachments)) for m in said.messages if m.sender == "agent"] == [("Like this:", 0)]
    assert said.owner != "human", "only the words were sent"


async def test_the_token_goes_to_slack_alone(house: House) -> None:
    conversation, card = await house.taken()
    file = house.ana.upload("x.png", png())
    message = house.ana.say(SUPPORT, "look", card["ts"], [file])
    for url in (
        "https://files.slack.com.evil.example/x",
        "http://169.254.169.254/x",
        "file:///etc/passwd",
        "https://evil.example/slack.com",
    ):
        stolen = {**message, "ts": f"{float(message['ts']) + len(url):.6f}", "channel": SUPPORT,
                  "channel_type": "channel",
                  "files": [{"id": file, "name": "x.png", "mimetype": "image/png", "url_private": url}]}  # fmt: skip
        house.slack.delivery.event(stolen)
    await house.settle()
    attached = (await house.desk.conversation(conversation)).attachments
    assert len(attached) == 1
