"""Linear layers for the CPU with their weights laid out once as oneDNN reads them, instead of anew for each product.

Where a dozen rows are multiplied at once this takes about two thirds of the time; one row alone gains nothing. It is
what torch's own compiler does when it freezes a model, without waiting for the compiler.
"""

from typing import Any

import torch
from torch import nn

from bot.answering.vlm.int8 import linears

ROWS = 16
"""For which the layout is chosen; other numbers of rows are multiplied as well."""


class PackedLinear(nn.Module):
    """A linear layer whose weight can be multiplied and nothing else."""

    weight: torch.Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach().contiguous(), ROWS)
        self.register_buffer("weight", weight, persistent=False)
        self.bias = linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., in] -> [..., out]"""
        out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return out


def pack(model: Any) -> bool:
    """Packs the language part and the output layer in place; False where this build of torch, or the device, cannot."""
    known = hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    if model.device.type != "cpu" or model.dtype != torch.float32 or not known:
        return False
    with torch.no_grad():
        for parent, name, linear in list(linears(model)):
            setattr(parent, name, PackedLinear(linear))
        if isinstance(model.lm_head, nn.Linear):
            model.lm_head = PackedLinear(model.lm_head)
    return True
