"""600 posts into one channel that refuses with 429 now and then, and whenever posts come faster than one a second.

    python -m tests.bench.slack_posts [posts]

Counted at the channel: the shortest gap between two posts that it took, the order in each thread, what is missing.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import structlog

from bot.state.embedded import embedded
from handlers.slack.sandbox.server import SUPPORT
from tests.slack.slack_house import built


async def main(posts: int) -> bool:
    """Prints the figures; whether every post stands in its thread, once and in order."""
    began, dice, threads = time.monotonic(), random.Random(4), 20
    refused = 0

    def refuse(method: str, args: dict[str, object]) -> float | None:
        nonlocal refused
        if method not in ("chat.postMessage", "chat.update") or dice.random() > 0.1:
            return None
        refused += 1
        return float(dice.choice([1, 2, 5, 10]))

    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "v") as url, built(url, Path(folder) / "p") as house:
            conversations = [(await house.taken(f"thread {n}"))[0] for n in range(threads)]
            house.slack.faults.refuse = refuse
            house.slack.faults.post_interval = 1.0
            channel = house.slack.workspace.channels[SUPPORT].messages
            before = len(channel)

            def count(event: dict[str, object]) -> None:
                if event["type"] == "message" and event.get("subtype") == "bot_message":
                    taken.append(house.clock.now())

            house.slack.workspace.on_event.append(count)
            for n in range(posts):
                await house.desk.say(conversations[n % threads], "customer", f"line {n}", key=f"k{n}")
                if n % threads == 0 and dice.random() < 0.2:
                    await house.settle()
            for _ in range(200):
                await house.settle()
                if len(channel) - before >= posts:
                    break
            shown = [[s.partition("Customer: ")[2] for s in house.says(c) if "line" in s] for c in conversations]
    wanted = [[f"line {n}" for n in range(posts) if n % threads == t] for t in range(threads)]
    lost = posts - sum(len(set(a) & set(b)) for a, b in zip(shown, wanted, strict=True))
    doubled = sum(len(a) - len(set(a)) for a in shown)
    ordered = sum(a == b for a, b in zip(shown, wanted, strict=True))
    gap = min(b - a for a, b in pairwise(taken))
    print(f"posts {posts} · refused with 429 {refused} · shortest gap {gap:.3f} s", end=" · ")
    print(f"threads in order {ordered}/{threads} · lost {lost} · doubled {doubled} · {time.monotonic() - began:.0f} s")
    return not (lost or doubled) and ordered == threads


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)))
