"""Every Redis call about conversations: what is said, who owns it, what is due, and who holds the lease.

The scripts beside this file are the machine; this class names their arguments and turns their replies into values and
errors; keys, event ids and rules are in docs/decisions/0101-one-machine-in-redis.md. All keys of a conversation and of
its partition's sets share one hash tag, so each script touches one slot.

Not here: what a lease is used for (`bot.worker`), who may speak (`bot.handoff`).
"""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
)

from bot.conversation import Event, encode
from bot.state import records
from bot.state.bus import READ_AGAIN_S, Bus
from bot.state.errors import Changed, Conflict, NotFound, TooMany, Unconfirmed
from bot.state.records import (
    Claim,
    Finish,
    Head,
    Idle,
    Kind,
    Limits,
    LogEntry,
    Reading,
    Summary,
    Write,
)
from bot.state.scripts import Scripts

CONNECTIONS = 32
PRESENT_MS = 3_600_000
"""How long it is remembered when a customer was last there: longer than a letter waits."""
AWAY = (ConnectionError, TimeoutError, ReadOnlyError, MasterDownError, ClusterDownError, OutOfMemoryError)
"""The server cannot take the write now, though it may later."""


class Store:
    """Conversations on one Redis or Valkey. Makes its own clients from `url` and closes them on exit.

    `confirm`: how many replicas must confirm each accept, owner change and commit, else `Unconfirmed`.
    `mirror`: whether somebody claims `slack`; without it nothing is marked due for it. `mail`, `release`: the same for
    `mail`, and for `timer` while a person owns the conversation.
    `read_again_s`: how long a reader may miss an event when its news was lost.
    `clock`: Unix ms for the scripts; None means the server's own clock, which is what production uses.
    """

    def __init__(
        self,
        url: str,
        *,
        partitions: int = 1,
        life_days: float = 180,
        confirm: int = 0,
        mirror: bool = False,
        mail: bool = False,
        release: bool = False,
        clock: Callable[[], int] | None = None,
        read_again_s: float = READ_AGAIN_S,
    ) -> None:
        self.url = url
        self.partitions = partitions
        self.confirm = confirm
        self.clock = clock
        self._woken = {kind for kind, wanted in (("mail", mail), ("timer", release)) if wanted}
        self._standing = {"life": int(life_days * 86_400_000), **({"mirror": True} if mirror else {})}
        # Any: redis-py's hints name every shape of every protocol at once.
        self._redis: Any = _client(url, 5, CONNECTIONS)
        # Blocking reads last up to 4 s; the timeout only ends a half-open connection.
        self._blocking: Any = _client(url, 15, 10 * CONNECTIONS)
        self._scripts = Scripts(self._redis)
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

    # --- from outside a lease -------------------------------------------------------------------------------------

    async def open(self, customer: str | None = None) -> str:
        """A new conversation's id. `customer` is a hash; all of a customer's conversations share a partition."""
        partition = int(customer, 16) % self.partitions if customer else secrets.randbelow(self.partitions)
        conversation_id = f"p{partition}-{secrets.token_hex(12)}"
        await self._call("open", conversation_id, {"customer": customer}, confirm=True)
        return conversation_id

    async def accept(self, conversation_id: str, write: Write, *, limits: Limits | None = None) -> str:
        """Appends what somebody said, once per key, and makes the conversation due. Returns `write.result`, of the
        first call when it is a repetition. Raises NotFound, Conflict, Changed, TooMany, Unconfirmed."""
        arguments: dict[str, Any] = self._arguments(write) | {"needs_turn": write.needs_turn, "counts": write.counts}
        if limits:
            arguments |= {"facts": limits.facts}
            if write.counts:
                arguments |= {"unanswered": limits.unanswered}
        return self._settled(await self._call("accept", conversation_id, arguments, write.events, confirm=True))

    async def take_over(self, conversation_id: str, write: Write) -> str:
        """Changes the owner (`write.events` holds the OwnerChanged) and ends a running turn, its words kept as
        `Stopped`. Raises NotFound, Conflict, Changed, Unconfirmed."""
        reply = await self._call("take_over", conversation_id, self._arguments(write), write.events, confirm=True)
        return self._settled(reply)

    async def erase(self, conversation_id: str) -> None:
        """Words, running text and keys are gone when this returns; `erase` is due. Erasing twice is fine."""
        await self._call("erase", conversation_id, {}, confirm=True)

    # --- under a lease --------------------------------------------------------------------------------------------

    async def claim(
        self, kind: Kind, holder: str, lease_ms: int, *, partition: int = 0, reason: str = ""
    ) -> Claim | Idle:
        """The first conversation that is due for `kind`, or how long to wait. `reason`: words of the `Reset` that
        readers see when a running answer is started again."""
        arguments = {"kind": kind, "holder": holder, "lease": lease_ms, "interrupted": reason}
        reply = await self._script("claim", f"{{p{partition}}}:due:{kind}", arguments)
        return records.claim(kind, holder, reply)

    async def write(
        self,
        claim: Claim,
        n: int,
        events: Sequence[Event] = (),
        *,
        extend_ms: int,
        basis: int,
        check: bool = False,
        finish: Finish | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> tuple[Literal["ok", "same", "newer", "lost"], int]:
        """Write number `n` (1, 2, 3 ...) of a lease; an empty one is a heartbeat. `basis` is the last event that the
        holder has read. Also returns the id of the last event that needs this kind's attention.

        "same": this number was written before, and nothing changed. "newer": `check` found news after `basis`, or
        the owner that the events change has changed already; nothing was written. "lost": the lease has moved on or
        the conversation is gone; nothing was or will be.
        """
        arguments: dict[str, Any] = {
            "kind": claim.kind,
            "lease": claim.lease,
            "holder": claim.holder,
            "n": n,
            "extend": extend_ms,
            "basis": basis,
            "check": check,
            "owner": records.owner_of(events),
            "epoch": claim.head.epoch,
            "fields": dict(fields) if fields else None,
            "ended": any(event.event == "done" for event in events),
        }
        if finish:
            arguments |= {"finish": finish.how, "delay": finish.delay_ms}
        reply = await self._call("write", claim.id, arguments, events, confirm=finish is not None)
        outcome = reply[0].decode()
        if outcome in ("gone", "lost"):
            return "lost", 0
        return outcome, int(reply[1])

    async def wait(self, kind: Kind, idle: Idle, *, partition: int = 0) -> None:
        """Until something woke `kind`, or the wait is over. The wake id was read before the check for due members,
        so no wake-up is lost; and nothing is consumed, so none dies with a worker."""
        block = max(1, min(idle.wait_ms, 4000))
        try:
            await self._blocking.xread({f"{{p{partition}}}:wake:{kind}": idle.wake}, count=1, block=block)
        except AWAY as error:
            raise Unconfirmed(str(error)) from error

    # --- reading --------------------------------------------------------------------------------------------------

    async def head(self, conversation_id: str) -> Head:
        """Where a conversation stands. Raises NotFound."""
        return records.head(conversation_id, await self._flat(conversation_id))

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
        """A customer's conversations, newest first."""
        key = f"{{p{int(customer, 16) % self.partitions}}}:customer:{customer}"
        return await self._summaries([member.decode() for member in await self._redis.zrevrange(key, 0, 199)])

    async def queue(self) -> list[Summary]:
        """What waits for a person or has one, longest waiting first."""
        found: list[Summary] = []
        for partition in range(self.partitions):
            members = await self._redis.zrange(f"{{p{partition}}}:queue", 0, 499)
            found += await self._summaries([member.decode() for member in members])
        return found

    async def present(self, conversation_id: str) -> None:
        """The customer follows the conversation now. Raises NotFound, Unconfirmed."""
        await self.head(conversation_id)
        try:
            await self._redis.set(_present(conversation_id), await self.now(), px=PRESENT_MS)
        except AWAY as error:
            raise Unconfirmed(str(error)) from error

    async def last_present(self, conversation_id: str) -> int:
        """When the customer was last known to follow the conversation, in Unix ms; 0: long ago, or never. Raises
        Unconfirmed."""
        try:
            return int(await self._redis.get(_present(conversation_id)) or 0)
        except AWAY as error:
            raise Unconfirmed(str(error)) from error

    async def ids(self) -> AsyncIterator[str]:
        """Every conversation there is, in no order; for reports, since it walks over all keys. One that is opened or
        erased meanwhile may be in it or not."""
        seen: set[str] = set()
        async for key in self._redis.scan_iter(match="{p*}:p*:head", count=1000):
            conversation_id = key.decode().split(":")[1]
            if records.well_formed(conversation_id) and conversation_id not in seen:
                seen.add(conversation_id)
                yield conversation_id

    async def now(self) -> int:
        """Unix ms, by the clock that the scripts use."""
        if self.clock:
            return self.clock()
        seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def check(self) -> None:
        """Readiness: raises RuntimeError with what to do, Unconfirmed when the server cannot be reached."""
        try:
            policy = (await self._redis.config_get("maxmemory-policy")).get("maxmemory-policy", "noeviction")
        except AWAY as error:
            raise Unconfirmed(str(error)) from error
        if policy != "noeviction":
            raise RuntimeError(f"Redis evicts conversations: set maxmemory-policy noeviction (it is {policy})")

    # --- inside ---------------------------------------------------------------------------------------------------

    def _arguments(self, write: Write) -> dict[str, Any]:
        return {
            "key": write.key,
            "digest": write.digest,
            "result": write.result,
            "epoch": write.epoch,
            "owner": records.owner_of(write.events),
            "wakes": [kind for kind in write.wakes if kind in self._woken] or None,
        }

    def _settled(self, reply: list[Any]) -> str:
        match reply[0]:
            case b"new" | b"same" | b"ok":
                return str(reply[1].decode())
            case b"conflict":
                raise Conflict("this idempotency key came before with another body")
            case b"changed":
                raise Changed(reply[1].decode(), reply[2].decode() or None)
            case b"busy":
                raise TooMany("too many unanswered messages", full=False)
            case _:
                raise TooMany("the conversation is full", full=True)

    async def _call(
        self,
        script: str,
        conversation_id: str,
        arguments: dict[str, Any],
        events: Sequence[Event] = (),
        *,
        confirm: bool = False,
    ) -> list[Any]:
        if not records.well_formed(conversation_id):
            raise NotFound(conversation_id)
        key = f"{records.tag(conversation_id)}{conversation_id}:head"
        reply = await self._script(script, key, arguments | {"id": conversation_id}, events, confirm=confirm)
        if reply[0] == b"gone" and script in ("accept", "take_over"):
            raise NotFound(conversation_id)
        return reply

    async def _script(
        self,
        script: str,
        key: str,
        arguments: dict[str, Any],
        events: Sequence[Event] = (),
        *,
        confirm: bool = False,
    ) -> list[Any]:
        given = {k: v for k, v in (self._standing | arguments).items() if v is not None and v is not False}
        if self.clock:
            given["now"] = self.clock()
        pairs = [part for event in events for part in (event.event.encode(), encode(event))]
        try:
            return await self._scripts.run(script, key, [orjson.dumps(given), *pairs], self.confirm if confirm else 0)
        except AWAY as error:
            raise Unconfirmed(f"{script}: {error}") from error

    async def _flat(self, conversation_id: str) -> dict[str, str]:
        if not records.well_formed(conversation_id):
            raise NotFound(conversation_id)
        try:
            raw = await self._redis.hgetall(f"{records.tag(conversation_id)}{conversation_id}:head")
        except AWAY as error:
            raise Unconfirmed(str(error)) from error
        flat = records.strings(raw)
        if flat.get("state") != "open":
            raise NotFound(conversation_id)
        return flat

    async def _read(self, conversation_id: str, after: int, *, draft: bool) -> Reading:
        if not records.well_formed(conversation_id):
            raise NotFound(conversation_id)
        key = records.tag(conversation_id) + conversation_id
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hmget(f"{key}:head", "state", "at")
                pipe.xrange(f"{key}:log", f"({after}-0" if after else "-")
                if draft:
                    pipe.xrange(f"{key}:draft", f"({after}-0" if after else "-")
                (state, at), *streams = await pipe.execute()
        except AWAY as error:
            raise Unconfirmed(str(error)) from error
        if state != b"open":
            raise NotFound(conversation_id)
        raws = sorted((raw for stream in streams for raw in stream), key=lambda raw: int(raw[0].split(b"-")[0]))
        return Reading(events=tuple(records.entry(raw) for raw in raws), at=int(at))

    async def _summaries(self, ids: Sequence[str]) -> list[Summary]:
        if not ids:
            return []
        async with self._redis.pipeline(transaction=False) as pipe:
            for conversation_id in ids:
                key = records.tag(conversation_id) + conversation_id
                pipe.hgetall(f"{key}:head")
                pipe.xrange(f"{key}:log", count=10)
            replies = await pipe.execute()
        found = []
        for conversation_id, raw, log in zip(ids, replies[::2], replies[1::2], strict=True):
            flat = records.strings(raw)
            if flat.get("state") == "open":
                found.append(records.summary(conversation_id, flat, map(records.entry, log)))
        return found


def _present(conversation_id: str) -> str:
    return f"{records.tag(conversation_id)}{conversation_id}:present"


def _client(url: str, timeout: float, connections: int) -> Redis:
    """A client that waits for a free connection instead of refusing when many ask at once."""
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), 6)
    options = {"protocol": 2, "socket_timeout": timeout, "retry": retry, **keepalive}
    return Redis.from_pool(BlockingConnectionPool.from_url(url, max_connections=connections, timeout=20, **options))
