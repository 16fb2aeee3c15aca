"""The web channel as one ASGI app: every route, every error as a problem document, and its own description.

Everything it needs is handed in by the composition root; it opens nothing itself. Not here: what the routes do
(`conversations`, `desk`, `incidents`, `help`, `pictures`, `pages`, `health`).
"""

from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from handlers.web import conversations, desk, help, incidents, mail, pictures
from handlers.web.bodies import Bodies
from handlers.web.context import Web
from handlers.web.counting import Counting
from handlers.web.description import described
from handlers.web.health import health
from handlers.web.origins import Origins
from handlers.web.pages import pages
from handlers.web.problems import handle_problems

HERE = Path(__file__).parent
PAGES = HERE / "pages"
STATIC = HERE / "static"
JSON_BYTES = 256 * 1024
"""The longest body of a route that takes no pictures."""


def create_app(
    web: Web,
    *,
    version: str,
    metrics: CollectorRegistry,
    origins: Iterable[str] = (),
    public_url: str | None = None,
    page_folder: Path = PAGES,
    static_folder: Path = STATIC,
) -> FastAPI:
    """The app. `origins` may embed the widget besides this server's own pages, whose address is `public_url` (unset:
    whatever the request was sent to). Raises ValueError for an origin that is none."""
    app = FastAPI(
        title="HelpLens",
        version=version,
        description="Screenshots in, answers out. Errors are RFC 9457 problem documents.",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.web = web
    api = APIRouter(prefix="/api/v1")
    for router in (conversations.router, pictures.router, help.router, mail.router, desk.router, incidents.router):
        api.include_router(router)
    app.include_router(api)
    app.include_router(health(metrics))
    app.include_router(pages(page_folder, static_folder))
    handle_problems(app)
    app.add_middleware(Bodies, limit=JSON_BYTES)
    app.add_middleware(Origins, allowed=tuple(origins), public_url=public_url)
    app.add_middleware(Counting, registry=metrics, seats=web.seats)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app
