"""Which articles a query may find: by language, version, plan and audience, as the articles say of themselves.

An article that says nothing of a version, plan or audience is for all of them. Not here: who asks (the caller sets
the query's fields), where an article says it (`sources`).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.knowledge.index import Index

Allowed = NDArray[np.bool_]


@lru_cache(maxsize=16)
def allowed(index: Index, language: str, version: str, plan: str, audience: str) -> Allowed | None:
    """For each article whether it may be found; None when nothing is asked.

    A language in which there is no article means those that name none; where all name one, every language.
    """
    wanted = {"version": version, "plan": plan, "audience": audience}
    facets = {key: f"{key}:{value.strip().casefold()}" for key, value in wanted.items() if value.strip()}
    if not facets and not language:
        return None
    fits = np.array([_fits(record["audience"], facets) for record in index.records], bool)
    if language:
        spoken = [record["language"] for record in index.records]
        for known in (language.strip()[:2].lower(), ""):
            if known in spoken:
                fits &= np.array([s == known for s in spoken], bool)
                break
    return fits


def _fits(said: list[str], facets: dict[str, str]) -> bool:
    """Whether an article that says `version:8` and the like of itself fits each facet that is asked for."""
    said = [facet.casefold() for facet in said]
    for key, facet in facets.items():
        own = [s for s in said if s.startswith(f"{key}:")]
        if own and facet not in own:
            return False
    return True
