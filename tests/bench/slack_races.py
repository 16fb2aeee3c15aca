"""Two agents claim one conversation at the same moment, one by button and one in words, over two replicas.

    python -m tests.bench.slack_races [races]

Counted by what the customer's stream shows: exactly one owner in each race, and the loser is told.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import structlog

from bot.conversation import OwnerChanged
from bot.state.embedded import embedded
from handlers.slack.sandbox.server import SUPPORT
from tests.slack.slack_house import House, built


async def race(house: House, conversation: str, dice: random.Random) -> tuple[int, bool]:
    """One race: how many took it as the customer saw it, and whether the other one was told."""
    ts = house.card(conversation)["ts"]
    agents = [house.ana, house.ben]
    dice.shuffle(agents)
    first, second = agents

    async def by_button() -> None:
        await asyncio.sleep(dice.uniform(0, 0.05))
        await first.click(SUPPORT, ts, "take")

    async def by_words() -> None:
        await asyncio.sleep(dice.uniform(0, 0.05))
        second.say(SUPPORT, "!take", ts)
        await house.slack.delivery.settled()

    await asyncio.gather(by_button(), by_words())
    await house.settle()
    taken = [e for e in await house.customer_sees(conversation) if isinstance(e, OwnerChanged) and e.owner == "human"]
    loser = first if taken and taken[0].agent == f"slack:{second.id}" else second
    told = any(p["thread_ts"] == ts and "was faster" in p["text"] for p in loser.prompts(SUPPORT))
    return len(taken), told


async def main(races: int) -> bool:
    """Prints the figures; whether each race had one owner, and its loser was told."""
    dice, began = random.Random(1), time.monotonic()
    owners, told = [], 0
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "v") as url, built(url, Path(folder) / "p", replicas=2) as house:
            for n in range(races):
                conversation = await house.opened(f"race {n}")
                count, was_told = await race(house, conversation, dice)
                owners.append(count)
                told += was_told
    print(f"races {races} · exactly one owner {owners.count(1)} · none or several {races - owners.count(1)}", end=" · ")
    print(f"loser told {told} · {time.monotonic() - began:.0f} s")
    return owners.count(1) == told == races


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
