"""Mixed thread messages: owners' words, colleagues' words, commands, typos, questions to the bot, other bots, files.

    python -m tests.bench.slack_notes [messages]

Counted by what the customer's stream shows: of what was meant for colleagues 0, of the owner's words all, each once.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

import structlog

from bot.conversation import Message
from bot.state.embedded import embedded
from handlers.slack.sandbox.server import SUPPORT
from handlers.slack.sandbox.workspace import BOT_USER
from tests.slack.slack_house import House, built, png


def speak(house: House, n: int, owner: str, thread: str, dice: random.Random) -> tuple[str, bool]:
    """One message in the thread: its words, and whether the customer may hear them."""
    me, other = (house.ana, house.ben) if owner == "U0ANA" else (house.ben, house.ana)
    words, post = f"message-{n}", house.slack.workspace.post
    kinds = ["owner"] * 4 + ["other"] * 2 + ["note", "typo", "question", "bot", "subtype", "file", "others file"]
    kind = dice.choice(kinds)
    match kind:
        case "owner":
            me.say(SUPPORT, words, thread)
        case "file":
            me.say(SUPPORT, words, thread, [me.upload("a.png", png(words))])
        case "other":
            other.say(SUPPORT, words, thread)
        case "others file":
            other.say(SUPPORT, words, thread, [other.upload("b.png", png(words))])
        case "note":
            me.say(SUPPORT, f"!note {words}", thread)
        case "typo":
            me.say(SUPPORT, f"!noet {words}", thread)
        case "question":
            me.say(SUPPORT, f"<@{BOT_USER}> {words}?", thread)
        case "bot":
            post(SUPPORT, {"bot_id": "B9", "user": "U9", "text": words, "thread_ts": thread})
        case "subtype":
            post(SUPPORT, {"subtype": "me_message", "user": me.id, "text": words, "thread_ts": thread})
    return words, kind in ("owner", "file")


async def main(messages: int) -> bool:
    """Prints the figures; whether each word reached whom it was meant for, once."""
    dice, began = random.Random(2), time.monotonic()
    meant: dict[str, bool] = {}
    heard: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with embedded(Path(folder) / "v") as url, built(url, Path(folder) / "p") as house:
            per_conversation = 30
            for part in range(0, messages, per_conversation):
                conversation = await house.opened(f"conversation {part}")
                ts = house.card(conversation)["ts"]
                owner = dice.choice([house.ana, house.ben])
                await owner.click(SUPPORT, ts, "take")
                await house.settle()
                for n in range(part, min(part + per_conversation, messages)):
                    words, for_customer = speak(house, n, owner.id, ts, dice)
                    meant[words] = for_customer
                    if dice.random() < 0.5:
                        await house.settle()
                await house.settle()
                events = await house.customer_sees(conversation)
                heard += [e.text for e in events if isinstance(e, Message) and e.sender == "agent"]
                shown = " ".join(e.model_dump_json() for e in events)
                heard += [w for w, customer in meant.items() if not customer and f'{w}"' in shown]
    leaked = [w for w in heard if not meant[w]]
    wanted = [w for w, customer in meant.items() if customer]
    print(
        f"messages {messages} · for colleagues {messages - len(wanted)}, reached the customer {len(leaked)}", end=" · "
    )
    lost = len(set(wanted) - set(heard))
    doubled = len([w for w in heard if meant[w]]) - len(set(heard) & set(wanted))
    print(f"for the customer {len(wanted)}, lost {lost}, doubled {doubled} · {time.monotonic() - began:.0f} s")
    return not (leaked or lost or doubled)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    sys.exit(not asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)))
