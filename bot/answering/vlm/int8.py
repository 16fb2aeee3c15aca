"""The language part of a vision-language model in int8, its vision tower and its output layer as they are.

Weights are rounded per output channel and widened again for each product: half of bf16's memory, a quarter of fp32's,
and not faster by itself. What it costs is said per part by `losses`, on the owner's own prompts; the vision tower is
kept because published quantised models keep it: small text in pictures is what suffers first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass(frozen=True)
class Loss:
    """What rounding one part alone changes: the error of its weights, and how often the first choice stays the same."""

    part: str
    megabytes: float
    """Before."""
    weight_error: float
    """Relative, root of the mean square."""
    same_choice: float
    """Share of the prompts' positions at which the likeliest next token stays."""


class Int8Linear(nn.Module):
    """A linear layer with int8 weights [out, in] and one scale per output."""

    weight: torch.Tensor
    scale: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        wide = linear.weight.detach().float()
        scale = wide.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127
        self.register_buffer("weight", (wide / scale).round().to(torch.int8))
        self.register_buffer("scale", scale[:, 0].to(linear.weight.dtype))
        self.bias = linear.bias
        self.error = float(
            (self.weight * scale - wide).pow(2).mean().sqrt() / wide.pow(2).mean().sqrt().clamp(min=1e-8)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., in] -> [..., out]"""
        out = nn.functional.linear(x, self.weight.to(x.dtype)) * self.scale
        return out if self.bias is None else out + self.bias


def quantized(model: Any) -> int:
    """Rounds every linear layer of the language part, in place; returns how many bytes that saved."""
    saved = 0
    for parent, name, linear in _linears(model):
        setattr(parent, name, Int8Linear(linear))
        saved += linear.weight.numel() * (linear.weight.element_size() - 1)
    return saved


@torch.inference_mode()
def losses(model: Any, prompts: Sequence[torch.Tensor]) -> Iterator[Loss]:
    """The loss table: each kind of layer alone, then all; the model is as before when this has ended.

    `prompts` are token ids [1, tokens], texts of the owner's own help centre for example.
    """
    whole = list(_linears(model))
    exact = _choices(model, prompts)
    for part in [*sorted({name for _, name, _ in whole}), "all"]:
        chosen = [(parent, name, linear) for parent, name, linear in whole if part in (name, "all")]
        rounded = [Int8Linear(linear) for _, _, linear in chosen]
        for (parent, name, _), layer in zip(chosen, rounded, strict=True):
            setattr(parent, name, layer)
        same = (_choices(model, prompts) == exact).float().mean()
        for parent, name, linear in chosen:
            setattr(parent, name, linear)
        size = sum(linear.weight.numel() * linear.weight.element_size() for _, _, linear in chosen) / 1e6
        yield Loss(part, size, sum(layer.error for layer in rounded) / len(rounded), float(same))


def _choices(model: Any, prompts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([model(input_ids=ids.to(model.device)).logits[0].argmax(-1) for ids in prompts])


def _linears(model: Any) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    """The linear layers of the language part, with the module that holds each."""
    language = getattr(model.model, "language_model", None) or model.model.text_model
    for parent in list(language.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                yield parent, name, child
