"""Where pictures lie: a folder or a bucket, by the path `<conversation>/<sha256>`, with an expiry.

Beside each picture lies what was seen of it (`.screen.json`), so that a later turn or another worker need not look
again. Pictures never lie in Redis, and nothing here is served to anyone: links are signed by the web server.
"""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url
from pydantic import ValidationError

from bot.screenshots.screen import Screen

SEEN = ".screen.json"


class Storage:
    """Keeps pictures. Raises LookupError for what is not, or no longer, kept."""

    def __init__(self, place: str) -> None:
        """`place` is a folder (made if it does not exist) or a URL such as s3://bucket/folder, gs:// or az://."""
        self._store: ObjectStore = from_url(place) if "://" in place else LocalStore(prefix=_folder(place), mkdir=True)

    async def put(self, path: str, data: bytes) -> None:
        """Keep `data` under `path`. It is there, whole, when this returns."""
        await obstore.put_async(self._store, path, data)

    async def get(self, path: str) -> bytes:
        """What lies under `path`. Raises LookupError when nothing does."""
        try:
            return bytes(await (await obstore.get_async(self._store, path)).bytes_async())
        except (NotFoundError, FileNotFoundError) as gone:
            raise LookupError(f"no picture is kept under {path!r}: it has expired or was erased") from gone

    async def put_screen(self, path: str, screen: Screen) -> None:
        """Keep what was seen of the picture under `path`."""
        await self.put(path + SEEN, screen.model_dump_json().encode())

    async def screen(self, path: str) -> Screen | None:
        """What was seen of the picture under `path`, None when nobody looked, or an older version did."""
        try:
            return Screen.model_validate_json(await self.get(path + SEEN))
        except (LookupError, ValidationError):
            return None

    async def check(self) -> None:
        """Asks whether the place can be reached. Raises what it answers when it cannot."""
        with contextlib.suppress(NotFoundError, FileNotFoundError):
            await obstore.head_async(self._store, "ready")

    async def delete(self, prefix: str) -> int:
        """Erase everything under `prefix`, a conversation for example; returns how many objects there were."""
        return await self._erase([path async for path, _ in self._all(prefix)])

    async def remove(self, path: str) -> None:
        """Erase one picture and what was seen of it; one that is gone already is fine."""
        for one in (path, path + SEEN):
            with contextlib.suppress(NotFoundError, FileNotFoundError):
                await obstore.delete_async(self._store, one)

    async def expire(self, older_than: timedelta, now: datetime | None = None) -> int:
        """Erase what was put longer ago than this; returns how many objects there were."""
        until = (now or datetime.now(UTC)) - older_than
        return await self._erase([path async for path, put in self._all(None) if put < until])

    async def _erase(self, paths: list[str]) -> int:
        if paths:
            await obstore.delete_async(self._store, paths)
        return len(paths)

    async def _all(self, prefix: str | None) -> AsyncIterator[tuple[str, datetime]]:
        async for page in obstore.list(self._store, prefix):
            for found in page:
                yield found["path"], found["last_modified"]


def _folder(place: str) -> Path:
    folder = Path(place).expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
