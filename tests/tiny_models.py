"""Tiny random vision-language models, made here: no download, half a million numbers each, real in every shape."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_5.configuration_qwen3_5 import Qwen3_5Config
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig
from transformers.models.smolvlm.configuration_smolvlm import SmolVLMConfig
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

KINDS = ("qwen2_5_vl", "qwen3_vl", "smolvlm", "qwen3_5")
"""The last one's layers are of two kinds, one with keys and values and one with a running state."""
QWEN = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
SMOL = ["<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>"]
TILES = [f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}END\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


TOOLS = (
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}"
    'Call one so: <tool_call>{"name": ..., "arguments": ...}</tool_call>END\n{% endif %}'
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}IMAGE{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% for call in m['tool_calls'] or [] %}<tool_call>{{ call['function'] | tojson }}</tool_call>{% endfor %}END\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if messages[-1]['role'] == 'tool' %}>{% endif %}{% endif %}"
)
"""A template that knows of tools; after a tool's reply, the model's turn begins with a mark of its own."""


def tokenizer(special: list[str], image: str, end: str, template: str = TEMPLATE) -> Any:
    """Bytes as tokens, and the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=end, pad_token="<|endoftext|>")
    fast.add_special_tokens({"additional_special_tokens": special})
    fast.chat_template = template.replace("IMAGE", image).replace("END", end)
    return fast


def build(
    kind: str, folder: Path, *, hidden: int = 64, layers: int = 2, vocabulary: int = 320, room: int = 4096
) -> Path:
    """A model of `kind` in `folder`, as `from_pretrained` wants it; the same numbers every time."""
    torch.manual_seed(7)
    make = _smolvlm if kind == "smolvlm" else _qwen
    words, pictures, config = make(kind, hidden, layers, vocabulary, room)
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_(
                torch.ones_like(value) if "norm" in name and value.ndim == 1 else torch.randn_like(value) * 0.05
            )
    return _saved(folder, model, words, pictures)


def reciting(folder: Path, said: list[str], then: list[str], *, thinks: bool = False) -> Path:
    """A model that always answers `said`, and `then` after a tool's reply: real in every shape, random in no weight.

    Each piece of text is one token, whatever was asked; the weights let a token decide which one follows it. With
    `thinks` its template opens its thoughts.
    """
    torch.manual_seed(7)
    template = TOOLS.replace("assistant\n", "assistant\n<think>\n") if thinks else TOOLS
    words, pictures, config = _qwen("qwen3_vl", 64, 2, 384, 4096, template)
    words.add_tokens([*dict.fromkeys([*said, *then])])
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for name, value in model.named_parameters():
            ends = name.endswith(("o_proj.weight", "down_proj.weight"))
            value.copy_(torch.zeros_like(value) if ends else torch.ones_like(value))
        tokens = model.get_input_embeddings().weight
        tokens.copy_(torch.nn.functional.normalize(torch.randn_like(tokens), dim=1))
        model.lm_head.weight.zero_()
        for start, pieces in (("\u010a", said), (">", then)):  # a line's end, as byte-level tokenizers write it
            chain = words.convert_tokens_to_ids([start, *pieces, "<|im_end|>"])
            for before, after in pairwise(chain):
                model.lm_head.weight[after] += tokens[before]
    return _saved(folder, model, words, pictures)


def _saved(folder: Path, model: Any, words: Any, pictures: Any) -> Path:
    model.generation_config.eos_token_id = words.eos_token_id
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    pictures.save_pretrained(folder)
    return folder


def _text(hidden: int, layers: int, vocabulary: int, room: int) -> dict[str, Any]:
    return {
        "hidden_size": hidden,
        "intermediate_size": 8 * hidden // 3,
        "num_hidden_layers": layers,
        "num_attention_heads": max(4, hidden // 64),
        "num_key_value_heads": max(4, hidden // 64) // 2,
        "vocab_size": vocabulary,
        "max_position_embeddings": room,
        "tie_word_embeddings": False,
    }


def _qwen(
    kind: str, hidden: int, layers: int, vocabulary: int, room: int, template: str = TEMPLATE
) -> tuple[Any, Any, Any]:
    words = tokenizer(QWEN, "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>", template)
    ids = {
        name: words.convert_tokens_to_ids(token)
        for name, token in zip(
            ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id"), QWEN[3:], strict=True
        )
    }
    width = hidden // max(4, hidden // 64)
    half = width // 2
    rope = {"rope_type": "default", "mrope_section": [half - 2 * (half // 3), half // 3, half // 3], "rope_theta": 1e6}
    text = _text(hidden, layers, vocabulary, room) | {"rope_parameters": rope}
    vision: dict[str, Any] = {"depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 64}
    vision |= {"out_hidden_size": hidden}
    if kind == "qwen2_5_vl":
        vision |= {"patch_size": 14, "fullatt_block_indexes": [1], "window_size": 112}
        config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
    elif kind == "qwen3_5":
        vision |= {"patch_size": 16, "num_position_embeddings": 64}
        text |= {"head_dim": width, "layer_types": ["linear_attention", "full_attention"] * (layers // 2)}
        text |= {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "partial_rotary_factor": 1.0}
        text |= {"linear_key_head_dim": 16, "linear_value_head_dim": 16}
        config = Qwen3_5Config(text_config=text, vision_config=vision, **ids)
    else:
        vision |= {"patch_size": 16, "deepstack_visual_indexes": [0, 1], "num_position_embeddings": 64}
        config = Qwen3VLConfig(text_config=text | {"head_dim": width}, vision_config=vision, **ids)
    pictures = Qwen2VLImageProcessorPil(patch_size=vision["patch_size"], merge_size=2, temporal_patch_size=2)
    return words, pictures, config


def _smolvlm(kind: str, hidden: int, layers: int, vocabulary: int, room: int) -> tuple[Any, Any, Any]:
    words = tokenizer(SMOL + TILES, "<image>", "<end_of_utterance>")
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = SmolVLMConfig(
        text_config={"model_type": "llama", **_text(hidden, layers, vocabulary, room)},
        vision_config=vision | {"image_size": 128, "patch_size": 16},
        scale_factor=2,
        image_token_id=words.convert_tokens_to_ids("<image>"),
    )
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 256}, max_image_size={"longest_edge": 128})
    return words, pictures, config
