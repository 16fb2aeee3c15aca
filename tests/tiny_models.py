"""Tiny random vision-language models, made here: no download, half a million numbers each, real in every shape."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig
from transformers.models.smolvlm.configuration_smolvlm import SmolVLMConfig
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

KINDS = ("qwen2_5_vl", "qwen3_vl", "smolvlm")
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


def tokenizer(special: list[str], image: str, end: str) -> Any:
    """Bytes as tokens, and the special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=inner, eos_token=end, pad_token="<|endoftext|>")
    fast.add_special_tokens({"additional_special_tokens": special})
    fast.chat_template = TEMPLATE.replace("IMAGE", image).replace("END", end)
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


def _qwen(kind: str, hidden: int, layers: int, vocabulary: int, room: int) -> tuple[Any, Any, Any]:
    words = tokenizer(QWEN, "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>")
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
    vision = {"depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 64, "out_hidden_size": hidden}
    if kind == "qwen2_5_vl":
        vision |= {"patch_size": 14, "fullatt_block_indexes": [1], "window_size": 112}
        config = Qwen2_5_VLConfig(text_config=text, vision_config=vision, **ids)
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
