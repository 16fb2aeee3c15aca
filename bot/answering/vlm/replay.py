"""Steps recorded once for each shape and replayed, so that a GPU does not wait for Python between its kernels.

A step of an 8 B model is some thousand kernels of a few microseconds each; started one by one they take several times
what the card needs. Shapes are rounded up to powers of two, so that few are recorded, each at its first use.
Not here: what a step is (`rows`).
"""

from collections.abc import Callable

import torch

SHORTEST = 256
"""Tokens; a shorter step costs as much."""
Shape = tuple[int, int]
"""Rows, and tokens of the longest."""


def rounded(shape: Shape, most: Shape) -> Shape:
    """The next powers of two, `most` at most."""
    rows, length = (1 << (size - 1).bit_length() for size in shape)
    return min(rows, most[0]), min(max(length, SHORTEST), most[1])


class Replay:
    """Runs `step`, which reads and writes the same memory whenever it is called with the same shape."""

    def __init__(self, step: Callable[[Shape], torch.Tensor], device: torch.device) -> None:
        self._step = step
        self._device = device
        self._recorded: dict[Shape, tuple[torch.cuda.CUDAGraph, torch.Tensor]] = {}

    def __call__(self, shape: Shape) -> torch.Tensor:
        """What `step` returns, good until the next call. Without a GPU there is nothing to record: it is just run."""
        if self._device.type != "cuda":
            return self._step(shape)
        if shape not in self._recorded:
            self._recorded[shape] = self._record(shape)
        graph, out = self._recorded[shape]
        graph.replay()
        return out

    def forget(self) -> None:
        """The memory that steps read and write is elsewhere now."""
        self._recorded.clear()

    def _record(self, shape: Shape) -> tuple[torch.cuda.CUDAGraph, torch.Tensor]:
        """Runs it on a stream of its own first, as torch asks for: kernels are chosen and workspaces made there."""
        aside = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        now = torch.cuda.current_stream(self._device)
        aside.wait_stream(now)
        with torch.cuda.stream(aside):
            for _ in range(2):
                self._step(shape)
        now.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        pool = next((known.pool() for known, _ in self._recorded.values()), None)
        with torch.cuda.graph(graph, pool=pool):
            out = self._step(shape)
        return graph, out
