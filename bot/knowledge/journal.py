"""What a long work has done so far, so that a killed one goes on: names with values, a JSON line for each change.

Not here: what is noted (`website`, `gallery`, `pictures`).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson


class Journal:
    """Values by name, on disk as soon as they are set. A last line that a kill cut off is as if never written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        lines = path.read_bytes().splitlines() if path.is_file() else []
        for line in lines:
            try:
                name, value = orjson.loads(line)
            except (orjson.JSONDecodeError, TypeError, ValueError):
                continue
            self._values.pop(name, None)
            if value is not None:
                self._values[name] = value
        if len(lines) > 2 * len(self._values) + 100 or (lines and not path.read_bytes().endswith(b"\n")):
            self._write_anew()

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __getitem__(self, name: str) -> Any:
        """What was noted. None when nothing was."""
        return self._values.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        """Notes a value; None forgets the name."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(orjson.dumps([name, value]) + b"\n")
        self._values.pop(name, None)
        if value is not None:
            self._values[name] = value

    def _write_anew(self) -> None:
        aside = self._path.with_suffix(".part")
        aside.write_bytes(b"".join(orjson.dumps([n, v]) + b"\n" for n, v in self._values.items()))
        aside.replace(self._path)
