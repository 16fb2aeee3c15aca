"""A web server on real Valkey, and a way to make another with other settings."""

import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from client import patient
from PIL import Image
from redis.asyncio import Redis
from webserver import Serve, Served, app_of, parts, serving

from bot.screenshots.intake import Intake
from bot.state.store import Store


@pytest.fixture(scope="session")
async def intake() -> AsyncIterator[Intake]:
    """The real intake, its child warm for the whole run."""
    async with Intake() as intake:
        yield intake


@pytest.fixture
def serve(store: Store, redis: Redis, tmp_path: Path, intake: Intake) -> Serve:
    """Serves the web channel; keyword arguments change its parts, `app` and `server` those of app and server."""

    @contextlib.asynccontextmanager
    async def served(
        app: dict[str, Any] | None = None, server: dict[str, Any] | None = None, **changes: Any
    ) -> AsyncIterator[Served]:
        web = parts(store, redis, tmp_path / "pictures", intake, **changes)
        async with serving(app_of(web, **(app or {})), **(server or {})) as url:
            yield Served(url, web)

    return served


@pytest.fixture
async def served(serve: Serve) -> AsyncIterator[Served]:
    """The web channel with usual settings."""
    async with serve() as served:
        yield served


@pytest.fixture
async def http(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the usual server."""
    async with patient(served.url) as client:
        yield client


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small white PNG."""
    data = io.BytesIO()
    Image.new("RGB", (30, 20), "white").save(data, "PNG")
    return data.getvalue()
