"""The Redis of a HelpLens that may be running, for commands beside it: the owner's, the running embedded one's, else
the embedded one started for the command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings import Settings
from bot.state.embedded import running
from handlers import wiring


@asynccontextmanager
async def beside(settings: Settings) -> AsyncIterator[str]:
    """The server's URL, for as long as this is open."""
    url = settings.redis_url or await running(settings.data / "valkey")
    if url:
        yield url
        return
    async with wiring.redis_url(settings) as url:
        yield url
