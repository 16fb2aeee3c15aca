"""Briefs and rungs for the tests of answering: a small help centre, a screen, and models that are real HTTP servers."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw

from bot.answering.brief import Brief, Look
from bot.answering.extractive import Extractive
from bot.answering.rungs import Parts
from bot.conversation import Attachment
from bot.knowledge.articles import Passage
from bot.knowledge.fusion import Hit, Query, Ranking
from bot.screenshots.entities import Entity
from bot.screenshots.ocr import Line
from bot.screenshots.redaction import Sensitive
from bot.screenshots.screen import Screen

EXPORT = Passage(
    article="exports/failed.md",
    number=0,
    title="An export failed",
    text="An export can fail when the file is too large. Open **Settings**, choose **Exports**, press **Try again**.",
    steps=("Open **Settings**.", "Choose **Exports** and press **Try again**."),
    url="https://help.example.com/exports/failed",
)
INVITE = Passage(
    article="members/invite.md",
    number=0,
    title="Invite a member",
    text="Open **Members** and press **Invite**.",
    steps=("Open **Members**.", "Press **Invite**."),
    url="https://help.example.com/members/invite",
)
RANKING = Ranking(hits=(Hit(passage=EXPORT, score=1.0), Hit(passage=INVITE, score=0.4)), confidence=0.9)
SECRETS = ("anna.berger@example.com", "4111 1111 1111 1111", "sk_live_9aX2bQ7LmT4vR8sW1yZ5cD3e")


def screen(*private: str, outcome: str = "read", width: int = 1280, height: int = 800) -> Screen:
    """A page that shows an error and, on a line each, what is `private`."""
    texts = ["Exports", "Export failed: file too large (E-4012)", "Try again", *private]
    lines, sensitive = [], []
    for number, text in enumerate(texts):
        box = (80.0, 60.0 + 60 * number, 80.0 + 11 * len(text), 84.0 + 60 * number)
        lines.append(Line(text=text, box=box, score=0.98))
        if text in private:
            sensitive.append(Sensitive(kind="other", box=box))
    return Screen(
        sha256="5" * 64,
        width=width,
        height=height,
        outcome=outcome,
        lines=tuple(lines),
        sensitive=tuple(sensitive),
        entities=(Entity(kind="error", text=texts[1], box=lines[1].box),),
        where="Exports",
        error=texts[1],
    )


def look(*private: str, conversation: str = "p0-a", **more: object) -> Look:
    """A customer's picture of `screen`."""
    page = screen(*private, **more)  # type: ignore[arg-type]
    id_ = f"{conversation}/{page.sha256}"
    attachment = Attachment(id=id_, media_type="image/png", width=page.width, height=page.height, size=1)
    return Look(attachment=attachment, screen=page)


def picture(page: Screen) -> bytes:
    """The pixels of `screen`, as PNG."""
    image = Image.new("RGB", (page.width, page.height), "white")
    draw = ImageDraw.Draw(image)
    for line in page.lines:
        draw.text((line.box[0], line.box[1]), line.text, fill="black", font_size=20)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def brief(question: str = "Why does my export fail?", looks: Sequence[Look] = (), **more: object) -> Brief:
    """A question that the first article answers."""
    return Brief(**({"question": question, "looks": tuple(looks), "ranking": RANKING} | more))


async def search(query: Query) -> Ranking:
    """A help centre of two articles."""
    hit = INVITE if "invite" in query.question.lower() else EXPORT
    return Ranking(hits=(Hit(passage=hit, score=1.0),), confidence=0.9)


def parts(*looks: Look, **more: object) -> Parts:
    """What rungs are made of; the pictures of `looks` are kept."""
    kept = {one.attachment.id: picture(one.screen) for one in looks}

    async def load(id_: str) -> bytes:
        if id_ not in kept:
            raise LookupError(id_)
        return kept[id_]

    return Parts(**({"search": search, "load": load, "extractive": Extractive()} | more))  # type: ignore[arg-type]
