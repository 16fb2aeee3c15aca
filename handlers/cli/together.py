"""Parts of one process that run side by side and end together, when a signal comes or one of them fails."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class Together:
    """Parts that run side by side: when one fails, or a signal comes, all end; at a second signal at once."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], Callable[[], object]] = {}
        self._asked, self._hurried = asyncio.Event(), False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._hear)

    def start(self, work: Coroutine[Any, Any, None], name: str, leave: Callable[[], None] | None = None) -> None:
        """Runs `work` until the end, which it is asked for by `leave`, else by cancelling it."""
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = leave or task.cancel

    async def until_signal(self) -> None:
        """Waits for Ctrl-C or SIGTERM. Raises what a part failed with, if one fails first."""
        stop = asyncio.create_task(self._asked.wait())
        done, _ = await asyncio.wait([stop, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            await task
        stop.cancel()

    async def end(self) -> None:
        """Asks every part to leave and waits until it has; after a second signal none is asked any more. Asks again
        each second: a library may have swallowed a cancellation."""
        pending = set(self._tasks)
        while pending:
            for task in pending:
                (task.cancel if self._hurried else self._tasks[task])()
            _, pending = await asyncio.wait(pending, timeout=1.0)

    def _hear(self) -> None:
        self._hurried = self._asked.is_set()
        self._asked.set()


@asynccontextmanager
async def together() -> AsyncIterator[Together]:
    parts = Together()
    try:
        yield parts
    finally:
        await parts.end()
