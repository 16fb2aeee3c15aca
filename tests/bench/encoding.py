"""Passages a second of the encoder, with and without the processor's matrix units, and how far the vectors agree.

    helplens[models] installed; python -m tests.bench.encoding FOLDER [--passages N]

FOLDER holds articles. As it comes, the encoder takes bfloat16 where the processor has AMX, float32 elsewhere. Both take
the same passages in turn, a few at a time, so that the ratio holds on a machine where others work.
"""

import argparse
import asyncio
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel

from bot.knowledge.encoder import MINILM, PACKAGE, FolderEncoder, encoder_of
from bot.knowledge.index import Index, build
from bot.knowledge.meaning import said

AT_ONCE = 64


class Exact(FolderEncoder):
    """The same encoder in float32."""

    def _load(self):  # type: ignore[no-untyped-def]
        tokenizer, _ = super()._load()
        return tokenizer, AutoModel.from_pretrained(self._folder, local_files_only=True, dtype=torch.float32).eval()


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=512)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as to:
        asyncio.run(build(given.folder, Path(to)))
        index = Index.open(Path(to))
        numbers = [n for article in range(len(index.articles)) for n in index.passages_of(article)]
        texts = [said(index.passage(n)) for n in numbers[: given.passages]]
    encoders = [encoder_of(MINILM), Exact(Path(str(files(PACKAGE))) / "model")]
    seconds, cosines = [0.0, 0.0], []
    for encoder in encoders:
        encoder.encode(texts[:2])
    for start in range(0, len(texts), AT_ONCE):
        vectors = []
        for n, encoder in enumerate(encoders):
            began = time.process_time()
            vectors.append(encoder.encode(texts[start : start + AT_ONCE]))
            seconds[n] += time.process_time() - began
        cosines.append((vectors[0] * vectors[1]).sum(axis=1))
    for name, took in zip(("as it comes", "float32"), seconds, strict=True):
        print(f"{name:12} {len(texts) / took:7.1f} passages a second of one core")
    print(f"ratio {seconds[1] / seconds[0]:.1f}; cosine of the vectors at least {np.concatenate(cosines).min():.5f}")
    print(f"one name in an index: {encoders[0].name == encoders[1].name}")


if __name__ == "__main__":
    main()
