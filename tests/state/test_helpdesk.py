"""The one door: durable before it returns, once per key, bounded, and erased when asked."""

import asyncio

import pytest
from gated import drain, plain_turn
from ledger import Reader
from pictures import NoIntake, NoStorage
from redis.asyncio import Redis

from bot.conversation import Noted, Rated, Seen
from bot.handoff import Agent
from bot.helpdesk import Conflict, HelpDesk, NotFound, Refused, TooMany, Unconfirmed
from bot.state.records import Limits
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

ANN, BEN = Agent("U1", "Ann"), Agent("U2", "Ben")


@pytest.fixture
def desk(store: Store) -> HelpDesk:
    return HelpDesk(store, NoIntake(), NoStorage(), limits=Limits(unanswered=5, facts=40))


async def test_the_same_key_is_one_message_and_another_body_a_conflict(desk: HelpDesk) -> None:
    """Twice at once, later, and with other words; keys of customers and agents are apart."""
    conversation = (await desk.open()).id
    twice = await asyncio.gather(*(desk.say(conversation, "customer", "hi", key="k") for _ in range(5)))
    assert len({said.id for said in twice}) == 1
    with pytest.raises(Conflict):
        await desk.say(conversation, "customer", "ho", key="k")
    await desk.take_over(conversation, ANN, key="k")
    await desk.say(conversation, "agent", "ho", key="k", who=ANN)
    assert [m.text for m in (await desk.conversation(conversation)).messages] == ["hi", "ho"]


async def test_a_picture_is_kept_before_it_is_told_and_the_same_one_is_one(desk: HelpDesk) -> None:
    """Storage first; refused bytes leave no trace; an unknown picture is refused."""
    conversation, other = (await desk.open()).id, (await desk.open()).id
    one = await desk.attach(conversation, b"PNG 1", "a.png")
    assert await desk.attach(conversation, b"PNG 1", "b.png") == one.model_copy(update={"name": "b.png"})
    with pytest.raises(Refused, match="screenshot"):
        await desk.attach(conversation, b"EXE", "a.png")
    await desk.say(conversation, "customer", "", [one.id], key="1")
    with pytest.raises(Refused):
        await desk.say(other, "customer", "", [one.id], key="1")
    with pytest.raises(Refused):
        await desk.say(conversation, "customer", "  ", key="2")
    with pytest.raises(Refused):
        await desk.say(conversation, "customer", "x" * 10_001, key="3")
    assert [e.event for _, e in await desk.log(conversation) if e] == ["attached", "message"]
    await drain(desk.store)
    assert [e.event for _, e in await desk.log(conversation) if e][2:] == ["seen", "planned", "answered", "done"]


async def test_a_conversation_is_bounded_at_the_door(desk: HelpDesk) -> None:
    """Unanswered messages wait for their answer; a full conversation asks for a new one; agents are not bounded."""
    conversation = (await desk.open()).id
    for number in range(5):
        await desk.say(conversation, "customer", "?", key=f"{number}")
    with pytest.raises(TooMany) as wait:
        await desk.say(conversation, "customer", "?", key="5")
    assert not wait.value.full
    await desk.say(conversation, "customer", "?", key="4")
    await drain(desk.store)
    for number in range(50):
        try:
            await desk.say(conversation, "customer", "?", key=f"more {number}")
        except TooMany as error:
            assert error.full
            break
        await drain(desk.store)
    else:
        pytest.fail("never full")
    await desk.take_over(conversation, ANN, key="t")
    await desk.say(conversation, "agent", "let us start anew", key="a", who=ANN)


async def test_who_hears_an_agent(desk: HelpDesk) -> None:
    """The owner's words reach the customer, others' are notes, and while the bot owns it they are held."""
    conversation = (await desk.open()).id
    assert (await desk.say(conversation, "agent", "psst", key="1", who=ANN)).heard == "held"
    await desk.take_over(conversation, ANN, key="t")
    assert (await desk.say(conversation, "agent", "hello", key="2", who=ANN)).heard == "customer"
    assert (await desk.say(conversation, "agent", "check the invoice", key="3", who=BEN)).heard == "note"
    assert (await desk.say(conversation, "agent", "psst", key="1", who=ANN)).heard == "held", (
        "a repetition is the first"
    )
    assert [m.text for m in (await desk.conversation(conversation)).messages] == ["hello"]
    assert [e.text for _, e in await desk.log(conversation) if isinstance(e, Noted)] == ["check the invoice"]


async def test_rating_and_correcting(desk: HelpDesk) -> None:
    """Facts, once each; of things that exist."""
    conversation = (await desk.open()).id
    picture = await desk.attach(conversation, b"PNG 1")
    await desk.say(conversation, "customer", "why?", [picture.id], key="1")
    await drain(desk.store)
    for _ in range(2):
        await desk.rate(conversation, 1, False, "no", key="r")
        await desk.correct(conversation, picture.id, error="E-17", key="c")
    folded = await desk.conversation(conversation)
    assert folded.ratings == {1: Rated(turn=1, helped=False, comment="no")}
    assert folded.seen[picture.id] == Seen(attachment_id=picture.id, outcome="read", error="E-17")
    with pytest.raises(NotFound):
        await desk.rate(conversation, 9, True, key="r2")
    with pytest.raises(NotFound):
        await desk.correct(conversation, "p0-x/y", error="E", key="c2")


async def test_an_identified_customer_finds_their_conversations(redis_url: str) -> None:
    """Newest first, on whatever partition, and nobody else's."""
    async with Store(redis_url, partitions=5) as store:
        desk = HelpDesk(store, NoIntake(), NoStorage())
        mine: list[str] = []
        for _ in range(3):
            mine.append((await desk.open("customer 7")).id)
            await asyncio.sleep(0.003)
        await desk.open("customer 8")
        await desk.open()
        await desk.say(mine[1], "customer", "hello there", key="1")
        assert [s.id for s in await desk.conversations("customer 7")] == mine[::-1]
        assert [s.title for s in await desk.conversations("customer 7")] == ["", "hello there", ""]
        await desk.erase(mine[0])
        assert len(await desk.conversations("customer 7")) == 2
        assert await desk.conversations("customer 9") == []


async def test_after_erasing_no_planted_word_is_left_anywhere(desk: HelpDesk, redis: Redis) -> None:
    """One step; its readers are sent away; the same again is fine; nothing can be added."""
    conversation = (await desk.open("planted-customer")).id
    reader = Reader(desk.store, conversation).start()
    await desk.attach(conversation, b"PNG planted", "planted.png")
    await desk.say(conversation, "customer", "planted words", key="planted-key")
    await desk.note(conversation, Agent("planted-id", "planted-name"), "planted note", key="n")
    await drain(desk.store)
    await desk.request_human(conversation, key="h")
    await reader.until(lambda events: events[-1].event == "owner" if events else False)
    for _ in range(2):
        await desk.erase(conversation)
    assert reader._task is not None
    async with asyncio.timeout(60):
        await reader._task
    for key in await redis.keys("*"):
        assert b"planted" not in (await redis.dump(key) or b""), key
        assert b"planted" not in key
    with pytest.raises(NotFound):
        await desk.say(conversation, "customer", "again", key="2")
    with pytest.raises(NotFound):
        await desk.log(conversation)
    assert await desk.queue() == []


async def test_every_key_of_a_conversation_expires(desk: HelpDesk, redis: Redis) -> None:
    """All but the sets of what is due and their wake-ups."""
    conversation = (await desk.open("c")).id
    await desk.attach(conversation, b"PNG", "a.png")
    await desk.say(conversation, "customer", "hello", key="1")
    await drain(desk.store)
    await desk.request_human(conversation, key="h")
    for key in await redis.keys("*"):
        name = key.decode().partition(":")[2]
        if not name.startswith(("due:", "wake:")):
            assert await redis.pttl(key) > 0, name


async def test_an_unreachable_store_is_said_so_and_the_same_key_is_safe_to_repeat(tmp_path: object) -> None:
    """503 with a retry, not a 500."""
    async with Store(f"unix://{tmp_path}/nothing.sock") as store:
        desk = HelpDesk(store, NoIntake(), NoStorage())
        with pytest.raises(Unconfirmed) as error:
            await desk.open()
        assert error.value.retry
        with pytest.raises(Unconfirmed):
            await desk.log("p0-" + "0" * 24)


async def test_too_few_replicas_leave_a_write_unconfirmed_and_a_repetition_is_the_same_message(redis_url: str) -> None:
    """With `confirm` the customer is told only when enough replicas have it."""
    async with Store(redis_url) as plain, Store(redis_url, confirm=1) as strict:
        conversation = await plain.open()
        for store, fails in ((strict, True), (strict, True), (plain, False)):
            desk = HelpDesk(store, NoIntake(), NoStorage())
            if fails:
                with pytest.raises(Unconfirmed):
                    await desk.say(conversation, "customer", "hi", key="1")
            else:
                await desk.say(conversation, "customer", "hi", key="1")
        assert len(await plain.log(conversation)) == 1


async def test_partitions_work_side_by_side(redis_url: str) -> None:
    """One worker serves them all."""
    async with Store(redis_url, partitions=3) as store:
        desk = HelpDesk(store, NoIntake(), NoStorage())
        conversations = [(await desk.open()).id for _ in range(12)]
        assert len({id_.partition("-")[0] for id_ in conversations}) > 1
        worker = Worker(store, {"turn": Turns(plain_turn)})
        running = asyncio.create_task(worker.run())
        for conversation in conversations:
            await desk.say(conversation, "customer", "hi", key="1")
        readers = [Reader(store, conversation).start() for conversation in conversations]
        for reader in readers:
            await reader.until(lambda events: bool(events) and events[-1].event == "done")
            await reader.stop()
        worker.stop()
        await running


async def test_a_picture_that_comes_while_the_conversation_is_erased_does_not_stay(store: Store) -> None:
    """Erased between the look and the write: storage is left as empty as the eraser left it."""

    class Slow(NoStorage):
        async def put(self, path: str, data: bytes) -> None:
            await super().put(path, data)
            await store.erase(path.partition("/")[0])

    storage = Slow()
    desk = HelpDesk(store, NoIntake(), storage)
    with pytest.raises(NotFound):
        await desk.attach((await desk.open()).id, b"PNG 1")
    assert storage.kept == {}
