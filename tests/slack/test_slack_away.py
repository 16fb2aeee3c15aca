"""Slack refuses, vanishes or forgets: nothing is lost, nothing is doubled, the owner stays."""

from itertools import pairwise

from slack_house import House, png, text_of

from bot.conversation import Message
from bot.handoff import Agent
from handlers.slack.sandbox.server import SUPPORT


def shown(house: House, conversation: str) -> list[str]:
    """The customer's words in the thread."""
    return [line.removeprefix("Customer: ") for line in house.says(conversation) if line.startswith("Customer: ")]


DESK = "http://localhost:8080/desk#"


async def said(house: House, conversation: str, *words: str) -> None:
    """The customer says these."""
    for line in words:
        await house.desk.say(conversation, "customer", line, key=line)
    await house.settle()


async def test_ten_minutes_without_slack_lose_nothing(house: House) -> None:
    conversation, _ = await house.taken("before")
    house.slack.faults.down_until = house.clock.now() + 600
    await said(house, conversation, "during 1", "during 2")
    assert shown(house, conversation) == ["before"]
    house.clock.wake_at(house.clock.now() + 601)
    await said(house, conversation, "after")
    assert shown(house, conversation) == ["before", "during 1", "during 2", "after"]


async def test_slack_is_given_the_time_that_it_asks_for(house: House) -> None:
    conversation, _ = await house.taken("before")
    refused = iter([7.0, None, 3.0, None, None, None, None])
    house.slack.faults.refuse = lambda method, args: next(refused, None) if method == "chat.postMessage" else None
    house.slack.calls.clear()
    await said(house, conversation, "one", "two")
    times = [when for when, _ in house.slack.posts()]
    gaps = [b - a for a, b in pairwise(times)]
    assert all(gap >= asked - 0.01 for gap, asked in zip(gaps, [7, 1, 3], strict=True)), gaps
    assert shown(house, conversation) == ["before", "one", "two"]


async def test_a_deleted_card_is_followed_by_a_new_thread_with_everything_in_it(house: House) -> None:
    conversation, card = await house.taken("before")
    house.ana.delete(SUPPORT, card["ts"])
    await house.settle()
    again = house.card(conversation)
    assert again["ts"] != card["ts"]
    assert "the conversation goes on here" in text_of(house.thread(conversation)[0])
    assert shown(house, conversation) == ["before"]
    assert (await house.desk.conversation(conversation)).who == "Ana Ferreira"

    house.ana.say(SUPPORT, "I am still here", again["ts"])
    await house.settle()
    assert await house.customer_reads(conversation) == ["I am still here"]


async def test_a_card_that_vanished_without_a_word_is_noticed_with_the_next_post(house: House) -> None:
    conversation, card = await house.taken("before")
    del house.slack.workspace.channels[SUPPORT].messages[card["ts"]]
    await said(house, conversation, "after")
    await house.settle()
    assert shown(house, conversation) == ["before", "after"]


async def test_a_thread_that_vanished_in_silence_is_opened_again_while_a_person_answers(house: House) -> None:
    conversation, _ = await house.taken("before")
    house.slack.workspace.channels[SUPPORT].messages.clear()
    house.clock.wake_at(house.clock.now() + 200)
    await house.desk.note(conversation, Agent("desk:1", "Desk"), "look", key="n")
    await house.settle()
    assert shown(house, conversation) == ["before"]


async def test_an_archived_channel_keeps_everything_for_later(house: House) -> None:
    conversation, _ = await house.taken("before")
    house.slack.archive(SUPPORT)
    await said(house, conversation, "while archived")
    assert shown(house, conversation) == ["before"]
    direct = [m["text"] for m in house.slack.workspace.channels["D0ANA"].messages.values()]
    assert direct == [
        f"I cannot post in the support channel (is_archived). Your customer is still there: {DESK}{conversation}"
    ]
    house.slack.workspace.channels[SUPPORT].archived = False
    await said(house, conversation, "after")
    assert shown(house, conversation) == ["before", "while archived", "after"]


async def test_an_app_that_was_removed_from_a_public_channel_comes_back(house: House) -> None:
    conversation, card = await house.taken("before")
    house.slack.remove_bot(SUPPORT)
    await said(house, conversation, "after")
    await house.settle()
    assert shown(house, conversation) == ["before", "after"]
    house.ana.say(SUPPORT, "hello", card["ts"])
    await house.settle()
    assert await house.customer_reads(conversation) == ["hello"]


async def test_a_post_whose_answer_was_lost_is_not_made_twice(house: House) -> None:
    conversation, _ = await house.taken("before")
    losing = iter([True])
    house.slack.faults.swallow = lambda method, args: method == "chat.postMessage" and next(losing, False)
    await said(house, conversation, "only once")
    await said(house, conversation, "and on")
    assert shown(house, conversation) == ["before", "only once", "and on"]


async def test_a_card_whose_answer_was_lost_is_not_posted_twice(house: House) -> None:
    losing = iter([True])
    house.slack.faults.swallow = lambda method, args: method == "chat.postMessage" and next(losing, False)
    conversation = await house.opened("hello")
    await said(house, conversation, "anybody?")
    cards = [m for m in house.slack.workspace.channels[SUPPORT].messages.values() if not m.get("thread_ts")]
    assert len(cards) == 1
    assert shown(house, conversation) == ["hello", "anybody?"]


async def test_a_picture_whose_answer_was_lost_is_not_shared_twice(house: House) -> None:
    conversation, _ = await house.taken("before")
    losing = iter([True])
    house.slack.faults.swallow = lambda method, args: method == "files.completeUploadExternal" and next(losing, False)
    picture = await house.desk.attach(conversation, png(), "s.png")
    await house.desk.say(conversation, "customer", "look", [picture.id], key="look")
    await house.settle()
    await said(house, conversation, "and on")
    assert shown(house, conversation) == ["before", "look", "and on"]
    assert len([m for m in house.thread(conversation) if m.get("files")]) == 1
    assert "image" in [block["type"] for block in house.card(conversation)["blocks"]]


async def test_customers_go_first_when_many_posts_wait(house: House) -> None:
    conversations = [await house.opened(f"first {n}") for n in range(4)]
    house.slack.faults.post_interval = 1.0
    house.slack.calls.clear()
    for n, conversation in enumerate(conversations):
        await house.desk.say(conversation, "customer", f"second {n}", key="c2")
    await house.settle()
    times = [when for when, _ in house.slack.posts()]
    assert all(b - a >= 0.999 for a, b in pairwise(times))
    assert sum(1 for _, name, _ in house.slack.calls if name == "chat.postMessage") == 4
    for n, conversation in enumerate(conversations):
        messages = [m.text for m in (await house.desk.conversation(conversation)).messages if isinstance(m, Message)]
        assert shown(house, conversation) == messages == [f"first {n}", f"second {n}"]
