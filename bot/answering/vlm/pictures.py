"""Pictures' encodings, kept by the hash of their pixels: a follow-up question does not pay for its picture again.

Two pictures that differ in one pixel have two names, so no customer's picture is ever taken for another's. Used by the
engine's thread alone.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers.utils import ModelOutput

from bot.answering.vlm.inputs import Pixels, together

KEPT_TOKENS = 100_000
"""Image tokens whose encodings are kept: some 60 screenshots."""


@dataclass
class Encoded(ModelOutput):  # type: ignore[misc]
    """Encodings in the shape in which a model's own vision tower returns them."""

    pooler_output: list[torch.Tensor] | None = None
    deepstack_features: list[list[torch.Tensor]] | None = None


class Encodings:
    """Encodes with the vision tower of `model`, and keeps what it has encoded lately."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.made = 0
        """Pictures encoded since the start."""
        self._kept: OrderedDict[str, tuple[torch.Tensor, list[torch.Tensor]]] = OrderedDict()

    def encode(self, pictures: Sequence[Pixels]) -> None:
        """Encodes those that are not kept, all in one call of the vision tower."""
        wanted = {picture.name: picture for picture in pictures}
        new = [picture for name, picture in wanted.items() if name not in self._kept]
        for name in wanted.keys() & self._kept.keys():
            self._kept.move_to_end(name)
        if not new:
            return
        tensors = {key: value.to(self.model.device) for key, value in together(new).items()}
        out = self.model.model.get_image_features(**tensors, return_dict=True)
        layers = getattr(out, "deepstack_features", None) or []
        for number, picture in enumerate(new):
            self._kept[picture.name] = (out.pooler_output[number].clone(), [layer[number].clone() for layer in layers])
        self.made += len(new)
        while len(self._kept) > len(wanted) and sum(kept[0].shape[0] for kept in self._kept.values()) > KEPT_TOKENS:
            self._kept.popitem(last=False)

    def of(self, pictures: Sequence[Pixels]) -> Encoded:
        """The kept encodings of `pictures`, in their order. Raises KeyError for one that was never encoded."""
        kept = [self._kept[picture.name] for picture in pictures]
        layers = [[encoding[1][n] for encoding in kept] for n in range(len(kept[0][1]))]
        return Encoded(pooler_output=[encoding[0] for encoding in kept], deepstack_features=layers)
