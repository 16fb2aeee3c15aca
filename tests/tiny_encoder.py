"""A tiny random sentence encoder, made here: real in every shape, no weights of anybody's needed."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from bot.knowledge.terms import words
from tests.centre import ARTICLES

SPECIAL = ["[PAD]", "[UNK]"]


def make(folder: Path, seed: int = 0) -> Path:
    """An encoder in `folder` that knows the words of the small help centre; another seed is another encoder."""
    known = sorted({word for text in ARTICLES.values() for word in words(text)})
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate([*SPECIAL, *known])}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()  # type: ignore[assignment]
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(known),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder)
    return folder
