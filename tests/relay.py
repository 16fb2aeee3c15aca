"""A wire tap: a TCP relay on loopback that keeps every byte which went through it, and a name that leads to it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass
class Tap:
    """`sent` is what left towards the server."""

    port: int = 0
    sent: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def tapped(host: str, port: int) -> AsyncIterator[Tap]:
    """A relay to `host`:`port`."""
    tap = Tap()
    relaying: set[asyncio.Task[None]] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, down = await asyncio.open_connection(host, port)

        async def copy(source: asyncio.StreamReader, to: asyncio.StreamWriter, keep: bool) -> None:
            while data := await source.read(65536):
                if keep:
                    tap.sent += data
                to.write(data)
                await to.drain()
            to.close()

        both = (copy(reader, down, True), copy(upstream, writer, False))
        for task in [asyncio.create_task(one) for one in both]:
            relaying.add(task)
            task.add_done_callback(relaying.discard)

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    tap.port = server.sockets[0].getsockname()[1]
    try:
        yield tap
    finally:
        server.close()
        for task in relaying:
            task.cancel()


class Everything(AbstractResolver):
    """Every name leads to loopback: a third party's name, as far as the code under test can tell."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """127.0.0.1."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


def abroad() -> aiohttp.ClientSession:
    """A session for which `http://models.example:PORT` is somebody else's server."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Everything()))
