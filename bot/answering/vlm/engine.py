"""A vision-language model that answers many at once: its thread, and the doors to it.

Each answer is streamed to its own asyncio queue, can be cancelled at any token, and changes nobody else's. What the
thread does in each of its rounds is `schedule`'s. Not here: loading (`weights`), HTTP (`server`), LangChain (`chat`).
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any, Self

import torch

from bot.answering.vlm.fewrows import for_few_rows
from bot.answering.vlm.inputs import Inputs, Prompt
from bot.answering.vlm.memory import shared_out
from bot.answering.vlm.prefixes import names
from bot.answering.vlm.request import Broken, Full, Piece, Request, Token
from bot.answering.vlm.schedule import Answer, Schedule
from bot.answering.vlm.weights import load
from bot.answering.vlm.writing import Writing

STALL = 10.0
"""Seconds without a finished round after which a busy engine is not well."""


class Engine:
    """Answers with a model. Use as a context manager: the thread ends with the block.

    At most `rows` answers run, `waiting` wait, and all keep `room` tokens; `prefix_bytes` bounds what is kept of
    prompts that have been read (both by default what fits). A prompt is read in parts of `part` tokens at most. After
    `stall` seconds without progress it is not well. With `replay` a GPU's steps are recorded once and replayed.
    """

    def __init__(
        self,
        model: Any,
        inputs: Inputs,
        *,
        rows: int = 16,
        waiting: int = 64,
        room: int | None = None,
        prefix_bytes: int | None = None,
        part: int = 2048,
        stall: float = STALL,
        replay: bool = False,
    ) -> None:
        self.model = model.eval()
        self.inputs = inputs
        self.rows = rows
        self.waiting = waiting
        self.stall = stall
        memory = shared_out(model, room=room, prefix_bytes=prefix_bytes)
        self.schedule = Schedule(model, _end_tokens(model, inputs), memory, rows=rows, part=part, replay=replay)
        self._inbox: queue.Queue[Answer | None] = queue.Queue()
        self._open = 0
        self._ended = False
        self._moved = time.monotonic()
        self._sent: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[Any], Any]] = []
        self._thread = threading.Thread(target=self._run, name="vlm", daemon=True)

    @classmethod
    def load(
        cls,
        name: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        adapter: str | None = None,
        int8: bool = False,
        **limits: Any,
    ) -> Self:
        """The model in folder `name`, or of that name, as `weights.load` loads it; `limits` are the constructor's.

        Raises ValueError or OSError, saying what is wrong, when it cannot be loaded.
        """
        model = load(name, device=device, dtype=dtype, adapter=adapter, int8=int8)
        for_few_rows(model)
        return cls(model, Inputs.load(name, model.config), **limits)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._inbox.put(None)
        self._thread.join(timeout=30)

    @property
    def open(self) -> int:
        """Answers that run or wait."""
        return self._open

    @property
    def running(self) -> int:
        """Answers that are being written."""
        return len(self.schedule.runs)

    @property
    def grid(self) -> int:
        """Pixels each way that become one token, where the model has such a grid; else 1."""
        vision = self.model.config.vision_config
        return int(vision.patch_size) * int(getattr(vision, "spatial_merge_size", 0) or 0) or 1

    @property
    def well(self) -> bool:
        """Whether the engine makes progress: idle, or a round has ended lately. A hung one is not well."""
        return self._thread.is_alive() and (not self._open or time.monotonic() - self._moved < self.stall)

    def check_room(self) -> None:
        """Raises Full when as many answers run and wait as may."""
        if self._open >= self.rows + self.waiting:
            raise Full(f"{self.rows} answers run and {self.waiting} wait")

    async def answer(self, request: Request) -> AsyncGenerator[Piece]:
        """The answer as it comes; leaving early cancels it.

        Raises Full at once when too many wait, ValueError for a request that does not fit, Broken when the model fails.
        """
        if self._ended:
            raise Broken("the model's thread has ended")
        self.check_room()
        if not self._open:
            self._moved = time.monotonic()
        self._open += 1
        try:
            prompt, blocks = await asyncio.to_thread(self._prepared, request)
            arrived: asyncio.Queue[Any] = asyncio.Queue()
            answer = Answer(request, prompt, blocks, partial(self._send, asyncio.get_running_loop(), arrived))
            self._inbox.put(answer)
            if self._ended:
                raise Broken("the model's thread has ended")
            try:
                async for piece in _pieces(
                    arrived,
                    Writing(self.inputs.tokenizer, request.stop, request.tools, thinking=prompt.thinking),
                    prompt,
                ):
                    yield piece
            finally:
                answer.cancelled = True
        finally:
            self._open -= 1

    def _prepared(self, request: Request) -> tuple[Prompt, list[bytes]]:
        prompt = self.inputs.prompt(request.messages, request.tools)
        length, longest = prompt.ids.shape[1], self.model.config.get_text_config().max_position_embeddings
        if length + request.most > min(longest, self.schedule.room):
            raise ValueError(
                f"{length} tokens and {request.most} more do not fit into {min(longest, self.schedule.room)}"
            )
        return prompt, names(prompt, request.salt)

    @torch.inference_mode()
    def _run(self) -> None:
        """The thread: until the inbox says None. Should it break, nobody waits for it for ever."""
        if self.model.device.type == "cuda":
            torch.cuda.set_device(self.model.device)  # each thread has its own
        try:
            while self._take():
                self.schedule.read()
                self._deliver()
                self.schedule.write()
                self._deliver()
                self._moved = time.monotonic()
        finally:
            self._ended = True
            while not self._inbox.empty():
                if answer := self._inbox.get():
                    self.schedule.waits.append(answer)
            self.schedule.end("the model's thread has ended")
            self._deliver()

    def _take(self) -> bool:
        """New requests; waits for one when there is nothing else to do."""
        block = self.schedule.idle
        while True:
            try:
                answer = self._inbox.get(block=block)
            except queue.Empty:
                return True
            if answer is None:
                return False
            self.schedule.waits.append(answer)
            self._moved = time.monotonic()
            block = False

    def _send(self, loop: asyncio.AbstractEventLoop, to: asyncio.Queue[Any], item: Any) -> None:
        self._sent.append((loop, to, item))

    def _deliver(self) -> None:
        """What has been written, each loop woken once for all its answers."""
        sent, self._sent = self._sent, []
        for loop in {loop for loop, _, _ in sent}:
            with suppress(RuntimeError):  # it has been closed: nobody waits
                loop.call_soon_threadsafe(_put, [(to, item) for own, to, item in sent if own is loop])


def _put(items: list[tuple[asyncio.Queue[Any], Any]]) -> None:
    for to, item in items:
        to.put_nowait(item)


async def _pieces(arrived: asyncio.Queue[Any], writing: Writing, prompt: Prompt) -> AsyncGenerator[Piece]:
    """Tokens as text, until the model, a stop text or the limit ends it."""
    count, first, length = 0, True, int(prompt.ids.shape[1])
    likely: list[tuple[str, float]] = []
    while True:
        items = [await arrived.get()]
        while not arrived.empty():
            items.append(arrived.get_nowait())
        tokens = [item for item in items if isinstance(item, Token)]
        count += len(tokens)
        text, end = writing.feed([token.id for token in tokens]), items[-1]
        if not writing.thinking:
            likely += [(writing.said(token.id), token.logprob) for token in tokens if token.logprob is not None]
        if isinstance(end, Exception):
            raise end
        if writing.stopped:
            end = "stop"
        if isinstance(end, str):
            rest, calls = writing.finish()
            reason = "tool_calls" if calls and end == "stop" else end
            yield Piece(text + rest, count, length, reason, calls, tuple(likely))
            return
        if text or first:  # the first token is news even where it is only half a character
            yield Piece(text, count, length, logprobs=tuple(likely))
            likely = []
        first = False


def _end_tokens(model: Any, inputs: Inputs) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return frozenset(int(end) for end in [*ends, inputs.tokenizer.eos_token_id] if end is not None)
