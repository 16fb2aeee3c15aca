"""One real Valkey for the whole run, emptied before each test that asks for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.state.embedded import embedded
from bot.state.store import Store


@pytest.fixture(scope="session")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a real, embedded Valkey that lives as long as the test run."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    async with embedded(folder) as url:
        yield url


@pytest.fixture
async def redis(valkey: str) -> AsyncIterator[Redis]:
    """A client on the empty server, for looking at what the house wrote."""
    client: Redis = Redis.from_url(valkey, protocol=2)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def redis_url(valkey: str, redis: Redis) -> str:
    """The URL of the empty server."""
    return valkey


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """A store on the empty server."""
    async with Store(redis_url) as store:
        yield store
