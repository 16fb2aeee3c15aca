"""What stands on the buttons: an article's title, and where titles do not tell articles apart, what does.

Two articles of one title are named by the folders that differ ("Add a stack (Kubernetes)"), a bare title ("Overview")
by its file or folder; what all titles share is said once, in the question. Not here: which articles are offered
(`offer`).
"""

import re
from collections.abc import Sequence

from bot.knowledge.articles import Passage
from bot.knowledge.terms import content, stem, words

BARE = 2
"""A title of so many words may say too little by itself."""
INDEXES = frozenset({"index", "readme", "home", "overview", "main"})
"""Files that stand for their folder."""
PARTED = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
NUMBER = re.compile(r"\d{5,}")
"""An export's own number for an article."""
ENDING = re.compile(r"(\.[a-z]{2,5}){1,2}$", re.IGNORECASE)
VERSION = re.compile(r"v?\d+(\.[\dx]+)*", re.IGNORECASE)
RIM = " -–—:|·.,;>›/([])"
SHARED = 2
"""Words with a meaning that all titles begin or end with, from which they are said once."""


def names(articles: Sequence[Passage]) -> list[str]:
    """What each of these articles is called beside the others; the same where nothing tells two apart."""
    titles = [a.title or a.article for a in articles]
    places = [_places(a.article) for a in articles]
    named = []
    for number, (title, own) in enumerate(zip(titles, places, strict=True)):
        others = [n for n in range(len(titles)) if n != number]
        same = [n for n in others if titles[n].casefold() == title.casefold()]
        bare = len(title.split()) <= BARE
        rivals = same or (others if bare else [])
        shared = set.intersection(*(set(places[n]) for n in rivals)) if rivals else set()
        apart = [_said(p, articles) for p in own if p not in shared and _new(p, title)] if rivals else []
        named.append(_named(title, apart[0]) if apart else title)
    return named


def parted(titles: Sequence[str]) -> tuple[str, list[str]]:
    """(what all titles begin or end with, with an ellipsis for the rest; what is left of each), or ("", titles)."""
    if len(titles) < 2:
        return "", list(titles)
    split = [title.split() for title in titles]
    head, tail = _alike(split), _alike([title[::-1] for title in split])
    if head >= tail:
        shared, rests = split[0][:head], [title[head:] for title in split]
        stem = " ".join(shared).rstrip(RIM) + " …"
    else:
        shared, rests = split[0][-tail:], [title[:-tail] for title in split]
        stem = "… " + " ".join(shared).lstrip(RIM)
    apart = [_bare(" ".join(rest)) for rest in rests]
    telling = {rest.casefold() for rest in apart if re.search(r"\w{2}|\d", rest)}
    enough = len(content(" ".join(shared)).split()) >= SHARED and len(telling) == len(titles)
    return (stem, apart) if enough else ("", list(titles))


def _named(title: str, apart: str) -> str:
    """A title with what tells it apart; that alone where it says the title's words again."""
    said = {stem(word) for word in words(apart)}
    return apart if said >= {stem(word) for word in words(title)} else f"{title} ({apart})"


def _places(article: str) -> list[str]:
    """The file and the folders of an article, nearest first, without those that say nothing."""
    *folders, file = article.split("/")
    parts = [NUMBER.sub("", part) for part in (ENDING.sub("", file), *reversed(folders))]
    return [part for part in parts if re.search(r"\w{2}|\d", part) and part.strip("_").casefold() not in INDEXES]


def _new(place: str, title: str) -> bool:
    """Whether a file or folder says a word that the title does not."""
    said = re.sub(r"\W|_", "", title).casefold()
    parts = [part.casefold() for part in PARTED.split(place) if part]
    return not place.isdigit() and any(part.rstrip("es") not in said for part in parts)


def _said(place: str, articles: Sequence[Passage]) -> str:
    """A file or folder as people write it: as one of the articles does, where one says it."""
    if VERSION.fullmatch(place):
        return place
    apart = " ".join(part for part in PARTED.split(place) if part)
    sought = re.compile(rf"\b{re.escape(apart)}\b", re.IGNORECASE)
    texts = (text for a in articles for text in (a.title, *a.headings, a.text))
    as_written = next((found[0] for text in texts if (found := sought.search(text))), apart)
    return as_written[:1].upper() + as_written[1:]


def _alike(split: Sequence[Sequence[str]]) -> int:
    """How many words all begin with; none when that is the whole of one."""
    for count, column in enumerate(zip(*split, strict=False)):
        if len({word.casefold() for word in column}) > 1:
            return count
    return 0


def _bare(rest: str) -> str:
    """Without the signs that joined it to what was cut off."""
    inner = rest.strip(RIM)
    return inner if inner.count("(") == inner.count(")") else rest.strip()
