"""`helplens kb`, `helplens learn`: the help centre's index, and its learned ranking."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image, ImageOps
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import training
from bot.evaluation import retrieval
from bot.knowledge.deciding import places
from bot.knowledge.encoder import encoder_of
from bot.knowledge.fusion import FUSIONS, Query, Ranking
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
from bot.screenshots import redaction
from bot.screenshots.light import DECIDED, light
from bot.screenshots.screen import Screen
from bot.settings import Settings
from handlers.cli.confidence import learn_confidence
from handlers.cli.evaluate import percent
from handlers.cli.indexing import build_source, opened_index, shown
from handlers.cli.reading import kept_pictures, progress_bar, queries, reading

kb = typer.Typer(help="Index a help centre, and search it.", no_args_is_help=True)
learn = typer.Typer(help="Learn from cases.", no_args_is_help=True)
stderr = Console(stderr=True)

Kb = Annotated[Path, typer.Option("--kb", help="The index that `helplens kb build` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]


@learn.callback()
def _learn() -> None:
    """Learn from cases."""


@kb.command("build")
def kb_build(
    source: Annotated[str, typer.Argument(help="A folder of articles, one export file, or a help centre's address.")],
    to: Annotated[Path, typer.Option("--to", help="Where the index goes; only what changed is read again.")],
    pictures: Annotated[bool, typer.Option(help="Read the articles' own pictures too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Index a help centre: Markdown, MDX, reStructuredText, AsciiDoc, HTML and PDF files, and the pictures in them.

    The export files of Zendesk Guide and of Intercom (JSON, or one JSON a line) are read article by article. Pictures
    on the web are fetched from the articles' own hosts and from those that HELPLENS_PICTURE_HOSTS names.
    """
    report = asyncio.run(build_source(source, to, stderr, pictures))
    if as_json:
        typer.echo(json.dumps(report.__dict__))
        return
    vectors = f"{report.encoded} encoded, " if Settings().encoder else ""
    seen = f"{report.pictures} pictures read; " if report.pictures else ""
    stderr.print(
        f"{report.articles} articles in {report.passages} passages; {report.read} read, {report.unchanged} unchanged, "
        f"{report.removed} gone, {len(report.unreadable)} not readable, {len(report.left_out)} left out; "
        f"{seen}{vectors}{report.seconds:.1f} s. Index: {to}",
        highlight=False,
        soft_wrap=True,
    )
    shown(report, stderr)


@kb.command("search")
def kb_search(
    index: Kb,
    question: Annotated[str, typer.Option(help="What the customer wrote.")] = "",
    image: Annotated[Path | None, typer.Option(help="The customer's screenshot.", exists=True)] = None,
    fusion: Annotated[str, typer.Option(help=f"One of {', '.join(FUSIONS)}.")] = "best",
    top: Annotated[int, typer.Option(min=1)] = 10,
    language: Annotated[str, typer.Option(help="Of the articles, such as de; all when nothing is found in it.")] = "",
    version: Annotated[str, typer.Option(help="Leave out articles for other versions.")] = "",
    plan: Annotated[str, typer.Option(help="Leave out articles for other plans.")] = "",
    audience: Annotated[str, typer.Option(help="Leave out articles for other audiences.")] = "",
    lit: Annotated[
        Path | None, typer.Option(help="Where to save the screenshot with the lines lit that decided for the first.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Search an index by question, by screenshot, or by both.

    Below each article stand the lines of the screen that spoke for it rather than for others (`best` and `cross`).
    """
    if not question.strip() and image is None:
        raise typer.BadParameter("give --question, --image, or both")
    if lit is not None and image is None:
        raise typer.BadParameter("--lit lights lines on a screenshot: give --image")
    if lit is not None and not lit.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {lit.resolve().parent}", param_hint="--lit")
    query = asyncio.run(_query(question, image)).model_copy(
        update={"language": language, "version": version, "plan": plan, "audience": audience}
    )
    ranking = rank(opened_index(index, stderr), query, fusion, top)
    if lit is not None and image is not None:
        _light(image, lit, ranking, query.screens[0])
    if as_json:
        for hit in ranking.hits:
            found = {"article": hit.passage.article, "passage": hit.passage.number, "score": round(hit.score, 4)}
            typer.echo(json.dumps(found))
        return
    _print_hits(ranking, Console(highlight=False, soft_wrap=True))
    stderr.print(f"confidence that the first one answers: {ranking.confidence:.2f}", highlight=False)


def _print_hits(ranking: Ranking, console: Console) -> None:
    for number, hit in enumerate(ranking.hits, 1):
        where = " > ".join((hit.passage.title, *hit.passage.headings))
        because = ", ".join(f"“{line}”" for line in hit.decided_by)
        console.print(f"{number:2}  {hit.score:8.3f}  {escape(hit.passage.article)}")
        for line in filter(None, (where, because)):
            console.print(f"              [dim]{escape(line)}[/]")


def _light(image: Path, to: Path, ranking: Ranking, screen: Screen) -> None:
    """Saves the screenshot with the lines lit that decided for the first article, what is private blacked out."""
    decided_by = ranking.hits[0].decided_by if ranking.hits else ()
    with Image.open(image) as file:
        picture = ImageOps.exif_transpose(file).convert("RGB").resize((screen.width, screen.height))
    light(redaction.cover(picture, screen.sensitive), {DECIDED: places(decided_by, screen)}).save(to)
    stderr.print(f"lit: {to}" if decided_by else f"no line decided; the picture as it is: {to}", highlight=False)


async def _query(question: str, image: Path | None) -> Query:
    if image is None:
        return Query(question=question)
    async with reading() as look:
        return Query(question=question, screens=(await kept_pictures(look).screen(image),), pictures=(image,))


@learn.command("ranking")
def learn_ranking(
    folders: Annotated[list[Path], typer.Argument(help="Help centres: each with articles/ and cases.jsonl.")],
    to: Annotated[Path, typer.Option(help="Where the weights go; as ranking.json in an index they are used there.")],
    as_json: Annotated[bool, typer.Option("--json", help="The score card as JSON on stdout.")] = False,
) -> None:
    """Learn the ranking from cases; every product is held out in turn, and the score card tells how it fared."""
    asked: list[tuple[str, list[Query]]] = []
    products = []
    firsts = []
    for folder in folders:
        product, own, first = asyncio.run(_product(folder))
        products.append(product)
        asked.append((product.name, own))
        firsts.append(first)
    for n, product in enumerate(products):
        products[n] = training.with_strangers(product, [(name, own) for name, own in asked if name != product.name])
    ranker = training.learn(products, lambda line: stderr.print(line, highlight=False))
    ranker.write(to)
    vectors = ranker.with_vectors.card if ranker.with_vectors else None
    if as_json:
        typer.echo(json.dumps((ranker.card or {}) | ({"with vectors": vectors} if vectors else {})))
        return
    for title, card in (("by words", ranker.card), ("with vectors", vectors)):
        if card:
            _show(title, card, Console())
    learned, shipped = (ranker.card or {})["mean"]["recall@1"], sum(firsts) / len(firsts)
    stderr.print(f"weights: {to}", highlight=False)
    stderr.print(
        f"By words, the weights that come with HelpLens find {percent(shipped)} first on these cases, what is learned "
        f"here {percent(learned)}, held out." + (" Keep those that come with it." if learned <= shipped else ""),
        highlight=False,
        soft_wrap=True,
    )


learn.command("confidence")(learn_confidence)


async def _product(folder: Path) -> tuple[training.Product, list[Query], float]:
    """A help centre's cases, measured, and how often the weights that come with HelpLens have the right article first;
    its index and what was read of its pictures stay in the data folder."""
    name = folder.resolve().name
    cases = retrieval.read_cases(folder / "cases.jsonl")
    to = Settings().data / "cache" / "learn" / name
    encoder = encoder_of(Settings().encoder)
    with progress_bar(f"{name}: articles") as progress:
        await build(folder / "articles", to, progress, encoder=encoder)
    asked = await queries(cases, folder)
    plain = Index.open(to)
    first = [rank(plain, q, top=1).hits[:1] for q in asked]
    right = [any(hit.passage.article in case.expect for hit in hits) for case, hits in zip(cases, first, strict=True)]
    measured = await asyncio.to_thread(training.measure, name, Index.open(to, encoder), cases, asked)
    return measured, asked, sum(right) / len(right)


def _show(title: str, card: dict[str, Any], console: Console) -> None:
    names = ("held out", "recall@1", "recall@3", "recall@5", "MRR")
    table = Table(*names, title=title, title_justify="left", box=SIMPLE_HEAD)
    rows = card["products"] | {"mean": card["mean"], "mean of plain BM25": card["plain BM25"]}
    for name, row in rows.items():
        table.add_row(name, *(percent(row[key]) for key in ("recall@1", "recall@3", "recall@5", "mrr")))
    console.print(table)
    for how in ("over plain BM25", "by vectors"):
        if gain := card.get(f"gain at 1 {how}"):
            low, mean, high = (f"{100 * gain[key]:.1f}" for key in ("low", "mean", "high"))
            console.print(f"gain in recall@1 {how}: {mean} points (95 % interval {low} to {high})")
    surest = Table("answered, the surest", "right", "in the worst product", box=SIMPLE_HEAD)
    for (share, mean), worst in zip(
        card["precision of the surest"].items(), card["worst product"].values(), strict=True
    ):
        surest.add_row(share, percent(mean), percent(worst))
    outright = Table("answered outright", "own screens", "screens of other products", box=SIMPLE_HEAD)
    for when, row in card["answered"].items():
        if row["strangers"] is not None:
            outright.add_row(when, percent(row["own"]), percent(row["strangers"]))
    offered = Table("shown", "right among it", "answered", "with what comes next", "asked", box=SIMPLE_HEAD)
    told = card["shown"]
    every = told["products"] | {"mean": told["mean"], "screens of other products": told["strangers"]}
    for whose, row in every.items():
        if row:
            right = percent(row["right"]) if "right" in row else ""
            offered.add_row(whose, right, *(percent(row[key]) for key in ("outright", "with more", "asked")))
    held = Table("confidence said", "right", "cases", box=SIMPLE_HEAD)
    for b in card["reliability"]:
        held.add_row(f"{b['said']:.2f}", percent(b["right"]), str(b["cases"]))
    for small in (surest, outright, offered, held):
        if small.row_count:
            console.print(small)
