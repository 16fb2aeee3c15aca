"""An index's folder: whole versions beside each other, and one small file that names the current one.

A version is written aside and then named in one atomic step, so a search never sees half of one; the version before
it stays until the next, for processes that are still opening it. The folder can be copied as it is.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CURRENT = "current"
KEPT = 2
ASIDE, LOCK = "writing-", ".lock"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Numbers of the errors that say that there is no room."""


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


class NotWritten(OSError):
    """An index could not be written; the message says why, and that the one before stays."""


def check_writable(index: Path) -> None:
    """Before long work: raises NotWritten when nothing can be written at `index`."""
    place = next((folder for folder in (index, *index.absolute().parents) if folder.exists()), index)
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise NotWritten(f"the index cannot be written to {index}: {_why(error)}; name another folder") from error


def _why(error: OSError) -> str:
    """In words; an array that finds no room has no number of an error."""
    if error.errno in FULL or (error.errno is None and "requested and" in str(error)):
        return "there is no room left on that disk"
    return (error.strerror or str(error)).lower()


@contextmanager
def new_version(index: Path) -> Iterator[Path]:
    """A folder to write a version into; it becomes the current one when the block ends without an error.

    One build writes at a time; another one waits. Raises NotWritten when the disk does not take it; the version before
    stays the current one then.
    """
    check_writable(index)
    index.mkdir(parents=True, exist_ok=True)
    with (index / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go of by the kernel however this process ends
        for left in index.glob(f"{ASIDE}*"):  # by a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=index))
        try:
            yield aside
            _name(aside, index)
        except OSError as error:
            why = f"the index could not be written to {index}: {_why(error)}; the one before stays as it was"
            raise NotWritten(why) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _name(aside: Path, index: Path) -> None:
    """Makes what was written aside the current version, and clears away all but the one before."""
    numbers = [int(p.name[1:]) for p in index.glob("v[0-9]*") if p.name[1:].isdigit()]
    version = index / f"v{max(numbers, default=0) + 1}"
    aside.rename(version)
    version.chmod(0o755)
    pointer = index / f".{CURRENT}-{os.getpid()}"
    pointer.write_text(version.name, "utf-8")
    pointer.replace(index / CURRENT)
    for old in sorted(numbers)[: -(KEPT - 1)]:
        shutil.rmtree(index / f"v{old}", ignore_errors=True)
