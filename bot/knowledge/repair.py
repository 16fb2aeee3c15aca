"""Words that a crop has cut: a line at the picture's edge is completed from what the articles say.

"icket Object Manager" at the left edge is "Ticket Object Manager" when that is a label. Not here: reading pictures.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index
from bot.knowledge.terms import phrase, term, words
from bot.screenshots.screen import Screen

NEAR = 0.4
"""A line's distance to the edge, in its own heights, up to which the edge may have cut it."""
SURE = 4
"""Letters from which a rest alone, without a label that confirms it, is completed."""
TRIED = 60


def lines_of(index: Index, screen: Screen) -> Iterator[str]:
    """What a screen says, line by line, as it was before it was cut."""
    for line in screen.lines:
        near = NEAR * (line.box[3] - line.box[1])
        yield mended(index, line.text, line.box[0] <= near, line.box[2] >= screen.width - near)


def mended(index: Index, text: str, left: bool, right: bool) -> str:
    """A line with its first or last word completed, where the edge on that side may have cut it."""
    said = words(text)
    if not said or not (left or right) or _is_name(index, said):
        return text
    if left:
        said = _completed(index, said, 0)
    if right:
        said = _completed(index, said, len(said) - 1)
    return " ".join(said)


def _completed(index: Index, said: list[str], at: int) -> list[str]:
    """The line with word `at` completed so that it is a label, else to the commonest word, else as it is."""
    rest = said[at]
    if not rest.isalpha() or len(rest) < (3 if len(said) == 1 else 2):
        return said
    guess = len(rest) >= SURE and not _articles(index, rest)
    best, reason = said, (0, 0)
    for word in _completions(index, rest, backward=at == 0):
        line = [*said[:at], word, *said[at + 1 :]]
        named = _is_name(index, line)
        if (named or guess) and (int(named), _articles(index, word)) > reason:
            best, reason = line, (int(named), _articles(index, word))
    return best


def _completions(index: Index, rest: str, backward: bool) -> Iterator[str]:
    vocabulary: NDArray[np.bytes_] = index.arrays.words_back if backward else index.arrays.words
    key = (rest[::-1] if backward else rest).encode()
    low = int(np.searchsorted(vocabulary, np.bytes_(key)))
    high = int(np.searchsorted(vocabulary, np.bytes_(key + b"\xff")))
    for found in vocabulary[low : min(high, low + TRIED)]:
        word = found.decode("utf-8", "ignore")
        yield word[::-1] if backward else word


def _is_name(index: Index, said: list[str]) -> bool:
    number, names = np.uint64(phrase(term(word) for word in said)), index.arrays.names
    at = int(np.searchsorted(names, number))
    return at < len(names) and names[at] == number


def _articles(index: Index, word: str) -> int:
    number, known = np.uint64(term(word)), index.arrays.terms
    at = int(np.searchsorted(known, number))
    return int(index.arrays.term_articles[at]) if at < len(known) and known[at] == number else 0
