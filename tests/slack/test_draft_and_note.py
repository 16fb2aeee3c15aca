"""An agent uses the card: drafts, notes, colleagues, snoozing, another screenshot. Used buttons say who and when."""

from slack_house import House, buttons_of, text_of

from bot.conversation import Citation, Noted, Reminded
from bot.state.records import Write
from handlers.slack.sandbox.server import SUPPORT

ARTICLE = Citation(n=1, article="cards.md", title="Replace a card", url="https://help.example/cards")


async def test_a_draft_is_sent_under_the_agents_name_and_the_button_says_so(house: House) -> None:
    conversation = await house.opened()
    await house.bot_answers(conversation, "Choose **Replace card** [1].", ARTICLE)
    card = house.card(conversation)
    assert "Replace a card (80 % sure)" in text_of(card)

    await house.ana.click(SUPPORT, card["ts"], "send_draft")
    await house.settle()
    message = (await house.desk.conversation(conversation)).messages[-1]
    assert (message.text, message.who) == ("Choose **Replace card**.", "Ana Ferreira")
    card = house.card(conversation)
    assert "send_draft" not in buttons_of(card)
    assert "Draft sent · Ana Ferreira" in text_of(card)
    assert "Ana Ferreira: Choose **Replace card**." in house.says(conversation)


async def test_a_draft_is_edited_in_a_modal_and_an_empty_one_is_not_sent(house: House) -> None:
    conversation, card = await house.taken()
    await house.bot_answers(conversation, "Choose **Replace card** [1].", ARTICLE)
    await house.ana.click(SUPPORT, card["ts"], "edit_draft")
    modal = await house.ana.modal()
    assert modal["blocks"][0]["element"]["initial_value"] == "Choose **Replace card**."

    answer = await house.ana.submit(modal["id"], {"text": "  "})
    assert answer == {"response_action": "errors", "errors": {"text": "Write something first."}}
    await house.ana.submit(modal["id"], {"text": "Choose Replace card, please."})
    await house.settle()
    assert await house.customer_reads(conversation) == ["Choose Replace card, please."]


async def test_a_draft_of_somebody_who_is_not_the_owner_is_not_sent(house: House) -> None:
    conversation, card = await house.taken()
    await house.bot_answers(conversation, "Choose **Replace card** [1].", ARTICLE)
    await house.ben.click(SUPPORT, card["ts"], "send_draft")
    await house.settle()
    assert await house.customer_reads(conversation) == []
    assert "Ana Ferreira answers this customer" in house.ben.prompts(SUPPORT)[-1]["text"]
    assert "send_draft" in buttons_of(house.card(conversation))


async def test_a_note_by_button_and_in_words(house: House) -> None:
    conversation, card = await house.taken()
    await house.ben.click(SUPPORT, card["ts"], "note")
    await house.ben.submit((await house.ben.modal())["id"], {"text": "VIP"})
    house.ben.say(SUPPORT, "!note called &lt;before&gt;", card["ts"])
    await house.settle()
    notes = [e.text for _, e in await house.desk.log(conversation) if isinstance(e, Noted)]
    assert notes == ["VIP", "called <before>"]
    assert any("Note by Ben Okafor: VIP" in line for line in house.says(conversation))
    assert sum("called &lt;before" in line for line in house.says(conversation)) == 1
    assert await house.customer_reads(conversation) == []


async def test_assign_and_snooze_show_on_the_card(house: House) -> None:
    conversation = await house.opened()
    ts = house.card(conversation)["ts"]
    await house.ana.click(SUPPORT, ts, "assign", value={"selected_user": "U0BEN"})
    await house.settle()
    assert "Assigned to Ben Okafor" in text_of(house.card(conversation))
    called = [m["text"] for m in house.slack.workspace.channels["D0BEN"].messages.values()]
    assert [text.startswith("Ana Ferreira asks you to take over") and "/archives/" in text for text in called] == [True]

    house.ana.say(SUPPORT, "!snooze 1h", ts)
    await house.settle()
    assert "Snoozed until" in text_of(house.card(conversation))
    await house.desk.say(conversation, "customer", "Anybody?", key="c2")
    house.clock.wake_at(house.clock.now() + 3700)
    await house.settle()
    await house.desk.say(conversation, "customer", "Hello?", key="c3")
    await house.settle()
    assert "Snoozed until" not in text_of(house.card(conversation))


async def test_another_screenshot_is_asked_for_once(house: House) -> None:
    conversation, card = await house.taken()
    await house.ana.click(SUPPORT, card["ts"], "screenshot")
    await house.settle()
    assert ["one more screenshot" in text for text in await house.customer_reads(conversation)] == [True]
    assert "screenshot" not in buttons_of(house.card(conversation))
    await house.desk.say(conversation, "customer", "here", key="c9")
    await house.settle()
    assert "screenshot" in buttons_of(house.card(conversation))


async def test_the_team_is_called_again_where_everybody_sees_it_but_not_out_of_a_snooze(house: House) -> None:
    conversation = await house.opened()
    called = Write((Reminded(step="team"),), key="r1", digest="")
    await house.desk.store.accept(conversation, called)
    await house.settle()
    last = house.thread(conversation)[-1]
    assert last["subtype"] == "thread_broadcast"
    assert text_of(last).startswith("<!here>")

    house.ana.say(SUPPORT, "!snooze 1h", house.card(conversation)["ts"])
    await house.settle()
    posts = len(house.thread(conversation))
    await house.desk.store.accept(conversation, Write((Reminded(step="team"),), key="r2", digest=""))
    await house.settle()
    assert len(house.thread(conversation)) == posts
