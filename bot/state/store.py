"""Every Redis call about conversations: what is said, who owns it, what is due, and who holds the lease.

The scripts beside this file are the machine; this class names their arguments and turns their replies into values and
errors; keys, event ids and rules are in docs/decisions/0101-one-machine-in-redis.md. All keys of a conversation and of
its partition's sets share one hash tag, so each script touches one slot.

Not here: what a lease is used for (`bot.worker`), who may speak (`bot.handoff`).
"""

import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import orjson
import structlog
from redis.exceptions import ResponseError

from bot.conversation import Event, encode
from bot.state import records
from bot.state.bus import READ_AGAIN_S
from bot.state.client import reaching
from bot.state.errors import Changed, Conflict, NotFound, TooMany
from bot.state.reading import Logs
from bot.state.records import Claim, Finish, Idle, Kind, Limits, Write
from bot.state.scripts import Scripts

log = structlog.get_logger()

PRESENT_MS = 3_600_000
"""How long it is remembered when a customer was last there: longer than a letter waits."""


class Store(Logs):
    """Conversations on one Redis or Valkey, to read and to write.

    `confirm`: how many replicas must confirm each accept, owner change and commit, else `Unconfirmed`.
    `mirror`: whether somebody claims `slack`; without it nothing is marked due for it. `mail`, `release`: the same for
    `mail`, and for `timer` while a person owns the conversation.
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
        super().__init__(url, partitions=partitions, read_again_s=read_again_s)
        self.confirm = confirm
        self.clock = clock
        self._woken = {kind for kind, wanted in (("mail", mail), ("timer", release)) if wanted}
        self._standing = {"life": int(life_days * 86_400_000), **({"mirror": True} if mirror else {})}
        self._scripts = Scripts(self._redis)
        self._warned = False

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
        self, kind: Kind, holder: str, lease_ms: int, *, partition: int = 0, reasons: Mapping[str, str] | None = None
    ) -> Claim | Idle:
        """The first conversation that is due for `kind`, or how long to wait. `reasons`: the words of the `Reset` that
        readers see when a running answer is started again, by language."""
        arguments = {"kind": kind, "holder": holder, "lease": lease_ms, "interrupted": dict(reasons or {"en": ""})}
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
        with reaching("wait"):
            await self._blocking.xread({f"{{p{partition}}}:wake:{kind}": idle.wake}, count=1, block=block)

    # --- beside the log -------------------------------------------------------------------------------------------

    async def present(self, conversation_id: str) -> None:
        """The customer follows the conversation now. Raises NotFound, Unconfirmed."""
        await self.head(conversation_id)
        with reaching("present"):
            await self._redis.set(_present(conversation_id), await self.now(), px=PRESENT_MS)

    async def last_present(self, conversation_id: str) -> int:
        """When the customer was last known to follow the conversation, in Unix ms; 0: long ago, or never. Raises
        Unconfirmed."""
        with reaching("present"):
            return int(await self._redis.get(_present(conversation_id)) or 0)

    async def now(self) -> int:
        """Unix ms, by the clock that the scripts use."""
        if self.clock:
            return self.clock()
        with reaching("now"):
            seconds, micros = await self._redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def check(self) -> None:
        """Readiness: raises RuntimeError with what to do, Unconfirmed when the server cannot be reached."""
        policy = await self._policy()
        if policy is None and not self._warned:
            self._warned = True
            log.warning("Redis does not say whether it evicts: make sure that maxmemory-policy is noeviction")
        if policy not in (None, "noeviction"):
            raise RuntimeError(f"Redis evicts conversations: set maxmemory-policy noeviction (it is {policy})")

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _policy(self) -> str | None:
        """What the server does when memory is full. Managed servers often refuse CONFIG, some accounts INFO too."""
        with reaching("check"):
            with contextlib.suppress(ResponseError):
                if policy := (await self._redis.info("memory")).get("maxmemory_policy"):
                    return str(policy)
            with contextlib.suppress(ResponseError):
                if policy := (await self._redis.config_get("maxmemory-policy")).get("maxmemory-policy"):
                    return str(policy)
        return None

    def _arguments(self, write: Write) -> dict[str, Any]:
        return {
            "key": write.key,
            "digest": write.digest,
            "result": write.result,
            "epoch": write.epoch,
            "owner": records.owner_of(write.events),
            "language": records.language_of(write.events),
            "described": records.described_in(write.events),
            "marks": list(write.marks) or None,
            "belongs": list(write.belongs) if write.belongs else None,
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
        with reaching(script):
            return await self._scripts.run(script, key, [orjson.dumps(given), *pairs], self.confirm if confirm else 0)


def _present(conversation_id: str) -> str:
    return f"{records.tag(conversation_id)}{conversation_id}:present"
