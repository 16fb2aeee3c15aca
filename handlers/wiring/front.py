"""What accepts: the server, the store on it, the intake and the help desk. Every role opens this first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, timedelta

from bot.helpdesk import HelpDesk
from bot.incidents import Incidents
from bot.precedents import Precedents
from bot.screenshots.intake import Intake
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.embedded import embedded
from bot.state.errors import StateError
from bot.state.sightings import Sightings
from bot.state.store import Store
from handlers.wiring.chosen import hours, mail_is_set, slack_is_set


@asynccontextmanager
async def redis_url(settings: Settings) -> AsyncIterator[str]:
    """The owner's server, else an embedded one for as long as this is open."""
    if settings.redis_url:
        yield settings.redis_url
        return
    async with embedded(settings.data / "valkey") as url:
        yield url


@dataclass(frozen=True)
class Front:
    """What accepts: the help desk and what stands behind it."""

    store: Store
    intake: Intake
    storage: Storage
    desk: HelpDesk
    incidents: Incidents
    precedents: Precedents


@asynccontextmanager
async def open_front(settings: Settings, url: str) -> AsyncIterator[Front]:
    """The help desk on the store at `url`, with the intake's children and the storage."""
    storage = Storage(settings.storage_url)
    mirrored = slack_is_set(settings)
    async with (
        Store(
            url,
            life_days=settings.conversation_days,
            confirm=settings.redis_confirm,
            mirror=mirrored,
            mail=mail_is_set(settings),
            release=settings.release_minutes > 0,
        ) as store,
        Intake() as intake,
        open_incidents(settings, url) as incidents,
    ):
        precedents = Precedents(store, settings.private_patterns)
        yield Front(
            store,
            intake,
            storage,
            HelpDesk(store, intake, storage, hours=hours(settings), mail=mail_is_set(settings), marks=precedents.marks),
            incidents,
            precedents,
        )


@asynccontextmanager
async def open_incidents(settings: Settings, url: str) -> AsyncIterator[Incidents]:
    """What is known of problems that many customers have, on the server at `url`."""
    open_hours = hours(settings)
    async with Sightings(url) as sightings:
        zone = open_hours.zone if open_hours else UTC
        yield Incidents(sightings, zone, settings.private_patterns)


async def customer_of(store: Store, conversation_id: str) -> str | None:
    """The hash of whose a conversation is; None when nobody knows, or the store cannot say now."""
    try:
        return (await store.head(conversation_id)).customer
    except StateError:
        return None


async def expire_pictures(storage: Storage, days: int, every: float = 3600.0) -> None:
    """Erases pictures that are older than `days`, every hour, until cancelled."""
    while True:
        await storage.expire(timedelta(days=days))
        await asyncio.sleep(every)
