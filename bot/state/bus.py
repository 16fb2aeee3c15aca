"""One reader of the bus per process and partition, whatever the number of customers that read along.

What it hands to a reader is a hint: an entry names the event before it, and a reader that does not stand there reads
the streams again. So entries may be lost, doubled or trimmed, and nothing is missed.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from redis.exceptions import RedisError

from bot.conversation import Event
from bot.state import records

BLOCK_MS = 4000
GATHER_S = 0.01
"""Between two reads at least: under load, what many conversations write comes in one. After a silence nothing waits."""
READ_AGAIN_S = 15.0
BACKLOG = 1000

log = structlog.get_logger()


@dataclass(frozen=True)
class Heard:
    """One event, the id of the one before it, and None as event when it is of the future (or was erased)."""

    id: int
    previous: int
    event: Event | None


class Ear:
    """What one reader hears: entries, or None when it should read the streams again."""

    def __init__(self, read_again_at: float) -> None:
        self._queue: asyncio.Queue[Heard | None] = asyncio.Queue(BACKLOG)
        self.read_again_at = read_again_at

    async def get(self) -> Heard | None:
        """The next entry; None: read again."""
        return await self._queue.get()

    def put(self, heard: Heard | None) -> None:
        """Hands an entry over; a reader that is too slow is told to read again instead."""
        try:
            self._queue.put_nowait(heard)
        except asyncio.QueueFull:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)


class Bus:
    """The bus readers of one process, each started when its partition is first listened to."""

    def __init__(self, blocking: Any, read_again_s: float = READ_AGAIN_S) -> None:
        self._redis = blocking
        self._read_again_s = read_again_s
        self._block_ms = min(BLOCK_MS, int(read_again_s * 1000))
        self._ears: dict[str, dict[str, set[Ear]]] = defaultdict(lambda: defaultdict(set))
        self._readers: dict[str, asyncio.Task[None]] = {}
        self._ready: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def aclose(self) -> None:
        """Ends all readers."""
        for reader in self._readers.values():
            reader.cancel()
        await asyncio.gather(*self._readers.values(), return_exceptions=True)
        self._readers.clear()

    @asynccontextmanager
    async def listen(self, tag: str, conversation_id: str) -> AsyncIterator[Ear]:
        """Hears every bus entry of a conversation from now on. Read the streams after entering, not before."""
        ear = Ear(time.monotonic() + self._read_again_s)
        ears = self._ears[tag]
        ears[conversation_id].add(ear)
        try:
            if tag not in self._readers:
                self._readers[tag] = asyncio.create_task(self._read(tag), name=f"bus {tag}")
            await self._ready[tag].wait()
            yield ear
        finally:
            ears[conversation_id].discard(ear)
            if not ears[conversation_id]:
                del ears[conversation_id]

    async def _read(self, tag: str) -> None:
        last: str | None = None
        read_at = 0.0
        while True:
            try:
                last = last or await self._newest(tag)
                self._ready[tag].set()
                await asyncio.sleep(max(0.0, read_at + GATHER_S - time.monotonic()))
                entries = await self._redis.xread({f"{tag}bus": last}, count=500, block=self._block_ms)
                read_at = time.monotonic()
                if not entries and _order(await self._newest(tag)) < _order(last):
                    # The stream expired in the silence and began anew under a clock that had stepped back.
                    last = "0-0"
            except RedisError as error:
                log.warning("bus unreachable", partition=tag, error=str(error))
                self._ready[tag].set()
                await asyncio.sleep(0.2)
                entries = None
            if entries:
                last = self._hand_out(tag, entries[0][1])
            self._nudge(tag)

    async def _newest(self, tag: str) -> str:
        newest = await self._redis.xrevrange(f"{tag}bus", count=1)
        return str(newest[0][0].decode()) if newest else "0-0"

    def _hand_out(self, tag: str, entries: list[Any]) -> str:
        ears = self._ears[tag]
        for _, fields in entries:
            listening = ears.get(fields[b"c"].decode())
            if listening:
                event_id, data = int(fields[b"i"]), fields[b"d"]
                heard = Heard(event_id, int(fields[b"p"]), records.readable(event_id, data) if data else None)
                for ear in listening:
                    ear.put(heard)
        last: bytes = entries[-1][0]
        return last.decode()

    def _nudge(self, tag: str) -> None:
        now = time.monotonic()
        for listening in self._ears[tag].values():
            for ear in listening:
                if ear.read_again_at <= now:
                    ear.read_again_at = now + self._read_again_s
                    ear.put(None)


def _order(stream_id: str) -> tuple[int, int]:
    ms, _, sequence = stream_id.partition("-")
    return int(ms), int(sequence)
