"""The files that browsers load: the widget, the demo and the desk. Whatever is not there is a plain 404.

The widget's address may carry its version (`/widget.js?v=...`): then it is kept for a year, else for five minutes.
Not here: what they do (`widget/`, `pages/`).
"""

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import FileResponse, Response

from handlers.web.problems import Problem

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
READ = ["GET", "HEAD"]
FOR_A_YEAR = "public, max-age=31536000, immutable"
FOR_MINUTES = "public, max-age=300"
ASK_AGAIN = "no-cache"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
EMBEDDED = EVERYWHERE | {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def pages(folder: Path, static: Path) -> APIRouter:
    """The routes: `static` holds the built widget, `folder` a folder per page with its `index.html`."""
    router = APIRouter(include_in_schema=False)
    bundle = static / "widget.js"

    @router.api_route("/widget.js", methods=READ)
    async def widget(v: Annotated[str | None, Query()] = None) -> Response:
        versioned = v is not None and v == version(bundle)
        return serve(static, "widget.js", EMBEDDED | {"Cache-Control": FOR_A_YEAR if versioned else FOR_MINUTES})

    @router.api_route("/widget/{path:path}", methods=READ)
    async def widget_part(path: str) -> Response:
        return serve(static, path, EMBEDDED | {"Cache-Control": FOR_A_YEAR})

    @router.api_route("/demo", methods=READ)
    @router.api_route("/demo/{path:path}", methods=READ)
    async def demo(path: str = "") -> Response:
        return serve(folder / "demo", path or "index.html", page_headers())

    @router.api_route("/desk", methods=READ)
    @router.api_route("/desk/{path:path}", methods=READ)
    async def desk(path: str = "") -> Response:
        return serve(folder / "desk", path or "index.html", page_headers())

    return router


def page_headers() -> dict[str, str]:
    """What goes with every file of our own pages."""
    return EVERYWHERE | {"Cache-Control": ASK_AGAIN, "Content-Security-Policy": POLICY}


def serve(folder: Path, path: str, headers: dict[str, str]) -> Response:
    """A file in `folder`, never one outside it and never one of a kind that is not listed."""
    root = folder.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file() or file.suffix not in TYPES:
        raise Problem("no_such_page")
    return FileResponse(file, media_type=TYPES[file.suffix], headers=headers)


def version(bundle: Path) -> str | None:
    """The version of the built widget: the start of its hash; None before it is built."""
    return hashlib.sha256(bundle.read_bytes()).hexdigest()[:12] if bundle.is_file() else None
