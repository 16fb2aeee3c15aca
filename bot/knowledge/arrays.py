"""The numbers of an index: one file each, mapped when they are read, so that an index opens at once.

Not here: how they are made of articles (`assembly`), what they mean for a ranking (`evidence`, `features`).
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAYOUT = 3
"""Raised when the files change their meaning: an older index is then built anew, not misread."""
BLOCK = 40
"""Words of text in a block: places within an article are told by it."""
TRAITS = ("code", "label", "length", "passages", "depth")
"""What an article is like, whatever is asked: shares of code and of labels, length, how far down it lies."""


@dataclass(frozen=True)
class Arrays:
    """Articles, passages, blocks, terms and tokens are counted from 0; `..._at` says where each one's part begins and
    has one more entry than there are of them."""

    terms: NDArray[np.uint64]
    """Sorted: a term's place is its number."""
    term_articles: NDArray[np.int32]
    """In how many articles each term stands."""
    term_uses: NDArray[np.float32]
    """Share of each term's places that are labels or headings: is it a word of the screen, or of the text?"""
    post_at: NDArray[np.int64]
    """Each term's postings, by article."""
    post_article: NDArray[np.int32]
    post_weight: NDArray[np.float32]
    """BM25 weight of the term in the article."""
    post_count: NDArray[np.uint16]
    """How often the term stands in the article, titles before each passage counted."""
    common: NDArray[np.int32]
    """Terms that stand in so many articles that they have a whole row each, rising."""
    common_weight: NDArray[np.float32]
    """common terms x articles: the same weights as in `post_weight`, 0 where the term is missing."""
    passage_at: NDArray[np.int32]
    """Each article's passages."""
    token_at: NDArray[np.int64]
    """Each passage's tokens."""
    tokens: NDArray[np.int32]
    flags: NDArray[np.uint16]
    passage_headed: NDArray[np.float32]
    """Rarity of each passage's title and headings, added."""
    article_block_at: NDArray[np.int32]
    """Each article's blocks."""
    block_at: NDArray[np.int64]
    """Each block's tokens: BLOCK words of an article's text, headings going with what follows."""
    block_rarity: NDArray[np.float32]
    """Rarity of each block's words, added."""
    block_labelled: NDArray[np.float32]
    """The same of those that stand in a label."""
    letter_at: NDArray[np.int64]
    """Each passage's letters."""
    letters: NDArray[np.uint8]
    gram_at: NDArray[np.int64]
    """Each passage's buckets of letter runs, each once, rising."""
    grams: NDArray[np.uint32]
    gram_articles: NDArray[np.int32]
    """In how many articles each bucket of letter runs occurs."""
    label_at: NDArray[np.int64]
    """Each article's labels, headings and titles."""
    labels: NDArray[np.uint64]
    label_rarity: NDArray[np.float32]
    names: NDArray[np.uint64]
    """Labels, headings and titles of all articles, sorted; one entry per article that has the name."""
    name_article: NDArray[np.int32]
    norms: NDArray[np.float32]
    """Of each article the squared rarities of its words, each once, added."""
    titled: NDArray[np.float32]
    """Of each article the rarity of its title's words, each once."""
    labelled: NDArray[np.float32]
    """Of each article the rarity of its labels' words, each once."""
    traits: NDArray[np.float32]
    """articles x TRAITS."""
    folder: NDArray[np.int32]
    """The folder of each article, as a number."""
    words: NDArray[np.bytes_]
    """The articles' words, sorted, and the same spelt backward: to complete what was cut."""
    words_back: NDArray[np.bytes_]
    text_at: NDArray[np.int64]
    """Where each passage's JSON begins in `text`."""
    text: NDArray[np.uint8]

    @classmethod
    def mapped(cls, version: Path) -> "Arrays":
        """The arrays in a folder. Raises FileNotFoundError when one is missing."""
        return cls(**{f.name: mapped(version / f"{f.name}.npy") for f in fields(cls)})


def mapped(path: Path) -> NDArray[Any]:
    """A file as an array, mapped; an empty one cannot be mapped and is read."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError:
        array = np.load(path, allow_pickle=False)
    return array.view(np.ndarray)


def rarity(articles: int, having: NDArray[np.integer]) -> NDArray[Any]:
    """How telling it is that an article has something which `having` of all `articles` have."""
    telling: NDArray[Any] = np.log(1 + (articles - having + 0.5) / (having + 0.5)).astype(np.float32)
    return telling
