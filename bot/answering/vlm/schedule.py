"""Who is read, who is answered, in rounds: pictures of who waits, a part of a prompt, one token for every row.

A round's part of a prompt takes no longer than the step of those who are being answered, so that a long prompt doubles
the time between their tokens and no more. Runs in the engine's thread. Not here: the thread, its doors (`engine`).
"""

import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
import torch

from bot.answering.vlm.encodings import Encodings
from bot.answering.vlm.filling import Filling, pending
from bot.answering.vlm.inputs import Prompt
from bot.answering.vlm.memory import Memory
from bot.answering.vlm.prefixes import BLOCK, Prefixes, names
from bot.answering.vlm.request import Broken, Request, Token
from bot.answering.vlm.rows import Row, plain, rows_for
from bot.answering.vlm.sampling import Dice, choose, logprobs

log = structlog.get_logger()

LEAST = {"cuda": 256, "cpu": 64}
"""Tokens below which reading a part of a prompt costs about as much as reading a longer one."""
PATIENCE = 2.0
"""Seconds that a part may take when nobody is being answered: until it ends, nobody can leave and nothing moves."""
PICTURES = 2048
"""Image tokens encoded in one call; a larger picture is encoded alone."""


@dataclass(eq=False)
class Answer:
    """One request on its way. Only its `cancelled` is set from outside the engine's thread."""

    request: Request
    prompt: Prompt
    names: list[bytes]
    """Of the blocks of its prompt."""
    send: Callable[["Token | str | Exception"], None]
    """Takes each token, then the reason of the end, or what went wrong."""
    cancelled: bool = False
    ids: list[int] = field(default_factory=list)
    filling: Filling | None = None
    row: Row | None = None

    def __post_init__(self) -> None:
        self.dice = Dice(self.request.sampling)

    @property
    def room(self) -> int:
        """Tokens that it may come to have."""
        return int(self.prompt.ids.shape[1]) + self.request.most


class Schedule:
    """The answers that wait and run: `rows` at most, in `memory`.

    A prompt is read in parts of `part` tokens at most. `replay` records steps.
    """

    def __init__(
        self, model: Any, ends: frozenset[int], memory: Memory, *, rows: int, part: int, replay: bool = False
    ) -> None:
        self.model = model
        self.rows = rows
        self.room = memory.room
        self.part = part
        self.encodings = Encodings(model, memory.encoding_bytes)
        self.prefixes = Prefixes(memory.prefix_bytes if plain(model) else 0)
        self.waits: deque[Answer] = deque()
        self.runs: list[Answer] = []
        self.tokens = self.prompt_tokens = self.prefix_tokens = 0
        """Written, read, and of these found in kept prefixes, since the start."""
        self.ends = ends
        self._batch = rows_for(model, replay=(rows, memory.room // rows) if replay else None)
        self._whole = not plain(model)
        self._least = LEAST.get(model.device.type, 64)
        self._budget = 0
        """Tokens of prompts that may still be read before the next step."""
        self.step_seconds = 0.0
        """Of the last one."""
        self._token_seconds = 0.0
        """Of one token of a prompt."""

    @property
    def idle(self) -> bool:
        """Nobody waits or runs."""
        return not (self.waits or self.runs)

    def read(self) -> None:
        """One part of a prompt, or one call for pictures, for who comes next; who has been cancelled leaves."""
        for answer in [answer for answer in self.runs if answer.cancelled]:
            self._leave(answer)
        self.waits = deque(answer for answer in self.waits if not answer.cancelled)
        self._budget, anyone = self._part(), bool(self.runs)
        while self._budget > 0 and self.waits and len(self.runs) < self.rows and self._fits(self.waits[0]):
            self._guarded([self.waits[0]], self._admit)
            if not anyone:
                return  # whoever comes first has its first token before the others are read

    def write(self) -> None:
        """One token for each of those who run."""
        if self.runs:
            self._guarded(list(self.runs), self._step)

    def end(self, reason: str) -> None:
        """Ends every answer as broken."""
        for answer in [*self.waits, *self.runs]:
            answer.send(Broken(reason))

    def _fits(self, answer: Answer) -> bool:
        """Whether its tokens have room beside the others', each row being as long as the longest."""
        together = [answer, *self.runs]
        return not self.runs or len(together) * max(one.room for one in together) <= self.room

    def _guarded(self, answers: list[Answer], work: Callable[[list[Answer]], None]) -> None:
        """Does `work`; what it raises ends these answers and nobody else's."""
        try:
            work(answers)
        except Exception as error:  # noqa: BLE001  models' code is not ours; these answers end either way, aloud
            # Lines of code alone: a trace with its values would write down what customers say.
            log.error("the model failed", answers=len(answers), trace="".join(traceback.format_exception(error)))
            for answer in answers:
                answer.send(Broken(f"{type(error).__name__}: {error}"))
                answer.cancelled = True
                self._leave(answer)
            torch.zeros(1, device=self.model.device).item()  # raises if the GPU is lost: then the thread must end

    def _admit(self, answers: list[Answer]) -> None:
        """One more picture, or one more part of a prompt, for the first who waits."""
        (answer,) = answers
        if answer.filling is None:
            answer.filling = Filling(self.model, answer.prompt, self.prefixes.find(answer.names))
            self.prefix_tokens += answer.filling.done
            self.prompt_tokens += answer.filling.length
        if not self._look(answer):
            self._budget = 0
            return
        started = time.monotonic()
        before = answer.filling.done
        logits = answer.filling.advance(self._budget, self.encodings)
        token = None if logits is None else _chosen(logits, answers)[0]
        count = answer.filling.done - before
        seconds = self._measured(started) / count
        # The best that was seen, slowly forgotten: a few tokens cost as much as some dozens.
        self._token_seconds = min(seconds, 1.02 * self._token_seconds or seconds)
        self._budget = 0 if self._whole else self._budget - count
        if token is not None:
            self._begin(answer, token)

    def _look(self, answer: Answer) -> bool:
        """Encodes some of the pictures that are wanted; whether those of `answer` are all there."""
        assert answer.filling is not None
        missing = self.encodings.missing(answer.filling.pictures)
        if not missing:
            return True
        needed = {picture.name for picture in answer.filling.pictures}
        for other in list(self.waits)[1 : self.rows]:
            known = {picture.name for picture in missing}
            wanted = pending(other.prompt, BLOCK * self.prefixes.count(other.names))
            missing += [picture for picture in self.encodings.missing(wanted) if picture.name not in known]
        chosen = [missing.pop(0)]
        while missing and sum(one.place.tokens for one in chosen) + missing[0].place.tokens <= PICTURES:
            chosen.append(missing.pop(0))
        try:
            self.encodings.encode(chosen, needed)
        except Exception:  # one of them may be at fault: the first alone, so that it ends none but its own answer
            if len(chosen) == 1:
                raise
            self.encodings.encode(chosen[:1], needed)
        return not self.runs and not self.encodings.missing(answer.filling.pictures)

    def _part(self) -> int:
        """Tokens of a prompt that may be read before the next step."""
        if self._whole:
            return self.room
        allowed = self.step_seconds if self.runs else PATIENCE
        few = int(allowed / self._token_seconds) if self._token_seconds else 4 * self._least
        return min(self.part, max(self._least, few))

    def _begin(self, answer: Answer, token: Token) -> None:
        """The prompt has been read: the first token, and from now on one a step."""
        assert answer.filling is not None
        filling, answer.filling = answer.filling, None
        self.waits.popleft()
        if not self._whole:
            self.prefixes.keep(answer.names, [(layer.keys[0], layer.values[0]) for layer in filling.cache.layers])
        answer.row = Row(filling.length, int(filling.positions.max()) + 1, token.id, filling.cache)
        if not self._said(answer, token):
            self._batch.join(answer.row)
            self.runs.append(answer)

    def _step(self, answers: list[Answer]) -> None:
        """One token for every row."""
        started = time.monotonic()
        by_row = {id(answer.row): answer for answer in answers}
        order = [by_row[id(row)] for row in self._batch.rows]
        tokens = _chosen(self._batch.step(), order)
        self.step_seconds = self._measured(started)
        for answer, token in zip(order, tokens, strict=True):
            assert answer.row is not None
            answer.row.token = token.id
            if self._said(answer, token):
                self._keep(answer, answer.row)
                self._leave(answer)

    def _said(self, answer: Answer, token: Token) -> bool:
        """Hands one token on; whether it was the last one."""
        self.tokens += 1
        if token.id in self.ends:
            answer.send("stop")
            return True
        answer.ids.append(token.id)
        answer.send(token)
        if len(answer.ids) >= answer.request.most:
            answer.send("length")
            return True
        return False

    def _keep(self, answer: Answer, row: Row) -> None:
        """What a follow-up begins with: the prompt and this answer to it."""
        wanted = names(answer.prompt, answer.request.salt, answer.ids, answer.names)
        self.prefixes.keep(wanted[: row.length // BLOCK], self._batch.kept(row))

    def _leave(self, answer: Answer) -> None:
        if answer in self.waits:
            self.waits.remove(answer)
        if answer in self.runs:
            self.runs.remove(answer)
            assert answer.row is not None
            self._batch.leave(answer.row)

    def _measured(self, started: float) -> float:
        """Seconds since `started`, the GPU's work included."""
        if self.model.device.type == "cuda":
            torch.cuda.synchronize(self.model.device)
        return time.monotonic() - started


def _chosen(logits: torch.Tensor, answers: list[Answer]) -> list[Token]:
    """Each answer's next token, with how likely it was where that was asked."""
    ids = choose(logits, [answer.dice for answer in answers])
    asking = [number for number, answer in enumerate(answers) if answer.request.logprobs]
    told = logprobs(logits[asking], [ids[number] for number in asking]) if asking else []
    likely = dict(zip(asking, told, strict=True))
    return [Token(token, likely.get(number)) for number, token in enumerate(ids)]
