"""A LangChain chat model on transformers and torch: a vision-language model in this process, many answers at once.

The messages are OpenAI's, as LangChain converts them, so that a model here and one behind a URL are given the same.
Not here: loading and batching (`engine`), the same model as a server (`server`).
"""

import base64
import binascii
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, ModelProfile
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from PIL import Image
from pydantic import ConfigDict, Field

from bot.answering.breaker import RungBusy, RungFailed
from bot.answering.vlm.engine import Broken, Engine, Full

DATA_URL = "data:image/"
MOST_PIXELS = 8_000_000
MOST_PICTURES = 8
ROLES = ("system", "user", "assistant")


class VisionChat(BaseChatModel):
    """Answers with `engine`, which the caller opens and closes. It is told of no tools."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    engine: Engine
    max_tokens: int = 700
    profile: ModelProfile | None = Field(
        default_factory=lambda: ModelProfile(image_inputs=True, tool_calling=False), exclude=True
    )

    @property
    def grid(self) -> int | None:
        """Pixels each way that become one token, None where the model cuts pictures into tiles."""
        return self.engine.grid if self.engine.grid > 1 else None

    @property
    def _llm_type(self) -> str:
        return "vision-language"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("this model is asynchronous: use ainvoke or astream")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, run_manager, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        converted = convert_to_openai_messages(messages)
        try:
            async for piece in self.engine.answer(plain(converted), self.max_tokens):
                if piece.text:
                    yield ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
        except Full as error:
            raise RungBusy(str(error)) from error
        except (Broken, ValueError) as error:
            raise RungFailed(str(error)) from error


def plain(messages: Any) -> list[Mapping[str, Any]]:
    """OpenAI's messages as the engine takes them: texts and opened pictures.

    Raises ValueError for roles, parts or pictures that it does not take; addresses are never fetched.
    """
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages: a list that is not empty")
    made: list[Mapping[str, Any]] = []
    pictures = 0
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise ValueError(f"role: one of {', '.join(ROLES)}")
        content = message.get("content") or ""
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            raise ValueError("content: a text or a list of parts")
        made.append({"role": message["role"], "content": [_part(part) for part in parts]})
        pictures += sum(part["type"] == "image" for part in made[-1]["content"])
    if pictures > MOST_PICTURES:
        raise ValueError(f"at most {MOST_PICTURES} pictures")
    return made


def _part(part: Any) -> Mapping[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url)}} if url.startswith(DATA_URL):
            return {"type": "image", "image": opened(url)}
        case {"type": "image_url"}:
            raise ValueError("image_url: only data:image/...;base64 URLs; this server fetches no address")
        case _:
            raise ValueError("a part is of type text or image_url")


def opened(url: str) -> Image.Image:
    """The picture in a data URL. Raises ValueError when it is none, or too large."""
    try:
        data = base64.b64decode(url.partition("base64,")[2], validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValueError(f"a picture of at most {MOST_PIXELS} pixels")
            return picture.convert("RGB")
    except (binascii.Error, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"not a PNG, JPEG or WebP picture: {error}") from error
