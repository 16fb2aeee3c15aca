"""Runs worker processes that die at named points, and tells what the customer got."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ledger import Reader, check

from bot.conversation import Attached, Attachment, Message
from bot.state.records import Write
from bot.state.store import Store

HERE = Path(__file__).parent


@asynccontextmanager
async def worker(url: str, point: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process that dies at `point`; one that lives ("") is ended on leaving."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "killable.py"), url, point, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def speak(store: Store, conversation: str, text: str, *, picture: bool = False) -> str:
    """A customer's message, as the help desk would accept it."""
    attachments: tuple[Attachment, ...] = ()
    if picture:
        sha = uuid4().hex * 2
        attachment = Attachment(id=f"{conversation}/{sha}", media_type="image/png", width=4, height=4, size=9)
        attachments = (attachment,)
        await store.accept(
            conversation, Write((Attached(attachment=attachment),), key=f"attach:{sha}", digest="", needs_turn=True)
        )
    message = Message(id=uuid4().hex, sender="customer", text=text, attachments=attachments)
    write = Write((message,), key=message.id, digest="", result=message.id, needs_turn=True, counts=True)
    return await store.accept(conversation, write)


@dataclass(frozen=True)
class Outcome:
    """What became of one conversation whose worker was killed at `point`."""

    point: str
    killed: bool
    lost: int
    twice: int
    faults: tuple[str, ...]
    seconds: float
    """From the kill to the end of the answer, as the reader saw it."""


async def kill_at(store: Store, point: str) -> Outcome:
    """One question with a picture; its worker dies at `point` and another one takes over."""
    conversation = await store.open()
    reader = Reader(store, conversation).start()
    asked = await speak(store, conversation, "does it hold?", picture=True)
    async with worker(store.url, point) as process:
        status = await process.wait() if point else None
    killed_at = time.monotonic()
    async with worker(store.url, ""):
        await reader.until(lambda events: any(e.event == "done" for e in events))
        seconds = time.monotonic() - killed_at
        # Whatever is still due must not answer again.
        await asyncio.sleep(0.3)
    await reader.stop()
    events = [event for _, event in reader.seen]
    answered = [id_ for event in events if event.event == "answered" for id_ in event.to]
    return Outcome(
        point=point,
        killed=status == -9,
        lost=int(asked not in answered),
        twice=max(0, answered.count(asked) - 1),
        faults=tuple(check(events)),
        seconds=seconds,
    )
