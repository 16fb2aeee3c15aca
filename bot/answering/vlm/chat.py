"""A LangChain chat model on transformers and torch: a vision-language model in this process, many answers at once.

What it is asked passes through the same words as over HTTP (`wire`), so that a model here and one behind a URL are
given the same and refuse the same. Not here: batching (`engine`), the same model as a server (`server`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import ModelProfile
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from bot.answering.breaker import RungBusy, RungFailed
from bot.answering.streamed import StreamedChat
from bot.answering.vlm.engine import Engine
from bot.answering.vlm.request import Broken, Full, Piece
from bot.answering.vlm.wire import asked


class VisionChat(StreamedChat):
    """Answers with `engine`, which the caller opens and closes. It is told of tools if its chat template has them."""

    engine: Engine

    def model_post_init(self, context: Any, /) -> None:
        """What it can do is the engine's to say."""
        super().model_post_init(context)
        self.profile = ModelProfile(image_inputs=True, tool_calling=self.engine.inputs.takes_tools)

    @property
    def grid(self) -> int | None:
        """Pixels each way that become one token, None where the model cuts pictures into tiles."""
        return self.engine.grid if self.engine.grid > 1 else None

    @property
    def _llm_type(self) -> str:
        return "vision-language"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        body = {"max_tokens": self.max_tokens, "temperature": self.temperature, **kwargs}
        body |= {"messages": convert_to_openai_messages(messages), "stop": stop or kwargs.get("stop")}
        try:
            request = await asyncio.to_thread(asked, body)
            async with aclosing(self.engine.answer(request)) as pieces:
                async for piece in pieces:
                    if piece.text or piece.reason:
                        yield ChatGenerationChunk(message=_chunk(piece))
        except Full as error:
            raise RungBusy(str(error)) from error
        except (Broken, ValueError) as error:
            raise RungFailed(str(error)) from error


def _chunk(piece: Piece) -> AIMessageChunk:
    calls = [
        tool_call_chunk(name=call.name, args=call.arguments, id=f"call_{piece.tokens}_{n}", index=n)
        for n, call in enumerate(piece.calls)
    ]
    usage = UsageMetadata(
        input_tokens=piece.prompt_tokens,
        output_tokens=piece.tokens,
        total_tokens=piece.prompt_tokens + piece.tokens,
    )
    return AIMessageChunk(content=piece.text, tool_call_chunks=calls, usage_metadata=usage if piece.reason else None)
