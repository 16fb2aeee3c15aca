"""Pictures' encodings, kept by the hash of their pixels: a follow-up question does not pay for its picture again.

Two pictures that differ in one pixel have two names, so no customer's picture is ever taken for another's. Used by the
engine's thread alone.
"""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.utils import ModelOutput

from bot.answering.vlm.pixels import Pixels, together


@dataclass
class Encoded(ModelOutput):  # type: ignore[misc]
    """Encodings in the shape in which a model's own vision tower returns them."""

    pooler_output: list[torch.Tensor] | None = None
    deepstack_features: list[list[torch.Tensor]] | None = None


class Encodings:
    """Encodes with the vision tower of `model`, and keeps what it has encoded lately, at most `most` bytes of it."""

    def __init__(self, model: Any, most: int) -> None:
        self.model = model
        self.most = most
        self.made = 0
        """Pictures encoded since the start."""
        self._kept: OrderedDict[str, tuple[torch.Tensor, list[torch.Tensor]]] = OrderedDict()

    def missing(self, pictures: Sequence[Pixels]) -> list[Pixels]:
        """Those that are not kept, each once. Those that are count as used."""
        for picture in pictures:
            if picture.name in self._kept:
                self._kept.move_to_end(picture.name)
        return list({picture.name: picture for picture in pictures if picture.name not in self._kept}.values())

    def encode(self, pictures: Sequence[Pixels], needed: Collection[str] = ()) -> None:
        """Encodes `pictures`, none of which is kept, in one call. `needed` names what must not be let go for them."""
        tensors = {key: value.to(self.model.device) for key, value in together(pictures).items()}
        out = self.model.model.get_image_features(**tensors, return_dict=True)
        layers = getattr(out, "deepstack_features", None) or []
        for number, picture in enumerate(pictures):
            made = out.pooler_output[number].clone()
            if made.shape[0] != picture.place.tokens:
                raise ValueError(f"a picture's encoding has {made.shape[0]} tokens, its place {picture.place.tokens}")
            self._kept[picture.name] = (made, [layer[number].clone() for layer in layers])
        self.made += len(pictures)
        self._let_go({*needed, *(picture.name for picture in pictures)})

    def joined(self, pictures: Sequence[Pixels]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The kept encodings of `pictures` put end to end, [tokens, width], and the same for each deep layer.

        Raises KeyError for one that is not kept.
        """
        kept = [self._kept[picture.name] for picture in pictures]
        layers = [torch.cat([deep[n] for _, deep in kept]) for n in range(len(kept[0][1]))]
        return torch.cat([encoding for encoding, _ in kept]), layers

    def _let_go(self, needed: Collection[str]) -> None:
        """The least lately used, as far as they are too many."""
        total = sum(map(_bytes, self._kept.values()))
        for name in [name for name in self._kept if name not in needed]:
            if total <= self.most:
                return
            total -= _bytes(self._kept.pop(name))


def _bytes(kept: tuple[torch.Tensor, list[torch.Tensor]]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in (kept[0], *kept[1]))
