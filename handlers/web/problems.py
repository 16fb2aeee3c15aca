"""Errors as RFC 9457 problem documents: what happened and what to do, in the customer's words.

A `Problem` is raised anywhere below a route; its words are the line of the same name in `prompts/*/web.toml`, in the
language that the request's Accept-Language asks for.
`retry` is there when the same request may be sent again, and says after how many seconds.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot.helpdesk import Changed, Conflict, NotFound, Refused, StateError, TooMany, Unconfirmed
from prompts import DEFAULT_LANGUAGE, accepted, say

log = structlog.get_logger()

STATUS = {
    "not_found": 404,
    "no_such_page": 404,
    "no_such_article": 404,
    "no_such_incident": 404,
    "no_draft": 409,
    "not_allowed": 405,
    "sign_in_needed": 401,
    "identity_needed": 401,
    "identity_expired": 401,
    "identity_invalid": 401,
    "not_at_the_desk": 401,
    "invitation_ended": 401,
    "wrong_password": 401,
    "not_set_up": 501,
    "foreign_origin": 403,
    "link_expired": 403,
    "key_missing": 400,
    "key_reused": 409,
    "changed": 409,
    "too_many_pictures": 422,
    "no_file": 422,
    "unclear_request": 422,
    "refused": 422,
    "too_large": 413,
    "too_large_body": 413,
    "too_slow": 408,
    "bad_form": 400,
    "bad_content": 415,
    "picture_gone": 410,
    "too_fast": 429,
    "too_many_waiting": 429,
    "too_many_open": 429,
    "broken": 500,
    "unavailable": 503,
}
"""Every problem that a route may answer with, and its HTTP status."""


class ProblemDocument(BaseModel):
    """What an error looks like (RFC 9457). `type` names the problem, `detail` is for people."""

    type: str = Field(examples=["urn:helplens:problem:too-large"])
    title: str
    status: int
    detail: str
    retry: float | None = Field(default=None, description="Seconds after which the same request may be sent again.")


class Problem(HTTPException):
    """An error that its reader can do something about; its words are line `web.<kind>` with `inputs`, unless `words`
    gives others. Both speak the language of whoever asked."""

    def __init__(
        self,
        kind: str,
        *,
        words: Callable[[str], str] | None = None,
        retry: float | None = None,
        headers: Mapping[str, str] | None = None,
        **inputs: object,
    ) -> None:
        self.words = words or (lambda language: say(f"web.{kind}", language, **inputs))
        super().__init__(STATUS[kind], self.words(DEFAULT_LANGUAGE), dict(headers or {}))
        self.kind = kind
        self.retry = retry

    def response(self, accept_language: str | None = None) -> JSONResponse:
        """The problem document, in the first of the languages that the header asks for that there are words in."""
        language = accepted(accept_language) or DEFAULT_LANGUAGE
        headers = dict(self.headers or {}) | {"Cache-Control": "no-store", "Content-Language": language}
        if self.retry is not None:
            headers["Retry-After"] = str(max(1, round(self.retry)))
        if self.status_code == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        document = ProblemDocument(
            type="urn:helplens:problem:" + self.kind.replace("_", "-"),
            title=self.kind.replace("_", " ").capitalize(),
            status=self.status_code,
            detail=self.words(language),
            retry=self.retry,
        )
        return JSONResponse(
            document.model_dump(exclude_none=True),
            status_code=self.status_code,
            media_type="application/problem+json",
            headers=headers,
        )


FROM_DESK: dict[type[StateError], str] = {
    NotFound: "not_found",
    Conflict: "key_reused",
    Changed: "changed",
    Refused: "refused",
    TooMany: "too_many_waiting",
    Unconfirmed: "unavailable",
}
"""What the help desk's errors are called here; their words are the desk's own."""


def from_desk(error: StateError) -> Problem:
    """An error of the help desk as a problem."""
    kind = FROM_DESK.get(type(error), "broken")
    return Problem(kind, words=error.words, retry=1 if error.retry else None)


CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these problems, for the OpenAPI document."""
    found: dict[int | str, list[str]] = {}
    for kind in kinds:
        found.setdefault(STATUS[kind], []).append(kind.replace("_", "-"))
    return {status: {"description": ", ".join(names), "content": CONTENT} for status, names in found.items()}


def answers(ok: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route whose good answer is not JSON, for the OpenAPI document."""
    return {200: {"description": ok, "content": {media_type: {} for media_type in media_types}}}


def handle_problems(app: FastAPI) -> None:
    """Every error of `app` becomes a problem document; one that nobody foresaw is logged and says so."""

    def answer(request: Request, problem: Problem) -> JSONResponse:
        return problem.response(request.headers.get("accept-language"))

    async def known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return answer(request, error)

    async def desk(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, StateError)
        return answer(request, from_desk(error))

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return answer(request, Problem("not_allowed", method=request.method, headers=error.headers))
        if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return answer(request, Problem("too_large_body"))
        if error.status_code == HTTPStatus.NOT_FOUND:
            return answer(request, Problem("no_such_page"))
        return answer(request, Problem("unclear_request", what="the body cannot be read"))

    async def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        what = "; ".join(f"{'.'.join(map(str, e['loc'][1:] or e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        return answer(request, Problem("unclear_request", what=what))

    async def store_away(request: Request, error: Exception) -> JSONResponse:
        log.warning("store unreachable", path=request.url.path, error=str(error))
        return answer(request, Problem("unavailable", retry=1))

    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", path=request.url.path, exc_info=error)
        return answer(request, Problem("broken", retry=2))

    app.add_exception_handler(Problem, known)
    app.add_exception_handler(StateError, desk)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(RedisError, store_away)
    app.add_exception_handler(Exception, unforeseen)
