"""Conversations as they stand, for whoever only reads: heads, logs, running text, lists, and following one live.

What is written, and under which rules, is `bot.state.store`; how Redis's replies become values is `bot.state.records`.
"""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

from bot.conversation import Event
from bot.state import records
from bot.state.bus import READ_AGAIN_S, Bus
from bot.state.client import CONNECTIONS, connect, reaching
from bot.state.errors import NotFound
from bot.state.records import Head, LogEntry, Reading, Summary

LISTED = 200
"""Conversations of one customer in a list, the newest."""
QUEUED = 500
"""Conversations of one partition in the team's queue, the longest waiting."""


class Logs:
    """Conversations on one Redis or Valkey, read only. Makes its own clients from `url` and closes them on exit.

    `read_again_s`: how long a reader may miss an event when its news was lost. All methods raise Unconfirmed when the
    server cannot be reached.
    """

    def __init__(self, url: str, *, partitions: int = 1, read_again_s: float = READ_AGAIN_S) -> None:
        self.url = url
        self.partitions = partitions
        # Any: redis-py's hints name every shape of every protocol at once.
        self._redis: Any = connect(url)
        # Blocking reads last up to 4 s; the timeout only ends a half-open connection.
        self._blocking: Any = connect(url, timeout_s=15, connections=10 * CONNECTIONS, blocks=True)
        self._bus = Bus(self._blocking, read_again_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the bus readers and closes both clients."""
        await self._bus.aclose()
        await self._redis.aclose()
        await self._blocking.aclose()

    async def head(self, conversation_id: str) -> Head:
        """Where a conversation stands. Raises NotFound."""
        key = _key(conversation_id)
        with reaching("head"):
            flat = records.strings(await self._redis.hgetall(f"{key}:head"))
        if flat.get("state") != "open":
            raise NotFound(conversation_id)
        return records.head(conversation_id, flat)

    async def at(self, conversation_id: str) -> int:
        """The newest event's id. Raises NotFound."""
        return (await self.head(conversation_id)).at

    async def log(self, conversation_id: str) -> list[LogEntry]:
        """Every fact, oldest first. Raises NotFound."""
        return list((await self._read(conversation_id, 0, draft=False)).events)

    async def read_after(self, conversation_id: str, after: int = 0) -> Reading:
        """Facts and running text after an event id, merged by id, as of one instant. Raises NotFound."""
        return await self._read(conversation_id, after, draft=True)

    async def follow(self, conversation_id: str, after: int = 0) -> AsyncIterator[tuple[int, Event]]:
        """Every event after `after`, in order, without end. Raises NotFound when the conversation is gone.

        What the bus brings is used only when it continues exactly where this reader stands; else, and every 15 s
        anyway, the streams are read again.
        """
        position = after
        async with self._bus.listen(records.tag(conversation_id), conversation_id) as heard:
            while True:
                reading = await self.read_after(conversation_id, position)
                for event_id, event in reading.events:
                    if event is not None:
                        yield event_id, event
                position = reading.at
                while entry := await heard.get():
                    if entry.id <= position:
                        continue
                    if entry.previous != position:
                        break
                    position = entry.id
                    if entry.event is not None:
                        yield entry.id, entry.event

    async def conversations(self, customer: str) -> list[Summary]:
        """A customer's conversations, newest first; `customer` is the hash of whose they are. They lie in the partition
        of that hash, but for those that were a visitor's first and keep their place."""
        found: list[Summary] = []
        with reaching("conversations"):
            for partition in range(self.partitions):
                key = f"{{p{partition}}}:customer:{customer}"
                found += await self._summaries(await self._redis.zrevrange(key, 0, LISTED - 1))
        return sorted(found, key=lambda one: -one.opened)[:LISTED]

    async def solved(self, mark: str) -> list[str]:
        """The conversations that were solved and are found by `mark`, newest first."""
        found: list[tuple[bytes, float]] = []
        with reaching("solved"):
            for partition in range(self.partitions):
                found += await self._redis.zrevrange(f"{{p{partition}}}:solved:{mark}", 0, -1, withscores=True)
        return [member.decode() for member, _ in sorted(found, key=lambda one: -one[1])]

    async def queue(self) -> list[Summary]:
        """What waits for a person or has one, longest waiting first."""
        found: list[Summary] = []
        with reaching("queue"):
            for partition in range(self.partitions):
                found += await self._summaries(await self._redis.zrange(f"{{p{partition}}}:queue", 0, QUEUED - 1))
        return found

    async def ids(self) -> AsyncIterator[str]:
        """Every conversation there is, in no order; for reports, since it walks over all keys. One that is opened or
        erased meanwhile may be in it or not."""
        seen: set[str] = set()
        async for key in self._redis.scan_iter(match="{p*}:p*:head", count=1000):
            conversation_id = key.decode().split(":")[1]
            if records.well_formed(conversation_id) and conversation_id not in seen:
                seen.add(conversation_id)
                yield conversation_id

    async def _read(self, conversation_id: str, after: int, *, draft: bool) -> Reading:
        key, since = _key(conversation_id), f"({after}-0" if after else "-"
        with reaching("read"):
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hmget(f"{key}:head", "state", "at")
                pipe.xrange(f"{key}:log", since)
                if draft:
                    pipe.xrange(f"{key}:draft", since)
                (state, at), *streams = await pipe.execute()
        if state != b"open":
            raise NotFound(conversation_id)
        raws = sorted((raw for stream in streams for raw in stream), key=lambda raw: int(raw[0].split(b"-")[0]))
        return Reading(events=tuple(records.entry(raw) for raw in raws), at=int(at))

    async def _summaries(self, members: Sequence[bytes]) -> list[Summary]:
        if not members:
            return []
        ids = [member.decode() for member in members]
        async with self._redis.pipeline(transaction=False) as pipe:
            for conversation_id in ids:
                pipe.hgetall(f"{_key(conversation_id)}:head")
                pipe.xrange(f"{_key(conversation_id)}:log", count=10)
            replies = await pipe.execute()
        found = []
        for conversation_id, raw, log in zip(ids, replies[::2], replies[1::2], strict=True):
            flat = records.strings(raw)
            if flat.get("state") == "open":
                found.append(records.summary(conversation_id, flat, map(records.entry, log)))
        return found


def _key(conversation_id: str) -> str:
    """What the keys of a conversation begin with. Raises NotFound for what cannot be an id."""
    if not records.well_formed(conversation_id):
        raise NotFound(conversation_id)
    return records.tag(conversation_id) + conversation_id
