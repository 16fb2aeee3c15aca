"""Indexing a help centre with its progress shown: for `helplens kb build`, and for `helplens up SOURCE`."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bot.knowledge.encoder import encoder_of
from bot.knowledge.filters import KINDS, facets, is_closed
from bot.knowledge.index import BuildReport, Index, build
from bot.knowledge.pictures import Said
from bot.knowledge.sight import sight_of
from bot.knowledge.versions import stamp
from bot.knowledge.website import Crawl, Unreachable
from bot.screenshots import entities
from bot.screenshots.eye import opened
from bot.screenshots.ocr import Reader
from bot.settings import Settings
from handlers.cli.reading import progress_bar
from handlers.wiring.chosen import closed

SHOWN = 20
"""Articles that are named one by one when something kept them out."""


class PictureReader:
    """Reads the pictures of articles; models are loaded at the first one."""

    def __init__(self) -> None:
        self._reader: Reader | None = None

    def __call__(self, data: bytes) -> Said:
        """What a picture says. Raises ValueError or OSError when it is none."""
        picture = opened(data)
        self._reader = self._reader or Reader()
        lines = self._reader.examine(picture).lines
        return Said("\n".join(line.text for line in lines), entities.find(lines, picture).where)


async def build_source(source: str, to: Path, read_picture: PictureReader | None, console: Console) -> BuildReport:
    """The index of `source` (a folder, a file, or an address, whose pages are kept in `to`/.pages) brought up to date.

    Raises FileNotFoundError when there is no such folder or file, Unreachable when an address gives no pages.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says of a damaged file is in the report
    folder = Path(source)
    if is_address(source):
        crawl = Crawl(source, to / ".pages")
        with progress_bar("fetching pages") as progress:
            folder = await crawl.run(progress)
        for reason in crawl.failed[:SHOWN]:
            console.print(f"  not fetched: {reason}", highlight=False, markup=False)
    with progress_bar("reading articles") as progress:
        return await build(folder, to, progress, read_picture, encoder_of(Settings().encoder))


def shown(report: BuildReport, console: Console) -> None:
    """Says for whom the articles are, which could not be read, and which were left out on purpose."""
    for line in for_whom(report, closed(Settings())):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    for what, reasons in (("not readable", report.unreadable), ("left out", report.left_out)):
        for reason in reasons[:SHOWN]:
            console.print(f"  {what}: {reason}", highlight=False, markup=False)
        if len(reasons) > SHOWN:
            console.print(f"  {what}: {len(reasons) - SHOWN} more", highlight=False, markup=False)


def for_whom(report: BuildReport, shut: frozenset[str]) -> Iterator[str]:
    """How many articles there are by language, version, plan and audience, where they differ; and what is closed."""
    if len(report.languages) > 1:
        yield f"by language: {_counted({name or 'not known': n for name, n in report.languages.items()})}"
    named = [(kind, value, n) for facet, n in report.facets.items() for kind, value in facets([facet])]
    for kind in KINDS:
        if own := {value: n for of, value, n in named if of == kind}:
            yield f"by {kind}: {_counted(own)}"
    if own := {f"{kind} {value}": n for kind, value, n in named if is_closed(kind, value, shut)}:
        yield f"open only to whom a signed token names so: {_counted(own)}"


def _counted(counts: dict[str, int]) -> str:
    told = [f"{name} {count}" for name, count in counts.items()]
    return ", ".join(told[:SHOWN]) + (f" and {len(told) - SHOWN} more" if len(told) > SHOWN else "")


async def index_source(settings: Settings, source: str, console: Console) -> Path:
    """The index of `source` in the data folder, brought up to date. An address that is away leaves the index as it is.

    Raises what `build_source` raises; Unreachable only when there is no index yet.
    """
    place = source if is_address(source) else Path(source).resolve().as_posix()
    to = settings.data / "index" / re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")[-80:]
    try:
        report = await build_source(source, to, PictureReader(), console)
    except Unreachable as error:
        if not stamp(to):
            raise
        console.print(f"{error}; going on with what was indexed before", highlight=False, markup=False)
        return to
    console.print(f"[dim]{report.articles} articles from {source}[/]")
    shown(report, console)
    return to


def opened_index(kb: Path, console: Console) -> Index:
    """The index at `kb` with the owner's encoder; says where its vectors cannot be used. Raises NoIndex, ValueError."""
    index = Index.open(kb, encoder_of(Settings().encoder), sight_of(Settings().image_encoder))
    if index.by_words_alone:
        console.print(index.by_words_alone, highlight=False, markup=False, soft_wrap=True)
    return index


def is_address(source: str) -> bool:
    """Whether a source is on the web."""
    return source.startswith(("http://", "https://"))
