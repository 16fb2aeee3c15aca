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
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path

from fastapi import FastAPI
from redis.asyncio import Redis
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot import letters, telemetry
from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.answering.rungs import Parts, open_rungs
from bot.conversation import Attachment
from bot.helpdesk import HelpDesk
from bot.hours import Hours
from bot.incidents import Incidents
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import threshold
from bot.knowledge.index import Index, build
from bot.knowledge.retriever import HelpRetriever
from bot.mailing import Mailing
from bot.orchestrator import Orchestrator
from bot.post import MailServer, Post, Webhook
from bot.reminders import Reminders
from bot.screenshots import redaction
from bot.screenshots.eye import Eye, opened
from bot.screenshots.intake import Intake
from bot.screenshots.ocr import Reader
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.budget import Budget
from bot.state.embedded import embedded
from bot.state.errors import StateError
from bot.state.lease import Lease
from bot.state.records import Kind
from bot.state.sightings import Sightings
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Job, Worker
from handlers.slack.beside import Beside
from handlers.slack.mirror import Place
from handlers.slack.ports import blacked_out, one_turn
from handlers.slack.service import Service
from handlers.web.app import create_app
from handlers.web.context import Web
from handlers.web.identity import SiteUsers, Tokens
from handlers.web.limits import Limits
from handlers.web.mail import links
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
    settings: Settings,
    kb: Path,
    intake: Intake,
    storage: Storage,
    progress: Progress = lambda text: None,
    metrics: telemetry.Metrics | None = None,
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
        index = await asyncio.to_thread(lambda: retriever.index)
        sure = threshold(index, settings.precision)
        parts = Parts(
            search=retriever.search,
            load=storage.get,
            extractive=Extractive(sure=sure),
            text_to_models=settings.text_to_models,
            pictures_to_models=settings.pictures_to_models,
            own_hosts=settings.own_hosts,
            private_patterns=settings.private_patterns,
            owners_tools=settings.tools,
            environment=os.environ,
            sure=sure,
        )
        async with open_rungs(rungs(settings), parts) as opened_rungs:
            models = len(opened_rungs) > 1
            counts = metrics or telemetry.Metrics()
            ladder = Ladder(opened_rungs, observe=lambda rung, outcome: counts.rung_calls.labels(rung, outcome).inc())
            orchestrator = Orchestrator(eye, retriever.search, ladder, sure, models)
            yield Answering(intake, storage, retriever, orchestrator)


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
    incidents: Incidents


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
        yield Front(
            store,
            intake,
            storage,
            HelpDesk(store, intake, storage, hours=hours(settings), mail=mail_is_set(settings)),
            incidents,
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


@asynccontextmanager
async def open_web(settings: Settings, url: str, front: Front, metrics: telemetry.Metrics) -> AsyncIterator[FastAPI]:
    """The web channel on the help desk."""
    retriever, storage = HelpRetriever(kb=kb_of(settings)), front.storage

    async def index_check() -> None:
        await asyncio.to_thread(lambda: retriever.index)

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
            incidents=front.incidents,
            notice=say("answering.no_model") if rungs(settings) == (EXTRACTIVE,) else "",
            checks={"redis": front.store.check, "storage": storage.check, "index": index_check},
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


def slack_is_set(settings: Settings) -> bool:
    """Whether conversations are shown in Slack. Raises ValueError when only half of what that needs is set."""
    needed = {
        "HELPLENS_SLACK_BOT_TOKEN": settings.slack_bot_token,
        "HELPLENS_SLACK_CHANNEL": settings.slack_channel,
        "HELPLENS_SLACK_APP_TOKEN (or _SIGNING_SECRET)": settings.slack_app_token or settings.slack_signing_secret,
    }
    missing = [name for name, value in needed.items() if not value]
    if missing and len(missing) < len(needed):
        raise ValueError(f"Slack needs {', '.join(missing)} too; `helplens doctor` checks what is set")
    return not missing


@asynccontextmanager
async def open_slack(settings: Settings, url: str, front: Front, answering: Answering) -> AsyncIterator[Service | None]:
    """Slack, listening through sockets where an app token is set; None when the settings name no Slack."""
    token, channel, secret_ = settings.slack_bot_token, settings.slack_channel, settings.slack_signing_secret
    if not slack_is_set(settings) or token is None or channel is None:
        yield None
        return
    desk_url = f"{settings.public_url}/desk#{{id}}" if settings.public_url else ""
    pictures = settings.slack_pictures == "redacted"
    async with Beside(url) as beside:
        service = Service.build(
            client=AsyncWebClient(token=token.get_secret_value(), base_url=settings.slack_api_url),
            signing_secret=secret_.get_secret_value() if secret_ else "",
            place=Place(channel, pictures=pictures, alerts_only=settings.slack_alerts_only, desk_url=desk_url),
            desk=front.desk,
            memory=beside,
            slots=beside,
            picture=blacked_out(front.storage),
            ask=one_turn(answering.orchestrator.turn, answering.take),
            hours=hours(settings),
            mask=functools.partial(redaction.text, own_patterns=settings.private_patterns),
        )
        async with service.started():
            if settings.slack_app_token is None:
                yield service
                return
            async with service.sockets(settings.slack_app_token.get_secret_value()):
                yield service


def serve_slack(app: FastAPI, service: Service) -> None:
    """Slack over HTTP: events, buttons and modals all come to `/slack/events`, signed."""
    app.add_route("/slack/events", AsyncSlackRequestHandler(service.app).handle, methods=["POST"])


async def work(
    settings: Settings, front: Front, answering: Answering, metrics: telemetry.Metrics, slack: Service | None
) -> None:
    """A worker's share of the work, until cancelled; what runs then is given back for another worker."""

    async def erase(lease: Lease) -> None:
        await front.storage.delete(f"{lease.claim.id}/")
        if slack:
            await slack.erase(lease)

    # Not in `open_answering`: only customers meet errors; agents' questions and the terminal's do not count.
    incidents = replace(front.incidents, customer=functools.partial(customer_of, front.store))
    redis: Redis = Redis.from_url(front.store.url)
    spend = Budget(redis, settings.model_turns_per_day).spend
    orchestrator = replace(answering.orchestrator, incidents=incidents, spend=spend)
    open_hours = hours(settings)
    mailing = mail_of(settings)
    jobs: dict[Kind, Job] = {
        "turn": Turns(orchestrator.turn, open_hours, metrics=metrics, mail=mailing is not None),
        "timer": Reminders(open_hours, mail=mailing is not None, release_ms=settings.release_minutes * 60_000 or None),
        "erase": erase,
    }
    if mailing:
        jobs["mail"] = mailing
    if slack:
        jobs["slack"] = slack.mirror
    try:
        await Worker(front.store, jobs, slots=settings.workers, lease_s=settings.lease_seconds).run()
    finally:
        await redis.aclose()


def mail_is_set(settings: Settings) -> bool:
    """Whether customers who have left are written to. Raises ValueError when only part of what that needs is set."""
    if settings.mail_url is None and settings.mail_webhook is None:
        return False
    needed = {"HELPLENS_MAIL_FROM": settings.mail_from, "HELPLENS_PUBLIC_URL": settings.public_url}
    if missing := [name for name, value in needed.items() if not value]:
        raise ValueError(f"mail needs {', '.join(missing)} too: who writes, and where the link in it leads")
    return True


def mail_of(settings: Settings) -> Mailing | None:
    """What writes to customers who have left; None when nothing to send with is set. The mail server goes first."""
    if not mail_is_set(settings) or settings.mail_from is None or settings.public_url is None:
        return None
    post: Post
    if settings.mail_url:
        post = MailServer(settings.mail_url.get_secret_value())
    else:
        post = Webhook(settings.mail_webhook.get_secret_value() if settings.mail_webhook else "")
    tokens = Tokens(secret(settings), clock=time.time)
    return Mailing(post, letters.sender(settings.mail_from), functools.partial(links, tokens, settings.public_url))


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


def hours(settings: Settings) -> Hours | None:
    """When people answer; None: always. Raises ValueError when the setting cannot be read."""
    return Hours.parse(settings.hours) if settings.hours else None


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
