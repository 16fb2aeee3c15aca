"""Take-overs at random moments of an answer, and races of two agents, counted by what customers' streams showed.

    python tests/bench/handoff.py [TAKE_OVERS] [RACES]

Two stores on one real Valkey stand for two replicas; four workers answer; every conversation has a reader. 500 of each
unless told otherwise.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "state"))

from killable import answering
from ledger import BOT_WORDS, Reader, check
from pictures import NoIntake, NoStorage

from bot.conversation import OwnerChanged
from bot.handoff import Agent
from bot.helpdesk import Changed, HelpDesk
from bot.state.embedded import embedded
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

ANN, BEN = Agent("U1", "Ann"), Agent("U2", "Ben")
AT_ONCE = 25
ANSWER_S = 0.6


async def taken_over(desks: list[HelpDesk], rng: random.Random) -> tuple[int, float, list[str]]:
    """One take-over: bot events after it, milliseconds from the press to the reader's owner event, other faults."""
    conversation = (await desks[0].open()).id
    reader = Reader(desks[0].store, conversation).start()
    await desks[0].say(conversation, "customer", "what does this error mean?", key="1")
    await asyncio.sleep(rng.uniform(0, ANSWER_S))
    pressed = time.monotonic()
    await desks[1].take_over(conversation, ANN, key="t")
    await reader.until(lambda events: any(isinstance(event, OwnerChanged) for event in events))
    shown = time.monotonic()
    await desks[1].say(conversation, "agent", "I am here", key="a", who=ANN)
    await desks[0].say(conversation, "customer", "thank you", key="2")
    await asyncio.sleep(0.3)
    events = [event for _, event in reader.seen]
    owned = next(i for i, event in enumerate(events) if isinstance(event, OwnerChanged))
    words = sum(event.event in BOT_WORDS for event in events[owned:])
    await desks[1].hand_back(conversation, ANN, key="b")
    await desks[0].say(conversation, "customer", "one more thing", key="3")
    await reader.until(lambda events: events[-1].event == "done")
    await reader.stop()
    return words, (shown - pressed) * 1000, check([event for _, event in reader.seen])


async def raced(desks: list[HelpDesk], rng: random.Random) -> tuple[int, int]:
    """Two agents take one conversation, by button and by reply: how many owners, how many were told who won."""
    conversation = (await desks[0].open()).id
    held = await desks[1].say(conversation, "agent", "mine", key="h", who=BEN)

    async def by_button() -> None:
        await asyncio.sleep(rng.uniform(0, 0.05))
        await desks[0].take_over(conversation, ANN, key="t")

    async def by_reply() -> None:
        await asyncio.sleep(rng.uniform(0, 0.05))
        await desks[1].decide(conversation, held.id, "take_over", BEN, key="d")

    outcomes = await asyncio.gather(by_button(), by_reply(), return_exceptions=True)
    told = [outcome for outcome in outcomes if isinstance(outcome, Changed)]
    owners = [event for _, event in await desks[0].log(conversation) if isinstance(event, OwnerChanged)]
    return len(owners), sum(loser.who == owners[0].who for loser in told)


async def main(take_overs: int, races: int) -> bool:
    """Prints the figures; whether the bot was silent after each take-over, and each race had one owner."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rng = random.Random(2026)
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder)) as url, Store(url) as here, Store(url) as there:
            desks = [HelpDesk(store, NoIntake(), NoStorage()) for store in (here, there)]
            turns = Turns(lambda conversation, turn: answering(conversation, turn, pause_s=0.008))
            workers = [Worker(store, {"turn": turns}, slots=AT_ONCE) for store in (here, there, here, there)]
            running = [asyncio.create_task(worker.run()) for worker in workers]
            results: list[tuple[int, float, list[str]]] = []
            while len(results) < take_overs:
                batch = min(AT_ONCE, take_overs - len(results))
                results += await asyncio.gather(*(taken_over(desks, rng) for _ in range(batch)))
            owners: list[tuple[int, int]] = []
            while len(owners) < races:
                owners += await asyncio.gather(*(raced(desks, rng) for _ in range(min(AT_ONCE, races - len(owners)))))
            for worker in workers:
                worker.stop()
            await asyncio.gather(*running)
    times = sorted(result[1] for result in results)
    print(f"take-overs at random moments of an answer: {len(results)}")
    print(f"  bot events that a customer saw after one: {sum(result[0] for result in results)}")
    print(f"  conversations with any other fault:       {sum(bool(result[2]) for result in results)}")
    print(f"  press to the customer's screen, ms:       p50 {times[len(times) // 2]:.0f}, max {times[-1]:.0f}")
    print(f"races of two agents: {len(owners)}")
    print(f"  with exactly one owner:                   {sum(count == 1 for count, _ in owners)}")
    print(f"  whose loser was told who won:             {sum(told == 1 for _, told in owners)}")
    return not any(words or faults for words, _, faults in results) and all(pair == (1, 1) for pair in owners)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(not asyncio.run(main(*[*numbers, 500, 500][:2])))
