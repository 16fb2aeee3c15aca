"""Linear layers on a CPU when some rows are multiplied at once, as in a step of several answers.

For one row, and for the hundreds of a prompt, torch's own choice is the best there is. For four to some dozens oneDNN
takes two thirds to nine tenths of its time, with the weights as they lie. Laid out for oneDNN they would gain a little
more, and one row would lose a third. Nothing changes on a GPU.
"""

from typing import Any

import torch
from torch import nn

FEW = range(4, 65)
LARGE = 1 << 20
"""Weights from which it pays."""


class FewRowsLinear(nn.Linear):
    """The same layer with the same weights."""

    @classmethod
    def of(cls, linear: nn.Linear) -> "FewRowsLinear":
        """Shares the weights of `linear`."""
        with torch.device("meta"):
            made = cls(linear.in_features, linear.out_features, bias=linear.bias is not None)
        made.weight, made.bias = linear.weight, linear.bias
        return made

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., in] -> [..., out]"""
        if x.numel() // self.in_features not in FEW:
            return super().forward(x)
        out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        return out


def for_few_rows(model: Any) -> None:
    """Changes the large linear layers of `model` in place, where device, numbers and this build of torch allow it."""
    known = hasattr(torch.ops.mkldnn, "_linear_pointwise")
    if model.device.type != "cpu" or model.dtype != torch.float32 or not known:
        return
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Linear and child.weight.numel() >= LARGE:
                setattr(parent, name, FewRowsLinear.of(child))
