"""The embedded server: its data survives, it is alone on its folder, and nothing of it outlives us."""

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.state.embedded import EmbeddedError, embedded
from bot.state.store import Store

PARENT = """
import asyncio, sys
from pathlib import Path
from redis.asyncio import Redis
from bot.state.embedded import embedded

async def main():
    async with embedded(Path(sys.argv[1])) as url:
        client = Redis.from_url(url)
        await client.set("written", "before the kill")
        print((await client.info("server"))["process_id"], flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


async def process_id(url: str) -> int:
    client: Redis = Redis.from_url(url)
    try:
        return int((await client.info("server"))["process_id"])
    finally:
        await client.aclose()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while alive(pid):  # noqa: ASYNC110 - there is nothing to wait on: it is no child of ours
            await asyncio.sleep(0.02)


async def test_data_survives_a_restart_and_the_server_ends_with_its_owner(tmp_path: Path) -> None:
    """Started, stopped, started."""
    async with embedded(tmp_path) as url:
        pid = await process_id(url)
        async with Store(url) as store:
            conversation = await store.open()
            await store.check()
    assert not alive(pid)
    async with embedded(tmp_path) as url, Store(url) as store:
        assert (await store.head(conversation)).owner == "bot"


async def test_a_killed_server_is_started_again_with_its_data(tmp_path: Path) -> None:
    """`kill -9` of the server under a working store: calls wait for it, nothing that was confirmed is lost."""
    async with embedded(tmp_path) as url, Store(url) as store:
        opened = [await store.open() for _ in range(20)]
        os.kill(await process_id(url), signal.SIGKILL)
        opened.append(await store.open())
        for conversation in opened:
            assert (await store.head(conversation)).owner == "bot"


async def test_a_copy_of_the_folder_is_a_backup(tmp_path: Path) -> None:
    """Taken while the server writes: what was confirmed before the copy began is in it."""
    async with embedded(tmp_path / "one") as url, Store(url) as store:
        opened = [await store.open() for _ in range(50)]
        more = asyncio.create_task(_open_for_ever(store))
        await asyncio.to_thread(
            shutil.copytree, tmp_path / "one", tmp_path / "two", ignore=shutil.ignore_patterns("*.sock")
        )
        more.cancel()
        await asyncio.gather(more, return_exceptions=True)
    async with embedded(tmp_path / "two") as url, Store(url) as store:
        for conversation in opened:
            assert (await store.head(conversation)).owner == "bot"


async def _open_for_ever(store: Store) -> None:
    while True:
        await store.open()


async def test_a_folder_has_one_server(tmp_path: Path) -> None:
    """The second one is told whose it is."""
    async with embedded(tmp_path):
        with pytest.raises(EmbeddedError, match=f"process {os.getpid()}"):
            async with embedded(tmp_path, wait_s=0.2):
                pass


async def test_the_server_ends_when_its_parent_is_killed_and_keeps_the_data(tmp_path: Path) -> None:
    """`kill -9` of the parent."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    await gone(pid)
    async with embedded(tmp_path) as url:
        client: Redis = Redis.from_url(url)
        assert await client.get("written") == b"before the kill"
        await client.aclose()


async def test_a_deep_folder_works_too(tmp_path: Path) -> None:
    """A socket's path may be 107 bytes long; a folder's may not care."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    async with embedded(deep) as url:
        assert await process_id(url)


async def test_it_wants_the_main_thread(tmp_path: Path) -> None:
    """Anywhere else it would die with that thread, unnoticed."""

    async def enter() -> None:
        async with embedded(tmp_path):
            pass

    with pytest.raises(EmbeddedError, match="main thread"):
        await asyncio.to_thread(asyncio.run, enter())
