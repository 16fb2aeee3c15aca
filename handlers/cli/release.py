"""`helplens eval release`: everything that an owner measures before a release, and whether it became worse."""

import asyncio
import importlib.metadata
import json
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot import screenshots
from bot.conversation import Answered, Attachment, Conversation, Message, Point, Pointed
from bot.evaluation import comparison, release, report
from bot.evaluation.cases import KINDS, Cases, read
from bot.evaluation.comparison import Comparison
from bot.evaluation.release import Reply
from bot.evaluation.retrieval import Asked, Pictures
from bot.evaluation.verdicts import Verdict
from bot.knowledge.fusion import Query, Ranking
from bot.knowledge.retriever import HelpRetriever
from bot.orchestrator import Orchestrator
from bot.screenshots.intake import Intake, Picture, Refused
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage
from bot.settings import Settings
from handlers.cli.customer import playing
from handlers.cli.reading import hopeless, progress_bar
from handlers.wiring import Answering, open_answering

UNHURRIED = 600.0
"""Seconds that a picture may be read: a busy machine must not move the figures."""


def eval_release(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Any of retrieval.jsonl, answers.jsonl, redaction.jsonl, pointing.jsonl, and their pictures.",
            exists=True,
            file_okay=False,
        ),
    ],
    index: Annotated[Path, typer.Option("--kb", help="The index that `helplens kb build` made.")],
    page: Annotated[
        Path | None, typer.Option("--report", help="Write one HTML page with the figures and the failures.")
    ] = None,
    last: Annotated[
        Path | None,
        typer.Option(help="Where the run to compare with is kept, as JSON. Without it, in the data folder."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Points (of a hundred) that a figure may lose before it counts as worse.")
    ] = 1.0,
    accept: Annotated[bool, typer.Option(help="Keep this run for the next comparison even if it is worse.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per figure on stdout.")] = False,
) -> None:
    """Run a folder of cases before a release: retrieval, answers, redaction, pointing; compared with the last run.

    Answers come from the rungs that the settings name, so that models are asked where they are set. Exit status 1 when
    a figure became worse by more than the tolerance, over the cases that both runs have; such a run does not replace
    the one it was compared with, unless --accept is given.
    """
    if page is not None and not page.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {page.resolve().parent}", param_hint="--report")
    cases = read(folder)
    kept_at = last or Settings().data / "eval" / f"{folder.resolve().name}-{_short(str(folder.resolve()))}.json"
    before = comparison.kept(kept_at)
    judged, drawings, least, lost = asyncio.run(_run(cases, index, draw=page is not None))
    run = comparison.run_of(judged, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", str(index))
    compared = comparison.compare(run, before, tolerance / 100)
    if page is not None:
        about = f"{folder} against {index}, {run.at}. A figure may lose {tolerance:g} of a hundred points. {lost}"
        trust = report.Trust(Settings().precision, least)
        page.write_text(report.page("HelpLens before a release", about, compared, judged, drawings, trust), "utf-8")
    if accept or not compared.worse:
        comparison.keep(run, kept_at)
    if as_json:
        _print_json(compared)
    else:
        Console().print(_table(compared))
    _say(judged, compared, page)
    raise typer.Exit(1 if compared.worse else 0)


async def _run(cases: Cases, index: Path, draw: bool) -> tuple[list[Verdict], dict[str, bytes], float, str]:
    """The verdicts, the drawings of failures, the least confidence of an answer given outright, and which expected
    articles are not in the index."""
    async with _opened(Settings(kb=index), index) as bot:
        lost = hopeless([*cases.retrieval, *cases.answers], bot.answering.retriever.index.articles)
        with progress_bar("reading pictures") as progress:
            await release.read_pictures(cases, bot, progress)
        with progress_bar("cases") as progress:
            judged = await release.run(cases, bot, progress)
        if not draw:
            return judged, {}, bot.sure, lost
        with progress_bar("drawing failures") as progress:
            return judged, await release.drawings(judged, cases.folder, bot, progress), bot.sure, lost


@asynccontextmanager
async def _opened(settings: Settings, index: Path) -> "AsyncIterator[_Bot]":
    unhurried = settings.model_copy(update={"read_seconds": UNHURRIED})
    with tempfile.TemporaryDirectory(prefix="helplens-") as folder:
        async with Intake() as intake, open_answering(unhurried, index, intake, Storage(folder)) as answering:
            plain = HelpRetriever(kb=index) if answering.retriever.index.meaning else None
            yield _Bot(answering, settings.data / "cache" / "screens", _reader(settings), plain)


@dataclass
class _Bot:
    """The bot as the settings build it; what was read of a picture is kept until the code that reads it changes."""

    answering: Answering
    cache: Path
    reader: str
    plain: HelpRetriever | None
    """Searches without vectors, where the index has some."""
    _paths: dict[str, Path] = field(default_factory=dict)

    @property
    def sure(self) -> float:
        return self.answering.orchestrator.sure

    async def clean(self, path: Path) -> Picture:
        try:
            return await self.answering.intake.clean(await asyncio.to_thread(path.read_bytes), path.name)
        except Refused as refused:
            raise ValueError(f"{path}: {refused}") from refused

    async def screen(self, path: Path) -> Screen:
        return await Pictures(self._look_at, self.cache, self.reader).screen(path)

    async def look(self, attachment: Attachment) -> Screen:
        """For the turns: the screen of a picture that `ask` has taken."""
        return await self.screen(self._paths[attachment.id])

    async def search(self, query: Query) -> Ranking:
        return await self.answering.retriever.search(query)

    async def search_by_words(self, query: Query) -> Ranking | None:
        return await self.plain.search(query) if self.plain else None

    async def ask(self, image: Path | None, question: str, whose: Asked) -> Reply:
        attachments = (await self._take(image),) if image else ()
        message = Message(id="m1", sender="customer", text=question, attachments=attachments)
        customer = playing("eval", whose.language, whose.version, whose.plan, whose.audience)
        return await _turn(replace(self.answering.orchestrator, eye=self), customer.then(1, message))

    async def _look_at(self, data: bytes) -> Screen:
        return await self.answering.orchestrator.eye.look(await self.answering.take(data, ""))

    async def _take(self, path: Path) -> Attachment:
        try:
            attachment = await self.answering.take(await asyncio.to_thread(path.read_bytes), path.name)
        except Refused as refused:
            raise ValueError(f"{path}: {refused}") from refused
        self._paths[attachment.id] = path
        return attachment


async def _turn(orchestrator: Orchestrator, conversation: Conversation) -> Reply:
    started = time.monotonic()
    answered: Answered | None = None
    points: tuple[Point, ...] = ()
    async for event in orchestrator.turn(conversation, turn=1):
        match event:
            case Answered():
                answered = event
            case Pointed():
                points = event.points
    if answered is None:
        raise RuntimeError("the turn ended without an answer")
    return Reply(answered, points, time.monotonic() - started)


def _reader(settings: Settings) -> str:
    """Names what reads pictures: other code, other models or other patterns of the owner's see another screen."""
    code = sha256()
    for path in sorted(Path(screenshots.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    versions = [importlib.metadata.version(name) for name in ("rapidocr", "onnxruntime")]
    return " ".join([code.hexdigest(), *versions, *settings.private_patterns])


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def _print_json(compared: Comparison) -> None:
    for f in compared.figures:
        row = {"kind": f.kind, "figure": f.name, "value": f.value, "of": f.count, "last": f.then, "now": f.now}
        typer.echo(json.dumps(row | {"worse": f.worse}))


def _table(compared: Comparison) -> Table:
    table = Table("", "figure", "now", "of", "last run", "change")
    for kind in KINDS:
        for number, f in enumerate(f for f in compared.figures if f.kind == kind):
            style = "bold red" if f.worse else "green" if (f.change or 0) > 0 else ""
            change = f"[{style}]{report.change(f)}[/]" if style else report.change(f)
            cells = (f.name, report.shown(f, f.value), f"{f.count:g}", report.shown(f, f.then), change)
            table.add_row("" if number else f"[bold]{kind}[/]", *cells)
        table.add_section()
    return table


def _say(judged: Sequence[Verdict], compared: Comparison, page: Path | None) -> None:
    """The end of it in words, on stderr."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    failed = [v for v in judged if not v.passed]
    console.print(f"{len(judged) - len(failed)} of {len(judged)} cases are as they should be.")
    for verdict in failed:
        if verdict.key in compared.broken:
            console.print(f"  passed last time: {verdict.kind}: {verdict.title}", markup=False)
    if compared.since:
        console.print(f"Compared over {compared.common} cases with the run of {compared.since}.")
    if compared.worse:
        names = ", ".join(f"{f.kind}: {f.name}" for f in compared.worse)
        console.print(f"[bold red]Worse:[/] {names}. Keep it as the new measure with --accept.")
    if page is not None:
        console.print(f"Report: {page}")
