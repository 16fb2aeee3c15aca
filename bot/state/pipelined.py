"""A client of Redis whose commands of many callers go down one connection together, in one round trip.

Whatever is asked for while the last commands are under way goes next, as one pipeline: alone, a command goes at once;
under load, the way to the server and back is shared. The reply of each is its own, and when the connection breaks,
each caller hears it as if it had been alone. Every call ends within one limit: a server that accepts and says nothing
would else be waited for at each of redis-py's repetitions, and by all who queue behind. Not for commands that block.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoReply

MOST = 200
"""Commands that go together at most."""


@asynccontextmanager
async def within(seconds: float | None) -> AsyncIterator[None]:
    """Raises NoReply when what is inside takes longer; None: it may take for ever."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise NoReply(f"no reply within {seconds:g} s") from error


class Limited(Pipeline):
    """A pipeline or transaction that ends in time."""

    call_s: float | None = None

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The replies. Raises what redis raises."""
        async with within(self.call_s):
            replies: list[Any] = await super().execute(raise_on_error)
            return replies


class Pipelined(Redis):
    """As its base class; `pipeline()` still makes a pipeline or transaction of its own."""

    call_s: float | None = None
    """Seconds that a call may take; None: no limit."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._asked: list[_Asked] = []
        self._sending: asyncio.Task[None] | None = None

    async def execute_command(self, *command: Any, **options: Any) -> Any:
        """The reply. Raises what redis raises."""
        asked = _Asked(command, options)
        self._asked.append(asked)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all(), name="pipeline")
        async with within(self.call_s):
            return await asked.reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """A pipeline or transaction, within the same limit."""
        pipe = Limited(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.call_s = self.call_s
        return pipe

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Ends what is under way, and its connections; who waits for a reply hears a cancellation."""
        while self._sending:
            self._sending.cancel()
            await asyncio.wait({self._sending}, timeout=0.1)
        await super().aclose(close_connection_pool)

    async def _send_all(self) -> None:
        under_way: list[_Asked] = []
        try:
            while self._asked:
                # Who was cancelled before it was sent is left out.
                under_way = [asked for asked in self._asked[:MOST] if not asked.reply.done()]
                del self._asked[:MOST]
                for asked, outcome in zip(under_way, await self._outcomes(under_way), strict=True):
                    asked.answer(outcome)
        finally:
            self._sending = None
            for asked in (*under_way, *self._asked):
                asked.reply.cancel()
            self._asked.clear()

    async def _outcomes(self, together: Sequence["_Asked"]) -> list[Any]:
        """A reply or an error for each."""
        if not together:
            return []
        try:
            async with self.pipeline(transaction=False) as pipe:
                for asked in together:
                    pipe.execute_command(*asked.command, **asked.options)
                outcomes: list[Any] = await pipe.execute(raise_on_error=False)
                return outcomes
        except (RedisError, OSError) as error:
            return [type(error)(*error.args) for _ in together]


class _Asked:
    """One command, and where its reply goes."""

    def __init__(self, command: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.command = command
        self.options = options
        self.reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def answer(self, outcome: Any) -> None:
        if self.reply.done():
            return
        if isinstance(outcome, Exception):
            self.reply.set_exception(outcome)
        else:
            self.reply.set_result(outcome)
