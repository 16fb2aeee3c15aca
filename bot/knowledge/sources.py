"""Where a help centre lies: a folder's files, or one file, read into articles. A file may hold many (an export).

Not here: a help centre's address (`website`), how a format is parsed (`formats`, `pdf`, `exports`), how an article is
cut (`passages`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bot.knowledge.articles import Article, Passage
from bot.knowledge.exports import Exported, exported
from bot.knowledge.formats import SUFFIXES, Html, Origin, decoded, to_html
from bot.knowledge.matter import facets_of, labelled, language_of, spoken, text_of
from bot.knowledge.passages import cut
from bot.knowledge.pdf import pdf_to_html


class UnreadableArticle(ValueError):
    """A file that cannot be read as an article; the message says why."""


MAX_BYTES = 5_000_000
EXPORTS = {".json": 500_000_000, ".ndjson": 500_000_000, ".jsonl": 500_000_000}
"""Largest export that is read, by suffix."""
LARGEST = EXPORTS | {".pdf": 100_000_000}
READER = 3
"""Raised when articles are read otherwise: those of an earlier reader are read again."""


@dataclass(frozen=True)
class Entry:
    """One article to be read: its name, the bytes whose change means that it changed, and how it is read."""

    name: str
    data: Callable[[], bytes]
    read: Callable[[], Article]
    """Raises UnreadableArticle or OSError."""


@dataclass
class Listing:
    """What lies in a source. Of an article that several exports hold, the one updated last is taken."""

    entries: list[Entry] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """Articles that are not for customers, with the reason: drafts above all."""
    unreadable: list[str] = field(default_factory=list)


def listed(root: Path) -> Iterator[Path]:
    """The files under `root` that may be articles, in a stable order; hidden folders and build output are left out."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
        if (path.suffix.lower() in SUFFIXES or path.suffix.lower() in LARGEST) and not hidden and path.is_file():
            yield path


def entries(source: Path) -> Listing:
    """The articles in folder `source`, or in the one file that it names. Raises FileNotFoundError."""
    if not source.exists():
        raise FileNotFoundError(f"{source} is not a folder or a file")
    alone = source.is_file()
    root = source.parent if alone else source
    listing = Listing()
    found: dict[str, Exported] = {}
    for path in [source] if alone else listed(source):
        name = path.relative_to(root).as_posix()
        if path.suffix.lower() not in EXPORTS:
            listing.entries.append(Entry(name, path.read_bytes, partial(read_article, path, root)))
            continue
        try:
            articles = _exported(path, name)
        except (UnreadableArticle, OSError) as error:
            listing.unreadable.append(str(error))
            continue
        if alone and articles is None:
            listing.unreadable.append(f"{name}: no export of Zendesk Guide or of Intercom")
        for article in articles or ():
            key = "/".join((*Path(name).parent.parts, article.name))
            if key not in found or article.updated > found[key].updated:
                found[key] = article
    for name, article in found.items():
        if article.left_out:
            listing.left_out.append(f"{name} ({article.title}): {article.left_out}")
        else:
            listing.entries.append(Entry(name, article.as_json, partial(_read_exported, article, name)))
    return listing


def _exported(path: Path, name: str) -> list[Exported] | None:
    _check_size(path, name)
    try:
        return exported(path.read_bytes())
    except ValueError as error:
        raise UnreadableArticle(f"{name}: {error}") from error


def _read_exported(exported: Exported, name: str) -> Article:
    title, passages = _cut(exported.html, name, exported.title, exported.url or None)
    return Article(
        path=name,
        title=title,
        passages=passages,
        language=exported.language or spoken(passages),
        audience=facets_of(labelled(exported.labels), ""),
    )


def read_article(path: Path, root: Path, url: str | None = None) -> Article:
    """The article in file `path` of the help centre in folder `root`.

    Raises UnreadableArticle when the file is too large, is not text, or its format's parser refuses it.
    """
    name = path.relative_to(root).as_posix()
    _check_size(path, name)
    origin = Origin(path, root)
    try:
        page = _page(path.read_bytes(), origin)
    except RecursionError:
        raise UnreadableArticle(f"{name}: nested too deeply") from None
    except ValueError as error:
        raise UnreadableArticle(f"{name}: {error}") from error
    meta = page.meta
    title, passages = _cut(page.html, name, text_of(meta.get("title")), url or text_of(meta.get("url")) or None)
    return Article(
        path=name,
        title=title,
        passages=passages,
        includes=tuple(dict.fromkeys(origin.included)),
        language=language_of(meta, page.html, name, passages),
        audience=facets_of(meta, name),
    )


def _page(data: bytes, origin: Origin) -> Html:
    """A file as HTML. Raises ValueError."""
    if origin.path.suffix.lower() == ".pdf":
        title, html = pdf_to_html(data)
        return Html(html, {"title": title})
    return to_html(decoded(data), origin)


def _cut(html: str, name: str, title: str, url: str | None) -> tuple[str, tuple[Passage, ...]]:
    try:
        return cut(html, name, title, url)
    except RecursionError:
        raise UnreadableArticle(f"{name}: nested too deeply") from None
    except ValueError as error:
        raise UnreadableArticle(f"{name}: {error}") from error


def _check_size(path: Path, name: str) -> None:
    most = LARGEST.get(path.suffix.lower(), MAX_BYTES)
    if path.stat().st_size > most:
        raise UnreadableArticle(f"{name}: larger than {most // 1_000_000} MB")


def fragment(name: str) -> bool:
    """Whether a file's place says that it is a piece for other articles."""
    folders, _, file = name.rpartition("/")
    return bool(FRAGMENTS.search(f"/{folders}/")) or (file.startswith("_") and not file.startswith("_index"))


FRAGMENTS = re.compile(r"/_?(?:includes?|snippets?|partials?|reusables?|shared)/", re.IGNORECASE)
