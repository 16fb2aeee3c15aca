"""Questions with pictures for the tests of the model server, and the server itself on loopback."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from PIL import Image, ImageDraw

from bot.answering.vlm.engine import Engine
from bot.answering.vlm.request import Request
from bot.answering.vlm.server import ModelServer

SEARCH = {"type": "function", "function": {"name": "search_help", "description": "", "parameters": {"type": "object"}}}
CALLING = ["Let me look.", "<tool_call>", '\n{"name": "search_help", "arguments": {"query": "invite"}}', "</tool_call>"]
THEN = ["Open **Members**", ", press **Invite** [2].", " Done."]


def drawing(number: int) -> Image.Image:
    """A small screen, different for each number; of one size are those of one remainder by three."""
    image = Image.new("RGB", (140 + 28 * (number % 3), 112), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((10 * number, 10, 60 + 10 * number, 50), fill=(200, 37 * number % 255, 90))
    draw.text((10, 70), f"Error {number}", fill="black")
    return image


def asking(number: int, words: str = "What is wrong?", picture: bool = True) -> list[dict[str, Any]]:
    """A question with a picture."""
    shown = [{"type": "image", "image": drawing(number)}] if picture else []
    return [{"role": "user", "content": [*shown, {"type": "text", "text": words}]}]


async def said(
    engine: Engine, messages: list[dict[str, Any]], most: int = 16, *, wait: float = 0.0, **more: Any
) -> str:
    """The whole answer."""
    await asyncio.sleep(wait)
    return "".join([piece.text async for piece in engine.answer(Request(messages, most, **more))])


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[str]:
    """The model server on loopback."""
    runner = web.AppRunner(ModelServer(engine, "tiny-vl").app(), handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def data_url(image: Image.Image) -> str:
    """The picture as a data URL."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def wire(url: str) -> list[dict[str, Any]]:
    """Messages as OpenAI's clients send them."""
    picture = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [picture, {"type": "text", "text": "What is wrong?"}]}]
