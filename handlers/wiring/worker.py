"""A worker's share of the work: which kinds it claims, and what runs for each; mail among them."""

import functools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot import letters, telemetry
from bot.mailing import Mailing
from bot.post import MailServer, Post, Webhook
from bot.presence import Presence
from bot.reminders import Reminders
from bot.settings import Settings
from bot.state.budget import Budget
from bot.state.client import connect
from bot.state.lease import Lease
from bot.state.records import Kind
from bot.turns import Turns
from bot.worker import Job, Worker
from handlers.slack.service import Service
from handlers.web.identity import Tokens
from handlers.web.mail import links
from handlers.wiring.answering import Answering
from handlers.wiring.chosen import hours, mail_is_set, secret
from handlers.wiring.front import Front, customer_of


@asynccontextmanager
async def open_worker(
    settings: Settings, front: Front, answering: Answering, metrics: telemetry.Metrics, slack: Service | None
) -> AsyncIterator[Worker]:
    """A worker with all its kinds of work: `run` it, `stop` it."""

    async def erase(lease: Lease) -> None:
        await front.storage.delete(f"{lease.claim.id}/")
        if slack:
            await slack.erase(lease)

    # Not in `open_answering`: only customers meet errors; agents' questions and the terminal's do not count.
    incidents = replace(front.incidents, customer=functools.partial(customer_of, front.store))
    redis = connect(front.store.url)
    spend = Budget(redis, settings.model_turns_per_day).spend
    watched = Presence(front.store).watched
    orchestrator = replace(answering.orchestrator, incidents=incidents, spend=spend, watched=watched)
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
        yield Worker(front.store, jobs, slots=settings.workers, lease_s=settings.lease_seconds)
    finally:
        await redis.aclose()


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
