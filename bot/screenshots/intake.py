"""Any bytes -> a clean picture, or a clear refusal.

Bytes are hostile: they are opened only in a child process (`decoding`) with limits of memory and time, which is
started afresh, never forked from this process with its reading threads. What comes back has been drawn anew: upright,
one frame, no metadata, nothing behind its end.

Not here: opening a picture (`decoding`), what a file is (`formats`), where it is kept (`storage`).
"""

import asyncio
import hashlib
import struct
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from bot.conversation import Noun
from bot.screenshots.formats import picture_format, refusal
from prompts import say

MEGABYTES = 20
"""Larger files are refused unopened."""
PATIENCE = 30.0
"""Seconds of the clock after which a child is ended: it has two seconds of CPU, but the machine may be busy."""


class Picture(Noun):
    """A clean picture: `data` is what may be stored and shown."""

    data: bytes
    media_type: str
    width: int
    height: int
    sha256: str
    """Of `data`, in hexadecimal: the picture's name."""
    scale: float = 1.0
    """Pixels of the upright original per pixel of this: more than 1 for photos too large to keep whole."""


class Refused(Exception):
    """The file is not taken. `reason` is the line of `prompts/*/intake.toml` that says why, `inputs` what it names; the
    message is the same in English."""

    def __init__(self, reason: str, message: str, inputs: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.inputs = dict(inputs or {})


class Intake:
    """A few warm children that open pictures. Use it as an async context manager; children start when needed."""

    def __init__(self, children: int = 1, megabytes: int = MEGABYTES, patience: float = PATIENCE) -> None:
        self._free = asyncio.Semaphore(children)
        self._warm: list[Process] = []
        self._limit = megabytes
        self._patience = patience

    async def __aenter__(self) -> Self:
        self._warm.append(await _start())
        return self

    async def __aexit__(self, *_: object) -> None:
        warm, self._warm = self._warm, []
        for child in warm:
            await _end(child)

    async def clean(self, data: bytes, name: str = "") -> Picture:
        """The clean picture in `data`; `name` is the customer's name for it and is not believed.

        Raises Refused, with words for the customer, for everything that is not a PNG, JPEG, WebP or GIF picture
        within the limits.
        """
        if len(data) > self._limit * 2**20:
            raise _refused("too_many_bytes", limit=self._limit)
        kind = picture_format(data)
        if kind is None:
            line, inputs = refusal(data)
            raise _refused(line, **inputs)
        async with self._free:
            answer, clean = await self._ask(kind, data)
        if "refused" in answer:
            raise _refused(answer["refused"], **answer.get("inputs", {}))
        return Picture(data=clean, sha256=hashlib.sha256(clean).hexdigest(), **answer)

    async def _ask(self, kind: str, data: bytes) -> tuple[dict[str, Any], bytes]:
        """Ask a warm child, and a fresh one when that had died while idle. One that dies of this picture refuses it."""
        while True:
            fresh = not self._warm
            child = await _start() if fresh else self._warm.pop()
            try:
                async with asyncio.timeout(self._patience):
                    reply = await _exchange(child, kind, data)
            except (asyncio.IncompleteReadError, ConnectionError):
                await _end(child)
                if fresh:
                    return {"refused": "too_hard"}, b""
            except TimeoutError:
                await _end(child)
                return {"refused": "too_hard"}, b""
            except BaseException:  # cancelled in the middle of an exchange: this child's pipe is of no use any more
                await _end(child)
                raise
            else:
                self._warm.append(child)
                return reply


def _refused(line: str, /, **inputs: Any) -> Refused:
    return Refused(line, say(f"intake.{line}", **inputs), inputs)


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(Path(__file__).with_name("decoding.py")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    await child.wait()


async def _exchange(child: Process, kind: str, data: bytes) -> tuple[dict[str, Any], bytes]:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(struct.pack(">4sI", kind.encode()[:4], len(data)))
    child.stdin.write(data)
    await child.stdin.drain()
    head, body = struct.unpack(">II", await child.stdout.readexactly(8))
    answer = orjson.loads(await child.stdout.readexactly(head))
    return answer, await child.stdout.readexactly(body)
