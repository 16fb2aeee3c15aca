"""Which article is another one's translation, as their paths tell: `en/lamp.md` and `de/lamp.md`, `lamp.md` and
`lamp.de.md`, `zendesk/en-us/17` and `zendesk/de/17`. Not here: which language an article is in (`matter`).
"""

from collections import Counter
from functools import lru_cache

from bot.knowledge.index import Index
from bot.knowledge.matter import PLACE

WHOLE = 0.9
"""Share of another language's articles from which a language counts as translated."""


@lru_cache(maxsize=4)
def into(index: Index, language: str) -> dict[int, int]:
    """For each article of another language that has a translation into this one (`de`) which one that is."""
    own = {_place(index.articles[n]): n for n, r in enumerate(index.records) if r["language"] == language}
    others = ((n, _place(name)) for n, name in enumerate(index.articles) if index.records[n]["language"] != language)
    return {n: own[place] for n, place in others if place in own}


@lru_cache(maxsize=4)
def paths_tell(index: Index, language: str) -> bool:
    """Whether the paths tell of most articles in this language whose translation they are: then an article that has
    none was not translated, rather than named otherwise."""
    own = sum(record["language"] == language for record in index.records)
    return bool(own and 2 * len(set(into(index, language).values())) >= own)


@lru_cache(maxsize=4)
def whole(index: Index, language: str) -> bool:
    """Whether about as many articles are in this language as in any other: then next to all is translated."""
    counts = Counter(record["language"] for record in index.records)
    return counts[language] >= WHOLE * max(counts.values())


def _place(name: str) -> str:
    """An article's path without what names its language."""
    return PLACE.sub(lambda found: "." + found[0].rpartition(".")[2] if found[2] else "", name).lstrip("/")
