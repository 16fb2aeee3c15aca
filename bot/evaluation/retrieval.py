"""Cases in, figures out: how well the right article is found, and how far the confidence can be trusted.

A case is a picture and a question with the articles that answer. Pictures are read once and kept by their hash, so
that a second run takes seconds. Not here: how the figures are printed (`handlers/cli/evaluate.py`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import orjson
from pydantic import Field, ValidationError

from bot.answering.brief import Brief
from bot.answering.brief import Look as Seen
from bot.answering.extractive import Extractive
from bot.conversation import Attachment, Noun
from bot.knowledge.fusion import Query, Ranking
from bot.knowledge.index import Index
from bot.knowledge.ranking import rank
from bot.screenshots.intake import Refused
from bot.screenshots.screen import Screen

Look = Callable[[bytes], Awaitable[Screen]]
Progress = Callable[[int, int, str], None]
SHOWN = 10
"""Articles kept of each ranking."""
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Asked(Noun):
    """Whose question a case is, where that matters: what they read and have, several values parted by commas."""

    language: str = ""
    version: str = ""
    plan: str = ""
    audience: str = ""


class Case(Asked):
    """A picture (relative to the file of cases, or none), what was asked, and the articles that answer."""

    image: str | None = None
    question: str = ""
    expect: tuple[str, ...] = Field(min_length=1)


class Outcome(Noun):
    """What a fusion made of one case."""

    image: str | None
    question: str
    expect: tuple[str, ...]
    ranked: tuple[str, ...]
    shown: tuple[str, ...]
    """Articles that the customer is shown without a model: the one that is quoted, and those on buttons."""
    confidence: float
    answered: bool

    @property
    def place(self) -> int | None:
        """The place of the first right article, counted from 1."""
        return next((n for n, article in enumerate(self.ranked, 1) if article in self.expect), None)

    @property
    def right(self) -> bool:
        """Whether the first article is right."""
        return self.place == 1


class Figures(Noun):
    """The figures of one fusion over all cases, shares between 0 and 1."""

    fusion: str
    cases: int
    recall_1: float
    recall_3: float
    recall_5: float
    mrr: float
    answered: float
    """Share of cases that would be answered outright."""
    precision: float | None
    """Share of those that are right; None when nothing was answered."""
    shown: float
    """Share of cases in which a right article is among what the customer is shown."""


class Judged(Protocol):
    """Something that was said with a confidence, and whether it is right."""

    @property
    def confidence(self) -> float | None: ...

    @property
    def right(self) -> bool: ...


class Bin(NamedTuple):
    """Cases whose confidence lies between `low` and `high`."""

    low: float
    high: float
    cases: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Pictures:
    """Pictures, read by `look` and kept in the folder `cache` by their hash and the reader's name."""

    look: Look
    cache: Path
    reader: str = "1"

    async def screen(self, path: Path) -> Screen:
        """The screen of a picture file. Raises FileNotFoundError, and ValueError where it is not a picture."""
        data = await asyncio.to_thread(path.read_bytes)
        kept = self.cache / f"{sha256(self.reader.encode() + data).hexdigest()}.json"
        if kept.is_file():
            return Screen.model_validate_json(kept.read_bytes())
        try:
            screen = await self.look(data)
        except Refused as refused:
            raise ValueError(f"{path}: {refused}") from refused
        with contextlib.suppress(OSError):  # keeping is a convenience: where nothing can be written, it is read anew
            self.cache.mkdir(parents=True, exist_ok=True)
            aside = kept.with_suffix(".part")
            aside.write_bytes(screen.model_dump_json().encode())
            aside.replace(kept)
        return screen


def read_cases(path: Path) -> list[Case]:
    """The cases of a JSON-lines file. Raises ValueError with the line that is wrong, or for no case at all, and
    FileNotFoundError for a picture that is missing."""
    cases: list[Case] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if line.strip():
            try:
                cases.append(Case.model_validate_json(line))
            except ValidationError as error:
                raise ValueError(f"{path}, line {number}: {wrong(error)}") from error
            image = cases[-1].image
            if image is not None and not (path.parent / image).is_file():
                raise FileNotFoundError(f"{path}, line {number}: there is no picture {path.parent / image}")
    if not cases:
        raise ValueError(f"{path} holds no cases: one JSON object a line, with image, question and expect")
    return cases


class Expecting(Protocol):
    """A case that says which articles answer."""

    @property
    def expect(self) -> tuple[str, ...]: ...


def hopeless(cases: Sequence[Expecting], articles: Collection[str]) -> list[str]:
    """The articles that cases expect and an index does not have, of cases that cannot come out right for that."""
    lost = [case.expect for case in cases if case.expect and not any(article in articles for article in case.expect)]
    return sorted({article for expect in lost for article in expect})


def wrong(error: ValidationError) -> str:
    """What is wrong with a case, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    return ": ".join([".".join(map(str, first["loc"])) or "case", first["msg"]])


def query(case: Case, screens: tuple[Screen, ...]) -> Query:
    """What a case looks for, with what was read of its picture."""
    whose = {name: getattr(case, name) for name in Asked.model_fields}
    return Query(question=case.question, screens=screens, **whose)


async def queries(
    cases: Sequence[Case], folder: Path, pictures: Pictures, progress: Progress | None = None
) -> list[Query]:
    """The query of each case; pictures that were read before come from the cache."""
    made = []
    for number, case in enumerate(cases):
        if progress:
            progress(number, len(cases), case.image or case.question)
        files = (folder / case.image,) if case.image else ()
        screens = tuple([await pictures.screen(file) for file in files])
        made.append(query(case, screens).model_copy(update={"pictures": files}))
    return made


def outcomes(
    index: Index, cases: Sequence[Case], asked: Sequence[Query], fusion: str, threshold: float
) -> Iterator[Outcome]:
    """What `fusion` makes of each case, and what a customer is shown of it with this `threshold`."""
    for case, query in zip(cases, asked, strict=True):
        ranking: Ranking = rank(index, query, fusion, SHOWN)
        answer = Extractive(sure=threshold).decide(_brief(query, ranking))
        yield Outcome(
            image=case.image,
            question=case.question,
            expect=case.expect,
            ranked=tuple(hit.passage.article for hit in ranking.hits),
            shown=(*(c.article for c in answer.citations), *(c.article for c in answer.choices if c.article)),
            confidence=ranking.confidence,
            answered=answer.answered,
        )


def figures(fusion: str, results: Sequence[Outcome]) -> Figures:
    """The figures of some outcomes. Raises ValueError when there are none."""
    if not results:
        raise ValueError("no cases")
    places = np.array([r.place or np.inf for r in results])
    answered = [r for r in results if r.answered]
    return Figures(
        fusion=fusion,
        cases=len(results),
        recall_1=float((places <= 1).mean()),
        recall_3=float((places <= 3).mean()),
        recall_5=float((places <= 5).mean()),
        mrr=float((1 / places).mean()),
        answered=len(answered) / len(results),
        precision=sum(r.right for r in answered) / len(answered) if answered else None,
        shown=_mean([bool(set(r.shown) & set(r.expect)) for r in results]),
    )


def reliability(results: Sequence[Judged]) -> list[Bin]:
    """How often the first article is right, by confidence; results without one are left out."""
    said = [(r.confidence, r.right) for r in results if r.confidence is not None]
    bins = []
    for low, high in pairwise(EDGES):
        here = [(sure, right) for sure, right in said if low <= sure < high or (high == EDGES[-1] and sure == high)]
        if here:
            bins.append(Bin(low, high, len(here), _mean([s for s, _ in here]), _mean([right for _, right in here])))
    return bins


def write_details(results: Sequence[Outcome], path: Path) -> None:
    """One line per case."""
    lines = (orjson.dumps(r.model_dump(exclude={"expect", "shown"})) for r in results)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def _brief(query: Query, ranking: Ranking) -> Brief:
    looks = tuple(
        Seen(
            attachment=Attachment(id=s.sha256, media_type="image/png", width=s.width, height=s.height, size=0), screen=s
        )
        for s in query.screens
    )
    return Brief(question=query.question, looks=looks, ranking=ranking)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
