"""The cases of a release: one folder with a file for each kind, and what is right in each.

Paths of pictures are relative to the folder; boxes are `[left, top, right, bottom]` in pixels of the upright original.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bot.conversation import Box, Noun
from bot.evaluation.retrieval import Asked, Case, wrong


class AnswerCase(Asked):
    """A question as a customer sends it, and what the answer owes them. What is left out is not judged."""

    image: str | None = None
    question: str = ""
    expect: tuple[str, ...] = ()
    """Articles of which one must be cited or offered."""
    must_say: tuple[str, ...] = ()
    may_not_say: tuple[str, ...] = ()
    handoff: bool | None = None
    """Whether the answer must offer a person, or must not."""


class RedactionCase(Noun):
    """A picture and all that is private on it; none when nothing is."""

    image: str
    private: tuple[Box, ...]


class PointingCase(Noun):
    """An instruction and the control that it means; None when the picture does not show it."""

    image: str
    instruction: str
    box: Box | None


AnyCase = Case | AnswerCase | RedactionCase | PointingCase
KINDS = ("retrieval", "answers", "redaction", "pointing")
"""The kinds in the order in which they are run; each is the file `<kind>.jsonl`."""
T = TypeVar("T", Case, AnswerCase, RedactionCase, PointingCase)


class Cases(Noun):
    """All cases of a folder."""

    folder: Path
    retrieval: tuple[Case, ...] = ()
    answers: tuple[AnswerCase, ...] = ()
    redaction: tuple[RedactionCase, ...] = ()
    pointing: tuple[PointingCase, ...] = ()

    @property
    def all(self) -> Iterator[AnyCase]:
        """Every case, kind by kind."""
        yield from self.retrieval
        yield from self.answers
        yield from self.redaction
        yield from self.pointing

    @property
    def pictures(self) -> list[Path]:
        """The pictures, each once, in order."""
        return list(dict.fromkeys(self.folder / case.image for case in self.all if case.image))


def read(folder: Path) -> Cases:
    """The cases of a folder. Raises FileNotFoundError for no case at all or a missing picture, ValueError with the
    line that is wrong."""
    cases = Cases(
        folder=folder,
        retrieval=_lines(folder / "retrieval.jsonl", Case),
        answers=_lines(folder / "answers.jsonl", AnswerCase),
        redaction=_lines(folder / "redaction.jsonl", RedactionCase),
        pointing=_lines(folder / "pointing.jsonl", PointingCase),
    )
    if not any(True for _ in cases.all):
        names = ", ".join(f"{kind}.jsonl" for kind in KINDS)
        raise FileNotFoundError(f"{folder}: no cases. It must hold any of {names}")
    missing = [str(path) for path in cases.pictures if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"{folder}: pictures that cases name are missing: {', '.join(missing[:5])}")
    return cases


def key(kind: str, case: AnyCase) -> str:
    """The case's name from one run to the next: it changes when the case does."""
    silent = {name for name in Asked.model_fields if not getattr(case, name, "")}
    return sha256(f"{kind} {case.model_dump_json(exclude=silent)}".encode()).hexdigest()[:16]


def _lines(path: Path, of: type[T]) -> tuple[T, ...]:
    cases: list[T] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.is_file() else (), 1):
        if line.strip():
            try:
                cases.append(of.model_validate_json(line))
            except ValidationError as error:
                raise ValueError(f"{path}, line {number}: {wrong(error)}") from error
    return tuple(cases)
