"""What Slack is handed of the rest of the house: the copy of a picture that may leave, and one turn for an agent.

Both fail closed: a picture that nobody has looked at, or that cannot be blacked out, does not go to Slack.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import structlog

from bot.answering.brief import Answer, Words
from bot.answering.extractive import Extractive
from bot.answering.fallback import Restart, Status
from bot.conversation import (
    ANYBODY,
    Answered,
    Attachment,
    Conversation,
    Delta,
    Event,
    Facets,
    Found,
    Message,
    Point,
    Reset,
    Step,
)
from bot.screenshots import redaction, ring
from bot.screenshots.eye import opened
from bot.screenshots.intake import Refused
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage
from handlers.slack.asking import Ask
from handlers.slack.mirror import Picture

Take = Callable[[bytes, str], Awaitable[Attachment]]
"""A loose picture, outside any conversation. Raises `intake.Refused`."""
Turn = Callable[[Conversation, int], AsyncIterator[Event]]
WAIT = 20.0
"""Seconds that a picture is waited for to be looked at before it stays at the desk."""
log = structlog.get_logger(__name__)


def blacked_out(storage: Storage, wait: float = WAIT) -> Picture:
    """Pictures for Slack: what is private under solid fill, the rings of the answer drawn. A picture that nobody has
    looked at within `wait` seconds is not given out."""

    async def picture(attachment: Attachment, points: Sequence[Point]) -> bytes | None:
        try:
            data, screen = await storage.get(attachment.id), await _looked_at(storage, attachment.id, wait)
            return await asyncio.to_thread(_covered, data, screen, points) if screen else None
        except (LookupError, redaction.RedactionFailed, OSError) as error:
            log.warning("slack.picture_kept", attachment=attachment.id, reason=repr(error))
            return None

    return picture


def one_turn(turn: Turn, take: Take) -> Ask:
    """An agent's question as a conversation of one message, answered by the turn that answers customers; `about` is
    what the customer has whom it is about."""

    async def ask(
        question: str, pictures: Sequence[bytes], about: Facets = ANYBODY
    ) -> AsyncIterator[Words | Restart | Status | Answer]:
        attachments = []
        for number, data in enumerate(pictures, start=1):
            try:
                attachments.append(await take(data, f"picture-{number}"))
            except Refused as refused:
                yield Words(f"{refused}\n\n")
        message = Message(id="question", sender="customer", text=question, attachments=tuple(attachments))
        if not question and not attachments:
            return
        told: tuple[str, ...] = ()
        async for event in turn(Conversation("agent", said=about).then(1, message), 1):
            match event:
                case Found():
                    told = tuple(passage.article for passage in event.passages)
                case Delta():
                    yield Words(event.text)
                case Reset():
                    yield Restart(event.reason)
                case Step():
                    yield Status(event.text)
                case Answered():
                    yield Answer(
                        text=event.text,
                        citations=event.citations,
                        choices=event.choices,
                        confidence=event.confidence,
                        answered=event.answered,
                        model=event.model,
                        handoff=event.handoff,
                        told=told if event.model != Extractive.name else (),
                    )

    return ask


async def _looked_at(storage: Storage, path: str, wait: float) -> Screen | None:
    """What was seen of a picture; the worker that looks at it may be a moment behind."""
    screen = await storage.screen(path)
    for _ in range(int(wait / 0.5)):
        if screen is not None:
            break
        await asyncio.sleep(0.5)
        screen = await storage.screen(path)
    return screen


def _covered(data: bytes, screen: Screen, points: Sequence[Point]) -> bytes:
    covered = redaction.cover(opened(data), screen.sensitive)
    out = io.BytesIO()
    (ring.draw(covered, points) if points else covered).save(out, "PNG")
    return out.getvalue()
