"""Which articles a query may find: by language, version, plan and audience, as the articles say of themselves.

An article that says nothing of a version, plan or audience is for all of them. What is `closed` (`audience:staff`, or
`audience` for every one of that kind) is found only where the query asks for it and the caller took it out of `closed`,
because somebody vouches for it. Not here: who asks (the caller sets the query's fields), where an article says it
(`sources`), which releases a version means (`releases`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.knowledge import releases
from bot.knowledge.index import Index

Allowed = NDArray[np.bool_]
KINDS = ("version", "plan", "audience")
CLOSABLE = ("plan", "audience")
"""What may be closed: a version is no secret."""


@dataclass(frozen=True, eq=False)
class Said:
    """What the articles of an index say of themselves."""

    languages: dict[str, Allowed]
    """By language, which articles are in it; "" for those of which nobody knows."""
    values: dict[str, dict[str, NDArray[np.int64]]]
    """By kind and value, folded, the articles that name it."""
    silent: dict[str, Allowed]
    """By kind, which articles name none."""
    masks: "dict[Asked, tuple[Allowed | None]]" = field(default_factory=dict)
    """The answers to what was asked lately: here, so that they go with an index that was replaced."""


Asked = tuple[str, str, str, str, frozenset[str]]
"""Language, version, plan, audience and what is closed."""
MASKS = 64


@lru_cache(maxsize=2)
def said(index: Index) -> Said:
    """Worked out once for each opened version."""
    languages = np.array([record["language"] for record in index.records], object)
    values: dict[str, dict[str, list[int]]] = {kind: {} for kind in KINDS}
    silent = {kind: np.ones(len(index.records), bool) for kind in KINDS}
    for number, record in enumerate(index.records):
        for kind, value in facets(record["audience"]):
            values[kind].setdefault(value, []).append(number)
            silent[kind][number] = False
    return Said(
        {name: languages == name for name in set(languages)},
        {kind: {value: np.array(found) for value, found in own.items()} for kind, own in values.items()},
        silent,
    )


def facets(named: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(kind, value folded) of what an article names as `version:8` and the like."""
    for facet in named:
        kind, _, value = facet.partition(":")
        if kind in KINDS and (value := value.strip().casefold()):
            yield kind, value


def allowed(
    index: Index, language: str, version: str, plan: str, audience: str, closed: frozenset[str] = frozenset()
) -> Allowed | None:
    """For each article whether it may be found; None when every one may.

    Several values of one kind are parted by commas: who has any of them is meant. A language in which there is no
    article means every language.
    """
    known, asked = said(index), (language, version, plan, audience, closed)
    if kept := known.masks.get(asked):
        return kept[0]
    if len(known.masks) >= MASKS:
        known.masks.clear()
    return known.masks.setdefault(asked, (_mask(known, *asked),))[0]


def _mask(known: Said, language: str, version: str, plan: str, audience: str, closed: frozenset[str]) -> Allowed | None:
    fits = np.ones(len(known.silent["plan"]), bool)
    for kind, wanted in (("version", version), ("plan", plan), ("audience", audience)):
        has = parted(wanted)
        if not has and not any(of_kind(name, kind) for name in closed):
            continue
        open_ = known.silent[kind].copy()
        for value, articles in known.values[kind].items():
            if opens(kind, value, has, closed):
                open_[articles] = True
        fits &= open_
    if (tag := language_tag(language)) and (own := known.languages.get(tag)) is not None:
        fits &= own | known.languages[""] if "" in known.languages else own
    return None if fits.all() else fits


def opens(kind: str, value: str, has: Sequence[str], closed: frozenset[str]) -> bool:
    """Whether an article that names this value may be found by who has these; of who has none nobody knows."""
    if is_closed(kind, value, closed):
        return False
    if not has:
        return True
    return any(releases.fits(own, value) for own in has) if kind == "version" else value in has


def readable(index: Index, article: int, plan: str, audience: str, closed: frozenset[str]) -> bool:
    """Whether who has these may read an article that they can name: nothing closed stands in it for others. What is
    merely for another plan may be read."""
    named = list(facets(index.records[article]["audience"]))
    for kind, wanted in (("plan", plan), ("audience", audience)):
        own = [value for of, value in named if of == kind]
        shut = [value for value in own if is_closed(kind, value, closed)]
        if own and len(shut) == len(own) and not set(shut) & set(parted(wanted)):
            return False
    return True


def open_to_all(index: Index, closed: frozenset[str]) -> list[bool]:
    """For each article whether somebody may read it of whom nobody knows anything."""
    return [readable(index, number, "", "", closed) for number in range(len(index.articles))]


def any_closed(index: Index, articles: Iterable[str], closed: frozenset[str]) -> bool:
    """Whether any of these articles is closed to whom nobody vouches for; one that is gone counts as closed."""
    places = {name: number for number, name in enumerate(index.articles)}
    return any(name not in places or not readable(index, places[name], "", "", closed) for name in articles)


def closing(names: Iterable[str]) -> frozenset[str]:
    """What an owner closes, folded; `none` closes nothing. Raises ValueError for what cannot be closed."""
    folded = frozenset(":".join(part.strip() for part in name.casefold().split(":", 1)) for name in names) - {"none"}
    if wrong := [name for name in sorted(folded) if not any(of_kind(name, kind) for kind in CLOSABLE)]:
        raise ValueError(f"{wrong[0]!r} cannot be closed: name plan:NAME, audience:NAME, or plan or audience for all")
    return folded


def is_closed(kind: str, value: str, closed: frozenset[str]) -> bool:
    """Whether the owner closed this value, or its whole kind."""
    return kind in closed or f"{kind}:{value}" in closed


def of_kind(name: str, kind: str) -> bool:
    """Whether a closed name is of this kind."""
    return name == kind or name.startswith(f"{kind}:")


def parted(values: str) -> list[str]:
    """Values parted by commas, folded."""
    return [value for part in values.split(",") if (value := part.strip().casefold())]


def language_tag(name: str) -> str:
    """`de` of `de-AT` or `DE_at`: articles are told apart by language, not by country."""
    first = name.strip().replace("_", "-").partition("-")[0].casefold()
    return {"no": "nb", "nn": "nb", "iw": "he"}.get(first, first if len(first) == 2 else "")
