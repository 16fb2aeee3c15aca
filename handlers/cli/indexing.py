"""Indexing a help centre with its progress shown: for `helplens kb build`, and for `helplens up SOURCE`."""

import asyncio
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from bot.evaluation import retrieval
from bot.knowledge.encoder import encoder_of
from bot.knowledge.fetcher import Fetcher
from bot.knowledge.filters import KINDS, facets, is_closed
from bot.knowledge.gallery import Gallery
from bot.knowledge.index import BuildReport, Index, NoArticles, build
from bot.knowledge.journal import Journal
from bot.knowledge.pictures import ReadPicture, Said, remembered
from bot.knowledge.sight import sight_of
from bot.knowledge.versions import NotWritten, check_writable, stamp
from bot.knowledge.website import Crawl, Unreachable
from bot.screenshots.intake import Refused
from bot.settings import Settings
from handlers.cli.reading import progress_bar, reading
from handlers.wiring.chosen import closed

SHOWN = 20
"""Articles that are named one by one when something kept them out."""


class FromTheWeb:
    """The pictures of a gallery, for a build in a thread of its own."""

    def __init__(self, gallery: Gallery) -> None:
        self.open_to = gallery.open_to
        self._gallery, self._loop = gallery, asyncio.get_running_loop()

    def __call__(self, address: str) -> bytes:
        """The picture. Raises ValueError."""
        return asyncio.run_coroutine_threadsafe(self._gallery.picture(address), self._loop).result()


def reader(look: retrieval.Look) -> ReadPicture:
    """Reads the pictures of articles as customers' pictures are looked at, for a build in a thread of its own."""
    loop = asyncio.get_running_loop()

    async def said(data: bytes) -> Said:
        try:
            screen = await look(data)
        except Refused as refused:
            raise ValueError(str(refused)) from refused
        return Said(screen.text, screen.where)

    return lambda data: asyncio.run_coroutine_threadsafe(said(data), loop).result()


async def build_source(source: str, to: Path, console: Console, pictures: bool = True) -> BuildReport:
    """The index of `source` (a folder, a file, or an address) brought up to date, its pictures read or left alone.

    What was fetched stays in `to`/.pages and `to`/.pictures, so that a build that was killed goes on where it was.
    Raises what `build` raises, and Unreachable when an address gives no pages.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it says of a damaged file is in the report
    settings, folder = Settings(), Path(source)
    check_writable(to)
    async with Fetcher() as fetcher, reading() as look:
        if is_address(source):
            crawl = Crawl(source, to / ".pages", fetcher)
            with progress_bar("fetching pages") as progress:
                folder = await crawl.run(progress)
            _named("not fetched", crawl.failed, console)
        kept = to / ".pictures"
        read = remembered(reader(look), Journal(kept / "read.jsonl")) if pictures else None
        fetch = FromTheWeb(Gallery(kept, fetcher, settings.picture_hosts)) if pictures else None
        with progress_bar("reading articles") as progress:
            return await build(folder, to, progress, read, encoder_of(settings.encoder), fetch)


def shown(report: BuildReport, console: Console) -> None:
    """Says for whom the articles are, which could not be read, and which were left out on purpose."""
    for line in for_whom(report, closed(Settings())):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    _named("not readable", report.unreadable, console)
    _named("left out", report.left_out, console)
    _named("picture", report.pictures_failed, console)
    for host, count in report.pictures_elsewhere.items():
        told = f"pictures on {host} were not asked for: {count}. HELPLENS_PICTURE_HOSTS={host} reads them too."
        console.print(f"  {told}", highlight=False, markup=False, soft_wrap=True)


def _named(what: str, reasons: Sequence[str], console: Console) -> None:
    for reason in reasons[:SHOWN]:
        console.print(f"  {what}: {reason}", highlight=False, markup=False, soft_wrap=True)
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
    """The index of `source` in the data folder, brought up to date. An address that is away, a folder that is empty now
    and a full disk leave the index as it is.

    Raises what `build_source` raises; these only when there is no index yet.
    """
    place = source if is_address(source) else Path(source).resolve().as_posix()
    to = settings.data / "index" / re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")[-80:]
    try:
        report = await build_source(source, to, console)
    except (Unreachable, NoArticles, NotWritten) as error:
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
