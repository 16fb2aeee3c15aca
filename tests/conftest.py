"""One real Valkey for the whole run, emptied before each test that asks for it; what holds for all tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from bot.state.embedded import embedded
from bot.state.store import Store

# the same examples every time, however busy the machine is; `--hypothesis-profile=wander` looks for new ones
BUSY = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=BUSY)
settings.register_profile("wander", deadline=None, suppress_health_check=BUSY)
settings.load_profile("steady")
# what Playwright raises when something has not come: docs/decisions/0004-a-browser-test-may-run-twice.md
NOT_COME = ["AssertionError: Locator expected", r"TimeoutError: .*Timeout \d+ms exceeded"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser test that waited in vain runs once more, and the summary names it. No other failure does."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1, only_rerun=NOT_COME))


@pytest.fixture(scope="session")
async def valkey(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a real, embedded Valkey that lives as long as the test run."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    async with embedded(folder, fsync="everysec") as url:
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
