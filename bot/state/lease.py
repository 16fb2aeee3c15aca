"""A lease in the hands of its holder: its writes are numbered, it is kept alive, and it ends in exactly one way.

A write whose reply was lost is repeated under its number until the lease would be over, so a server that restarts
meanwhile loses nothing and doubles nothing.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Literal

from bot.conversation import Event
from bot.state.errors import NotFound, Unconfirmed
from bot.state.records import DONE, Claim, Finish, LogEntry
from bot.state.store import Store

REPEAT_S = 0.2


class Lost(Exception):
    """Somebody else holds the conversation by now, a person took it, or it is gone: stop, nothing more is written."""


class Lease:
    """One claim and what its holder writes. `basis` is the last event that the holder has read."""

    def __init__(self, store: Store, claim: Claim, lease_s: float) -> None:
        self.store = store
        self.claim = claim
        self.basis = claim.basis
        self.finished = False
        self._lease_s = lease_s
        self._n = 0
        self._last = time.monotonic()
        self._turn = asyncio.Lock()

    async def write(
        self,
        *events: Event,
        check: bool = False,
        finish: Finish | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> Literal["written", "newer"]:
        """Appends events and keeps `fields` under the conversation, in one step; with `finish`, the last write.

        With `check` nothing is written when anything was said since `basis`: "newer". Raises Lost.
        """
        async with self._turn:
            return await self._write(events, check, finish, fields)

    async def done(self, *events: Event, fields: Mapping[str, str] | None = None) -> None:
        """The last write: whatever was said since `basis` makes the conversation due again. Raises Lost."""
        await self.write(*events, finish=DONE, fields=fields)

    async def again(self, delay_ms: int, *events: Event, fields: Mapping[str, str] | None = None) -> None:
        """Gives it back for a while; not counted as a failure. Raises Lost."""
        await self.write(*events, finish=Finish("again", delay_ms), fields=fields)

    async def failed(self, delay_ms: int) -> None:
        """Gives it up: the next claim counts a try. Raises Lost."""
        await self.write(finish=Finish("failed", delay_ms))

    async def read_again(self) -> tuple[LogEntry, ...]:
        """The log as it stands now; `basis` moves to its end. Raises Lost."""
        try:
            log = tuple(await self.store.log(self.claim.id))
        except NotFound as error:
            raise Lost(self.claim.id) from error
        self.basis = max(self.basis, log[-1][0] if log else 0)
        return log

    async def keep(self) -> None:
        """Heartbeats until the lease is finished. Raises Lost."""
        beat = self._lease_s / 3
        while not self.finished:
            await asyncio.sleep(max(0.05, self._last + beat - time.monotonic()))
            async with self._turn:
                if not self.finished and time.monotonic() >= self._last + beat:
                    await self._write((), False, None, None)

    async def _write(
        self,
        events: tuple[Event, ...],
        check: bool,
        finish: Finish | None,
        fields: Mapping[str, str] | None,
    ) -> Literal["written", "newer"]:
        number = self._n + 1
        until = self._last + self._lease_s
        while True:
            try:
                outcome, _ = await self.store.write(
                    self.claim,
                    number,
                    events,
                    extend_ms=int(self._lease_s * 1000),
                    basis=self.basis,
                    check=check,
                    finish=finish,
                    fields=fields,
                )
                break
            except Unconfirmed as error:
                if time.monotonic() > until:
                    raise Lost(f"{self.claim.id}: the store was away for longer than the lease") from error
                await asyncio.sleep(REPEAT_S)
        if outcome == "lost":
            raise Lost(self.claim.id)
        self._last = time.monotonic()
        if outcome == "newer":
            return "newer"
        self._n = number
        self.finished = finish is not None
        return "written"
