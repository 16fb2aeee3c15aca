"""Text -> terms: the words that are compared, as 64-bit hashes, so that an index keeps numbers and no dictionary.

Articles and screens go through the same functions. Not here: what a match is worth.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WORD = re.compile(r"[^\W_]+", re.UNICODE)
UNSPACED = re.compile(r"[぀-ヿ㐀-鿿豈-﫿가-힯฀-๿]+")
"""Scripts written without spaces: two characters at a time are a word."""
HOLLOW = frozenset(
    re.findall(
        r"\S+",
        """a an and any anyone are as at be but by can cannot could did do does for from get got had has have hello help
        here hi how i if im in into is issue it its just kindly know let me my need no not now of on or our past please
        problem question s screen screenshot see should so someone something stuck t than thank thanks that the their
        them then there these they thing this those to us want was we were what when where which who why will with work
        working works would you your m ve re can't""",
    )
)
"""Words that hold a question together and say nothing of its subject."""
GRAM = 5
"""Letters of a character run: long enough to be telling, short enough to survive a misread letter."""
GRAM_BUCKETS = 1 << 18
MIX, BITS = 0x9E3779B97F4A7C15, (1 << 64) - 1


def words(text: str) -> list[str]:
    """The words of `text`, folded for comparison."""
    if text.isascii():
        return WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = WORD.findall(folded)
    if UNSPACED.search(folded):
        return [part for word in found for part in _unspaced(word)]
    return found


def _unspaced(word: str) -> Iterable[str]:
    if not UNSPACED.search(word):
        return [word]
    return (word[i : i + 2] for i in range(max(1, len(word) - 1)))


def content(text: str) -> str:
    """The words of a question that say what it is about."""
    return " ".join(word for word in words(text) if word not in HOLLOW)


@lru_cache(maxsize=500_000)
def term(word: str) -> int:
    """The number that stands for a word."""
    return int.from_bytes(blake2b(stem(word).encode(), digest_size=8).digest(), "little")


def stem(word: str) -> str:
    """The word without a plural's s: screens say "Contacts" where articles say "contact"."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def terms(text: str) -> list[int]:
    """The terms of `text`, in order."""
    return [term(word) for word in words(text)]


def hashes(values: Iterable[int]) -> Hashes:
    """Numbers as an array."""
    return np.fromiter(values, np.uint64)


def phrase(values: Iterable[int]) -> int:
    """The number that stands for a whole run of terms: equal runs, equal numbers."""
    number = 0
    for value in values:
        number = ((number ^ value) * MIX) & BITS
        number ^= number >> 29
    return number


def runs(values: Hashes, line: NDArray[np.int64], longest: int) -> list[Hashes]:
    """The numbers of all runs of 1 to `longest` terms that begin at each place and stay in their line, by length."""
    numbers, found = np.zeros(len(values), np.uint64), []
    for length in range(1, min(longest, len(values)) + 1):
        last = length - 1
        numbers = (numbers[: len(values) - last] ^ values[last:]) * np.uint64(MIX)
        numbers ^= numbers >> np.uint64(29)
        found.append(numbers[line[last:] == line[: len(values) - last]])
    return found


def grams(letters: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """For each place in `letters` (UTF-8 bytes) the bucket of the GRAM bytes that begin there."""
    if letters.size < GRAM:
        return np.empty(0, np.uint32)
    value = np.zeros(letters.size - GRAM + 1, np.uint32)
    for offset in range(GRAM):
        value = value * np.uint32(0x01000193) + letters[offset : offset + value.size]
    value ^= value >> np.uint32(15)
    value *= np.uint32(0x2C1B3C6D)
    value ^= value >> np.uint32(13)
    return value & np.uint32(GRAM_BUCKETS - 1)


def letters(folded_words: Iterable[str]) -> NDArray[np.uint8]:
    """Words as one run of bytes, a space around each."""
    return np.frombuffer((" " + " ".join(folded_words) + " ").encode(), np.uint8)
