"""What Slack is handed: pictures with what is private under solid fill, and one turn of the bot for an agent."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image
from slack_house import png

from bot.answering.brief import Answer, Words
from bot.answering.fallback import Restart, Status
from bot.conversation import (
    Answered,
    Attachment,
    Conversation,
    Delta,
    Done,
    Event,
    Facets,
    Found,
    FoundPassage,
    Point,
    Reset,
    Seen,
    Step,
)
from bot.screenshots.intake import Refused
from bot.screenshots.redaction import Sensitive
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage
from handlers.slack.ports import blacked_out, one_turn

PICTURE = Attachment(id="p0-1/abc", media_type="image/png", width=320, height=200, size=1)


async def test_what_is_private_leaves_as_solid_fill_and_the_ring_is_drawn(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    await storage.put(PICTURE.id, png("secret words"))
    box = (15.0, 75.0, 120.0, 95.0)
    private = (Sensitive(kind="email", box=box),)
    await storage.put_screen(PICTURE.id, Screen(sha256="abc", width=320, height=200, sensitive=private))

    data = await blacked_out(storage)(PICTURE, [Point(label="Save", box=(200.0, 20.0, 260.0, 40.0))])
    assert data is not None
    copy, plain = (
        Image.open(io.BytesIO(data)).convert("RGB"),
        Image.open(io.BytesIO(png("secret words"))).convert("RGB"),
    )
    assert len(copy.crop((20, 78, 115, 92)).getcolors() or ()) == 1
    assert len(plain.crop((20, 78, 115, 92)).getcolors() or ()) > 1
    assert copy.crop((190, 10, 270, 50)).getcolors() != plain.crop((190, 10, 270, 50)).getcolors()


async def test_a_picture_that_nobody_has_looked_at_or_that_is_gone_does_not_leave(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    await storage.put(PICTURE.id, png())
    assert await blacked_out(storage, wait=0)(PICTURE, []) is None
    gone = PICTURE.model_copy(update={"id": "p0-1/gone"})
    assert await blacked_out(storage, wait=0)(gone, []) is None


async def test_an_agents_question_is_one_turn_of_the_bot() -> None:
    heard: list[Conversation] = []

    async def turn(conversation: Conversation, number: int) -> AsyncIterator[Event]:
        heard.append(conversation)
        yield Seen(attachment_id="loose/1", outcome="read")
        yield Step(turn=1, text="Searching")
        passages = (FoundPassage(article="staff.md", passage=0, title="For staff", score=1.0),)
        yield Found(turn=1, passages=passages, confidence=0.5)
        yield Delta(turn=1, offset=0, text="wrong")
        yield Reset(turn=1, reason="again")
        yield Delta(turn=1, offset=0, text="right")
        yield Answered(turn=1, to=("question",), text="right", model="test", confidence=0.5)
        yield Done(turn=1)

    async def take(data: bytes, name: str) -> Attachment:
        if data == b"bad":
            raise Refused("format", "Please send a PNG.")
        return PICTURE

    about = Facets(plan=("pro",))
    said = [item async for item in one_turn(turn, take)("Why?", [b"good", b"bad"], about)]
    assert heard[0].has == about
    assert said == [
        Words("Please send a PNG.\n\n"),
        Status("Searching"),
        Words("wrong"),
        Restart("again"),
        Words("right"),
        Answer(text="right", confidence=0.5, model="test", told=("staff.md",)),
    ]
    assert [(m.text, m.attachments) for m in heard[0].messages] == [("Why?", (PICTURE,))]
