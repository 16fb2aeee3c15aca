"""The files that browsers load: the widget, the demo, the desk, the page behind a mail's link. Others are a plain 404.

The widget's address may carry its version (`/widget.js?v=...`): then it is kept for a year, else for five minutes.
Not here: what they do (`widget/`, `pages/`).
"""

import gzip
import hashlib
import re
import string
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from handlers.web.context import Spoken
from handlers.web.problems import Problem
from prompts import DEFAULT_LANGUAGE, languages, say

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
READ = ["GET", "HEAD"]
FOR_A_YEAR = "public, max-age=31536000, immutable"
NAMED_BY_HASH = re.compile(r"-[0-9a-f]{8,}\.\w+$")
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
TALK = ("title", "opens", "lost", "away", "script")
"""The words of the page behind a mail's link."""
EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
PAGE = EVERYWHERE | {"Cache-Control": ASK_AGAIN, "Content-Security-Policy": POLICY}
EMBEDDED = EVERYWHERE | {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


def pages(folder: Path, static: Path) -> APIRouter:
    """The routes: `static` holds the built widget, `folder` a folder per page with its `index.html`."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/widget.js", methods=READ)
    async def widget(request: Request, v: Annotated[str | None, Query()] = None) -> Response:
        file = found(static, "widget.js")
        return serve(request, file, EMBEDDED | {"Cache-Control": FOR_A_YEAR if v == file.version else FOR_MINUTES})

    @router.api_route("/widget/{path:path}", methods=READ)
    async def widget_part(request: Request, path: str) -> Response:
        keep = FOR_A_YEAR if NAMED_BY_HASH.search(path) else FOR_MINUTES
        return serve(request, found(static, path), EMBEDDED | {"Cache-Control": keep})

    @router.api_route("/demo", methods=READ)
    @router.api_route("/demo/{path:path}", methods=READ)
    async def demo(request: Request, path: str = "") -> Response:
        return serve(request, found(folder / "demo", path or "index.html"), PAGE)

    @router.api_route("/talk", methods=READ)
    @router.api_route("/talk/{path:path}", methods=READ)
    async def talk(
        request: Request, spoken: Spoken, wanted: Annotated[str, Query(alias="in")] = "", path: str = ""
    ) -> Response:
        if path:
            return serve(request, found(folder / "talk", path), PAGE)
        language = wanted if wanted in languages() else spoken or DEFAULT_LANGUAGE
        page = _written(found(folder / "talk", "index.html"), "mail.talk", TALK, language)
        spoken_in = {"Content-Language": language, "Vary": "Accept-Encoding, Accept-Language"}
        return serve(request, page, PAGE | spoken_in)

    @router.api_route("/desk", methods=READ)
    @router.api_route("/desk/{path:path}", methods=READ)
    async def desk(request: Request, path: str = "") -> Response:
        return serve(request, found(folder / "desk", path or "index.html"), PAGE)

    return router


@dataclass(frozen=True)
class File:
    """A file that is served: as it is, packed, and the start of its hash."""

    media_type: str
    data: bytes
    packed: bytes
    version: str


def found(folder: Path, path: str) -> File:
    """A file in `folder`, never one outside it and never one of a kind that is not listed. Raises Problem."""
    root = folder.resolve()
    file = (root / path).resolve()
    if not file.is_relative_to(root) or not file.is_file() or file.suffix not in TYPES:
        raise Problem("no_such_page")
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=128)
def _read(file: Path, changed: int) -> File:
    """Read and packed once, until it has `changed`."""
    return _file(TYPES[file.suffix], file.read_bytes())


@lru_cache(maxsize=32)
def _written(page: File, room: str, lines: tuple[str, ...], language: str) -> File:
    """A page whose `$names` are lines of `room`, in a language."""
    words = {line: escape(say(f"{room}_{line}", language)) for line in lines}
    text = string.Template(page.data.decode()).substitute(words, language=language)
    return _file(page.media_type, text.encode())


def _file(media_type: str, data: bytes) -> File:
    return File(media_type, data, gzip.compress(data, mtime=0), hashlib.sha256(data).hexdigest()[:12])


def serve(request: Request, file: File, headers: dict[str, str]) -> Response:
    """The file, packed where the browser takes that; nothing when the browser has this version."""
    headers = {"Vary": "Accept-Encoding"} | headers | {"ETag": f'W/"{file.version}"'}
    if headers["ETag"] == request.headers.get("if-none-match"):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", "") and len(file.packed) < len(file.data):
        return Response(file.packed, media_type=file.media_type, headers=headers | {"Content-Encoding": "gzip"})
    return Response(file.data, media_type=file.media_type, headers=headers)
