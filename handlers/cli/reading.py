"""Reading the pictures that a command is given, with progress, each of them once."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.evaluation import retrieval
from bot.evaluation.retrieval import Pictures
from bot.knowledge.fusion import Query
from bot.screenshots.eye import opened
from bot.screenshots.intake import Intake
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen, look
from bot.settings import Settings

NAMED = 5
"""Articles that are named one by one."""


@asynccontextmanager
async def reading() -> AsyncIterator[retrieval.Look]:
    """A look at picture files; intake and models are started at the first one that the cache does not know."""
    async with AsyncExitStack() as stack:
        started: list[tuple[Intake, Reader]] = []

        async def look_at(data: bytes) -> Screen:
            if not started:
                reader = await asyncio.to_thread(Reader)
                started.append((await stack.enter_async_context(Intake()), await stack.enter_async_context(reader)))
            intake, reader = started[0]
            picture = await intake.clean(data, "")
            return await look(await asyncio.to_thread(opened, picture.data), picture.sha256, reader)

        yield look_at


@contextmanager
def progress_bar(what: str) -> Iterator[retrieval.Progress]:
    """A bar on stderr while something long runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[name]}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, name="")
        yield lambda done, total, name: bar.update(task, completed=done, total=total, name=name[-60:])


def kept_pictures(look: retrieval.Look) -> Pictures:
    """Pictures read by `look`, what was read of them kept in the data folder."""
    return Pictures(look, Settings().data / "cache" / "screens")


async def queries(read: list[retrieval.Case], folder: Path) -> list[Query]:
    """The query of each case of a file in `folder`."""
    with progress_bar("reading pictures") as progress:
        async with reading() as look:
            return await retrieval.queries(read, folder, kept_pictures(look), progress)


def hopeless(cases: Sequence[retrieval.Expecting], articles: Collection[str]) -> str:
    """Says on stderr, and returns for a report, which expected articles are not in the index, so that their cases fail
    whatever the ranking does; nothing where all are there."""
    lost = retrieval.hopeless(cases, articles)
    if not lost:
        return ""
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    told = f"Not in this index, though cases expect them: {', '.join(lost[:NAMED])}{more}."
    Console(stderr=True, highlight=False, soft_wrap=True).print(told, markup=False)
    return told
