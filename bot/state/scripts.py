"""The Lua scripts, read once from beside this file, and how one is run: by its hash, sent whole when unknown.

A script and the WAIT that confirms it go down one connection in one round trip.
"""

import hashlib
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from bot.state.errors import Unconfirmed

NAMES = ("open", "accept", "claim", "write", "take_over", "erase")
CONFIRM_MS = 1000
Command = tuple[Any, ...]


class Scripts:
    """The scripts of this house on one client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
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

    async def _send(self, command: Command, confirm: int) -> list[Any]:
        if not confirm:
            reply: list[Any] = await self._redis.execute_command(*command)
            return reply
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.execute_command(*command)
            pipe.execute_command("WAIT", confirm, CONFIRM_MS)
            reply, confirmed = await pipe.execute()
        if int(confirmed) < confirm:
            raise Unconfirmed(f"{confirmed} of {confirm} replicas confirmed")
        return reply
