"""Events that Slack delivers 0 to 3 times, in random order, to two replicas.

    python -m tests.bench.slack_events [events]

Counted by what the customers' streams show: every word of the owner once. What was delivered 0 times is found when
the thread is read again.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog

from bot.state.embedded import embedded
from handlers.slack.sandbox.faults import once, shuffled
from handlers.slack.sandbox.server import SUPPORT
from tests.slack.slack_house import House, built


async def conversation_of(house: House, number: int, events: int) -> tuple[list[str], list[str]]:
    """One conversation in which the owner writes `events` lines: what was written, what the customer read."""
    house.slack.faults.delivery = once
    conversation, card = await house.taken(f"conversation {number}")
    house.slack.faults.delivery = shuffled(number)
    written = [f"{number}-{n}" for n in range(events)]
    for line in written:
        house.ana.say(SUPPORT, line, card["ts"])
    await house.settle()
    house.slack.faults.delivery = once
    for n in range(3):  # what nobody delivered is read from the thread, every two minutes
        house.clock.wake_at(house.clock.now() + 200)
        await house.desk.say(conversation, "customer", f"hello? {n}", key=f"again{n}")
        await house.settle()
    return written, await house.customer_reads(conversation)


async def main(events: int) -> bool:
    """Prints the figures; whether nothing was lost or doubled."""
    began, per_conversation = time.monotonic(), 100
    written: list[str] = []
    read: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "v") as url, built(url, Path(folder) / "p", replicas=2) as house:
            for number in range(events // per_conversation):
                lines, seen = await conversation_of(house, number, per_conversation)
                written += lines
                read.update(seen)
            copies = Counter(event_id for event_id, _, status in house.slack.delivery.log if status == 200)
    lost = sum(1 for line in written if not read[line])
    doubled = sum(count - 1 for count in read.values() if count > 1)
    print(f"events {len(written)} · deliveries {sum(copies.values())}", end=" · ")
    print(f"lost {lost} · doubled {doubled} · {time.monotonic() - began:.0f} s")
    return not (lost or doubled)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    random.seed(3)
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)))
