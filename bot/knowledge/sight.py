"""Picture and text in one space: an optional image encoder (CLIP, SigLIP) whose weights the owner has in a folder.

It puts a customer's picture beside passages without reading a word of it, for the way of ranking named `aligned`.
Where there is none, that way goes by what the picture itself stresses. Not here: reading pictures
(`bot/screenshots`), vectors of words (`encoder`).
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.encoder import Vectors, runnable
from bot.screenshots.eye import opened

REMEMBERED = 20_000
"""Texts whose vectors are kept in memory: those of the passages that come up."""


class Sight:
    """A model with a picture's side and a text's side. Loaded at the first picture. Safe between threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Raises ValueError when the folder holds no such model, or the packages that run one are missing."""
        if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
            raise ValueError(f"{folder} holds no image encoder: it needs config.json, a tokenizer and *.safetensors")
        if not (folder / "preprocessor_config.json").is_file():
            raise ValueError(f"{folder} says nothing of pictures (preprocessor_config.json): is it a text encoder?")
        if not runnable():
            raise ValueError('the image encoder needs torch and transformers: pip install "helplens[models]"')
        self._folder, self._threads = folder, threads
        self._lock = Lock()
        self._loaded: tuple[Any, Any, Any] | None = None
        self._texts = lru_cache(maxsize=REMEMBERED)(self._text)
        self._pictures = lru_cache(maxsize=64)(self._picture)

    def picture(self, path: Path) -> NDArray[np.float32]:
        """A picture's vector, of length 1. Raises OSError or ValueError when it cannot be opened."""
        return self._pictures(path)

    def texts(self, texts: Sequence[str]) -> Vectors:
        """texts x dimensions, each of length 1."""
        return np.stack([self._texts(text) for text in texts])

    def _picture(self, path: Path) -> NDArray[np.float32]:
        with self._lock:
            _, pixels, model = self._parts()
            given = pixels(images=opened(path.read_bytes()).convert("RGB"), return_tensors="pt")
            return self._run(model.get_image_features, given)

    def _text(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            words, _, model = self._parts()
            longest = getattr(model.config.get_text_config(), "max_position_embeddings", 64)
            given = words([text], padding="max_length", truncation=True, max_length=longest, return_tensors="pt")
            return self._run(model.get_text_features, given)

    def _run(self, side: Any, given: Any) -> NDArray[np.float32]:
        """The vector that one side of the model gives."""
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(self._threads)
        try:
            with torch.inference_mode():
                out = side(**given)
        finally:
            torch.set_num_threads(before)  # the setting is the whole process's
        features = getattr(out, "pooler_output", out)[0].float()
        vector: NDArray[np.float32] = torch.nn.functional.normalize(features, dim=0).numpy()
        return vector

    def _parts(self) -> tuple[Any, Any, Any]:
        """(tokenizer, what makes pixels, model), loaded once."""
        if self._loaded is None:
            import torch
            from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

            own: dict[str, Any] = {"local_files_only": True}
            model = AutoModel.from_pretrained(self._folder, dtype=torch.float32, **own).eval()
            if not hasattr(model, "get_image_features") or not hasattr(model, "get_text_features"):
                raise ValueError(f"{self._folder}: {type(model).__name__} does not put pictures and text in one space")
            tokenizer = AutoTokenizer.from_pretrained(self._folder, **own)
            self._loaded = tokenizer, AutoImageProcessor.from_pretrained(self._folder, **own), model
        return self._loaded


def sight_of(folder: str | None) -> Sight | None:
    """The image encoder that an owner wants, None for none. Raises ValueError when there is none in the folder."""
    return Sight(Path(folder)) if folder else None
