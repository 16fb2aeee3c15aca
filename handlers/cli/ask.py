"""`helplens ask`: one turn without a server, by the same orchestrator that serves customers."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from PIL import Image, ImageOps
from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel

from bot.conversation import Answered, Attachment, Conversation, Message, Point, Pointed, Seen, Step
from bot.screenshots import ring
from bot.screenshots.intake import Intake, Refused
from bot.screenshots.storage import Storage
from bot.settings import Settings
from handlers.cli.customer import playing
from handlers.wiring import EXTRACTIVE, Answering, example_index, open_answering
from prompts import say


def ask(
    question: Annotated[
        str, typer.Argument(help="What the customer asks; may be left out when there is a picture.")
    ] = "",
    image: Annotated[Path | None, typer.Option("--image", "-i", help="The customer's screenshot.", exists=True)] = None,
    kb: Annotated[
        Path | None, typer.Option("--kb", help="The index; without it the example help centre answers.")
    ] = None,
    ringed: Annotated[Path | None, typer.Option(help="Where to save the picture with the rings drawn.")] = None,
    language: Annotated[str, typer.Option(help="What the customer reads, such as de.")] = "",
    version: Annotated[str, typer.Option(help="Of the product, that they use.")] = "",
    plan: Annotated[str, typer.Option(help="That they have; several by commas.")] = "",
    audience: Annotated[str, typer.Option(help="That they are, such as admin.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Answer one question, with or without a screenshot, and say where to click.

    Language, version, plan and audience play a customer for whom the site's token says so.
    """
    if not question.strip() and image is None:
        raise typer.BadParameter("ask something, or show a picture with --image")
    settings = Settings() if kb is None else Settings(kb=kb)
    messages = Console(stderr=True, highlight=False)
    customer = playing("ask", language, version, plan, audience)
    result = asyncio.run(_one_turn(settings, customer, question, image, messages))
    picture = (
        _save(image, result, ringed or Path(f"{image.stem}-ringed.png")) if image and (ringed or not as_json) else None
    )
    if as_json:
        sys.stdout.write(orjson.dumps(result).decode() + "\n")
    else:
        show(result, picture, Console(highlight=False))


def show(result: dict[str, object], picture: Path | None, console: Console) -> None:
    """The answer as a person reads it: text, choices, sources, and the file with the rings."""
    parts = [str(result["answer"])]
    if result["choices"] and result["citations"]:
        parts.append(say("answering.or_these"))
    parts += [f"- {choice['text']}" for choice in result["choices"]]  # type: ignore[attr-defined]
    console.print(Panel(Markdown("\n\n".join(parts)), title="HelpLens", title_align="left", border_style="green"))
    for citation in result["citations"]:  # type: ignore[attr-defined]
        console.print(f"  \\[{citation['n']}] {citation['title']}  [dim]{citation['article']}[/]")
    if picture:
        console.print(f"  Ringed: [bold]{picture}[/]", soft_wrap=True)
    model = "quoted from the articles, no language model" if result["model"] == EXTRACTIVE else result["model"]
    console.print(f"  [dim]{model}; confidence {result['confidence']:.2f}, {result['seconds']:.1f} s[/]")


async def _one_turn(
    settings: Settings, customer: Conversation, question: str, image: Path | None, messages: Console
) -> dict[str, object]:
    started = time.monotonic()

    def tell(text: str) -> None:
        messages.print(f"[dim]{text}[/]")

    kb = await example_index(settings, tell)
    with tempfile.TemporaryDirectory(prefix="helplens-") as folder:
        async with Intake() as intake, open_answering(settings, kb, intake, Storage(folder), tell) as answering:
            return await _turn(answering, customer, question, image, messages, started)


async def _turn(
    answering: Answering,
    customer: Conversation,
    question: str,
    image: Path | None,
    messages: Console,
    started: float,
) -> dict[str, object]:
    attachments = (await _attach(answering, image),) if image else ()
    message = Message(id="m1", sender="customer", text=question, attachments=attachments)
    conversation = customer.then(1, message)
    answered: Answered | None = None
    points: tuple[Point, ...] = ()
    async for event in answering.orchestrator.turn(conversation, turn=1):
        match event:
            case Seen(outcome=outcome, reason=reason):
                messages.print(f"[dim]picture: {outcome}{', ' + reason if reason else ''}[/]")
            case Step(text=text):
                messages.print(f"[dim]{text}[/]")
            case Answered():
                answered = event
            case Pointed():
                points = event.points
    if answered is None:
        raise RuntimeError("the turn ended without an answer")
    return {
        "answer": answered.text,
        "citations": [c.model_dump() for c in answered.citations],
        "choices": [c.model_dump() for c in answered.choices],
        "points": [p.model_dump() for p in points],
        "model": answered.model,
        "handoff": answered.handoff,
        "confidence": answered.confidence,
        "answered": answered.answered,
        "seconds": round(time.monotonic() - started, 3),
    }


async def _attach(answering: Answering, image: Path) -> Attachment:
    try:
        return await answering.take(await asyncio.to_thread(image.read_bytes), image.name)
    except Refused as refused:
        raise ValueError(f"{image}: {refused}") from refused


def _save(image: Path, result: dict[str, object], to: Path) -> Path | None:
    """The picture with its rings, None when the answer points at nothing."""
    points = [Point(**point) for point in result["points"]]  # type: ignore[attr-defined]
    if not points:
        return None
    with Image.open(image) as picture:
        ring.draw(ImageOps.exif_transpose(picture), points).save(to)
    return to
