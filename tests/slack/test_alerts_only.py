"""A channel that only tells: nothing that is written in it reaches a customer, and its card has no buttons."""

from slack_house import House, buttons_of, text_of

from handlers.slack.sandbox.server import SUPPORT


async def test_words_in_an_alerts_channel_go_nowhere_and_the_agent_is_told(alerts: House) -> None:
    conversation = await alerts.opened()
    card = alerts.card(conversation)
    assert "This channel only tells" in text_of(card)
    assert buttons_of(card) == []

    for line in ("hello customer", "!take", "!note so", "!send"):
        alerts.ana.say(SUPPORT, line, card["ts"])
    alerts.ana.say(SUPPORT, "see", card["ts"], [alerts.ana.upload("x.png", b"x")])
    await alerts.settle()
    assert await alerts.customer_reads(conversation) == []
    assert (await alerts.desk.conversation(conversation)).owner == "waiting"
    assert {p["text"] for p in alerts.ana.prompts(SUPPORT)} == {
        "Nothing was sent: this channel only tells. Answer at the desk."
    }
