"""The composition root: the one place where parts are built from settings, joined, and closed in reverse order.

Each function opens one layer as an async context manager and hands it up; nothing else in the house reads settings.
`redis_url` (an embedded server or the owner's) -> `open_front` (store, intake, storage, help desk) -> `open_answering`
(reader, index, rungs) -> `work` and `open_web`, which the command line runs in one process or in many.
"""

import asyncio
import contextlib
import functools
import importlib.metadata
import io
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from redis.asyncio import Redis

from bot import telemetry
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.answering.rungs import Parts, open_rungs
from bot.conversation import Attachment
from bot.helpdesk import HelpDesk
from bot.knowledge.articles import Passage
from bot.knowledge.index import Index, build
from bot.knowledge.retriever import HelpRetriever
from bot.orchestrator import Orchestrator
from bot.screenshots import redaction
from bot.screenshots.eye import Eye, opened
from bot.screenshots.intake import Intake
from bot.screenshots.ocr import Reader
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.embedded import embedded
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker
from prompts import say

EXAMPLES = Path(__file__).parent.parent / "examples"
EXTRACTIVE = Extractive.name
Progress = Callable[[str], None]
"""Hears in words what is being opened."""


@dataclass(frozen=True)
class Answering:
    """What looks and answers."""

    intake: Intake
    storage: Storage
    retriever: HelpRetriever
    orchestrator: Orchestrator

    async def take(self, data: bytes, name: str) -> Attachment:
        """A loose picture, outside any conversation. Raises `intake.Refused`."""
        picture = await self.intake.clean(data, name)
        path = f"loose/{picture.sha256}"
        await self.storage.put(path, picture.data)
        return Attachment(
            id=path,
            name=name,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
            size=len(picture.data),
        )


@asynccontextmanager
async def redis_url(settings: Settings) -> AsyncIterator[str]:
    """The owner's server, else an embedded one for as long as this is open."""
    if settings.redis_url:
        yield settings.redis_url
        return
    async with embedded(settings.data / "valkey") as url:
        yield url


@asynccontextmanager
async def open_answering(
    settings: Settings, kb: Path, intake: Intake, storage: Storage, progress: Progress = lambda text: None
) -> AsyncIterator[Answering]:
    """The reader's models, the index at `kb`, and the rungs that the settings name.

    Raises NoIndex when there is no index at `kb`.
    """
    progress("Loading the reader's models …")
    reader = await asyncio.to_thread(Reader)
    async with reader:
        eye = Eye(storage, reader, budget=settings.read_seconds, own_patterns=settings.private_patterns)
        retriever = HelpRetriever(kb=kb)
        progress("Opening the help centre …")
        await asyncio.to_thread(lambda: retriever.index)
        parts = Parts(
            search=retriever.search,
            load=storage.get,
            extractive=Extractive(sure=settings.precision),
            text_to_models=settings.text_to_models,
            pictures_to_models=settings.pictures_to_models,
            own_hosts=settings.own_hosts,
            private_patterns=settings.private_patterns,
            owners_tools=settings.tools,
            environment=os.environ,
            sure=settings.precision,
        )
        async with open_rungs(rungs(settings), parts) as opened_rungs:
            yield Answering(intake, storage, retriever, Orchestrator(eye, retriever.search, Ladder(opened_rungs)))


def rungs(settings: Settings) -> tuple[str, ...]:
    """The names of the rungs that answer, in order; the one that cannot fail is always the last."""
    return (*(name for name in settings.models if name != EXTRACTIVE), EXTRACTIVE)


@dataclass(frozen=True)
class Front:
    """What accepts: the help desk and what stands behind it."""

    store: Store
    intake: Intake
    storage: Storage
    desk: HelpDesk


@asynccontextmanager
async def open_front(settings: Settings, url: str) -> AsyncIterator[Front]:
    """The help desk on the store at `url`, with the intake's children and the storage."""
    storage = Storage(settings.storage_url)
    async with (
        Store(url, life_days=settings.conversation_days, confirm=settings.redis_confirm) as store,
        Intake() as intake,
    ):
        yield Front(store, intake, storage, HelpDesk(store, intake, storage))


@asynccontextmanager
async def open_web(settings: Settings, url: str, front: Front, metrics: telemetry.Metrics) -> AsyncIterator[FastAPI]:
    """The web channel on the help desk."""
    from handlers.web.app import create_app
    from handlers.web.context import Web
    from handlers.web.identity import SiteUsers, Tokens
    from handlers.web.limits import Limits

    retriever, storage = HelpRetriever(kb=kb_of(settings)), front.storage
    key = settings.jwt_key
    users = SiteUsers(key.get_secret_value(), settings.jwt_audience, time.time) if key else None
    tokens = Tokens(
        secret(settings),
        clock=time.time,
        users=users,
        enforced=settings.identity == "enforced",
        desk_password=desk_password(settings),
        days=settings.conversation_days,
    )
    redis = Redis.from_url(url)
    try:
        web = Web(
            desk=front.desk,
            tokens=tokens,
            limits=Limits(redis),
            picture=storage.get,
            redacted=functools.partial(redacted, storage),
            passages=lambda article: passages(retriever.index, article),
            notice=say("answering.no_model") if rungs(settings) == (EXTRACTIVE,) else "",
            checks={"redis": front.store.check},
        )
        yield create_app(
            web,
            version=importlib.metadata.version("helplens"),
            metrics=metrics.registry,
            origins=settings.origins,
            public_url=settings.public_url,
        )
    finally:
        await redis.aclose()


def passages(index: Index, article: str) -> tuple[Passage, ...]:
    """The passages of an article in order, none when the index has no such article."""
    if article not in index.articles:
        return ()
    return tuple(index.passage(number) for number in index.passages_of(index.articles.index(article)))


async def example_index(settings: Settings, progress: Progress = lambda text: None) -> Path:
    """The index that serves, brought up to date first when it is the example help centre's."""
    if settings.kb is None:
        progress("Indexing the example help centre …")
        await build(EXAMPLES / "helpcenter", kb_of(settings))
    return kb_of(settings)


async def work(settings: Settings, store: Store, answering: Answering, metrics: telemetry.Metrics) -> None:
    """A worker's share of the work, until cancelled; what runs then is given back for another worker."""
    turns = Turns(answering.orchestrator.turn, metrics=metrics)
    await Worker(store, {"turn": turns}, slots=settings.workers, lease_s=settings.lease_seconds).run()


async def redacted(storage: Storage, path: str) -> bytes:
    """The picture under `path` with what is private blacked out, as PNG. Raises LookupError when it is gone, or when
    nobody has looked at it yet: then nobody knows what is private."""
    data, screen = await storage.get(path), await storage.screen(path)
    if screen is None:
        raise LookupError(f"nobody has looked at {path!r} yet")

    def cover() -> bytes:
        out = io.BytesIO()
        redaction.cover(opened(data), screen.sensitive).save(out, "PNG")
        return out.getvalue()

    return await asyncio.to_thread(cover)


def kb_of(settings: Settings) -> Path:
    """The index that serves: the owner's, else the example help centre's."""
    return settings.kb or settings.data / "index" / "example"


def secret(settings: Settings) -> bytes:
    """What signs links and tokens: set by the owner, else made once and kept in the data folder."""
    given = settings.secret.get_secret_value() if settings.secret else None
    return (given or _kept(settings.data / "secret", secrets.token_hex(32))).encode()


def desk_password(settings: Settings) -> str:
    """The desk's password: set by the owner, else made once and kept in the data folder."""
    given = settings.desk_password.get_secret_value() if settings.desk_password else None
    return given or _kept(settings.data / "desk-password", secrets.token_urlsafe(9))


def _kept(path: Path, new: str) -> str:
    """What stands in the file, which is made with `new` when there is none; readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.suppress(FileExistsError),
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file,
    ):
        file.write(new)
    return path.read_text()


def set_up_logs(settings: Settings, *, as_json: bool) -> None:
    """Logs on stderr, with the same redaction as everything else that is written."""
    telemetry.set_up_logs(
        settings.log_level, lambda text: redaction.text(text, settings.private_patterns), as_json=as_json
    )


async def expire_pictures(storage: Storage, days: int, every: float = 3600.0) -> None:
    """Erases pictures that are older than `days`, every hour, until cancelled."""
    while True:
        await storage.expire(timedelta(days=days))
        await asyncio.sleep(every)
