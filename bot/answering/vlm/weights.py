"""A model from its folder: its kind of numbers chosen by the device, an adapter merged in, its language part rounded.

Not here: rounding and what it costs (`int8`), tokenizer and pictures (`inputs`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForImageTextToText

from bot.answering.vlm.int8 import quantized

log = structlog.get_logger()

UNUSUAL = (
    *("use_dora", "use_qalora", "use_bdlora", "modules_to_save", "fan_in_fan_out", "rank_pattern", "alpha_pattern"),
    *("layer_replication", "lora_bias", "target_parameters", "trainable_token_indices", "alora_invocation_tokens"),
    *("arrow_config", "kasa_config", "velora_config", "monteclora_config"),
)
"""What peft can do besides low-rank updates of linear layers."""


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def load(
    name: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    adapter: str | None = None,
    int8: bool = False,
) -> Any:
    """The model in folder `name`, or of that name, ready to be run; `dtype` by default bf16 on a GPU, fp32 on a CPU.

    `adapter` is the folder of a LoRA adapter, `int8` rounds the language part. Raises ValueError or OSError, saying
    what is wrong, when it cannot be loaded.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    numbers = DTYPES[dtype or ("fp32" if device == "cpu" else "bf16")]
    model = AutoModelForImageTextToText.from_pretrained(name, dtype=numbers, attn_implementation="sdpa").to(device)
    if adapter:
        log.info("adapter merged", layers=merge(model, Path(adapter)))
    if int8:
        log.info("rounded to int8", saved_megabytes=round(quantized(model) / 1e6))
    return model.eval()


@torch.no_grad()
def merge(model: Any, folder: Path) -> int:
    """Adds a LoRA adapter, as peft saves it, to the weights it was trained for; how many layers it changed.

    Merged, it costs nothing at all while answering, and needs no peft. Raises ValueError for what is no plain LoRA, or
    belongs to another model; the weights are then as they were.
    """
    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    unusual = [key for key in UNUSUAL if config.get(key)]
    if config.get("peft_type") != "LORA" or unusual or config.get("bias", "none") != "none":
        raise ValueError(
            f"{folder}: no plain LoRA ({', '.join(unusual) or 'its peft_type or bias'}): merge it with peft"
        )
    rank = float(config["r"])
    scale = float(config["lora_alpha"]) / (rank**0.5 if config.get("use_rslora") else rank)
    halves = _pairs(load_file(folder / "adapter_model.safetensors"), folder)
    linears = {path: module for path, module in model.named_modules() if isinstance(module, nn.Linear)}
    found = {_module(path, linears, folder): pair for path, pair in halves.items()}
    for path, (down, up) in found.items():
        if (up.shape[0], down.shape[1]) != tuple(linears[path].weight.shape):
            raise ValueError(f"{folder}: {path} has other shapes in this model; the adapter belongs to another one")
    for path, (down, up) in found.items():
        weight = linears[path].weight
        change = scale * (up.to(weight.device, torch.float32) @ down.to(weight.device, torch.float32))
        weight.copy_((weight.float() + change).to(weight.dtype))
    return len(found)


def _pairs(tensors: Mapping[str, torch.Tensor], folder: Path) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """The two halves of each layer's change, by the layer's path as peft writes it."""
    downs: dict[str, torch.Tensor] = {}
    ups: dict[str, torch.Tensor] = {}
    for key, tensor in tensors.items():
        path, _, half = key.removeprefix("base_model.model.").rpartition(".lora_")
        if half not in ("A.weight", "B.weight"):
            raise ValueError(f"{folder}: {key} is no LoRA of a linear layer: merge it with peft")
        (downs if half == "A.weight" else ups)[path] = tensor
    if downs.keys() != ups.keys() or not downs:
        raise ValueError(f"{folder}: the adapter is empty or lacks halves")
    return {path: (down, ups[path]) for path, down in downs.items()}


def _module(path: str, linears: Mapping[str, nn.Linear], folder: Path) -> str:
    """The layer that `path` means. Older adapters name the language part `model.layers` where it is deeper today."""
    if path in linears:
        return path
    tail = "." + path.removeprefix("model.")
    alike = [name for name in linears if name.endswith(tail) and not ("layers" in tail and "visual" in name)]
    if len(alike) != 1:
        raise ValueError(f"{folder}: this model has no layer {path}; the adapter belongs to another one")
    return alike[0]
