"""Where a help centre lies: a folder's files, read into articles.

Not here: a help centre's address (`website`), how a format is parsed (`formats`), how an article is cut (`passages`).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.knowledge.articles import Article
from bot.knowledge.formats import SUFFIXES, Origin, to_html
from bot.knowledge.passages import cut


class UnreadableArticle(ValueError):
    """A file that cannot be read as an article; the message says why."""


MAX_BYTES = 5_000_000
FILTERS = ("version", "plan", "audience", "product", "edition")


def listed(root: Path) -> Iterator[Path]:
    """The files under `root` that may be articles, in a stable order; hidden folders and build output are left out."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path


def read_article(path: Path, root: Path, url: str | None = None) -> Article:
    """The article in file `path` of the help centre in folder `root`.

    Raises UnreadableArticle when the file is too large, is not text, or its format's parser refuses it.
    """
    name = path.relative_to(root).as_posix()
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableArticle(f"{name}: larger than {MAX_BYTES // 1_000_000} MB")
    data = path.read_bytes()
    if b"\0" in data[:4096]:
        raise UnreadableArticle(f"{name}: not a text file")
    origin = Origin(path, root)
    try:
        page = to_html(data.decode("utf-8-sig", errors="replace"), origin)
        address = url or _text(page.meta.get("url")) or None
        title, passages = cut(page.html, name, _text(page.meta.get("title")), address)
    except RecursionError:
        raise UnreadableArticle(f"{name}: nested too deeply") from None
    except ValueError as error:
        raise UnreadableArticle(f"{name}: {error}") from error
    return Article(
        path=name,
        title=title,
        passages=passages,
        includes=tuple(dict.fromkeys(origin.included)),
        language=_language(page.meta, name),
        audience=tuple(f"{key}:{value}" for key in FILTERS for value in _values(page.meta.get(key))),
    )


def _language(meta: dict[str, Any], name: str) -> str:
    """By the front matter, else by the path: `de/...` or `name.de.md`."""
    said = _text(meta.get("language") or meta.get("lang"))[:2].lower()
    if said:
        return said
    match = re.search(r"(?:^|/)([a-z]{2})(?:-[a-zA-Z]{2})?/|\.([a-z]{2})\.\w+$", name)
    return (match[1] or match[2]) if match and (match[1] or match[2]) in LANGUAGES else ""


LANGUAGES = frozenset(
    re.findall(
        r"..(?= |$)", "en de fr es it pt nl sv da nb fi pl cs sk hu ro bg el tr ru uk he ar fa hi ja ko zh th vi id"
    )
)


def _text(value: object) -> str:
    return (
        value.strip()
        if isinstance(value, str)
        else ""
        if value is None or isinstance(value, (dict, list))
        else str(value)
    )


def _values(value: object) -> list[str]:
    return [_text(v) for v in value if _text(v)] if isinstance(value, list) else [_text(value)] if _text(value) else []


def fragment(name: str) -> bool:
    """Whether a file's place says that it is a piece for other articles."""
    folders, _, file = name.rpartition("/")
    return bool(FRAGMENTS.search(f"/{folders}/")) or (file.startswith("_") and not file.startswith("_index"))


FRAGMENTS = re.compile(r"/_?(?:includes?|snippets?|partials?|reusables?|shared)/", re.IGNORECASE)
