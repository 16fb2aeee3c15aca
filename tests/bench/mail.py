"""Workers that die at a random moment of sending a letter: how many customers got it twice, once, or not at all.

    python tests/bench/mail.py [DEATHS]

A real mail server on this machine takes a few milliseconds for each answer; 200 deaths unless told otherwise. A worker
that dies leaves its lease to run out; another one finds what is left.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "state"))
sys.path.insert(0, str(Path(__file__).parent.parent / "web"))

from pictures import NoIntake, NoStorage
from postbox import Postbox, postbox

from bot.conversation import Mailed
from bot.handoff import Agent
from bot.helpdesk import HelpDesk
from bot.letters import Links
from bot.mailing import Mailing
from bot.post import MailServer
from bot.state.embedded import embedded
from bot.state.lease import Lease
from bot.state.records import Claim
from bot.state.store import Store
from bot.worker import Worker

ANN = Agent("U1", "Ann")
LEASE_MS, MINUTE = 6000, 60_000
LONGEST_S = 0.03
"""About how long one letter takes here: the moments of death are spread over it."""


async def died(desk: HelpDesk, mailing: Mailing, clock: list[int], rng: random.Random, number: int) -> str:
    """One death: what the log says became of the letter."""
    conversation = (await desk.open()).id
    await desk.reach(conversation, f"kim{number}@example.org", key="r")
    await desk.take_over(conversation, ANN, key="t")
    await desk.say(conversation, "agent", "Try the other card.", key="a", who=ANN)
    clock[0] += 5 * MINUTE
    claim = await desk.store.claim("mail", "mortal", LEASE_MS)
    assert isinstance(claim, Claim) and claim.id == conversation
    dying = asyncio.create_task(mailing(Lease(desk.store, claim, LEASE_MS / 1000)))
    await asyncio.wait({dying}, timeout=rng.uniform(0, LONGEST_S))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    clock[0] += MINUTE
    await Worker(desk.store, {"mail": mailing}).drain()
    [mailed] = [event for _, event in await desk.log(conversation) if isinstance(event, Mailed)]
    return mailed.outcome


class Slow(Postbox):
    """Takes its time for each answer."""

    async def _answer(
        self, command: str, line: str, reading: asyncio.StreamReader, writing: asyncio.StreamWriter
    ) -> None:
        await asyncio.sleep(0.002)
        await super()._answer(command, line, reading, writing)


async def main(deaths: int) -> None:
    """Prints the figures; exit status 1 when a letter came twice."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rng, clock = random.Random(7), [1_900_148_400_000]
    with tempfile.TemporaryDirectory() as folder:
        async with (
            embedded(Path(folder)) as url,
            Store(url, mail=True, clock=lambda: clock[0]) as store,
            postbox(Slow()) as box,
        ):
            post = MailServer(box.url, timeout_s=5)
            mailing = Mailing(post, "help@shop.example", lambda *_: Links("http://x/talk", "http://x/stop"))
            desk = HelpDesk(store, NoIntake(), NoStorage(), mail=True)
            outcomes = Counter([await died(desk, mailing, clock, rng, number) for number in range(deaths)])
            got = Counter(str(mail["To"]) for mail in box.mails)
    times = Counter(got[f"kim{number}@example.org"] for number in range(deaths))
    print(f"workers that died at a random moment of sending: {deaths}")
    print(f"  letters that came once:  {times[1]}")
    print(f"  letters that never came: {times[0]} (the log calls {outcomes['unsure']} unsure)")
    doubled = sum(count for n, count in times.items() if n > 1)
    print(f"  letters that came twice: {doubled}")
    sys.exit(1 if doubled else 0)


if __name__ == "__main__":
    asyncio.run(main(*[*map(int, sys.argv[1:]), 200][:1]))
