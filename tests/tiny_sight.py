"""A tiny image-text model, made and taught here: which colour goes with which words. No weights of anybody's needed."""

from collections.abc import Mapping
from pathlib import Path

import torch
from PIL import Image
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

from bot.knowledge.terms import words

SPECIAL = ["[PAD]", "[UNK]"]
SIDE = 16
LONGEST = 32
STEPS = 60


def make(folder: Path, pairs: Mapping[str, str]) -> Path:
    """A CLIP in `folder` that was taught `pairs` of text and colour."""
    known = sorted({word for text in pairs for word in words(text)})
    rows = Tokenizer(WordLevel({word: n for n, word in enumerate([*SPECIAL, *known])}, unk_token="[UNK]"))
    rows.normalizer = normalizers.Lowercase()  # type: ignore[assignment]
    rows.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=rows, pad_token="[PAD]", unk_token="[UNK]")
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    part = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = part | {"vocab_size": len(SPECIAL) + len(known), "max_position_embeddings": LONGEST, "pad_token_id": 0}
    text |= {"bos_token_id": 1, "eos_token_id": 0}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CLIPModel(
            CLIPConfig(text_config=text, vision_config=part | {"image_size": SIDE, "patch_size": 8}, projection_dim=16)
        )
        pictures = [Image.new("RGB", (SIDE, SIDE), colour) for colour in pairs.values()]
        given = tokenizer(list(pairs), padding="max_length", truncation=True, max_length=LONGEST, return_tensors="pt")
        given.pop("token_type_ids", None)
        pixels = processor(images=pictures, return_tensors="pt")
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(STEPS):
            optimizer.zero_grad()
            model(**given, **pixels, return_loss=True).loss.backward()
            optimizer.step()
    for part_of_it in (model, tokenizer, processor):
        part_of_it.save_pretrained(folder)
    return folder
