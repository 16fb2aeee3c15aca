"""Erasing a conversation takes its card, its posts and its files out of Slack; what agents wrote is theirs."""

from slack_house import House, png

from bot.conversation import Point, Pointed
from bot.state.records import Write
from bot.worker import Worker
from handlers.slack.sandbox.server import SUPPORT


async def test_what_the_app_posted_is_gone_and_so_is_what_it_remembered(house: House) -> None:
    conversation = (await house.desk.open()).id
    picture = await house.desk.attach(conversation, png(), "s.png")
    await house.desk.say(conversation, "customer", "my secret", [picture.id], key="1")
    await house.desk.request_human(conversation, "asked", key="2")
    await house.settle()
    house.ana.say(SUPPORT, "held words", house.card(conversation)["ts"])
    await house.settle()

    ringed = Pointed(turn=1, attachment_id=picture.id, points=(Point(label="Save", box=(1, 1, 9, 9)),))
    await house.desk.store.accept(conversation, Write((ringed,), key="p", digest=""))
    for n in range(8):
        await house.desk.say(conversation, "customer", f"secret {n}", key=f"s{n}")
    await house.settle()
    assert len(house.slack.workspace.files) == 2
    house.slack.faults.page = 5  # more posts than Slack tells at once

    await house.desk.erase(conversation)
    await Worker(house.desk.store, {"erase": house.service.erase}).drain()
    left = list(house.slack.workspace.channels[SUPPORT].messages.values())
    assert [m["text"] for m in left] == ["held words"]
    assert house.slack.workspace.files == {}
    assert await house.service.memory.fields(conversation) == {}
