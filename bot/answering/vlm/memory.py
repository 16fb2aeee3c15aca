"""How the memory that weights leave is shared out: rows that are being written, prompts and pictures that are kept.

Not here: who is let in by it (`schedule`), what is let go first (`prefixes`, `encodings`).
"""

from dataclasses import dataclass
from typing import Any

import torch

GB = 1_000_000_000


@dataclass(frozen=True)
class Memory:
    """Room for each."""

    room: int
    """Tokens of all rows together, each as long as the longest."""
    prefix_bytes: int
    encoding_bytes: int


def shared_out(model: Any, *, room: int | None = None, prefix_bytes: int | None = None) -> Memory:
    """For `model`, whose weights are where they stay; what is given is taken as it is.

    Of a GPU's free memory rows get 30 %, since they grow by doubling and may hold twice what they need, and what is
    kept gets 10 % each; the rest is for the work itself.
    """
    free = torch.cuda.mem_get_info(model.device)[0] if model.device.type == "cuda" else 10 * GB
    return Memory(
        room=room or max(2048, int(0.3 * free / token_bytes(model))),
        prefix_bytes=int(0.1 * free) if prefix_bytes is None else prefix_bytes,
        encoding_bytes=int(0.1 * free),
    )


def token_bytes(model: Any) -> int:
    """What one token keeps in all layers."""
    text = model.config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return int(2 * text.num_hidden_layers * text.num_key_value_heads * width * model.dtype.itemsize)
