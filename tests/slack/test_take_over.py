"""An agent takes a conversation, by button or in words: one owner, the other is told, the card says so."""

import asyncio

from slack_house import House, buttons_of, text_of

from bot.conversation import OwnerChanged
from handlers.slack.sandbox.server import SUPPORT


async def test_the_card_tells_who_waits_and_a_button_takes_it(house: House) -> None:
    conversation = await house.opened("It says PAY-4021 & <b>. What now?")
    card = house.card(conversation)
    assert "PAY-4021 &amp; &lt;b&gt;" in text_of(card)
    assert "take" in buttons_of(card)

    await house.ana.click(SUPPORT, card["ts"], "take")
    await house.settle()

    owner = [e for e in await house.customer_sees(conversation) if isinstance(e, OwnerChanged)][-1]
    assert (owner.owner, owner.who) == ("human", "Ana Ferreira")
    card = house.card(conversation)
    assert "Ana Ferreira is answering" in text_of(card)
    assert "take" not in buttons_of(card)
    assert "hand_back" in buttons_of(card)


async def test_two_who_press_at_once_get_one_owner_and_the_other_is_told(house: House) -> None:
    conversation = await house.opened()
    ts = house.card(conversation)["ts"]
    await asyncio.gather(house.ana.click(SUPPORT, ts, "take"), house.ben.click(SUPPORT, ts, "take"))
    await house.settle()

    owner = (await house.desk.conversation(conversation)).who
    loser = house.ben if owner == "Ana Ferreira" else house.ana
    assert owner in ("Ana Ferreira", "Ben Okafor")
    assert [p["text"] for p in loser.prompts(SUPPORT)] == [f"{owner} was faster: {owner} answers this customer now."]


async def test_the_words_do_what_the_button_does_and_stay_among_agents(house: House) -> None:
    conversation = await house.opened()
    ts = house.card(conversation)["ts"]
    house.ben.say(SUPPORT, "!take", ts)
    await house.settle()
    assert (await house.desk.conversation(conversation)).who == "Ben Okafor"

    house.ben.say(SUPPORT, "!reslove", ts)
    await house.settle()
    assert "is not something I know" in house.ben.prompts(SUPPORT)[-1]["text"]

    house.ben.say(SUPPORT, "!resolve", ts)
    await house.settle()
    assert (await house.desk.conversation(conversation)).owner == "closed"
    assert buttons_of(house.card(conversation)) == ["reopen"]
    assert await house.customer_reads(conversation) == []


async def test_back_to_the_bot_and_a_second_handoff_works_like_the_first(house: House) -> None:
    conversation, card = await house.taken()
    await house.ana.click(SUPPORT, card["ts"], "hand_back")
    await house.settle()
    assert (await house.desk.conversation(conversation)).owner == "bot"

    await house.desk.request_human(conversation, "asked", key="h2")
    await house.settle()
    await house.ben.click(SUPPORT, house.card(conversation)["ts"], "take")
    await house.settle()
    assert (await house.desk.conversation(conversation)).who == "Ben Okafor"
    assert house.card(conversation)["ts"] == card["ts"]
