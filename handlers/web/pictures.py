"""Pictures, to those who may see them: by a link made for one viewer, or with the conversation's own token.

They are served as what intake made of them and nothing else, to be shown and not to be run. An agent sees a picture
with what is private blacked out; asking for the original is logged. Not here: where pictures lie.
"""

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, Query, Response

from handlers.web.context import Address, Bearer, Parts, Web, opens
from handlers.web.problems import Problem, answers, problems

log = structlog.get_logger()
router = APIRouter(tags=["pictures"])
SIGNATURES = ((b"\x89PNG\r\n\x1a\n", "image/png", "png"), (b"\xff\xd8\xff", "image/jpeg", "jpg"))
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=900",
}
ORIGINAL = "original:"
"""What a desk link's viewer begins with when it opens the picture as it was sent."""
REDACTED = "redacted:"


def link(web: Web, attachment_id: str, *, viewer: str) -> str:
    """The address that opens a picture for 15 minutes, for one viewer."""
    return f"/api/v1/attachments/{attachment_id}?key={web.tokens.link(attachment_id, viewer)}"


@router.get(
    "/attachments/{conversation_id}/{sha256}",
    response_class=Response,
    responses=answers("The picture", "image/png", "image/jpeg") | problems("link_expired", "picture_gone", "too_fast"),
)
async def read_picture(
    conversation_id: str,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    web: Parts,
    token: Bearer,
    source: Address,
    key: Annotated[str | None, Query(description="The signature of the link.")] = None,
    show: Annotated[Literal["inline", "attachment"], Query()] = "inline",
) -> Response:
    """A picture, by a signed link or with the token of its conversation."""
    attachment_id = f"{conversation_id}/{sha256}"
    viewer = web.tokens.link_viewer(attachment_id, key) if key else None
    if viewer is None and token and (access := await opens(web, conversation_id, web.tokens.access(token))):
        viewer = access.customer
    if viewer is None:
        await web.limits.take((web.limits.rates.guess_address, source))
        raise Problem("link_expired")
    data = await _bytes(web, attachment_id, viewer)
    media_type, suffix = _kind(data)
    name = f'{show}; filename="picture-{sha256[:8]}.{suffix}"'
    return Response(data, media_type=media_type, headers=HEADERS | {"Content-Disposition": name})


async def _bytes(web: Web, attachment_id: str, viewer: str) -> bytes:
    try:
        if viewer.startswith(REDACTED):
            if web.redacted is None:
                raise Problem("picture_gone")
            return await web.redacted(attachment_id)
        if viewer.startswith(ORIGINAL):
            log.info("original picture viewed", attachment=attachment_id, agent=viewer.removeprefix(ORIGINAL))
        return await web.picture(attachment_id)
    except LookupError as error:
        raise Problem("picture_gone") from error


def _kind(data: bytes) -> tuple[str, str]:
    """Media type and suffix, by the bytes. Storage holds what intake wrote; anything else is shown to nobody."""
    for start, media_type, suffix in SIGNATURES:
        if data.startswith(start):
            return media_type, suffix
    raise Problem("picture_gone")
