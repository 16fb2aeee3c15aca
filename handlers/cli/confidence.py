"""`helplens learn confidence`: how sure an answer is, fitted to a help centre by the pictures in its own articles."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.evaluation.retrieval import Bin
from bot.knowledge.encoder import encoder_of
from bot.knowledge.index import Index, build
from bot.knowledge.pictures import located
from bot.knowledge.ranker import RANKING, Ranker, shipped
from bot.knowledge.versions import current
from bot.screenshots.screen import Screen
from bot.settings import Settings
from bot.training import own
from handlers.cli.evaluate import percent
from handlers.cli.reading import kept_pictures, progress_bar, reading

Shown = list[tuple[Screen, frozenset[str]]]


def learn_confidence(
    source: Annotated[Path, typer.Argument(help="The folder of articles with their pictures.", exists=True)],
    index: Annotated[Path, typer.Option("--kb", help="The index that `helplens kb build` made of it.")],
) -> None:
    """Fit how sure answers are to your own help centre, by the pictures in its articles.

    Crops of each picture are asked of an index that does not know what the pictures say. What that teaches is kept as
    ranking.json in the index, and only where it told better on pictures held out.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    current(index)
    kept = index / RANKING
    ranker = Ranker.read(kept.read_bytes()) if kept.is_file() else shipped()
    fits = asyncio.run(_fits(source, ranker))
    told = Console()
    for title, fit in fits.items():
        told.print(_table(title, fit.before, fit.after))
    if not any(fit.better for fit in fits.values()):
        console.print("What is said already fits your pictures as well: left as it is.")
        return
    words, vectors = fits["by words"].ranker, fits.get("with vectors")
    replace(words, with_vectors=vectors.ranker if vectors else ranker.with_vectors).write(kept)
    console.print(f"Kept in {kept}; delete it to go back.")


async def _fits(source: Path, ranker: Ranker) -> dict[str, own.Fit]:
    """What the pictures teach, by words and, where an encoder is set, with vectors."""
    encoder = encoder_of(Settings().encoder) if ranker.with_vectors else None
    with tempfile.TemporaryDirectory(prefix="helplens-") as folder:
        to = Path(folder) / "index"
        with progress_bar("reading articles") as progress:
            await build(source, to, progress, encoder=encoder)
        plain = Index.open(to)
        shown = await _pictures(source, plain)
        if len(shown) < own.FEWEST:
            raise ValueError(
                f"{source}: {len(shown)} pictures could be read; {own.FEWEST} are the fewest to learn from"
            )
        fits = {"by words": await asyncio.to_thread(_fit, plain, own.unfitted(ranker), shown)}
        if encoder and ranker.with_vectors:
            better = Index.open(to, encoder)
            fits["with vectors"] = await asyncio.to_thread(_fit, better, own.unfitted(ranker.with_vectors), shown)
        return fits


def _fit(index: Index, ranker: Ranker, shown: Shown) -> own.Fit:
    return own.fit(ranker, own.asked(index, ranker, shown))


async def _pictures(source: Path, index: Index) -> Shown:
    """The readable pictures of the articles, each with all articles that hold it."""
    root = source if source.is_dir() else source.parent
    holding: dict[Path, set[str]] = {}
    for n, article in enumerate(index.articles):
        for number in index.passages_of(n):
            for picture in index.passage(number).pictures:
                if path := located(picture.path, root / article, root):
                    holding.setdefault(path, set()).add(article)
    shown: Shown = []
    async with reading() as look:
        pictures = kept_pictures(look)
        with progress_bar("reading pictures") as progress:
            for n, (path, articles) in enumerate(sorted(holding.items())):
                progress(n, len(holding), path.name)
                try:
                    screen = await pictures.screen(path)
                except ValueError:
                    continue
                if screen.legible:
                    shown.append((screen, frozenset(articles)))
    return shown


def _table(title: str, before: Sequence[Bin], after: Sequence[Bin]) -> Table:
    table = Table(
        "confidence", "cases", "said", "right", "", "cases", "said", "right", title=title, title_justify="left",
        box=SIMPLE_HEAD, caption="left as it was, right fitted, each picture by what the others taught",
    )  # fmt: skip
    sides = [{b.low: b for b in side} for side in (before, after)]
    for low in sorted({*sides[0], *sides[1]}):
        table.add_row(f"{low:.1f}-{low + 0.1:.1f}", *_cells(sides[0].get(low)), "", *_cells(sides[1].get(low)))
    return table


def _cells(b: Bin | None) -> tuple[str, str, str]:
    return (str(b.cases), percent(b.confidence), percent(b.right)) if b else ("", "", "")
