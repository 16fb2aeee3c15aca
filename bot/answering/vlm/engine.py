"""A vision-language model that answers many at once: one thread, one loop of encode, prefill, decode.

Requests that wait are encoded together, get their first token one by one, and decode together (`rows`). Each is
streamed to its own asyncio queue, can be cancelled at any token, and changes nobody else's.
Not here: pictures' encodings (`pictures`), HTTP (`server`), LangChain (`chat`).
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import structlog
import torch
from transformers import AutoModelForImageTextToText
from transformers.cache_utils import DynamicCache

from bot.answering.vlm.rows import Row, rows_for
from bot.answering.vlm.inputs import Inputs, Message, Prompt
from bot.answering.vlm.int8 import quantized
from bot.answering.vlm.pictures import Encodings

log = structlog.get_logger()

STALL = 10.0
"""Seconds without a finished step after which a busy engine is not well."""


class Full(Exception):
    """As many answers run and wait as can be written in time."""


class Broken(Exception):
    """The model could not go on with this answer."""


@dataclass(frozen=True)
class Piece:
    """Text as it comes; `reason` (`stop` or `length`) with the last one."""

    text: str
    tokens: int
    prompt_tokens: int
    reason: str | None = None


@dataclass(eq=False)
class _Answer:
    """One request on its way."""

    prompt: Prompt
    most: int
    loop: asyncio.AbstractEventLoop
    pieces: "asyncio.Queue[Piece | Exception]"
    cancelled: bool = False
    ids: list[int] = field(default_factory=list)
    shown: int = 0
    """Tokens whose text has been sent."""
    row: Row | None = None

    def send(self, piece: Piece | Exception) -> None:
        """To the one who waits, from the engine's thread."""
        if not self.cancelled:
            with suppress(RuntimeError):  # its loop has been closed: nobody waits
                self.loop.call_soon_threadsafe(self.pieces.put_nowait, piece)


class Engine:
    """Loads a model and answers with it. Use as a context manager: the thread ends with the block."""

    def __init__(self, model: Any, inputs: Inputs, *, rows: int = 16, waiting: int = 64, stall: float = STALL) -> None:
        self.model = model.eval()
        self.inputs = inputs
        self.rows = rows
        self.waiting = waiting
        self.stall = stall
        self._axes = 3 if hasattr(model.model, "get_rope_index") else 1
        self._batch = rows_for(model, axes=self._axes)
        self._inbox: queue.Queue[_Answer | None] = queue.Queue()
        self._waits: list[_Answer] = []
        self._runs: list[_Answer] = []
        self.encodings = Encodings(model)
        self._ends = _end_tokens(model, inputs)
        self._open = 0
        self._ended = False
        self._moved = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="vlm", daemon=True)
        self.tokens = 0

    @classmethod
    def load(
        cls, name: str, *, device: str | None = None, adapter: str | None = None, int8: bool = False, **limits: Any
    ) -> Self:
        """The model in folder `name` (or of that name), bf16 on a GPU and fp32 on a CPU, a LoRA adapter on top.

        `int8` rounds the weights of its language part (`int8`). `limits` are `rows`, `waiting` and `stall`.
        Raises ValueError or OSError, saying what is wrong, when it cannot be loaded.
        """
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        model = AutoModelForImageTextToText.from_pretrained(name, dtype=dtype, attn_implementation="sdpa").to(device)
        if adapter:
            model.load_adapter(adapter)
        if int8:
            log.info("rounded to int8", saved_megabytes=round(quantized(model) / 1e6))
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
        return len(self._runs)

    @property
    def grid(self) -> int:
        """Pixels each way that become one token, where the model has such a grid; else 1."""
        vision = self.model.config.vision_config
        return int(vision.patch_size) * int(getattr(vision, "spatial_merge_size", 0) or 0) or 1

    @property
    def well(self) -> bool:
        """Whether the engine makes progress: idle, or a step has ended lately. A hung one is not well."""
        return self._thread.is_alive() and (not self._open or time.monotonic() - self._moved < self.stall)

    async def answer(self, messages: Sequence[Message], most: int = 700) -> AsyncGenerator[Piece]:
        """The text of the answer, at most `most` tokens, greedily chosen; leaving early cancels it.

        Raises Full at once when too many wait, ValueError for messages that do not fit, Broken when the model failed.
        """
        if self._ended:
            raise Broken("the model's thread has ended")
        if self._open >= self.rows + self.waiting:
            raise Full(f"{self.rows} answers run and {self.waiting} wait")
        if not self._open:
            self._moved = time.monotonic()
        self._open += 1
        try:
            prompt = await asyncio.to_thread(self.inputs.prompt, messages)
            longest = self.model.config.get_text_config().max_position_embeddings
            if prompt.ids.shape[1] + most > longest:
                raise ValueError(f"{prompt.ids.shape[1]} tokens and {most} more do not fit into {longest}")
            answer = _Answer(prompt, most, asyncio.get_running_loop(), asyncio.Queue())
            self._inbox.put(answer)
            if self._ended:
                raise Broken("the model's thread has ended")
            try:
                while True:
                    piece = await answer.pieces.get()
                    if isinstance(piece, Exception):
                        raise piece
                    yield piece
                    if piece.reason:
                        return
            finally:
                answer.cancelled = True
        finally:
            self._open -= 1

    @torch.inference_mode()
    def _run(self) -> None:
        """The thread: until the inbox says None. Should it break, nobody waits for it for ever."""
        try:
            while self._take():
                self._round()
        finally:
            self._ended = True
            while not self._inbox.empty():
                if answer := self._inbox.get():
                    self._waits.append(answer)
            for answer in [*self._waits, *self._runs]:
                answer.send(Broken("the model's thread has ended"))

    def _round(self) -> None:
        """One step for those who run, one more who joins, and pictures for those who wait."""
        for answer in [a for a in self._runs if a.cancelled]:
            self._leave(answer)
        self._waits = [a for a in self._waits if not a.cancelled]
        self._see(self._waits[: self.rows])
        if self._waits and len(self._runs) < self.rows:
            self._guarded([self._waits.pop(0)], self._prefill)
        if self._runs:
            self._guarded(list(self._runs), self._step)
        self._moved = time.monotonic()

    def _take(self) -> bool:
        """New requests; waits for one when there is nothing else to do."""
        block = not (self._runs or self._waits)
        while True:
            try:
                answer = self._inbox.get(block=block)
            except queue.Empty:
                return True
            if answer is None:
                return False
            self._waits.append(answer)
            self._moved = time.monotonic()
            block = False

    def _see(self, answers: list[_Answer]) -> None:
        """Encodes the pictures of those who wait, together; one by one if one of them cannot be encoded."""
        try:
            self._encode(answers)
        except Exception:
            log.exception("pictures could not be encoded together", answers=len(answers))
            for answer in answers:
                self._guarded([answer], self._encode)
            self._waits = [a for a in self._waits if not a.cancelled]

    def _guarded(self, answers: list[_Answer], work: Any) -> None:
        """Does `work`; what it raises ends these answers and nobody else's."""
        try:
            work(answers)
        except Exception as error:
            log.exception("the model failed", answers=len(answers))
            for answer in answers:
                answer.send(Broken(f"{type(error).__name__}: {error}"))
                answer.cancelled = True
                self._leave(answer)

    def _encode(self, answers: list[_Answer]) -> None:
        self.encodings.encode([picture for answer in answers for picture in answer.prompt.pictures])

    def _prefill(self, answers: list[_Answer]) -> None:
        """The prompt of one answer, and its first token."""
        (answer,) = answers
        prompt, device = answer.prompt, self.model.device
        ids = prompt.ids.to(device)
        cache = DynamicCache(config=self.model.config.get_text_config())
        positions = self._positions(prompt)
        out = self.model(
            input_ids=ids,
            position_ids=positions,
            cache=cache,
            use_cache=True,
            logits_to_keep=1,
            **({"mm_encoder_outputs": {"image": self.encodings.of(prompt.pictures)}} if prompt.pictures else {}),
        )
        token = int(out.logits[0, -1].argmax())
        answer.row = Row(ids.shape[1], int(positions.max()) + 1, token, cache)
        if not self._said(answer, token):
            self._batch.join(answer.row)
            self._runs.append(answer)

    def _positions(self, prompt: Prompt) -> torch.Tensor:
        device = self.model.device
        if self._axes == 1:
            return torch.arange(prompt.ids.shape[1], device=device)[None]
        grids = [picture.tensors["image_grid_thw"] for picture in prompt.pictures]
        positions, _ = self.model.model.get_rope_index(
            prompt.ids.to(device),
            image_grid_thw=torch.cat(grids).to(device) if grids else None,
            mm_token_type_ids=prompt.kinds.to(device),
        )
        return positions  # type: ignore[no-any-return]

    def _step(self, answers: list[_Answer]) -> None:
        """One token for every row."""
        tokens = self._batch.step().argmax(-1).tolist()
        by_row = {id(answer.row): answer for answer in answers}
        for row, token in zip(list(self._batch.rows), tokens, strict=True):
            row.token = token
            answer = by_row[id(row)]
            if self._said(answer, token):
                self._leave(answer)

    def _said(self, answer: _Answer, token: int) -> bool:
        """Takes in one token and sends its text; whether it was the last one."""
        self.tokens += 1
        if token in self._ends:
            answer.send(Piece(self._text(answer, whole=True), len(answer.ids), answer.prompt.ids.shape[1], "stop"))
            return True
        answer.ids.append(token)
        if len(answer.ids) >= answer.most:
            answer.send(Piece(self._text(answer, whole=True), len(answer.ids), answer.prompt.ids.shape[1], "length"))
            return True
        text = self._text(answer)
        if text or len(answer.ids) == 1:  # the first token is news even where it is only half a character
            answer.send(Piece(text, len(answer.ids), answer.prompt.ids.shape[1]))
        return False

    def _text(self, answer: _Answer, *, whole: bool = False) -> str:
        """The text that the newest tokens add; half a character waits for its other half."""
        start = max(0, answer.shown - 4)
        decode = self.inputs.tokenizer.decode
        before = decode(answer.ids[start : answer.shown], skip_special_tokens=True)
        text: str = decode(answer.ids[start:], skip_special_tokens=True)
        if text.endswith("\ufffd") and not whole and len(answer.ids) - answer.shown < 8:
            return ""
        answer.shown = len(answer.ids)
        return text[len(before) :]

    def _leave(self, answer: _Answer) -> None:
        if answer in self._runs:
            self._runs.remove(answer)
            assert answer.row is not None
            self._batch.leave(answer.row)


def _end_tokens(model: Any, inputs: Inputs) -> frozenset[int]:
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return frozenset(int(end) for end in [*ends, inputs.tokenizer.eos_token_id] if end is not None)
