"""Keys and values of prompts' beginnings, so that a follow-up pays for its new words alone.

They are kept in blocks of a few tokens. A block's name is a hash over everything from the prompt's first token to the
block's last: token ids, which pixels stand at a picture's tokens, and the request's salt. So the same words under
another picture, or another customer's salt, have other names, and two prompts share exactly what they have in common.
Within one salt a hit shows in the time to the first token that somebody has asked the same before: who must not learn
that of each other are given salts of their own. The least lately used are let go. Used by the engine's thread alone,
`names` apart.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch

from bot.answering.vlm.inputs import Prompt

BLOCK = 16
"""Tokens."""


def names(prompt: Prompt, salt: str, answer: Sequence[int] = (), known: Sequence[bytes] = ()) -> list[bytes]:
    """The names of the whole blocks of prompt and answer; `known` are those of the prompt alone, made before.

    The last token is left out: one must always be computed, for the next word.
    """
    ids = [*prompt.ids[0].tolist(), *answer][:-1]
    pictures = {start: name for start, name, _ in prompt.places}
    digest = known[-1] if known else hashlib.sha256(salt.encode()).digest()
    made = list(known)
    for start in range(len(known) * BLOCK, len(ids) - BLOCK + 1, BLOCK):
        seen = [(at, pictures[at]) for at in range(start, start + BLOCK) if at in pictures]
        digest = hashlib.sha256(digest + repr((ids[start : start + BLOCK], seen)).encode()).digest()
        made.append(digest)
    return made


class Prefixes:
    """Blocks by name, at most `most` bytes of them; 0 keeps none."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        self._kept: OrderedDict[bytes, torch.Tensor] = OrderedDict()

    def count(self, wanted: Sequence[bytes]) -> int:
        """How many of the first blocks of `wanted` are kept."""
        return next((number for number, name in enumerate(wanted) if name not in self._kept), len(wanted))

    def find(self, wanted: Sequence[bytes]) -> torch.Tensor | None:
        """Keys and values of the longest kept beginning, [layers, 2, heads, tokens, width]; None for none."""
        found = wanted[: self.count(wanted)]
        self._touch(found)
        return torch.cat([self._kept[name] for name in found], dim=3) if found else None

    def keep(self, wanted: Sequence[bytes], layers: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Keeps the blocks of `wanted` that are not kept; `layers` are keys and values [heads, tokens, width]."""
        known = self.count(wanted)
        if self.most and known < len(wanted):
            rest = slice(known * BLOCK, len(wanted) * BLOCK)
            new = torch.stack([torch.stack((keys[:, rest], values[:, rest])) for keys, values in layers])
            for name, block in zip(wanted[known:], torch.split(new, BLOCK, dim=3), strict=True):
                if name not in self._kept:
                    self._kept[name] = block.clone()
                    self.bytes += block.numel() * block.element_size()
        self._touch(wanted)
        while self.bytes > self.most:
            _, block = self._kept.popitem(last=False)
            self.bytes -= block.numel() * block.element_size()

    def _touch(self, used: Sequence[bytes]) -> None:
        """The beginning last, so that it outlives what builds on it."""
        for name in reversed(used):
            if name in self._kept:
                self._kept.move_to_end(name)


def loaded(cache: Any, blocks: torch.Tensor) -> None:
    """Puts kept keys and values into an empty cache."""
    for number, (keys, values) in enumerate(blocks):
        cache.update(keys[None], values[None], number)
