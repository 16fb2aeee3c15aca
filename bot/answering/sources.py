"""The passages that one answer may cite, numbered as the model and the reader see them."""

import re
from collections.abc import Collection, Iterator, Sequence

from bot.conversation import Citation
from bot.knowledge.articles import Passage

CITED = re.compile(r"\[(\d{1,3})\]")
LONGEST = 1800
"""Characters of one passage that a model is told."""


class Sources(Collection[int]):
    """Numbers 1, 2, 3 for passages; a search in mid-answer adds to them. As a collection it is its valid numbers."""

    def __init__(self, passages: Sequence[Passage] = ()) -> None:
        self._passages: list[Passage] = []
        for passage in passages:
            self.add(passage)

    def add(self, passage: Passage) -> int:
        """The number of `passage`, a new one unless it has one."""
        key = (passage.article, passage.number)
        for number, known in enumerate(self._passages, 1):
            if (known.article, known.number) == key:
                return number
        self._passages.append(passage)
        return len(self._passages)

    def told(self, numbers: Collection[int] | None = None) -> str:
        """The passages as a model reads them, each with its number."""
        return "\n\n".join(_told(n, self._passages[n - 1]) for n in (self if numbers is None else numbers))

    def citations(self, text: str) -> tuple[Citation, ...]:
        """What `text` cites, in the order of first mention."""
        numbers = dict.fromkeys(int(n) for n in CITED.findall(text) if int(n) in self)
        return tuple(_citation(n, self._passages[n - 1]) for n in numbers)

    @property
    def links(self) -> frozenset[str]:
        """The addresses that an answer may show."""
        return frozenset(passage.url for passage in self._passages if passage.url)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and 1 <= number <= len(self._passages)

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, len(self._passages) + 1))

    def __len__(self) -> int:
        return len(self._passages)


def _told(number: int, passage: Passage) -> str:
    title = " › ".join((passage.title or passage.article, *passage.headings))
    return f"[{number}] {title}\n{passage.text[:LONGEST]}"


def _citation(number: int, passage: Passage) -> Citation:
    return Citation(
        n=number,
        article=passage.article,
        title=passage.title or passage.article,
        url=passage.url,
        quote=passage.text[:200],
    )
