"""Runs a folder's cases through the bot as it stands, and draws what went wrong.

The bot is handed in, so that what is measured is what customers meet: the owner's index, rungs and patterns. Not
here: what counts as right (`verdicts`), whether it became worse (`comparison`), how it is shown (`report`).
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from PIL import Image, ImageDraw

from bot.answering.brief import Brief
from bot.answering.extractive import Extractive
from bot.conversation import Answered, Box, Point
from bot.evaluation import verdicts
from bot.evaluation.cases import AnswerCase, Cases, PointingCase, RedactionCase
from bot.evaluation.retrieval import Asked, Case, Progress, query
from bot.evaluation.verdicts import Verdict
from bot.knowledge.fusion import Query, Ranking
from bot.screenshots import grounding, redaction, ring
from bot.screenshots.eye import opened
from bot.screenshots.intake import Picture
from bot.screenshots.light import DECIDED, WANTED, light
from bot.screenshots.screen import Screen

LEAK = "#ef4444"
WIDEST = 1100
"""Pixels of a picture in the report: enough to read the labels."""
DRAWN = 60
"""Failures of each kind that are drawn; a report of hundreds is not looked at and would not open."""


class Reply(NamedTuple):
    """What a customer got, and after how long."""

    answer: Answered
    points: tuple[Point, ...]
    seconds: float


class Bot(Protocol):
    """What is measured."""

    @property
    def sure(self) -> float:
        """Confidence from which is answered outright."""

    async def clean(self, path: Path) -> Picture:
        """The picture as intake takes it. Raises intake.Refused."""

    async def screen(self, path: Path) -> Screen:
        """What is read of a picture. Raises intake.Refused."""

    async def search(self, query: Query) -> Ranking:
        """The ranking in use."""

    async def search_by_words(self, query: Query) -> Ranking | None:
        """The ranking without vectors, None where the one in use has none."""

    async def ask(self, image: Path | None, question: str, whose: Asked) -> Reply:
        """One whole turn."""


async def read_pictures(cases: Cases, bot: Bot, progress: Progress) -> None:
    """Reads all pictures before the first case: what intake refuses is known before a model was paid, and an answer's
    seconds hold no reading, as for customers, who paste while they still type."""
    pictures = cases.pictures
    for number, path in enumerate(pictures):
        progress(number, len(pictures), path.name)
        await bot.screen(path)


async def run(cases: Cases, bot: Bot, progress: Progress) -> list[Verdict]:
    """What became of each case, in the order of the kinds."""
    every = list(cases.all)
    judged = []
    for number, case in enumerate(every):
        progress(number, len(every), case.image or "")
        path = cases.folder / case.image if case.image else None
        judged.append(await _JUDGE[type(case)](case, path, bot))
    progress(len(every), len(every), "")
    return judged


async def _retrieval(case: Case, path: Path | None, bot: Bot) -> Verdict:
    screen = await bot.screen(path) if path else None
    asked = query(case, (screen,) if screen else ())
    ranking, by_words = await bot.search(asked), await bot.search_by_words(asked)
    answer = Extractive(sure=bot.sure).decide(Brief(question=case.question, ranking=ranking))
    shown = [c.article for c in answer.citations] + [c.article for c in answer.choices if c.article]
    return verdicts.of_retrieval(case, ranking, shown, bot.sure, screen, by_words)


async def _answer(case: AnswerCase, path: Path | None, bot: Bot) -> Verdict:
    reply = await bot.ask(path, case.question, case)
    return verdicts.of_answer(case, reply.answer, reply.points, reply.seconds)


async def _redaction(case: RedactionCase, path: Path, bot: Bot) -> Verdict:
    screen, picture = await bot.screen(path), await bot.clean(path)
    pixels = await asyncio.to_thread(opened, picture.data)
    return await asyncio.to_thread(verdicts.of_redaction, case, screen, pixels, picture.scale)


async def _pointing(case: PointingCase, path: Path, bot: Bot) -> Verdict:
    screen, picture = await bot.screen(path), await bot.clean(path)
    points = await asyncio.to_thread(grounding.point, case.instruction, screen.lines, screen.controls)
    return verdicts.of_pointing(case, points, picture.scale)


_JUDGE: dict[type, Callable[..., Awaitable[Verdict]]] = {
    Case: _retrieval,
    AnswerCase: _answer,
    RedactionCase: _redaction,
    PointingCase: _pointing,
}


async def drawings(judged: Sequence[Verdict], folder: Path, bot: Bot, progress: Progress) -> dict[str, bytes]:
    """A WebP picture of each failure by its key: private places covered, rings as customers got them, and outlined in
    green what was meant, in red what leaks; of a wrong ranking the lines that decided, lit in amber for the article
    ranked first, in green for a right one. The first DRAWN of each kind."""
    pictures: dict[str, bytes] = {}
    counts: dict[str, int] = {}
    for number, verdict in enumerate(judged):
        progress(number, len(judged), verdict.image or "")
        if verdict.passed or verdict.image is None or counts.get(verdict.kind, 0) >= DRAWN:
            continue
        counts[verdict.kind] = counts.get(verdict.kind, 0) + 1
        path = folder / verdict.image
        screen, picture = await bot.screen(path), await bot.clean(path)
        pixels = await asyncio.to_thread(opened, picture.data)
        pictures[verdict.key] = await asyncio.to_thread(drawn, verdict, screen, pixels)
    return pictures


def drawn(verdict: Verdict, screen: Screen, pixels: Image.Image) -> bytes:
    """The WebP picture of one failure, with its marks; `pixels` are those that `screen` was read of."""
    picture = ring.draw(redaction.cover(pixels, screen.sensitive), verdict.points)
    if verdict.kind == "retrieval":
        picture = light(picture, {DECIDED: verdict.decided, WANTED: verdict.wanted})
    else:
        pen = ImageDraw.Draw(picture)
        width = max(2, round(max(picture.size) / 500))
        for box in verdict.wanted:
            colour = LEAK if verdict.kind == "redaction" else WANTED
            pen.rectangle(_outside(box, width + 1), outline=colour, width=width)
    if picture.width > WIDEST:
        size = WIDEST, round(picture.height * WIDEST / picture.width)
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def _outside(box: Box, by: float) -> Box:
    left, top, right, bottom = box
    return left - by, top - by, max(left, right) + by, max(top, bottom) + by
