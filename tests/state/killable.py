"""A real worker process that kills itself, with `kill -9`, at a named point of its first turn.

    python tests/state/killable.py REDIS_URL POINT

Its turn is small and always the same: it looks at pictures, then says the words of the message back, piece by piece.
Only a first try is killed, so another process, or the next one, has to finish what this one began.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable

from bot.conversation import Answered, Conversation, Delta, Done, Event, Found, Planned, Pointed, Seen, Step
from bot.state.lease import Lease
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

POINTS = (
    "after claim",
    "after seen",
    "after planned",
    "after found",
    "after first word",
    "in mid-answer",
    "after last word",
    "after answered",
    "before the end",
    "after the end",
)
LEASE_S = 1.0


def words(messages: list[str]) -> str:
    """The answer to these messages."""
    return "You said: " + " / ".join(messages) + " 👍🏽 done."


async def answering(
    conversation: Conversation, turn: int, reached: Callable[[str], None] = lambda point: None, pause_s: float = 0.005
) -> AsyncIterator[Event]:
    """The turn; `reached` is told of each point once what came before it was written."""
    for attachment in conversation.unlooked:
        yield Seen(attachment_id=attachment.id, outcome="read")
        await asyncio.sleep(pause_s)
        reached("after seen")
    messages = conversation.unanswered
    if not messages or conversation.owner not in ("bot", "waiting"):
        return
    to = tuple(message.id for message in messages)
    yield Planned(turn=turn, to=to, plan="words", reason="said back")
    await asyncio.sleep(pause_s)
    reached("after planned")
    yield Found(turn=turn, passages=(), confidence=0.5)
    yield Step(turn=turn, text="thinking")
    await asyncio.sleep(max(pause_s, 0.05))
    reached("after found")
    text = words([message.text for message in messages])
    for offset, piece in enumerate(text):
        yield Delta(turn=turn, offset=offset, text=piece)
        await asyncio.sleep(pause_s)
        if offset == 5:
            reached("after first word")
        if offset == len(text) // 2:
            reached("in mid-answer")
    await asyncio.sleep(max(pause_s, 0.05))
    reached("after last word")
    yield Answered(turn=turn, to=to, text=text, answered=True, model="echo")
    await asyncio.sleep(pause_s)
    reached("after answered")
    for message in messages:
        for attachment in message.attachments:
            yield Pointed(turn=turn, attachment_id=attachment.id, points=())
    yield Done(turn=turn)
    reached("before the end")


def job(point: str) -> Callable[[Lease], object]:
    """The job of kind `turn` that dies at `point` of its first try; "" never dies."""

    async def run(lease: Lease) -> None:
        def reached(where: str) -> None:
            if where == point and not lease.claim.tries:
                os.kill(os.getpid(), signal.SIGKILL)

        reached("after claim")
        await Turns(lambda conversation, turn: answering(conversation, turn, reached))(lease)
        if any(event and event.event == "message" for _, event in lease.claim.log):
            reached("after the end")

    return run


async def main(url: str, point: str) -> None:
    """Works until killed."""
    async with Store(url) as store:
        await Worker(store, {"turn": job(point)}, lease_s=LEASE_S).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
