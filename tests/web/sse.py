"""A reader of server-sent events on a bare socket, so that a test can cut the line at any byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """One event as it came."""

    id: str
    event: str
    data: dict[str, Any]


def frames(data: bytes) -> list[Frame]:
    """The whole events in `data`; a piece of one at the end is no event yet, as the standard has it."""
    found = []
    for block in data.split(b"\n\n")[:-1]:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if line and not line.startswith(b":"))
        if b"data" in fields:
            found.append(Frame(fields[b"id"].decode(), fields[b"event"].decode(), json.loads(fields[b"data"])))
    return found


@asynccontextmanager
async def connected(url: str, path: str, token: str, last: str | None = None) -> AsyncIterator[asyncio.StreamReader]:
    """An open stream, its head read. HTTP/1.0, so that what follows is the stream and nothing else."""
    host, port = url.removeprefix("http://").split(":")
    reading, writing = await asyncio.open_connection(host, int(port))
    resume = f"Last-Event-ID: {last}\r\n" if last is not None else ""
    writing.write(f"GET {path} HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{resume}\r\n".encode())
    try:
        head = await reading.readuntil(b"\r\n\r\n")
        assert b" 200 " in head and b"text/event-stream" in head, head
        yield reading
    finally:
        writing.close()


async def read_until(reading: asyncio.StreamReader, event: str, seconds: float = 60) -> bytes:
    """All bytes up to the end of the first event of this name."""
    return await read_past(reading, b"event: %b\n" % event.encode(), seconds)


async def read_past(reading: asyncio.StreamReader, mark: bytes, seconds: float = 60, begun: bytes = b"") -> bytes:
    """All bytes up to the end of the first event that has `mark` in it, after those that were read before."""
    data = bytearray(begun)
    async with asyncio.timeout(seconds):
        while (at := data.find(mark)) < 0 or data.find(b"\n\n", at) < 0:
            piece = await reading.read(1 << 20)
            assert piece, f"the stream ended before {mark!r}: {data[-300:]!r}"
            data += piece
    return bytes(data)
