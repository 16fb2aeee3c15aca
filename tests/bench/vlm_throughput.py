"""Our batched vision-language model against transformers' `generate` one after another: same model, same run.

`python -m tests.bench.vlm_throughput` builds a random Qwen3-VL of about 100 M parameters and prints, for 1, 4, 8 and
16 requests at once: decode of 200 tokens on a context of 64, and a picture with 64 tokens of answer, end to end; then
what a follow-up on the same picture waits for its first token, and how long readers wait between two tokens while a
long prompt joins. Both sides run in turn, three times, and the quickest run of each counts, beside the tokens per
second of the processor, which others' load changes little; with one thread by default, since two on a busy machine
measure the machine.

With a GPU, `--shape 8b` takes the published shapes of Qwen3-VL-8B (random weights, nothing is downloaded) and prints
per cent of the roofline, from a copy measured in the same run; `--shape dry` runs all of that path on any machine, in
a minute, with the figures of nothing. Answers mean nothing here; speed does not depend on it.
"""

import argparse
import asyncio
import resource
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw
from transformers import AutoModelForImageTextToText
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLConfig

from bot.answering.vlm.engine import Engine
from bot.answering.vlm.inputs import Inputs
from bot.answering.vlm.pixels import together
from bot.answering.vlm.request import Request
from tests.tiny_models import QWEN, build, tokenizer

Size = tuple[int, int]


class Timed(Engine):
    """Writes down when each token left the model, whatever text it is part of: by two clocks."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.schedule.ends = frozenset()  # every answer is as long as the peer's
        self.times: dict[int, list[tuple[float, float]]] = {}

    def _send(self, loop: Any, to: Any, item: Any) -> None:
        self.times.setdefault(id(to), []).append((time.perf_counter(), time.process_time()))
        super()._send(loop, to, item)


@dataclass(frozen=True)
class Shape:
    """What is run: how many at once, which picture, how many tokens of answer."""

    at_once: tuple[int, ...]
    picture: Size
    decoded: int = 200
    answered: int = 64
    long: int = 2000
    """Tokens of the prompt that joins."""
    repeats: int = 3


SHAPES = {
    "small": Shape((1, 4, 8, 16), (640, 384)),
    "8b": Shape((1, 4, 8, 16, 32, 64), (1440, 896), answered=200, long=8000),
    "dry": Shape((1, 3), (256, 160), decoded=8, answered=4, long=200),
}


def small(dtype: str) -> Timed:
    """About 100 M parameters, on the CPU, through the same folder as any model."""
    with tempfile.TemporaryDirectory() as folder:
        build("qwen3_vl", Path(folder), hidden=768, layers=13, vocabulary=16_384, room=8192)
        return Timed.load(folder, device="cpu", dtype=dtype, rows=16)


def published(device: str, *, dry: bool, replay: bool) -> Timed:
    """The shapes of Qwen3-VL-8B, random weights, bf16; `dry` takes a fraction of each, for a machine without a GPU."""
    words = tokenizer(QWEN, "<|vision_start|><|image_pad|><|vision_end|>", "<|im_end|>")
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    ids = {name: words.convert_tokens_to_ids(token) for name, token in zip(names, QWEN[3:], strict=True)}
    rope = {"rope_type": "default", "mrope_section": [24, 20, 20], "mrope_interleaved": True, "rope_theta": 5e6}
    text: dict[str, Any] = {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36}
    text |= {"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936}
    text |= {"max_position_embeddings": 32_768, "rope_parameters": rope, "tie_word_embeddings": False}
    vision: dict[str, Any] = {"depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16}
    vision |= {"out_hidden_size": 4096, "patch_size": 16, "deepstack_visual_indexes": [8, 16, 24]}
    vision |= {"num_position_embeddings": 2304}
    if dry:
        text |= {"hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4, "vocab_size": 1024}
        vision |= {"depth": 4, "hidden_size": 64, "intermediate_size": 128, "num_heads": 4, "out_hidden_size": 256}
        vision |= {"deepstack_visual_indexes": [1, 2, 3]}
    config = Qwen3VLConfig(text_config=text, vision_config=vision, **ids)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.fill_(1.0) if "norm" in name and value.ndim == 1 else value.normal_(0, 0.02)
    pictures = Qwen2VLImageProcessorPil(patch_size=16, merge_size=2, temporal_patch_size=2)
    return Timed(model, Inputs(words, pictures, config), rows=64, replay=replay)


def screen(number: int, size: Size) -> Image.Image:
    """A page with some text, different for each number."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    for row in range(12):
        draw.text((20, 10 + 30 * row), f"Row {row} of page {number}: {number * row * 7919}", fill="black")
    return image


def question(number: int, size: Size | None, more: str = "") -> list[dict[str, Any]]:
    """A text of about 64 tokens, or the same with a picture."""
    text = f"{number:05d} What does this page say, and which button should I press now?"[:52] + more
    shown = [{"type": "image", "image": screen(number, size)}] if size else []
    return [{"role": "user", "content": [*shown, {"type": "text", "text": text}]}]


async def ours(engine: Engine, questions: list[Any], most: int) -> tuple[float, list[float], int]:
    """Seconds for all at once, each one's seconds to its first token, and the tokens written."""
    firsts: list[float] = []
    tokens = 0
    started = time.perf_counter()

    async def one(messages: Any) -> None:
        nonlocal tokens
        pieces = engine.answer(Request(messages, most))
        last = await anext(pieces)
        firsts.append(time.perf_counter() - started)
        async for piece in pieces:
            last = piece
        tokens += last.tokens

    await asyncio.gather(*(one(messages) for messages in questions))
    return time.perf_counter() - started, firsts, tokens


@torch.inference_mode()
def theirs(engine: Engine, messages: Any, most: int) -> float:
    """Seconds of one answer, picture and prompt included."""
    started = time.perf_counter()
    prompt = engine.inputs.prompt(messages)
    pixels = together(prompt.pictures) | {"mm_token_type_ids": prompt.kinds} if prompt.pictures else {}
    inputs = {"input_ids": prompt.ids, "attention_mask": torch.ones_like(prompt.ids), **pixels}
    engine.model.generate(
        **{key: value.to(engine.model.device) for key, value in inputs.items()},
        max_new_tokens=most,
        min_new_tokens=most,
        do_sample=False,
    )
    if engine.model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def memory(device: Any) -> str:
    """The most that was used so far."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated() / 1e9:.1f} GB of GPU memory"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB resident at most"


def copied(device: Any) -> float:
    """Bytes a second that a large copy reads and writes here."""
    source = torch.empty(1 << (30 if device.type == "cuda" else 26), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = []
    for _ in range(11):
        started = time.perf_counter()
        target.copy_(source)
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * source.numel() / statistics.median(seconds[1:])


def roofline(engine: Engine, batch: int, context: int, speed: float) -> float:
    """Tokens a second if a step did nothing but read weights once, and every row's keys and values, at that speed."""
    text = engine.model.config.get_text_config()
    size = engine.model.dtype.itemsize
    read = sum(p.numel() * size for name, p in engine.model.named_parameters() if "visual" not in name)
    read -= text.vocab_size * text.hidden_size * size  # of the table of embeddings one line a token
    kept = 2 * size * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * context
    return batch * speed / (read + batch * kept)


async def compare(engine: Engine, shape: Shape, size: Size | None, speed: float | None) -> None:
    """One table: decode, or end to end with a picture. Of each side the quickest run counts: load only adds."""
    most = shape.answered if size else shape.decoded
    print(f"\n{f'a picture of {size[0]}x{size[1]} and' if size else 'decode of'} {most} tokens, end to end")
    await ours(engine, [question(900, size)], 8)
    theirs(engine, question(901, size), 8)
    for count in shape.at_once:
        runs, alone = [], []
        for run in range(shape.repeats):
            cpu = time.process_time()
            number = 1000 * (run + 1) + 100 * count
            took, firsts, tokens = await ours(engine, [question(number + n, size) for n in range(count)], most)
            runs.append((took, time.process_time() - cpu, firsts, tokens))
            cpu = time.process_time()
            seconds = await asyncio.to_thread(theirs, engine, question(number + 90, size), most)
            alone.append((seconds, time.process_time() - cpu))
        took, _, firsts, tokens = min(runs)
        rate, peer = tokens / took, most / min(alone)[0]
        cpu_ours, cpu_theirs = min(cpu for _, cpu, _, _ in runs), min(cpu for _, cpu in alone)
        line = f"  {count:3} at once: {rate:8.1f} tokens/s against {peer:6.1f} one after another = {rate / peer:5.2f}"
        line += f" times ({tokens / cpu_ours * cpu_theirs / most:5.2f} times the tokens per CPU second); "
        line += f"first token p50 {statistics.median(firsts):.2f} s, last {max(firsts):.2f} s; "
        line += memory(engine.model.device)
        if speed and not size:
            line += f"; {rate / roofline(engine, count, 64 + most // 2, speed):.0%} of the roofline"
        print(line, flush=True)


async def followed(engine: Engine, shape: Shape) -> None:
    """A follow-up on the same picture: its first token here, against reading all of it again."""
    more = " I ask this at some length." * 10
    clocks: dict[str, list[tuple[float, float]]] = {"first": [], "scratch": [], "again": []}

    def since(name: str, wall: float, cpu: float) -> None:
        clocks[name].append((time.perf_counter() - wall, time.process_time() - cpu))

    for number in range(3):
        first = question(7000 + number, shape.picture, more)
        follow = [
            *first,
            {"role": "assistant", "content": "Press the second button."},
            {"role": "user", "content": "And then?"},
        ]
        started = time.perf_counter(), time.process_time()
        await ours(engine, [first], 1)
        since("first", *started)
        started = time.perf_counter(), time.process_time()
        await asyncio.to_thread(theirs, engine, follow, 1)
        since("scratch", *started)
        started = time.perf_counter(), time.process_time()
        await ours(engine, [follow], 1)
        since("again", *started)
    length = engine.inputs.prompt(follow).ids.shape[1]
    print(f"\nfollow-up on a picture, {length} tokens in all, to the first token")
    for number, clock in enumerate(("s", "s of the processor")):
        first_, scratch, again = (statistics.median(pair[number] for pair in clocks[name]) for name in clocks)
        print(f"  {again:.3f} {clock} against {scratch:.3f} read from scratch = {scratch / again:.1f} times sooner")
        print(f"  (the first question itself: {first_:.3f})")


async def joined(engine: Timed, shape: Shape) -> None:
    """Readers' longest wait between two tokens while a long prompt is read, against reading it in one go."""
    words = "word " * (shape.long // 5)
    started = time.perf_counter(), time.process_time()
    await ours(engine, [question(7100, None, words)], 1)
    alone = time.perf_counter() - started[0], time.process_time() - started[1]
    engine.times.clear()
    running = [engine.answer(Request(question(7200 + n, None), 4000)) for n in range(8)]
    for pieces in running:
        await anext(pieces)
    quiet = time.perf_counter()
    await asyncio.sleep(20 * engine.schedule.step_seconds)
    began = time.perf_counter()
    _, (first,), _ = await ours(engine, [question(7300, None, words)], 1)
    for pieces in running:
        await pieces.aclose()
    print(f"\n8 readers while a prompt of {shape.long} tokens is read; between two of their tokens")
    for number, clock in enumerate(("s", "s of the processor")):
        before, during = (
            sorted(
                after[number] - before[number]
                for times in engine.times.values()
                for before, after in pairwise(times)
                if after[0] > start and before[0] < end
            )
            for start, end in ((quiet, began), (began, began + first))
        )
        line = (
            f"  {statistics.median(during):.3f} {clock} at the median, {during[int(0.99 * len(during))]:.3f} at p99, "
        )
        line += f"{during[-1]:.3f} at most; {statistics.median(before):.3f} before it came; "
        print(line + f"{alone[number]:.3f} if it were read in one go")


async def main(name: str, at_once: tuple[int, ...], threads: int, dtype: str, replay: bool) -> None:
    """All of it."""
    torch.set_num_threads(threads)
    shape = SHAPES[name]
    if at_once:
        shape = replace(shape, at_once=at_once)
    if name == "small":
        engine = small(dtype)
    else:
        engine = published("cpu" if name == "dry" else "cuda", dry=name == "dry", replay=replay)
    device = engine.model.device
    parameters = sum(p.numel() for p in engine.model.parameters()) / 1e6
    print(f"{parameters:.0f} M parameters, {engine.model.dtype}, {device}, {threads} threads")
    speed = None
    if name != "small":
        speed = copied(device)
        print(f"a copy here moves {speed / 1e9:,.0f} GB/s")
    with engine:
        await compare(engine, shape, None, speed)
        await compare(engine, shape, shape.picture, speed)
        await followed(engine, shape)
        await joined(engine, shape)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--shape", choices=SHAPES, default="small")
    arguments.add_argument("--at-once", type=int, nargs="*", default=(), help="by default 1 4 8 16")
    arguments.add_argument("--threads", type=int, default=1, help="of torch on the CPU")
    arguments.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32", help="of the small shape")
    arguments.add_argument("--replay", action="store_true", help="record and replay steps, of the other shapes")
    chosen = arguments.parse_args()
    asyncio.run(main(chosen.shape, tuple(chosen.at_once), chosen.threads, chosen.dtype, chosen.replay))
