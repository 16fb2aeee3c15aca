"""The passages' vectors beside an index: made while it is built, kept where a text has not changed, near or far.

Not here: the encoder (`encoder`), what nearness is worth (`ranker`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge.arrays import mapped
from bot.knowledge.articles import Passage
from bot.knowledge.blocks import plain
from bot.knowledge.encoder import Encoder, Vectors
from bot.knowledge.versions import NoIndex, current

ABOUT, VECTORS, KEYS = "vectors.json", "vectors.npy", "vector_keys.npy"
AT_ONCE = 256
"""Passages that are encoded between two words of progress."""
REMEMBERED = 64
SUMMED = 4096
Progress = Callable[[int, int, str], None]


class Meaning:
    """The vectors of an opened index, and the encoder that made them, for what is looked for."""

    def __init__(self, encoder: Encoder, vectors: NDArray[np.float16]) -> None:
        """`vectors`: passages x dimensions."""
        self.encoder, self.vectors = encoder, vectors
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._encode)

    def of(self, lines: tuple[str, ...]) -> Vectors:
        """The vector of what is looked for; the last ones are remembered."""
        vector: Vectors = self._remembered(lines)
        return vector

    @cached_property
    def usual(self) -> Vectors:
        """The mean of all passages."""
        total = np.zeros(self.vectors.shape[1], np.float32)
        for start in range(0, len(self.vectors), SUMMED):
            total += self.vectors[start : start + SUMMED].astype(np.float32).sum(axis=0)
        usual: Vectors = total / np.float32(max(1, len(self.vectors)))
        return usual

    def _encode(self, lines: tuple[str, ...]) -> Vectors:
        vector: Vectors = self.encoder.encode(["\n".join(lines)])[0]
        return vector


def opened(version: Path, encoder: Encoder | None) -> tuple[Meaning | None, str]:
    """(the vectors of a version, why there are none to use: empty where there are, and where nobody asked for any)."""
    if not (version / ABOUT).is_file():
        return None, "" if encoder is None else f"the index has no vectors; build it again to rank by {encoder.name}"
    made_by = orjson.loads((version / ABOUT).read_bytes())["encoder"]
    if encoder is None:
        return None, f"the index has vectors of {made_by}, which is not at hand: ranked by words alone"
    if encoder.name != made_by:
        return None, f"the index has vectors of {made_by}, not of {encoder.name}: ranked by words alone; build it again"
    return Meaning(encoder, mapped(version / VECTORS)), ""


def write(passages: Sequence[bytes], version: Path, encoder: Encoder, before: Path, progress: Progress) -> int:
    """Puts the vectors of all `passages` (JSON) into `version`; those that the index at `before` has are taken over.

    Returns how many were encoded.
    """
    texts = [said(Passage.model_validate_json(passage)) for passage in passages]
    keys = np.array([_key(text) for text in texts], np.uint64)
    kept, old = _kept(before, encoder)
    place = np.searchsorted(kept, keys).clip(0, max(0, len(kept) - 1))
    known = kept[place] == keys if len(kept) else np.zeros(len(keys), bool)
    missing = np.flatnonzero(~known)
    fresh = list(_encoded([texts[n] for n in missing], encoder, progress))
    width = fresh[0].shape[1] if fresh else old.shape[1] if len(old) else 1
    vectors = np.zeros((len(texts), width), np.float16)
    if known.any():
        vectors[known] = old[place[known]]
    if fresh:
        vectors[missing] = np.concatenate(fresh)
    order = np.argsort(keys, kind="stable")
    np.save(version / VECTORS, vectors)
    np.save(version / KEYS, np.stack([keys[order], order.astype(np.uint64)]))
    (version / ABOUT).write_bytes(orjson.dumps({"encoder": encoder.name}))
    return len(missing)


def said(passage: Passage) -> str:
    """What of a passage is encoded: where it stands, and its text."""
    return " > ".join((passage.title, *passage.headings)) + "\n" + plain(passage.text)


def _encoded(texts: Sequence[str], encoder: Encoder, progress: Progress) -> Iterator[Vectors]:
    for start in range(0, len(texts), AT_ONCE):
        progress(start, len(texts), "meaning of passages")
        yield encoder.encode(texts[start : start + AT_ONCE])
    if texts:
        progress(len(texts), len(texts), "")


def _kept(index: Path, encoder: Encoder) -> tuple[NDArray[np.uint64], NDArray[np.float16]]:
    """(keys, vectors) of the version before, by rising key; empty where it has none of this encoder."""
    try:
        version = current(index)
        if orjson.loads((version / ABOUT).read_bytes())["encoder"] == encoder.name:
            keys, order = np.load(version / KEYS)
            return keys, mapped(version / VECTORS)[order.astype(np.int64)]
    except (NoIndex, FileNotFoundError):
        pass
    return np.empty(0, np.uint64), np.empty((0, 0), np.float16)


def _key(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
