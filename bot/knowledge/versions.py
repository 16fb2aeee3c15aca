"""An index's folder: whole versions beside each other, and one small file that names the current one.

A version is written aside and then named in one atomic step, so a search never sees half of one; the version before
it stays until the next, for processes that are still opening it. The folder can be copied as it is.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CURRENT = "current"
KEPT = 2


class NoIndex(FileNotFoundError):
    """There is no index at that place; the message says how to make one."""


def current(index: Path) -> Path:
    """The folder of the current version. Raises NoIndex."""
    try:
        version = index / (index / CURRENT).read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise NoIndex(f"no index at {index}: make one with `helplens kb build SOURCE --to {index}`") from None
    if not version.is_dir():
        raise NoIndex(f"the index at {index} is damaged: {version.name} is missing; build it again")
    return version


def stamp(index: Path) -> str:
    """The name of the current version, empty when there is none: one small read, to see whether it changed."""
    try:
        return (index / CURRENT).read_text("utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


@contextmanager
def new_version(index: Path) -> Iterator[Path]:
    """A folder to write a version into; it becomes the current one when the block ends without an error."""
    index.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix="writing-", dir=index))
    try:
        yield aside
        numbers = [int(p.name[1:]) for p in index.glob("v[0-9]*") if p.name[1:].isdigit()]
        version = index / f"v{max(numbers, default=0) + 1}"
        aside.rename(version)
        version.chmod(0o755)
        pointer = index / f".{CURRENT}-{os.getpid()}"
        pointer.write_text(version.name, "utf-8")
        pointer.replace(index / CURRENT)
        for old in sorted(numbers)[: -(KEPT - 1)]:
            shutil.rmtree(index / f"v{old}", ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
