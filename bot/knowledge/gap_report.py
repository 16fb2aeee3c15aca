"""Pure: what writers of articles read: the report of gaps and of pictures that no longer match, as Markdown and HTML.

A customer's words stay words: nothing in them is Markdown or HTML. Pictures are named by the paths that the caller
gives. Not here: what a gap is (`gaps`), which pictures no longer match (`outdated`).
"""

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

from bot.knowledge.gaps import Cluster
from bot.knowledge.outdated import Outdated

LONGEST, ASKED = 200, 5
WHAT = {
    "gaps": "Questions for which nothing was found, or whose answers failed twice; those of most customers first.",
    "outdated": "An article's picture beside what customers see now, where three conversations or more differ alike.",
}
NOTHING = "There is nothing to tell."


@dataclass(frozen=True)
class Item:
    """One section: its name, its facts, and its pictures with what each shows."""

    name: str
    facts: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...] = ()


def markdown(found: Sequence[Item], differing: Sequence[Item], days: int, now: int) -> str:
    """Both parts as Markdown."""
    rows: list[str] = []
    for title, what, items in _parts(found, differing, days, now):
        rows += [f"# {title}", "", what if items else NOTHING, ""]
        for number, item in enumerate(items, 1):
            rows += [f"## {number}. {_plain(item.name)}", "", *(f"- {_plain(fact)}" for fact in item.facts), ""]
            rows += [line for path, shows in item.pictures for line in (f"![{shows}]({path})", "")]
    return "\n".join(rows)


def page(found: Sequence[Item], differing: Sequence[Item], days: int, now: int) -> str:
    """Both parts as one page, an article's picture beside the customer's; it calls for nothing from elsewhere."""
    body = ""
    for title, what, items in _parts(found, differing, days, now):
        body += f"<h1>{html.escape(title)}</h1><p class='soft'>{html.escape(what if items else NOTHING)}</p>"
        body += "".join(_section(number, item) for number, item in enumerate(items, 1))
    style = files(__package__).joinpath("gap_report.css").read_text("utf-8")
    head = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>HelpLens: for writers</title><style>{style}</style>"
    )
    return f"<!doctype html><html lang='en'><head>{head}</head><body><main>{body}</main></body></html>"


def _section(number: int, item: Item) -> str:
    facts = "".join(f"<li>{_fact(_short(fact))}</li>" for fact in item.facts)
    figures = "".join(
        f"<figure><figcaption>{html.escape(shows)}</figcaption><a href='{html.escape(path)}'>"
        f"<img src='{html.escape(path)}' alt='{html.escape(shows)}' loading='lazy'></a></figure>"
        for path, shows in item.pictures
    )
    name = html.escape(_short(item.name))
    return (
        f"<section><h2>{number}. {name}</h2><ul class='facts'>{facts}</ul><div class='beside'>{figures}</div></section>"
    )


def _fact(text: str) -> str:
    """A fact, what it is set apart from what it says."""
    what, colon, says = text.partition(": ")
    return f"{html.escape(what)}: <b>{html.escape(says)}</b>" if colon else html.escape(text)


def of_cluster(cluster: Cluster, pictures: Sequence[str]) -> Item:
    """A cluster of gaps as a section, with those of its pictures that are kept."""
    tried = Counter(article for gap in cluster.gaps for article in gap.tried)
    pages = Counter(gap.where for gap in cluster.gaps if gap.where)
    first, last = (_moment(gap.at, "%Y-%m-%d %H:%M") for gap in (cluster.gaps[-1], cluster.gaps[0]))
    asked = list(dict.fromkeys(gap.question for gap in cluster.gaps if gap.question))
    when = f"from {first} to {last}" if first != last else first
    facts = (
        f"Conversations: {cluster.conversations}, {when} (UTC)",
        f"Together by: {cluster.because}",
        *(f"On: {where} ({times})" for where, times in pages.most_common(3)),
        *(f"Did not help: {article} ({times})" for article, times in tried.most_common(3)),
        *(f"Asked: {question}" for question in asked[:ASKED]),
    )
    return Item(
        cluster.name, facts, tuple((path, "A customer's screen, private parts blacked out") for path in pictures)
    )


def of_outdated(found: Outdated, own: str | None, customers: str | None) -> Item:
    """A picture that no longer matches as a section, with both pictures where they are at hand."""
    facts = [
        f"In: {found.article}",
        f"Picture: {found.picture.path}",
        f"Seen otherwise in: {found.conversations} conversations",
    ]
    facts += [f"No longer there: {label}" for label in found.gone]
    facts += [f"New: {label}" for label in found.new]
    facts += [f"Title: {found.picture.title} is now {found.title_now}"] if found.title_now else []
    now = "A customer's screen, private parts blacked out" + (", what is new lit" if found.new else "")
    both = ((own, "The article's picture"), (customers, now))
    return Item(found.title, tuple(facts), tuple((path, shows) for path, shows in both if path))


def _parts(
    found: Sequence[Item], differing: Sequence[Item], days: int, now: int
) -> Iterator[tuple[str, str, Sequence[Item]]]:
    until = f"the {days} days before {_moment(now, '%Y-%m-%d')} (UTC)"
    yield f"What the help centre does not answer, in {until}", WHAT["gaps"], found
    yield f"Pictures that no longer match what customers see, in {until}", WHAT["outdated"], differing


def _moment(at: int, shape: str) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime(shape)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _plain(text: str) -> str:
    """Words as words, and they end."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|!" else char for char in _short(text))
