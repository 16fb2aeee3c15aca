"""A turn that goes on one event at a time, when it is told to: the schedule of a race, in a test's hands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from bot.conversation import Answered, Conversation, Delta, Done, Event, Planned, Seen
from bot.state.lease import Lease
from bot.state.records import Claim
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

PIECES = ("Here ", "is 🧭 ", "the way.")
EVENTS = 2 + len(PIECES)
"""How many times a turn with one message stops at its gate."""


class Gate:
    """Opens once for each `step`."""

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(0)
        self.waiting = False

    async def pass_(self) -> None:
        """Waits for a step."""
        self.waiting = True
        try:
            await self._open.acquire()
        finally:
            self.waiting = False

    def step(self) -> None:
        """Lets one event out."""
        self._open.release()


class Heard:
    """A store that says when a write has come back, however it ended."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.written = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, *given: Any, **named: Any) -> Any:
        """The store's."""
        try:
            return await self._store.write(*given, **named)
        finally:
            self.written.set()


class Hand:
    """One claim being worked on, step by step."""

    def __init__(self, store: Store, claim: Claim, lease_s: float) -> None:
        self.gate = Gate()
        self.heard = Heard(store)
        self.lease = Lease(cast(Store, self.heard), claim, lease_s)
        self.task = asyncio.create_task(self._run())
        # A test that does not ask how it ended means not to: without this, it would be logged whenever it is collected.
        self.task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def step(self) -> bool:
        """Lets one event out and waits until it is written; whether there is more to come."""
        self.gate.waiting = False
        self.heard.written.clear()
        self.gate.step()
        # The write of what came out runs beside the way to the next gate.
        written = asyncio.ensure_future(self.heard.written.wait())
        await asyncio.wait({self.task, written}, return_when=asyncio.FIRST_COMPLETED)
        written.cancel()
        await self.settle()
        return not self.task.done()

    async def settle(self) -> None:
        """Waits until the turn stands at its gate, or has ended."""
        standing = 0
        while standing < 5 and not self.task.done():  # a turn that has to read again leaves its gate after its write
            await asyncio.sleep(0 if standing else 0.001)
            standing = standing + 1 if self.gate.waiting else 0

    async def finish(self) -> None:
        """Lets everything out."""
        while await self.step():
            pass

    async def vanish(self) -> None:
        """As if the process had been killed."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _run(self) -> None:
        await Turns(self._turn, batch_s=0)(self.lease)

    async def _turn(self, conversation: Conversation, turn: int) -> AsyncIterator[Event]:
        for attachment in conversation.unlooked:
            await self.gate.pass_()
            yield Seen(attachment_id=attachment.id, outcome="read")
        messages = conversation.unanswered
        if not messages or conversation.owner not in ("bot", "waiting"):
            return
        to = tuple(message.id for message in messages)
        await self.gate.pass_()
        yield Planned(turn=turn, to=to, plan="words", reason="")
        said = ""
        for piece in PIECES:
            await self.gate.pass_()
            yield Delta(turn=turn, offset=len(said), text=piece)
            said += piece
        await self.gate.pass_()
        yield Answered(turn=turn, to=to, text=said)
        yield Done(turn=turn)


async def plain_turn(conversation: Conversation, turn: int) -> AsyncIterator[Event]:
    """The same turn without a gate."""
    for attachment in conversation.unlooked:
        yield Seen(attachment_id=attachment.id, outcome="read")
    messages = conversation.unanswered
    if messages and conversation.owner in ("bot", "waiting"):
        to = tuple(message.id for message in messages)
        yield Planned(turn=turn, to=to, plan="words", reason="")
        said = ""
        for piece in PIECES:
            yield Delta(turn=turn, offset=len(said), text=piece)
            said += piece
        yield Answered(turn=turn, to=to, text=said)
        yield Done(turn=turn)


@asynccontextmanager
async def ahead(store: Store, ms: int) -> AsyncIterator[Store]:
    """The same store as it will be so many milliseconds from now: nobody waits for a lease to end."""
    later = await store.now() + ms
    async with Store(store.url, clock=lambda: later) as other:
        yield other


async def drain(store: Store) -> None:
    """A sound worker does all that is due."""
    await Worker(store, {"turn": Turns(plain_turn, batch_s=0)}).drain()
