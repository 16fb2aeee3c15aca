"""Looks at stored pictures, each of them once, however often and by whichever worker it is asked for."""

import asyncio
import io
from collections.abc import Sequence

from PIL import Image

from bot.conversation import Attachment
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen, look
from bot.screenshots.storage import Storage

BUDGET = 8.0
"""Seconds of reading after which the rest of a picture stays unread, unless the owner sets another."""


class Eye:
    """`look(attachment)`; equal pictures that are asked for at the same time are looked at once."""

    def __init__(
        self, storage: Storage, reader: Reader, *, budget: float | None = BUDGET, own_patterns: Sequence[str] = ()
    ) -> None:
        self._storage = storage
        self._reader = reader
        self._budget = budget
        self._own_patterns = tuple(own_patterns)
        self._looking: dict[str, asyncio.Task[Screen]] = {}

    async def look(self, attachment: Attachment) -> Screen:
        """The screen. Raises LookupError when the picture is gone; never raises for what the picture shows."""
        task = self._looking.get(attachment.id)
        if task is None:
            task = asyncio.create_task(self._look(attachment.id))
            self._looking[attachment.id] = task
            task.add_done_callback(lambda _: self._looking.pop(attachment.id, None))
        return await asyncio.shield(task)

    async def _look(self, path: str) -> Screen:
        seen = await self._storage.screen(path)
        if seen is not None:
            return seen
        data = await self._storage.get(path)
        picture = await asyncio.to_thread(opened, data)
        screen = await look(
            picture, path.rpartition("/")[2], self._reader, budget=self._budget, own_patterns=self._own_patterns
        )
        await self._storage.put_screen(path, screen)
        return screen


def opened(data: bytes) -> Image.Image:
    """A clean picture's pixels. Only what went through `intake` is opened here."""
    picture = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP"])
    picture.load()
    return picture
