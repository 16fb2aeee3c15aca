"""The Lua scripts, read once from beside this file, and how one is run: by its hash, sent whole when unknown.

A script and the WAIT that confirms it go down one connection in one round trip. Scripts that nobody confirms, and that
are asked for while others are under way, go together: one connection, one round trip for all of them.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from bot.state.errors import Unconfirmed

NAMES = ("open", "accept", "claim", "write", "take_over", "erase")
CONFIRM_MS = 1000
MOST = 200
"""Scripts that go together at most."""
Command = tuple[Any, ...]


class Scripts:
    """The scripts of this house on one client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._together = _Together(redis)
        here = files(__package__)
        shared = (here / "conversation.lua").read_text("utf-8")
        # All checks stand before the first write; the shebang has the server refuse, before it starts, a script that
        # could not write for want of memory.
        self._source = {name: "#!lua\n" + shared + (here / f"{name}.lua").read_text("utf-8") for name in NAMES}
        self._sha = {name: hashlib.sha1(source.encode()).hexdigest() for name, source in self._source.items()}

    async def run(self, name: str, key: str, arguments: list[bytes], confirm: int) -> list[Any]:
        """The script's reply. Raises Unconfirmed when fewer than `confirm` replicas have it, redis' own otherwise."""
        try:
            return await self._send(("EVALSHA", self._sha[name], 1, key, *arguments), confirm)
        except NoScriptError:
            return await self._send(("EVAL", self._source[name], 1, key, *arguments), confirm)

    async def aclose(self) -> None:
        """Ends what is under way."""
        await self._together.aclose()

    async def _send(self, command: Command, confirm: int) -> list[Any]:
        if not confirm:
            return await self._together.send(command)
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command(*command)
            pipe.execute_command("WAIT", confirm, CONFIRM_MS)
            replies: tuple[list[Any], int] = await pipe.execute()
        reply, confirmed = replies
        if int(confirmed) < confirm:
            raise Unconfirmed(f"{confirmed} of {confirm} replicas confirmed")
        return reply


class _Together:
    """Sends commands of many callers down one connection, whatever has gathered while the last ones were under way.

    The reply of each is its own. When the connection breaks, each caller hears it, as if it had been alone.
    """

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._asked: list[tuple[Command, asyncio.Future[list[Any]]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def send(self, command: Command) -> list[Any]:
        """The reply. Raises what redis raises."""
        reply: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked.append((command, reply))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="scripts")
        return await reply

    async def aclose(self) -> None:
        """Ends what is under way; who waits for it hears a cancellation."""
        while self._sending:
            self._sending.cancel()
            await asyncio.wait({self._sending}, timeout=0.1)

    async def _send_all(self) -> None:
        under_way = self._asked
        try:
            while self._asked:
                # Who was cancelled before it was sent is left out.
                under_way = [one for one in self._asked[:MOST] if not one[1].done()]
                del self._asked[:MOST]
                for (_, reply), outcome in zip(under_way, await self._outcomes(under_way), strict=True):
                    if reply.done():
                        continue
                    if isinstance(outcome, Exception):
                        reply.set_exception(outcome)
                    else:
                        reply.set_result(outcome)
        finally:
            self._sending = None
            for _, reply in (*under_way, *self._asked):
                reply.cancel()
            self._asked.clear()

    async def _outcomes(self, asked: Sequence[tuple[Command, Any]]) -> list[Any]:
        """A reply or an error for each."""
        if not asked:
            return []
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for command, _ in asked:
                    pipe.execute_command(*command)
                outcomes: list[Any] = await pipe.execute(raise_on_error=False)
                return outcomes
        except (RedisError, OSError) as error:
            return [type(error)(*error.args) for _ in asked]
