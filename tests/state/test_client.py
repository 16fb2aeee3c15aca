"""The one way to reach Redis: cancelled at any moment it hears, many at once wait their turn, and readiness asks in a
way that managed servers allow."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.state.client import connect, reaching
from bot.state.errors import Unconfirmed
from bot.state.store import Store


async def test_a_cancelled_call_stops_at_once(redis_url: str) -> None:
    """Cancelled 150 times in the middle of a loop of short blocking reads: no cancellation is lost."""
    client = connect(redis_url)

    async def read_for_ever() -> None:
        while True:
            await client.xread({"nothing": "0-0"}, count=1, block=2)

    for _ in range(150):
        task = asyncio.create_task(read_for_ever())
        await asyncio.sleep(random.uniform(0, 0.01))
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=60)
        assert done and task.cancelled()
    await client.aclose()


async def test_more_callers_than_connections_wait_their_turn(redis_url: str, redis: Redis) -> None:
    others = {one["id"] for one in await redis.client_list()}
    client = connect(redis_url, connections=3)
    assert all(await asyncio.gather(*(client.set(f"key {n}", n) for n in range(300))))
    assert len({one["id"] for one in await redis.client_list()} - others) <= 3
    await client.aclose()


async def test_a_server_that_is_away_is_named_so() -> None:
    client = connect("redis://127.0.0.1:1/0", retries=0)
    with pytest.raises(Unconfirmed, match="ask: "), reaching("ask"):
        await client.ping()
    await client.aclose()


@pytest.fixture
async def managed(redis: Redis, redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The server as an account sees it that may not use the commands named by the parameter."""
    await redis.execute_command("ACL", "SETUSER", "app", "on", "nopass", "~*", "&*", "+@all", *request.param)
    yield redis_url.replace("unix://", "unix://app:any@")
    await redis.execute_command("ACL", "DELUSER", "app")


@pytest.mark.parametrize("managed", [[], ["-config"], ["-info"]], indirect=True)
async def test_a_server_that_evicts_is_not_ready_whoever_asks(redis: Redis, managed: str) -> None:
    async with Store(managed) as store:
        await store.check()
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(RuntimeError, match="set maxmemory-policy noeviction"):
                await store.check()
        finally:
            await redis.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize("managed", [["-config", "-info"]], indirect=True)
async def test_a_server_that_does_not_say_is_ready(managed: str) -> None:
    async with Store(managed) as store:
        await store.check()
