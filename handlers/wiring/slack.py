"""The Slack channel, built on what accepts and what answers."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.knowledge.filters import any_closed
from bot.screenshots import redaction
from bot.settings import Settings
from handlers.slack.beside import Beside
from handlers.slack.mirror import Place
from handlers.slack.ports import blacked_out, one_turn
from handlers.slack.service import Service
from handlers.wiring.answering import Answering
from handlers.wiring.chosen import closed, hours, slack_is_set
from handlers.wiring.front import Front


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
            ask=one_turn(replace(answering.orchestrator, team=True).turn, answering.take),
            internal=lambda articles: any_closed(answering.retriever.index, articles, closed(settings)),
            incidents=front.incidents,
            precedents=front.precedents,
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
