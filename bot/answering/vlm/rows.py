"""Many answers, one step: rows of different lengths decode together, and join and leave without disturbing the others.

`Batch` keeps keys and values of every row in one tensor per layer, each row from its own beginning, so that a step is
one forward pass whatever the lengths; a row that leaves gives its place to the last one. `Apart` has the same face for
models whose layers keep something else than keys and values (sliding windows, linear attention): there each row has
its own cache and its own pass, which is right but not faster. All of it runs in inference mode,
which the engine's thread is in. Not here: who may join when (`engine`).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache, DynamicLayer

from bot.answering.vlm.replay import Replay, Shape, rounded

GROWTH = 256
"""Tokens by which the room for keys and values grows."""


@dataclass(eq=False)
class Row:
    """Where one answer stands: tokens in the cache, the next token's rotary position, and that token.

    Two rows may stand at the same place with the same token; they are told apart by who they are.
    """

    length: int
    position: int
    """Of the next token, which in a model of rows and columns is less than its number."""
    token: int
    cache: Any
    """Its own keys and values: to be copied on joining, or kept."""


class Rows(Protocol):
    """Answers that decode together."""

    rows: list[Row]

    def join(self, row: Row) -> None:
        """One more; it takes part from the next step on."""

    def leave(self, row: Row) -> None:
        """One less."""

    def kept(self, row: Row) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """The row's keys and values in each layer, [heads, tokens, width]; none where they cannot be taken up again."""

    def step(self) -> torch.Tensor:
        """Feeds each row its token; the logits of the next ones, [rows, vocabulary], in the order of `rows`."""


def plain(model: Any) -> bool:
    """Whether every layer keeps keys and values of all tokens: what can be batched, cut and taken up again."""
    config = model.config.get_text_config()
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=config).layers)


def rows_for(model: Any, *, replay: Shape | None = None) -> Rows:
    """Rows that fit `model`. With `replay`, memory for that shape is taken at once and steps are recorded."""
    axes = 3 if hasattr(model.model, "get_rope_index") else 1
    return Batch(model, axes, replay) if plain(model) else Apart(model, axes)


class _SharedLayer(CacheLayerMixin):  # type: ignore[misc]
    """Keys and values of one layer: [rows, heads, room, width], each row filled from the left."""

    is_sliding = False

    def __init__(self, batch: "Batch") -> None:
        super().__init__()
        self.batch = batch
        self.keys: torch.Tensor
        self.values: torch.Tensor
        self.is_initialized: bool

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Writes one token per row at its own place; what the step may look at comes back."""
        batch = self.batch
        count = key_states.shape[0]
        self.keys[batch.numbers, :, batch.places] = key_states[:, :, 0]
        self.values[batch.numbers, :, batch.places] = value_states[:, :, 0]
        return self.keys[:count, :, : batch.longest], self.values[:count, :, : batch.longest]

    def reserve(self, rows: int, room: int, like: torch.Tensor) -> None:
        """Makes room, keeping what is there."""
        old = (self.keys, self.values) if self.is_initialized else None
        shape = (rows, like.shape[1], room, like.shape[3])
        self.keys, self.values = like.new_zeros(shape), like.new_zeros(shape)
        if old:
            kept, length = old[0].shape[0], old[0].shape[2]
            self.keys[:kept, :, :length], self.values[:kept, :, :length] = old
        self.is_initialized = True

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Never needed: a row joins before it steps."""

    def get_seq_length(self) -> int:
        """Of the longest row."""
        return self.batch.longest

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Never asked: the batch brings its own mask."""
        return self.batch.longest, 0

    def get_max_length(self) -> int:
        """It grows."""
        return -1


class Batch:
    """Rows in one tensor per layer."""

    def __init__(self, model: Any, axes: int, replay: Shape | None = None) -> None:
        self.model = model
        self.axes = axes
        self.rows: list[Row] = []
        self.longest = 0
        self.numbers = self.places = torch.empty(0, dtype=torch.long)
        self._room = (0, 0)
        self._least = replay or (0, 0)
        self._cache: Cache | None = None
        self._table = torch.empty((0, 3), dtype=torch.long)
        """A row's next token, its place, and that place's rotary position."""
        self._replay = Replay(self.run, model.device) if replay else None

    def join(self, row: Row) -> None:
        """Copies the row's keys and values in; its own cache is let go."""
        layers = row.cache.layers
        if self._cache is None:
            self._cache = Cache(layers=[_SharedLayer(self) for _ in layers])
        self._reserve(len(self.rows) + 1, row.length + 1, layers[0].keys)
        number = len(self.rows)
        for shared, own in zip(self._cache.layers, layers, strict=True):
            shared.keys[number, :, : row.length] = own.keys[0]
            shared.values[number, :, : row.length] = own.values[0]
        row.cache = None
        self.rows.append(row)

    def leave(self, row: Row) -> None:
        """The last row takes the place of the one that leaves."""
        number = self.rows.index(row)
        last = self.rows.pop()
        if last is row or self._cache is None:
            return
        for layer in self._cache.layers:
            layer.keys[number, :, : last.length] = layer.keys[len(self.rows), :, : last.length]
            layer.values[number, :, : last.length] = layer.values[len(self.rows), :, : last.length]
        self.rows[number] = last

    def kept(self, row: Row) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Views, good until the next step."""
        number, layers = self.rows.index(row), self._cache.layers if self._cache else []
        return [(layer.keys[number, :, : row.length], layer.values[number, :, : row.length]) for layer in layers]

    def step(self) -> torch.Tensor:
        """One pass for all rows."""
        assert self._cache is not None and self.rows
        shape = (len(self.rows), max(row.length for row in self.rows) + 1)
        self._reserve(*shape, self._cache.layers[0].keys)
        if self._replay:
            shape = rounded(shape, self._room)
        table = [(row.token, row.length, row.position) for row in self.rows]
        table += [(0, 0, 0)] * (shape[0] - len(table))  # rows that nobody has: what they write is written over
        self._table[: shape[0]] = torch.tensor(table, device=self._table.device)
        logits = (self._replay or self.run)(shape)
        for row in self.rows:
            row.length += 1
            row.position += 1
        return logits[: len(self.rows)]

    def run(self, shape: Shape) -> torch.Tensor:
        """One pass for what stands in the table; reads nothing that a recorded step could not read again."""
        rows, self.longest = shape
        table = self._table[:rows]
        tokens, self.places, positions = table[:, 0:1], table[:, 1], table[:, 2:3]
        self.numbers = torch.arange(rows, device=self._table.device)
        seen = torch.arange(self.longest, device=self._table.device)[None, :] <= self.places[:, None]
        return _forward(self.model, tokens, _axes(positions, self.axes), seen[:, None, None, :], self._cache)

    def _reserve(self, rows: int, length: int, like: torch.Tensor) -> None:
        have_rows, have_room = self._room
        if rows <= have_rows and length <= have_room:
            return
        rows = have_rows if rows <= have_rows else max(rows, 2 * have_rows, self._least[0])
        room = have_room if length <= have_room else -(-max(length, have_room * 5 // 4) // GROWTH) * GROWTH
        self._room = (rows, max(room, self._least[1]))
        self._table = torch.zeros((rows, 3), dtype=torch.long, device=like.device)
        assert self._cache is not None
        for layer in self._cache.layers:
            layer.reserve(*self._room, like)
        if self._replay:
            self._replay.forget()


class Apart:
    """Rows with a cache each."""

    def __init__(self, model: Any, axes: int) -> None:
        self.model = model
        self.axes = axes
        self.rows: list[Row] = []

    def join(self, row: Row) -> None:
        """Keeps its own cache."""
        self.rows.append(row)

    def leave(self, row: Row) -> None:
        """Lets its cache go."""
        self.rows.remove(row)

    def kept(self, row: Row) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """None: a window or a state has forgotten what was before it."""
        return []

    def step(self) -> torch.Tensor:
        """One pass per row."""
        logits = []
        for row in self.rows:
            token = torch.tensor([[row.token]], device=self.model.device)
            position = torch.tensor([[row.position]], device=self.model.device)
            logits.append(_forward(self.model, token, _axes(position, self.axes), None, row.cache))
            row.length += 1
            row.position += 1
        return torch.cat(logits)


def _axes(positions: torch.Tensor, axes: int) -> torch.Tensor:
    return positions if axes == 1 else positions[None].expand(axes, -1, -1)


def _forward(model: Any, tokens: torch.Tensor, positions: torch.Tensor, seen: Any, cache: Any) -> torch.Tensor:
    out = model(
        input_ids=tokens, position_ids=positions, attention_mask=seen, cache=cache, use_cache=True, logits_to_keep=1
    )
    logits: torch.Tensor = out.logits[:, -1]
    return logits
