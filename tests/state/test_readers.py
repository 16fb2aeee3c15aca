"""Promise 2: every reader sees the same, whatever is cut, trimmed or read from another process."""

import asyncio
import random
from contextlib import aclosing

from gated import plain_turn
from killable import answering, words
from killing import speak
from ledger import Reader, check
from redis.asyncio import Redis

from bot.conversation import Delta, Event, Message, encode
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker


async def restless(store: Store, conversation: str, rng: random.Random, enough: int) -> list[tuple[int, Event]]:
    """A reader who leaves and comes back at any event, as a browser does with `Last-Event-ID`."""
    seen: list[tuple[int, Event]] = []
    while sum(event.event == "done" for _, event in seen) < enough:
        stay = rng.randint(1, 12)
        async with aclosing(store.follow(conversation, seen[-1][0] if seen else 0)) as events:
            async for entry in events:
                seen.append(entry)
                stay -= 1
                if not stay or sum(event.event == "done" for _, event in seen) >= enough:
                    break
    return seen


async def test_all_readers_see_the_same_events_whatever_is_cut_or_trimmed(redis_url: str, redis: Redis) -> None:
    """Six restless readers on two processes' stores, the bus emptied at random, eight answers."""
    rng = random.Random(7)
    async with Store(redis_url, read_again_s=0.5) as here, Store(redis_url, read_again_s=0.5) as there:
        conversation = await here.open()
        worker = Worker(here, {"turn": Turns(lambda c, t: answering(c, t, pause_s=0.001), batch_s=0.002)})
        running = asyncio.create_task(worker.run())

        talked = asyncio.Event()

        async def trim() -> None:
            while not talked.is_set():
                await asyncio.sleep(rng.uniform(0, 0.02))
                await redis.delete("{p0}:bus") if rng.random() < 0.5 else await redis.xtrim("{p0}:bus", maxlen=1)

        async def talk() -> None:
            for number in range(8):
                await speak(here, conversation, f"question {number} 👩‍🚒")
                await watcher.until(lambda events, n=number: sum(e.event == "done" for e in events) > n)

        watcher = Reader(here, conversation).start()
        trimming = asyncio.create_task(trim())
        seeds = [random.Random(seed) for seed in range(6)]
        readers = [restless(here if i % 2 else there, conversation, seed, 8) for i, seed in enumerate(seeds)]
        async with asyncio.timeout(180):
            *views, _ = await asyncio.gather(*readers, talk())
        # not cancelled: the plain client may swallow that, and would trim under all later tests
        talked.set()
        await trimming
        await watcher.stop()
        worker.stop()
        await running
        truth = [(id_, event) for id_, event in (await here.read_after(conversation)).events if event]
        for view in views:
            assert view == truth[: len(view)]
            assert check([event for _, event in view]) == []
        for number in range(8):
            text = "".join(e.text for _, e in truth if isinstance(e, Delta) and e.turn == number + 1)
            assert text == words([f"question {number} 👩‍🚒"])


async def test_news_that_are_lost_cost_a_reader_time_not_events(redis_url: str, redis: Redis) -> None:
    """What was missed in the middle is noticed at the next event, what was missed at the end by reading again."""
    async with Store(redis_url, read_again_s=0.5) as store:
        conversation = await store.open()
        reader = Reader(store, conversation).start()
        await speak(store, conversation, "first")
        await reader.until(lambda events: len(events) == 1)
        for number in range(2, 5):
            # An event whose news nobody will ever hear.
            async with redis.pipeline(transaction=True) as pipe:
                log = f"{{p0}}:{conversation}"
                at = int((await redis.hget(f"{log}:head", "at")) or 0) + 1
                message = encode(Message(id=f"m{number}", sender="customer", text="unheard"))
                pipe.xadd(f"{log}:log", {"e": "message", "d": message}, id=f"{at}-0")
                pipe.hset(f"{log}:head", "at", at)
                await pipe.execute()
            if number % 2:
                await speak(store, conversation, "heard")
        await reader.until(lambda events: len(events) == 5)
        await reader.stop()
        assert reader.seen == list((await store.read_after(conversation)).events)


async def test_hundreds_of_readers_share_one_connection(store: Store, redis: Redis) -> None:
    """200 readers of 20 conversations add one blocked client, not 200."""
    conversations = [await store.open() for _ in range(20)]
    readers = [Reader(store, conversation).start() for conversation in conversations for _ in range(10)]
    for conversation in conversations:
        await speak(store, conversation, "hello")
    await Worker(store, {"turn": Turns(plain_turn)}).drain()
    for reader in readers:
        await reader.until(lambda events: any(event.event == "done" for event in events))
    async with asyncio.timeout(60):
        # between two reads nobody is blocked for a moment
        while (await redis.info("clients"))["blocked_clients"] != 1:  # noqa: ASYNC110  another process
            await asyncio.sleep(0.01)
    for reader in readers:
        await reader.stop()
    first = [reader.seen for reader in readers[:10]]
    assert all(seen == first[0] for seen in first)


async def test_a_reader_that_was_away_for_the_running_text_still_gets_the_answer(store: Store, redis: Redis) -> None:
    """Running text lives ten minutes; the answer stays."""
    conversation = await store.open()
    await speak(store, conversation, "hello")
    await Worker(store, {"turn": Turns(plain_turn)}).drain()
    await redis.delete(f"{{p0}}:{conversation}:draft")
    events = [event.event for _, event in (await store.read_after(conversation)).events if event]
    assert events == ["message", "planned", "answered", "done"]
