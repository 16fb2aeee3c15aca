"""One example screenshot through the real house: what `make run` is seen to do without a browser."""

import io
import time

from PIL import Image
from rich.console import Console

from bot.answering.extractive import on_one_line
from bot.conversation import Answered, Done, Point, Pointed, Seen
from bot.screenshots import ring
from bot.settings import Settings
from handlers.cli.ask import show
from handlers.wiring import EXAMPLES, Front

PICTURE = EXAMPLES / "screenshots" / "card.png"
QUESTION = "My payment does not go through"


async def show_example(front: Front, settings: Settings, console: Console) -> None:
    """Sends the picture and the question as a customer would, follows the answer, and prints it."""
    started = time.monotonic()
    desk = front.desk
    opened = await desk.open()
    console.print(f"\n  A customer sends [bold]{PICTURE.name}[/] and asks: “{QUESTION}”")
    attachment = await desk.attach(opened.id, PICTURE.read_bytes(), PICTURE.name)
    await desk.say(opened.id, "customer", QUESTION, [attachment.id], key="example")
    answered: Answered | None = None
    points: tuple[Point, ...] = ()
    async for _, event in desk.follow(opened.id):
        match event:
            case Seen():
                console.print(f"  [dim]HelpLens sees:[/] {event.where}: [bold]{on_one_line(event.error)}[/]")
            case Answered():
                answered = event
            case Pointed():
                points = event.points
            case Done():
                break
    if answered is None:
        raise RuntimeError("the example turn ended without an answer")
    to = settings.data / "example-ringed.png"
    picture = Image.open(io.BytesIO(await front.storage.get(attachment.id)))
    ring.draw(picture, points).save(to)
    result = {
        "answer": answered.text,
        "choices": [choice.model_dump() for choice in answered.choices],
        "citations": [citation.model_dump() for citation in answered.citations],
        "model": answered.model,
        "confidence": answered.confidence,
        "seconds": time.monotonic() - started,
    }
    show(result, to if points else None, console)
