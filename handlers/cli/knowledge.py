"""`helplens kb`, `helplens eval`, `helplens learn`: the help centre's index, its figures, its learned ranking."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bot import evaluation, training
from bot.evaluation import Pictures
from bot.knowledge import fusion as ways
from bot.knowledge.fusion import FUSIONS, Query, rank
from bot.knowledge.index import BuildReport, Index, build
from bot.knowledge.website import Crawl
from bot.screenshots.eye import opened
from bot.screenshots.intake import Intake
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen, look
from bot.settings import Settings

kb = typer.Typer(help="Index a help centre, and search it.", no_args_is_help=True)
evaluate = typer.Typer(help="Measure on cases.", no_args_is_help=True)
learn = typer.Typer(help="Learn from cases.", no_args_is_help=True)
stderr = Console(stderr=True)

Kb = Annotated[Path, typer.Option("--kb", help="The index that `helplens kb build` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]
UNREADABLE_SHOWN = 20


@evaluate.callback()
def _evaluate() -> None:
    """Measure on cases before a release."""


@learn.callback()
def _learn() -> None:
    """Learn from cases."""


@asynccontextmanager
async def reading() -> AsyncIterator[evaluation.Look]:
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


class PictureReader:
    """Reads the pictures of articles; models are loaded at the first one."""

    def __init__(self) -> None:
        self._reader: Reader | None = None

    def __call__(self, data: bytes) -> str:
        """What a picture says. Raises ValueError or OSError when it is none."""
        picture = opened(data)
        self._reader = self._reader or Reader()
        return "\n".join(line.text for line in self._reader.examine(picture).lines)


@contextmanager
def _progress(what: str) -> Iterator[evaluation.Progress]:
    """A bar on stderr while something long runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[name]}"), console=stderr, transient=True) as bar:
        task = bar.add_task(what, name="")
        yield lambda done, total, name: bar.update(task, completed=done, total=total, name=name[-60:])


@kb.command("build")
def kb_build(
    source: Annotated[str, typer.Argument(help="A folder of articles, or a help centre's address.")],
    to: Annotated[Path, typer.Option("--to", help="Where the index goes; only what changed is read again.")],
    pictures: Annotated[bool, typer.Option(help="Read the articles' own pictures too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Index a help centre: Markdown, MDX, reStructuredText, AsciiDoc and HTML files, and the pictures in them."""
    report = asyncio.run(_build(source, to, PictureReader() if pictures else None))
    if as_json:
        typer.echo(json.dumps(report.__dict__))
        return
    stderr.print(
        f"{report.articles} articles in {report.passages} passages; {report.read} read, {report.unchanged} unchanged, "
        f"{report.removed} gone, {len(report.unreadable)} not readable; {report.seconds:.1f} s. Index: {to}",
        highlight=False,
    )
    for reason in report.unreadable[:UNREADABLE_SHOWN]:
        stderr.print(f"  not readable: {reason}", highlight=False, markup=False)


async def _build(source: str, to: Path, read_picture: PictureReader | None) -> BuildReport:
    folder = Path(source)
    if source.startswith(("http://", "https://")):
        crawl = Crawl(source, to / ".pages")
        with _progress("fetching pages") as progress:
            folder = await crawl.run(progress)
        for reason in crawl.failed[:UNREADABLE_SHOWN]:
            stderr.print(f"  not fetched: {reason}", highlight=False, markup=False)
    with _progress("reading articles") as progress:
        return await build(folder, to, progress, read_picture)


@kb.command("search")
def kb_search(
    index: Kb,
    question: Annotated[str, typer.Option(help="What the customer wrote.")] = "",
    image: Annotated[Path | None, typer.Option(help="The customer's screenshot.", exists=True)] = None,
    fusion: Annotated[str, typer.Option(help=f"One of {', '.join(FUSIONS)}.")] = "best",
    top: Annotated[int, typer.Option(min=1)] = 10,
    as_json: AsJson = False,
) -> None:
    """Search an index by question, by screenshot, or by both."""
    if not question and image is None:
        raise typer.BadParameter("give --question, --image, or both")
    ranking = rank(Index.open(index), asyncio.run(_query(question, image)), fusion, top)
    if as_json:
        for hit in ranking.hits:
            found = {"article": hit.passage.article, "passage": hit.passage.number, "score": round(hit.score, 4)}
            typer.echo(json.dumps(found))
        return
    console = Console()
    for number, hit in enumerate(ranking.hits, 1):
        where = " > ".join((hit.passage.title, *hit.passage.headings))
        console.print(f"{number:2}  {hit.score:8.3f}  {hit.passage.article}  [dim]{where}[/]", highlight=False)
    stderr.print(f"confidence that the first one answers: {ranking.confidence:.2f}", highlight=False)


async def _query(question: str, image: Path | None) -> Query:
    if image is None:
        return Query(question=question)
    async with reading() as look:
        return Query(question=question, screens=(await _pictures(look).screen(image),))


def _pictures(look: evaluation.Look) -> Pictures:
    return Pictures(look, Settings().data / "cache" / "screens")


@evaluate.command("retrieval")
def eval_retrieval(
    cases: Annotated[Path, typer.Argument(help="JSON lines: image (or null), question, expect.", exists=True)],
    index: Kb,
    fusion: Annotated[list[str] | None, typer.Option(help=f"Any of {', '.join(FUSIONS)}; repeat it.")] = None,
    as_json: AsJson = False,
    details: Annotated[Path | None, typer.Option(help="Write one line per case to this file.")] = None,
    precision: Annotated[float | None, typer.Option(help="Wanted precision of what is answered.")] = None,
) -> None:
    """How often the right article is first, among the first five, and how far the confidence holds."""
    searched = Index.open(index)
    read = evaluation.read_cases(cases)
    asked = asyncio.run(_queries(read, cases.parent))
    threshold = ways.threshold(searched, precision if precision is not None else Settings().precision)
    table = Table("fusion", "cases", "recall@1", "recall@3", "recall@5", "MRR", "answered", "precision of answered")
    results: list[evaluation.Outcome] = []
    for name in fusion or ["best"]:
        results = list(evaluation.outcomes(searched, read, asked, name, threshold))
        f = evaluation.figures(name, results)
        if as_json:
            typer.echo(_as_json(f, results))
        table.add_row(
            name,
            str(f.cases),
            *(_percent(v) for v in (f.recall_1, f.recall_3, f.recall_5, f.mrr)),
            _percent(f.answered),
            _percent(f.precision),
        )
    if details is not None:
        evaluation.write_details(results, details)
    if not as_json:
        Console().print(table)
        Console().print(_reliability(results))


def _as_json(figures: evaluation.Figures, results: list[evaluation.Outcome]) -> str:
    return json.dumps(
        {
            "fusion": figures.fusion,
            "cases": figures.cases,
            "recall@1": figures.recall_1,
            "recall@3": figures.recall_3,
            "recall@5": figures.recall_5,
            "mrr": figures.mrr,
            "answered": figures.answered,
            "precision": figures.precision,
            "reliability": [b._asdict() for b in evaluation.reliability(results)],
        }
    )


def _reliability(results: list[evaluation.Outcome]) -> Table:
    table = Table("confidence", "cases", "said", "right", title="how far the confidence holds", title_justify="left")
    for b in evaluation.reliability(results):
        table.add_row(f"{b.low:.1f}-{b.high:.1f}", str(b.cases), _percent(b.confidence), _percent(b.right))
    return table


async def _queries(read: list[evaluation.Case], folder: Path) -> list[Query]:
    with _progress("reading pictures") as progress:
        async with reading() as look:
            return await evaluation.queries(read, folder, _pictures(look), progress)


@learn.command("ranking")
def learn_ranking(
    folders: Annotated[list[Path], typer.Argument(help="Help centres: each with articles/ and cases.jsonl.")],
    to: Annotated[Path, typer.Option(help="Where the weights go; as ranking.json in an index they are used there.")],
    as_json: Annotated[bool, typer.Option("--json", help="The score card as JSON on stdout.")] = False,
) -> None:
    """Learn the ranking from cases; every product is held out in turn, and the score card tells how it fared."""
    products = [asyncio.run(_product(folder)) for folder in folders]
    ranker, _ = training.learn(products, lambda line: stderr.print(line, highlight=False))
    ranker.write(to)
    if as_json:
        typer.echo(json.dumps(ranker.card))
        return
    console = Console()
    card = ranker.card or {}
    console.print(_score_card(card))
    gain = card["gain at 1 over plain BM25"]
    console.print(
        f"gain in recall@1 over plain BM25: {100 * gain['mean']:.1f} points "
        f"(95 % interval {100 * gain['low']:.1f} to {100 * gain['high']:.1f}); precision of the surest: "
        + ", ".join(f"{share} answered {100 * value:.1f} %" for share, value in card["precision of the surest"].items())
    )
    stderr.print(f"weights: {to}", highlight=False)


async def _product(folder: Path) -> training.Product:
    """A help centre's cases, measured; its index and what was read of its pictures stay in the data folder."""
    name = folder.resolve().name
    cases = evaluation.read_cases(folder / "cases.jsonl")
    to = Settings().data / "cache" / "learn" / name
    with _progress(f"{name}: articles") as progress:
        await build(folder / "articles", to, progress)
    asked = await _queries(cases, folder)
    return await asyncio.to_thread(training.measure, name, Index.open(to), cases, asked)


def _score_card(card: dict[str, Any]) -> Table:
    table = Table("held out", "recall@1", "recall@3", "recall@5", "MRR")
    rows = card["products"] | {"mean": card["mean"], "mean of plain BM25": card["plain BM25"]}
    for name, row in rows.items():
        table.add_row(name, *(_percent(row[key]) for key in ("recall@1", "recall@3", "recall@5", "mrr")))
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"
