"""This run beside the last one: only cases that both have are compared, so that new cases are no regression."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from bot.conversation import Noun
from bot.evaluation.verdicts import FEWER, NOT_JUDGED, Verdict


class Run(Noun):
    """A run as it is kept: what became of each case, without texts and pictures."""

    at: str
    """When, as people read it, with the zone."""
    index: str
    cases: dict[str, tuple[str, bool, dict[str, tuple[float, float]]]]
    """By key: kind, passed, parts."""


class Figure(Noun):
    """One figure of this run, and the same over the cases that the last run had too; None where there are none."""

    kind: str
    name: str
    value: float
    count: float
    """What it is a share of: cases, places, lines or sentences."""
    then: float | None = None
    now: float | None = None
    """This run's over the same cases as `then`."""
    tolerance: float = 0.0

    @property
    def change(self) -> float | None:
        """How much better it became, negative when worse; None where it is not comparable or not judged."""
        if self.then is None or self.now is None or self.name in NOT_JUDGED:
            return None
        return (self.then - self.now) if self.name in FEWER else (self.now - self.then)

    @property
    def worse(self) -> bool:
        """Whether it became worse by more than the tolerance."""
        return self.change is not None and self.change < -self.tolerance - 1e-9


class Comparison(Noun):
    """The figures of a run, and the cases whose verdict changed since the last."""

    figures: tuple[Figure, ...]
    since: str | None = None
    common: int = 0
    """Cases that both runs have."""
    broken: frozenset[str] = frozenset()
    """Keys of cases that passed last time and fail now."""
    mended: frozenset[str] = frozenset()

    @property
    def worse(self) -> tuple[Figure, ...]:
        """The figures that became worse by more than the tolerance."""
        return tuple(f for f in self.figures if f.worse)


def run_of(verdicts: Sequence[Verdict], at: str, index: str) -> Run:
    """What is kept of a run. A case that stands in its file twice counts once."""
    return Run(at=at, index=index, cases={v.key: (v.kind, v.passed, v.parts) for v in verdicts})


def compare(run: Run, last: Run | None, tolerance: float) -> Comparison:
    """`run` beside `last`; `tolerance` is a share, 0.01 is one point."""
    common = run.cases.keys() & last.cases.keys() if last else frozenset()
    figures = []
    for kind, name, value, count in _figures(run, run.cases.keys()):
        figures.append(Figure(kind=kind, name=name, value=value, count=count, tolerance=tolerance))
    if last is None:
        return Comparison(figures=tuple(figures))
    then = {(kind, name): value for kind, name, value, _ in _figures(last, common)}
    now = {(kind, name): value for kind, name, value, _ in _figures(run, common)}
    return Comparison(
        figures=tuple(
            f.model_copy(update={"then": then.get((f.kind, f.name)), "now": now.get((f.kind, f.name))}) for f in figures
        ),
        since=last.at,
        common=len(common),
        broken=frozenset(k for k in common if last.cases[k][1] and not run.cases[k][1]),
        mended=frozenset(k for k in common if run.cases[k][1] and not last.cases[k][1]),
    )


def kept(path: Path) -> Run | None:
    """The run kept at `path`, None when there is none. Raises ValueError when it is not one."""
    if not path.is_file():
        return None
    try:
        return Run.model_validate_json(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not a kept run; delete it to start afresh") from error


def keep(run: Run, path: Path) -> None:
    """Keeps a run for the next to be compared with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    aside.write_text(run.model_dump_json(), "utf-8")
    aside.replace(path)


def _figures(run: Run, keys: Collection[str]) -> Iterator[tuple[str, str, float, float]]:
    """Kind, name, value and count of each figure over some cases, kinds and names in the order of the run."""
    sums: dict[tuple[str, str], tuple[float, float]] = {}
    for key, (kind, _, parts) in run.cases.items():
        if key in keys:
            for name, (part, count) in parts.items():
                total, of = sums.get((kind, name), (0.0, 0.0))
                sums[kind, name] = total + part, of + count
    yield from ((kind, name, total / of, of) for (kind, name), (total, of) in sums.items() if of)
