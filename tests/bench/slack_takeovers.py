"""An agent takes over from Slack at a random moment of a running answer; the worker is a real one.

    python -m tests.bench.slack_takeovers [takeovers]

Counted by what the customer's stream shows: words of the bot after the take-over, and how long after the agent's click
the last word of the bot came.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from bot.conversation import Answered, Conversation, Delta, Done, Event, OwnerChanged, Planned
from bot.state.embedded import embedded
from bot.turns import Turns
from bot.worker import Worker
from handlers.slack.sandbox.server import SUPPORT
from tests.slack.slack_house import House, built

WORDS = 40
GAP = 0.01


async def talking(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
    """A turn that says a word every 10 ms."""
    to = tuple(m.id for m in conversation.unanswered)
    if not to or conversation.owner not in ("bot", "waiting"):
        return
    yield Planned(turn=turn, to=to, plan="words", reason="a bench")
    text = ""
    for n in range(WORDS):
        word = f"word{n} "
        yield Delta(turn=turn, offset=len(text), text=word)
        text += word
        await asyncio.sleep(GAP)
    yield Answered(turn=turn, to=to, text=text, model="bench")
    yield Done(turn=turn)


async def takeover(house: House, number: int, dice: random.Random) -> tuple[int, float, bool]:
    """One: words of the bot after the change of owner, seconds from the click to it, and whether it broke an answer."""
    conversation = await house.opened(f"hello {number}")
    ts = house.card(conversation)["ts"]
    await house.desk.say(conversation, "customer", f"question {number}", key="q")
    await asyncio.sleep(dice.uniform(0, WORDS * GAP * 1.3))
    clicked = time.monotonic()
    await house.ana.click(SUPPORT, ts, "take")
    took = time.monotonic() - clicked
    await asyncio.sleep(0.15)
    events = await house.customer_sees(conversation)
    change = next(n for n, e in enumerate(events) if isinstance(e, OwnerChanged) and e.owner == "human")
    after = sum(isinstance(e, Delta | Answered | Planned) for e in events[change:])
    return after, took, any(e.event == "stopped" for e in events)


async def main(takeovers: int) -> bool:
    """Prints the figures; whether the bot was silent after each."""
    dice, began = random.Random(5), time.monotonic()
    after, seconds, broken = 0, [], 0
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "v") as url, built(url, Path(folder) / "p") as house:
            bot = Worker(house.desk.store, {"turn": Turns(talking)})
            running = asyncio.create_task(bot.run(grace_s=0.1))
            for number in range(takeovers):
                words, took, stopped = await takeover(house, number, dice)
                after, broken = after + words, broken + stopped
                seconds.append(took)
            bot.stop()
            await running
    print(f"take-overs {takeovers} · in mid-answer {broken} · bot words after the take-over {after}", end=" · ")
    print(f"click to change of owner at most {max(seconds):.2f} s · {time.monotonic() - began:.0f} s")
    return not after


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)))
