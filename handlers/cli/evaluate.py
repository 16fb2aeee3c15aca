"""`helplens eval`: figures on cases, before a release."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.evaluation import retrieval
from bot.knowledge import ranking
from bot.knowledge.fusion import FUSIONS
from bot.knowledge.index import Index
from bot.settings import Settings
from handlers.cli.indexing import opened_index
from handlers.cli.reading import hopeless, queries
from handlers.cli.release import eval_release

evaluate = typer.Typer(help="Measure on cases.", no_args_is_help=True)

Kb = Annotated[Path, typer.Option("--kb", help="The index that `helplens kb build` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line on stdout.")]


@evaluate.callback()
def _evaluate() -> None:
    """Measure on cases before a release."""


evaluate.command("release")(eval_release)


@evaluate.command("retrieval")
def eval_retrieval(
    cases: Annotated[Path, typer.Argument(help="JSON lines: image (or null), question, expect.", exists=True)],
    index: Kb,
    fusion: Annotated[list[str] | None, typer.Option(help=f"Any of {', '.join(FUSIONS)}; repeat it.")] = None,
    as_json: AsJson = False,
    details: Annotated[Path | None, typer.Option(help="Write one line per case to this file.")] = None,
    precision: Annotated[float | None, typer.Option(help="Wanted precision of what is answered.")] = None,
) -> None:
    """How often the right article is first, among the first five, and how far the confidence holds.

    R@3: a right article is among the first three. Precision is of what is answered outright; shown: a right article
    is quoted or on a button, three in all.
    """
    searched = opened_index(index, Console(stderr=True))
    read = retrieval.read_cases(cases)
    hopeless(read, searched.articles)
    asked = asyncio.run(queries(read, cases.parent))
    wanted = precision if precision is not None else Settings().precision
    threshold = ranking.threshold(searched, wanted)
    table = Table(
        "fusion",
        "cases",
        "R@1",
        "R@3",
        "R@5",
        "MRR",
        "answered",
        "precision",
        "shown",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    results: list[retrieval.Outcome] = []
    ways_asked = [(name, name, searched, threshold) for name in fusion or ["best"]]
    if searched.meaning and "best" in (fusion or ["best"]):
        plainly = Index.open(index)
        ways_asked.insert(0, ("best by words", "best", plainly, ranking.threshold(plainly, wanted)))
    for shown, name, asked_of, least in ways_asked:
        results = list(retrieval.outcomes(asked_of, read, asked, name, least))
        f = retrieval.figures(shown, results)
        if as_json:
            typer.echo(_as_json(f, results))
        table.add_row(
            shown,
            str(f.cases),
            *(percent(v) for v in (f.recall_1, f.recall_3, f.recall_5, f.mrr)),
            percent(f.answered),
            percent(f.precision),
            percent(f.shown),
        )
    if details is not None:
        retrieval.write_details(results, details)
    if not as_json:
        Console().print(table)
        Console().print(_reliability(ways_asked[-1][0], results))
        _say_threshold(wanted, threshold)


def _as_json(figures: retrieval.Figures, results: list[retrieval.Outcome]) -> str:
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
            "shown": figures.shown,
            "reliability": [b._asdict() for b in retrieval.reliability(results)],
        }
    )


def _reliability(way: str, results: list[retrieval.Outcome]) -> Table:
    title = f"how far the confidence of {way} holds"
    table = Table("confidence", "cases", "said", "right", title=title, title_justify="left", box=SIMPLE_HEAD)
    for b in retrieval.reliability(results):
        table.add_row(f"{b.low:.1f}-{b.high:.1f}", str(b.cases), percent(b.confidence), percent(b.right))
    return table


def _say_threshold(precision: float, threshold: float) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"Given outright from a confidence of {threshold:.2f} on, where {100 * precision:g} % of what was answered was "
        "right on products held out; HELPLENS_PRECISION or --precision moves it."
    )


def percent(value: float | None) -> str:
    """A share as people read it."""
    return "-" if value is None else f"{100 * value:.1f} %"
