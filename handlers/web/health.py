"""Is it alive, is it ready, what has it counted: for orchestrators and dashboards, not for people."""

import asyncio

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.responses import JSONResponse

from handlers.web.context import Check, Parts

log = structlog.get_logger()
CHECK_SECONDS = 2.0


class Ready(BaseModel):
    """Each service that was asked, with "ok" or what is wrong."""

    ready: bool
    services: dict[str, str]


def health(metrics: CollectorRegistry) -> APIRouter:
    """The routes, with the registry that `/metrics` prints."""
    router = APIRouter(tags=["health"])

    @router.head("/healthz", include_in_schema=False)
    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}

    @router.head("/readyz", include_in_schema=False)
    @router.get("/readyz", response_model=Ready, responses={503: {"model": Ready}})
    async def ready(web: Parts) -> JSONResponse:
        """Every service that this process needs answers, and is set up so that nothing is lost."""
        found = await asyncio.gather(*(_ask(check) for check in web.checks.values()))
        answer = Ready(ready=set(found) <= {"ok"}, services=dict(zip(web.checks, found, strict=True)))
        return JSONResponse(answer.model_dump(), status_code=200 if answer.ready else 503)

    @router.get("/metrics", response_class=Response)
    async def counted() -> Response:
        """Prometheus's text format."""
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return router


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  whatever a service's client raises, the answer is that it is not ready
        log.warning("not ready", error=str(error) or type(error).__name__)
        return str(error) or type(error).__name__
    return "ok"
