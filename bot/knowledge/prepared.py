"""One article as an index keeps it: its passages as JSON, their terms with what each stands in, their runs of letters.

Made from a freshly read article, or taken over unchanged from the version before. Not here: files (`index`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from bot.knowledge.articles import Article, Passage
from bot.knowledge.blocks import plain
from bot.knowledge.passages import labels_of
from bot.knowledge.terms import Hashes, grams, hashes, letters, phrase, term, terms, words

TITLE, HEADING, BODY, STEP, LABEL, CODE, PICTURE = 1, 2, 4, 8, 16, 32, 64
"""What a word stands in; a word may stand in several."""


@dataclass(frozen=True)
class Prepared:
    """One article's share of the arrays; lists have one entry per passage."""

    record: dict[str, Any]
    passages: list[bytes]
    tokens: list[Hashes]
    flags: list[NDArray[np.uint16]]
    letters: list[NDArray[np.uint8]]
    labels: Hashes
    """Whole labels and headings of the article as numbers, each once."""
    kept_grams: list[NDArray[np.uint32]] | None = None
    """What `grams` gives, where the version before has it."""

    def grams(self) -> list[NDArray[np.uint32]]:
        """Of each passage the buckets of its letter runs, each once, rising; worked out when they are written, since
        they take more room than all the rest."""
        return self.kept_grams or [np.unique(grams(run)) for run in self.letters]


def prepare(article: Article, record: dict[str, Any]) -> Prepared:
    """An article, cut into numbers."""
    streams = [_stream(passage) for passage in article.passages]
    named = {phrase(run) for passage in article.passages for run in _named(passage)}
    return Prepared(
        record=record | {"title": article.title, "language": article.language, "audience": list(article.audience)},
        passages=[orjson.dumps(p.model_dump(exclude_defaults=True)) for p in article.passages],
        tokens=[hashes(tokens) for tokens, _ in streams],
        flags=[np.array(flags, np.uint16) for _, flags in streams],
        letters=[letters(words(_all_text(p))) for p in article.passages],
        labels=hashes(sorted(named)),
    )


def _all_text(passage: Passage) -> str:
    """The passage's own words, and those of its pictures."""
    return "\n".join([plain(passage.text), *(f"{p.alt}\n{p.text}" for p in passage.pictures)])


def _named(passage: Passage) -> Iterator[list[int]]:
    for text in (*passage.labels, *passage.headings, passage.title, *(p.alt for p in passage.pictures)):
        if run := terms(text):
            yield run


def _stream(passage: Passage) -> tuple[list[int], list[int]]:
    """The passage's words in reading order, title and headings first, and what each stands in."""
    tokens: list[int] = []
    flags: list[int] = []

    def add(text: str, flag: int) -> None:
        run = terms(text)
        tokens.extend(run)
        flags.extend([flag] * len(run))

    add(passage.title, TITLE)
    for heading in passage.headings:
        add(heading, HEADING)
    labels = {term(word) for label in labels_of(passage.text) for word in words(label)}
    fenced = False
    for indented in passage.text.split("\n"):
        line = indented.lstrip()
        fenced ^= line.startswith("```")
        step = line[:1].isdigit() and ". " in line[:5]
        start = len(tokens)
        add(plain(line), BODY | (CODE if fenced else 0) | (STEP if step else 0))
        for at in range(start, len(tokens)):
            if tokens[at] in labels:
                flags[at] |= LABEL
    for picture in passage.pictures:
        add(picture.alt, BODY | PICTURE)
        add(picture.text, BODY | PICTURE)
    return tokens, flags
