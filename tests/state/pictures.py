"""A picture of one kind, and a place that forgets nothing: for tests that are not about pictures."""

import hashlib

from bot.screenshots.intake import Picture, Refused


class NoIntake:
    """Takes `PNG...` for a picture and refuses the rest."""

    async def clean(self, data: bytes, name: str = "") -> Picture:
        """The bytes, as they are."""
        if not data.startswith(b"PNG"):
            raise Refused("not_a_picture", "Please send a screenshot.")
        return Picture(data=data, media_type="image/png", width=2, height=1, sha256=hashlib.sha256(data).hexdigest())


class NoStorage:
    """Keeps pictures in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, path: str, data: bytes) -> None:
        """Keeps `data`."""
        self.kept[path] = data

    async def delete(self, prefix: str) -> int:
        """Forgets what is under `prefix`."""
        gone = [path for path in self.kept if path.startswith(prefix)]
        for path in gone:
            del self.kept[path]
        return len(gone)

    async def remove(self, path: str) -> None:
        """Removes one."""
        self.kept.pop(path, None)
