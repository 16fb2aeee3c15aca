"""The web channel on a real server: in this process, or (run as a script) in one of its own that can be killed."""

import argparse
import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from PIL import Image
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from bot.helpdesk import HelpDesk
from bot.incidents import Incidents
from bot.knowledge.articles import Passage
from bot.precedents import Precedents
from bot.screenshots.intake import Intake
from bot.screenshots.storage import Storage
from bot.state.sightings import Sightings
from bot.state.store import Store
from handlers.web.app import create_app
from handlers.web.context import Web
from handlers.web.identity import SiteUsers, Tokens
from handlers.web.invitations import Invitations
from handlers.web.limits import Limits, Rates
from handlers.web.server import config, listen
from handlers.web.uploads import UploadLimits

SECRET = b"a secret of the tests, thirty-two bytes or more"
SITE_KEY = "the key with which the site signs, at least 32 bytes"
AUDIENCE = "shop.example"
PASSWORD = "the desk's password"
ARTICLE = (
    Passage(article="billing/card.md", number=0, title="Your card is declined", text="1. Open **Billing**."),
    Passage(article="billing/card.md", number=1, title="Your card is declined", headings=("Try again",), text="Wait."),
)


def parts(
    store: Store,
    redis: Redis,
    folder: Path,
    intake: Intake,
    *,
    clock: Callable[[], float] = time.time,
    enforced: bool = False,
    rates: Rates | None = None,
    **changes: object,
) -> Web:
    """Real parts: a help desk on real Valkey, pictures in a folder, intake in a child process."""
    storage = Storage(str(folder))
    tokens = Tokens(
        SECRET, clock=clock, users=SiteUsers(SITE_KEY, AUDIENCE, clock), enforced=enforced, desk_password=PASSWORD
    )

    async def redacted(attachment_id: str) -> bytes:
        """Stands for the redactor: black, so that a test sees at once which of the two it got."""
        await storage.get(attachment_id)
        return black()

    given = {
        "desk": HelpDesk(store=store, intake=intake, storage=storage, marks=Precedents(store).marks),
        "precedents": Precedents(store),
        "tokens": tokens,
        "invitations": Invitations(redis),
        "limits": Limits(redis, rates),
        "picture": storage.get,
        "redacted": redacted,
        "passages": lambda article, reader: ARTICLE if article == ARTICLE[0].article else (),
        "incidents": Incidents(Sightings(store.url)),
        "notice": "answering.no_model",
        "uploads": UploadLimits(seconds=60),
        "checks": {"redis": store.check},
    }
    return Web(**(given | changes))  # type: ignore[arg-type]


def black() -> bytes:
    """A small black PNG."""
    data = io.BytesIO()
    Image.new("RGB", (4, 4)).save(data, "PNG")
    return data.getvalue()


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    web: Web


@contextlib.asynccontextmanager
async def serving(app: FastAPI, **settings: Any) -> AsyncIterator[str]:
    """`app`, served with `settings` on a free port of this machine until the block ends; its address."""
    server = uvicorn.Server(config(app, grace=1, **settings))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    listening = listen("127.0.0.1", 0)
    running = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await running


def app_of(web: Web, **more: object) -> FastAPI:
    """The app, with whatever else `create_app` takes."""
    return create_app(web, version="test", metrics=CollectorRegistry(), **more)  # type: ignore[arg-type]


Serve = Callable[..., contextlib.AbstractAsyncContextManager[Served]]


async def main() -> None:
    """Another web process on the same Valkey: prints its address, serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("redis_url")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    redis: Redis = Redis.from_url(given.redis_url)
    async with (
        Store(given.redis_url) as store,
        Intake() as intake,
        serving(app_of(parts(store, redis, given.folder, intake))) as url,
    ):
        print(url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
