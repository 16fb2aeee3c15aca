"""An agent writes in a thread: the owner's words reach the customer, nobody else's do, and nothing else ever does."""

import pytest
from slack_house import House, png, text_of

from bot.conversation import Edited, Held, Message, Noted
from bot.helpdesk import Agent, Refused
from handlers.slack.sandbox.server import SUPPORT
from handlers.slack.sandbox.workspace import BOT_USER


async def test_the_owners_words_reach_the_customer_under_the_owners_name(house: House) -> None:
    conversation, card = await house.taken()
    said = house.ana.say(SUPPORT, "Please open <https://example.com/a?b=1&amp;c=2> &amp; try again", card["ts"])
    await house.settle()

    message = [e for e in await house.customer_sees(conversation) if isinstance(e, Message)][-1]
    assert message.text == "Please open https://example.com/a?b=1&c=2 & try again"
    assert message.who == "Ana Ferreira"
    assert message.avatar is not None and message.avatar.startswith("data:image")
    assert house.slack.workspace.channels[SUPPORT].messages[said["ts"]]["reactions"] == {"white_check_mark": [BOT_USER]}
    assert house.says(conversation).count("U0ANA: Please open <https://example.com/a?b=1&amp;c=2> &amp; try again") == 1
    assert not any("Ana Ferreira: Please" in line for line in house.says(conversation))  # not posted there again


async def test_another_agents_words_are_a_note(house: House) -> None:
    conversation, card = await house.taken()
    house.ben.say(SUPPORT, "this is the same as yesterday's", card["ts"])
    await house.settle()

    assert await house.customer_reads(conversation) == []
    notes = [e for _, e in await house.desk.log(conversation) if isinstance(e, Noted)]
    assert [(n.who, n.text) for n in notes] == [("Ben Okafor", "this is the same as yesterday's")]
    assert len([m for m in house.thread(conversation) if "yesterday" in text_of(m)]) == 1
    assert "kept as a note" in house.ben.prompts(SUPPORT)[-1]["text"]


async def test_words_to_a_conversation_of_the_bots_are_held_and_stay_on_the_card(house: House) -> None:
    conversation = await house.opened()
    house.ana.say(SUPPORT, "I think I know this one", house.card(conversation)["ts"])
    await house.settle()

    assert await house.customer_reads(conversation) == []
    assert [e.text for _, e in await house.desk.log(conversation) if isinstance(e, Held)] == ["I think I know this one"]
    assert "not* sent" in text_of(house.ana.prompts(SUPPORT)[-1])
    assert house.ben.prompts(SUPPORT) == []

    house.ana.reload()  # Slack forgets the prompt, the card does not
    assert "Ana Ferreira wrote “I think I know this one”" in text_of(house.card(conversation))
    await house.ana.click(SUPPORT, house.card(conversation)["ts"], "held_open")
    await house.settle()
    assert "I think I know this one" in text_of(house.ana.prompts(SUPPORT)[-1])
    await house.ben.click(SUPPORT, house.card(conversation)["ts"], "held_open")
    await house.settle()
    assert house.ben.prompts(SUPPORT)[-1]["text"] == "Ana Ferreira wrote this and decides about it."


@pytest.mark.parametrize(
    ("button", "customer", "owner"),
    [
        ("held_take_over", ["I think I know this one"], "human"),
        ("held_send", ["I think I know this one"], "waiting"),
        ("held_note", [], "waiting"),
    ],
)
async def test_the_agent_decides_what_becomes_of_held_words(
    house: House, button: str, customer: list[str], owner: str
) -> None:
    conversation = await house.opened()
    house.ana.say(SUPPORT, "I think I know this one", house.card(conversation)["ts"])
    await house.settle()
    prompt = house.ana.prompts(SUPPORT)[-1]
    await house.ana.click(SUPPORT, prompt["ts"], button)
    await house.settle()

    assert await house.customer_reads(conversation) == customer
    assert (await house.desk.conversation(conversation)).owner == owner
    assert house.ana.prompts(SUPPORT) == []
    assert "Held" not in text_of(house.card(conversation))
    assert len([m for m in house.thread(conversation) if "know this one" in text_of(m)]) == 1


async def test_an_edit_and_a_deletion_by_the_owner_reach_the_customer(house: House) -> None:
    conversation, card = await house.taken()
    said = house.ana.say(SUPPORT, "Press Sve", card["ts"])
    await house.settle()
    house.ana.unfurl(SUPPORT, said["ts"])
    await house.settle()
    assert not any(isinstance(e, Edited) for e in await house.customer_sees(conversation))

    house.ana.edit(SUPPORT, said["ts"], "Press Save")
    await house.settle()
    house.ana.delete(SUPPORT, said["ts"])
    await house.settle()
    edits = [e.text for e in await house.customer_sees(conversation) if isinstance(e, Edited)]
    assert edits == ["Press Save", None]


async def test_an_edit_that_overtakes_its_message_is_heard_once(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.faults.delivery = lambda payload: [0.0 if payload["event"].get("subtype") else 30.0]
    said = house.ana.say(SUPPORT, "Press Sve", card["ts"])
    house.ana.edit(SUPPORT, said["ts"], "Press Save")
    await house.settle()
    assert [m.text for m in (await house.desk.conversation(conversation)).messages if m.sender == "agent"] == [
        "Press Save"
    ]


async def test_an_edit_is_known_by_who_writes_and_not_by_their_name(house: House) -> None:
    """An agent who changes their name still edits; another who takes that name does not."""
    conversation, card = await house.taken()
    said = house.ana.say(SUPPORT, "Press Sve", card["ts"])
    await house.settle()
    message = next(m for m in (await house.desk.conversation(conversation)).messages if m.sender == "agent")
    ana = Agent("slack:U0ANA", "Somebody Else")
    await house.desk.edit(conversation, message.id, "Press Safe", ana, key="renamed")
    with pytest.raises(Refused):
        await house.desk.edit(conversation, message.id, "!", Agent("slack:U0BEN", message.who or ""), key="posing")
    house.ana.edit(SUPPORT, said["ts"], "Press Save")
    await house.settle()
    assert [e.text for e in await house.customer_sees(conversation) if isinstance(e, Edited)] == [
        "Press Safe",
        "Press Save",
    ]


async def test_a_deletion_that_overtakes_its_message_takes_it_back(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.faults.delivery = lambda payload: [0.0 if payload["event"].get("subtype") else 30.0]
    said = house.ana.say(SUPPORT, "wrong thread, sorry", card["ts"])
    house.ana.delete(SUPPORT, said["ts"])
    await house.settle()
    assert await house.customer_reads(conversation) == []


async def test_a_message_that_is_deleted_while_its_file_is_read_is_not_said(house: House) -> None:
    conversation, card = await house.taken()
    first = house.ana.say(SUPPORT, "one", card["ts"], [house.ana.upload("how.png", png("how"))])
    said = house.ana.say(SUPPORT, "two", card["ts"], [house.ana.upload("that.png", png("that"))])
    house.ana.delete(SUPPORT, said["ts"])
    await house.settle()
    agents = [m.text for m in (await house.desk.conversation(conversation)).messages if m.sender == "agent"]
    assert first and agents[0] == "one"
    assert "two" not in agents


async def test_nothing_but_a_persons_words_ever_reaches_the_customer(house: House) -> None:
    conversation, card = await house.taken()
    post = house.slack.workspace.post
    for subtype in (
        "bot_message", "channel_join", "channel_topic", "me_message", "reminder_add", "bot_add", "file_comment",
        "pinned_item", "channel_name", "ekm_access_denied", "thread_broadcast_by_bot", "huddle_thread",
    ):  # fmt: skip
        post(SUPPORT, {"subtype": subtype, "user": "U0ANA", "text": f"leak {subtype}", "thread_ts": card["ts"]})
    post(SUPPORT, {"bot_id": "B9", "user": "U0OTHERBOT", "text": "leak other bot", "thread_ts": card["ts"]})
    post(SUPPORT, {"app_id": "A9", "user": "U0ANA", "text": "leak workflow", "thread_ts": card["ts"]})
    house.ana.say(SUPPORT, f"<@{BOT_USER}> leak question?", card["ts"])
    house.ana.say(SUPPORT, "!note leak note", card["ts"])
    house.ana.say(SUPPORT, "! leak typo", card["ts"])
    house.ana.say(SUPPORT, "leak in the channel")
    await house.settle()
    assert await house.customer_reads(conversation) == []


async def test_a_guest_from_another_company_reaches_no_customer_by_words_or_by_button(house: House) -> None:
    conversation = await house.opened()
    card = house.card(conversation)
    guest = house.slack.person("U0PARTNER")
    await guest.click(SUPPORT, card["ts"], "take")
    guest.say(SUPPORT, "!take", card["ts"])
    guest.say(SUPPORT, "hello customer", card["ts"])
    await house.settle()
    assert (await house.desk.conversation(conversation)).owner == "waiting"
    assert await house.customer_reads(conversation) == []
    assert "Only members of this workspace" in guest.prompts(SUPPORT)[-1]["text"]
