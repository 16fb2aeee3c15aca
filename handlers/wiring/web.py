"""The web channel, built on what accepts."""

import asyncio
import functools
import importlib.metadata
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from bot import telemetry
from bot.conversation import Facets
from bot.knowledge.articles import Passage
from bot.knowledge.filters import readable
from bot.knowledge.index import Index
from bot.knowledge.retriever import HelpRetriever
from bot.screenshots import redaction
from bot.screenshots.eye import opened
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.client import connect
from handlers.web.app import create_app
from handlers.web.context import Web
from handlers.web.identity import SiteUsers, Tokens
from handlers.web.invitations import Invitations
from handlers.web.limits import Limits
from handlers.wiring.chosen import EXTRACTIVE, closed, desk_password, kb_of, rungs, secret
from handlers.wiring.front import Front


@asynccontextmanager
async def open_web(settings: Settings, url: str, front: Front, metrics: telemetry.Metrics) -> AsyncIterator[FastAPI]:
    """The web channel on the help desk."""
    retriever, storage = HelpRetriever(kb=kb_of(settings)), front.storage

    async def index_check() -> None:
        await asyncio.to_thread(lambda: retriever.index)

    shut, key = closed(settings), settings.jwt_key
    users = SiteUsers(key.get_secret_value(), settings.jwt_audience, time.time) if key else None
    tokens = Tokens(
        secret(settings),
        clock=time.time,
        users=users,
        enforced=settings.identity == "enforced",
        desk_password=desk_password(settings),
        days=settings.conversation_days,
    )
    redis = connect(url)
    try:
        web = Web(
            desk=front.desk,
            tokens=tokens,
            invitations=Invitations(redis),
            limits=Limits(redis),
            picture=storage.get,
            redacted=functools.partial(redacted, storage),
            passages=lambda article, reader: passages(retriever.index, article, reader, shut),
            incidents=front.incidents,
            precedents=front.precedents,
            notice="answering.no_model" if rungs(settings) == (EXTRACTIVE,) else "",
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


def passages(index: Index, article: str, reader: Facets, shut: frozenset[str]) -> tuple[Passage, ...]:
    """The passages of an article in order; none when the index has no such article, or none for this reader."""
    if article not in index.articles:
        return ()
    place = index.articles.index(article)
    if not readable(index, place, ",".join(reader.plan), ",".join(reader.audience), shut):
        return ()
    return tuple(index.passage(number) for number in index.passages_of(place))


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
