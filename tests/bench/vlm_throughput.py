"""Our batched vision-language model against transformers' `generate` one after another: same model, same run.

`python -m tests.bench.vlm_throughput` builds a random Qwen3-VL of about 100 M parameters and prints, for 1, 4, 8 and
16 requests at once: decode of 200 tokens on a context of 64, and a picture with 64 tokens of answer, end to end.
With a GPU, `--shape 8b` takes the published shapes of Qwen3-VL-8B (random weights, nothing is downloaded) and prints
per cent of the roofline, from a copy measured in the same run. Answers mean nothing here; speed does not depend on it.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from transformers import AutoModelForImageTextToText
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig

from bot.answering.vlm.engine import Engine
from bot.answering.vlm.inputs import Inputs, together
from tests.tiny_models import QWEN, build, tokenizer

AT_ONCE = (1, 4, 8, 16)


def small() -> Engine:
    """About 100 M parameters, on the CPU, through the same folder as any model."""
    with tempfile.TemporaryDirectory() as folder:
        build("qwen3_vl", Path(folder), hidden=768, layers=13, vocabulary=16_384, room=8192)
        return Engine.load(folder, rows=16)


def published() -> Engine:
    """The shapes of Qwen3-VL-8B, random weights, bf16, on the GPU."""
    words = tokenizer(QWEN, "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>")
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    ids = {name: words.convert_tokens_to_ids(token) for name, token in zip(names, QWEN[3:], strict=True)}
    rope = {"rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True, "rope_theta": 5e6}
    text = {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32}
    text |= {"num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "max_position_embeddings": 32_768}
    vision = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16, "out_hidden_size": 4096}
    vision |= {"patch_size": 16, "deepstack_visual_indexes": [8, 16, 24], "num_position_embeddings": 2304}
    config = Qwen3VLConfig(text_config=text | {"rope_parameters": rope}, vision_config=vision, **ids)
    with torch.device("cuda"):
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.fill_(1.0) if "norm" in name and value.ndim == 1 else value.normal_(0, 0.02)
    pictures = Qwen2VLImageProcessorPil(patch_size=16, merge_size=2, temporal_patch_size=2)
    return Engine(model, Inputs(words, pictures, config), rows=64)


def screen(number: int, size: tuple[int, int]) -> Image.Image:
    """A page with some text, different for each number."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for row in range(12):
        draw.text((20, 10 + 30 * row), f"Row {row} of page {number}: {number * row * 7919}", fill="black")
    return image


def question(number: int, size: tuple[int, int] | None) -> list[dict[str, Any]]:
    """A text of about 64 tokens, or the same with a picture."""
    text = f"{number:03d} What does this page say, and which button should I press now?"[:52]
    shown = [{"type": "image", "image": screen(number, size)}] if size else []
    return [{"role": "user", "content": [*shown, {"type": "text", "text": text}]}]


async def ours(engine: Engine, questions: list[Any], most: int) -> tuple[float, list[float], int]:
    """Seconds for all at once, each one's seconds to its first token, and the tokens written."""
    firsts: list[float] = []
    tokens = 0
    started = time.perf_counter()

    async def one(messages: Any) -> None:
        nonlocal tokens
        pieces = engine.answer(messages, most)
        last = await anext(pieces)
        firsts.append(time.perf_counter() - started)
        async for piece in pieces:
            last = piece
        tokens += last.tokens

    await asyncio.gather(*(one(messages) for messages in questions))
    return time.perf_counter() - started, firsts, tokens


def theirs(engine: Engine, questions: list[Any], most: int) -> float:
    """Seconds for one after another."""
    started = time.perf_counter()
    for messages in questions:
        prompt = engine.inputs.prompt(messages)
        pixels = together(prompt.pictures) | {"mm_token_type_ids": prompt.kinds} if prompt.pictures else {}
        inputs = {"input_ids": prompt.ids, "attention_mask": torch.ones_like(prompt.ids), **pixels}
        engine.model.generate(
            **{key: value.to(engine.model.device) for key, value in inputs.items()},
            max_new_tokens=most,
            min_new_tokens=most,
            do_sample=False,
        )
    return time.perf_counter() - started


def memory(device: Any) -> str:
    """The most that was used so far."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB of GPU memory"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB resident at most"


def roofline(engine: Engine, batch: int, context: int) -> float:
    """Tokens a second if a step did nothing but read weights, keys and values, at the copy speed measured here."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    target.copy_(source)
    torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(10):
        target.copy_(source)
    torch.cuda.synchronize()
    speed = 10 * 2 * source.numel() / (time.perf_counter() - started)
    text = engine.model.config.get_text_config()
    read = sum(p.numel() * p.element_size() for n, p in engine.model.named_parameters() if "visual" not in n)
    read -= text.vocab_size * text.hidden_size * 2
    kept = 2 * 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * context
    return batch * speed / (read + batch * kept)


async def compare(engine: Engine, size: tuple[int, int] | None, most: int, at_once: tuple[int, ...]) -> None:
    """One table: decode, or end to end with a picture. The peer runs before each line, so that load hits both."""
    what = f"a picture of {size[0]}x{size[1]} and {most} tokens, end to end" if size else f"decode of {most} tokens"
    await ours(engine, [question(900, size)], 8)
    theirs(engine, [question(901, size)], 8)
    print(f"\n{what}")
    for count in at_once:
        cpu = time.process_time()
        alone = await asyncio.to_thread(theirs, engine, [question(800 + count, size)], most)
        cpu_alone, cpu = time.process_time() - cpu, time.process_time()
        took, firsts, tokens = await ours(engine, [question(100 * count + n, size) for n in range(count)], most)
        cpu_ours = time.process_time() - cpu
        line = f"  {count:3} at once: {tokens / took:8.1f} tokens/s against {most / alone:6.1f} one after another = "
        line += (
            f"{tokens / took * alone / most:5.2f} times ({tokens / cpu_ours * cpu_alone / most:5.2f} times the tokens "
        )
        line += f"per CPU second); first token p50 {statistics.median(firsts):.2f} s, last {max(firsts):.2f} s; "
        line += memory(engine.model.device)
        if engine.model.device.type == "cuda" and not size:
            line += f"; {tokens / took / roofline(engine, count, 64 + most // 2):.0%} of the roofline"
        print(line, flush=True)


async def main(shape: str, at_once: tuple[int, ...]) -> None:
    """Both tables."""
    engine = published() if shape == "8b" else small()
    parameters = sum(p.numel() for p in engine.model.parameters()) / 1e6
    print(
        f"{parameters:.0f} M parameters, {engine.model.dtype}, {engine.model.device}, {torch.get_num_threads()} threads"
    )
    at_once = at_once or ((*AT_ONCE, 32, 64) if shape == "8b" else AT_ONCE)
    with engine:
        await compare(engine, None, 200, at_once)
        await compare(engine, (1440, 896) if shape == "8b" else (640, 384), 200 if shape == "8b" else 64, at_once)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shape", choices=("small", "8b"), default="small")
    arguments.add_argument("--at-once", type=int, nargs="*", default=(), help="by default 1 4 8 16")
    chosen = arguments.parse_args()
    asyncio.run(main(chosen.shape, tuple(chosen.at_once)))
