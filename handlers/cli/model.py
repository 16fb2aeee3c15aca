"""`helplens model serve`: a vision-language model as a server. `helplens capacity`: what N users a day cost."""

import asyncio
import json
import logging
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from bot.answering.capacity import RULE, Demand, card_rate, flips, options, read

if TYPE_CHECKING:
    from bot.answering.vlm.engine import Engine

model = typer.Typer(name="model", help="A vision-language model of your own.", no_args_is_help=True)
LONGEST_TEXT = 2048
"""Tokens of a text that are looked at."""
_err = Console(stderr=True, soft_wrap=True)


@model.callback()
def group() -> None:
    """A vision-language model of your own."""


@model.command("serve")
def serve_model(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder with weights and tokenizer, or a model's name.")
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; the server has no keys, keep it inside.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    device: Annotated[str | None, typer.Option(help="cuda, cuda:1, cpu; by default the GPU if there is one.")] = None,
    dtype: Annotated[
        Literal["fp32", "bf16"] | None,
        typer.Option(help="By default bf16 on a GPU and fp32 on a CPU; bf16 pays on CPUs with AMX."),
    ] = None,
    adapter: Annotated[str | None, typer.Option(help="A LoRA adapter's folder, merged into the weights.")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="Round the language part's weights: half the memory.")] = False,
    rows: Annotated[int, typer.Option(min=1, help="Answers written at once.")] = 16,
    waiting: Annotated[int, typer.Option(min=0, help="Requests that may wait; more get 429.")] = 64,
    room: Annotated[
        int | None, typer.Option(min=256, help="Tokens of all answers together; by default what fits.")
    ] = None,
    prefixes: Annotated[
        int | None, typer.Option(min=0, help="Megabytes of earlier prompts kept for follow-ups; 0 keeps none.")
    ] = None,
    stall: Annotated[
        float, typer.Option(min=1.0, help="Seconds without progress after which /health is 503; more on slow CPUs.")
    ] = 10.0,
    replay: Annotated[
        bool, typer.Option("--replay", help="Record a GPU's steps and replay them: faster; not yet run on a GPU.")
    ] = False,
    called: Annotated[
        str | None, typer.Option("--name", help="What the model is called; by default its folder.")
    ] = None,
) -> None:
    """Serve MODEL by OpenAI's chat completions, for one GPU and one team: many answers at once, with pictures."""
    try:
        from bot.answering.vlm.engine import Engine
    except ImportError as error:
        raise ValueError("the model server needs torch and transformers: pip install 'helplens[models]'") from error
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    check_folder(name)
    _err.print(f"loading {name} …")
    limits = {"rows": rows, "waiting": waiting, "room": room, "stall": stall, "replay": replay}
    limits["prefix_bytes"] = None if prefixes is None else prefixes * 1_000_000
    with Engine.load(name, device=device, dtype=dtype, adapter=adapter, int8=int8, **limits) as engine:
        asyncio.run(_serve(engine, called or Path(name).name, host, port))


@model.command("losses")
def show_losses(
    name: Annotated[
        str, typer.Argument(metavar="MODEL", help="A folder with weights and tokenizer, or a model's name.")
    ],
    texts: Annotated[
        list[Path], typer.Argument(metavar="TEXT...", help="Texts of your own, such as articles: the prompts.")
    ],
    device: Annotated[str | None, typer.Option(help="cuda, cuda:1, cpu; by default the GPU if there is one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per part and line.")] = False,
) -> None:
    """Say what --int8 would cost MODEL on your own texts, part by part: errors of weights, changed first choices."""
    try:
        import torch

        from bot.answering.vlm.int8 import losses
        from bot.answering.vlm.weights import load
    except ImportError as error:
        raise ValueError("this needs torch and transformers: pip install 'helplens[models]'") from error
    from transformers import AutoTokenizer

    check_folder(name)
    tokenizer = AutoTokenizer.from_pretrained(name)
    ids = [tokenizer(text.read_text("utf-8"))["input_ids"][:LONGEST_TEXT] for text in texts]
    prompts = [torch.tensor([tokens]) for tokens in ids if tokens]
    if not prompts:
        raise ValueError("the texts are empty")
    table = Table(
        header_style="bold", title=f"{name} in int8, on {sum(map(len, ids)):,} tokens of {len(prompts)} texts"
    )
    for column in ("part", "MB before", "error of weights", "same first choice"):
        table.add_column(column, justify="left" if column == "part" else "right")
    for loss in losses(load(name, device=device), prompts):
        if as_json:
            sys.stdout.write(json.dumps(asdict(loss)) + "\n")
        table.add_row(loss.part, f"{loss.megabytes:,.1f}", f"{loss.weight_error:.2%}", f"{loss.same_choice:.1%}")
    if not as_json:
        Console().print(table)


def check_folder(name: str) -> None:
    """Raises ValueError where `name` means a folder that is not there or holds no model; other names are models'."""
    place = Path(name)
    if place.is_dir():
        if not (place / "config.json").is_file():
            raise ValueError(f"{name} holds no model: its config.json is missing")
    elif name.startswith(("/", ".", "~")) or name.count("/") != 1 or place.exists():
        raise ValueError(
            f"there is no folder {name}: give one with config.json, weights and tokenizer, "
            "or a model's name (owner/model)"
        )


async def _serve(engine: "Engine", name: str, host: str, port: int) -> None:
    from aiohttp import web

    from bot.answering.vlm.server import ModelServer

    runner = web.AppRunner(ModelServer(engine, name).app(), handler_cancellation=True, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    address = f"http://{host}:{runner.addresses[0][1]}/v1"
    options = f" calls={engine.rows}" + (f" grid={engine.grid}" if engine.grid > 1 else "")
    options += "" if engine.inputs.takes_tools else " tools=no"
    _err.print(f"{name} answers on [bold]{address}[/]; name it in HELPLENS_MODELS as openai:{name}@{address}{options}")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


def capacity(
    users: Annotated[int, typer.Option("--users-per-day", min=1, help="People who ask something on a day.")],
    questions: Annotated[float, typer.Option(help="Questions of one user.")] = 3.0,
    without_model: Annotated[float, typer.Option(min=0, max=1, help="Share answered by the articles alone.")] = 0.0,
    image_tokens: Annotated[int, typer.Option(min=0, help="Tokens of the picture in one question.")] = 1260,
    text_tokens: Annotated[int, typer.Option(min=0, help="Tokens of the text in one question.")] = 1500,
    output_tokens: Annotated[int, typer.Option(min=1, help="Tokens of one answer.")] = 250,
    redundant: Annotated[bool, typer.Option(help="Keep one card more than needed.")] = False,
    prices: Annotated[
        Path | None, typer.Option(help="Your own price file (TOML), as bot/answering/prices.toml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per way and line.")] = False,
) -> None:
    """Say what answering so many users costs a day: an API, a small card, an own GPU or a mix, and where it flips."""
    listed = read(prices.read_text("utf-8") if prices else None)
    demand = Demand(
        users=users,
        questions=questions,
        without_model=without_model,
        image_tokens=image_tokens,
        text_tokens=text_tokens,
        output_tokens=output_tokens,
    )
    ways = options(demand, listed, redundant=redundant)
    if as_json:
        for way in ways:
            sys.stdout.write(json.dumps(way.model_dump()) + "\n")
        return
    table = Table(header_style="bold", title=f"{users:,} users a day, {demand.asked:,.0f} questions to a model")
    for column in ("way", "$ a day", "$ per 1,000 questions", "cards", "busiest hour"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in ways:
        busy = f"{way.busy:.0%}" if way.cards else ""
        price = 1000 * way.day / demand.asked if demand.asked else 0.0
        table.add_row(way.name, f"{way.day:,.2f}", f"{price:,.2f}", str(way.cards or ""), busy)
    out = Console()
    out.print(table)
    out.print(f"Cheapest here: [bold]{ways[0].name}[/].")
    changes = [f"from {number:,} users a day {name}" for number, name in flips(demand, listed, redundant=redundant)]
    out.print("By this arithmetic: " + "; ".join(changes) + ".")
    out.print(f"The rule of thumb says: “{RULE}” The reason it gives is load; what these figures show is idleness.")
    rates = ", ".join(f"{card.name} {card_rate(card, demand):.1f}" for card in listed.card)
    out.print(
        f"Prices of {listed.date}. Questions a second one card answers, by its data sheet, not measured: {rates}."
    )
