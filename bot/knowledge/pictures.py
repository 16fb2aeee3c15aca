"""The pictures inside articles: read once, and indexed with the passage that shows them.

A help centre's own screenshots say what a customer's screenshot will say. Not here: how a picture is read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bot.knowledge.articles import Article, Passage, Picture


class Said(NamedTuple):
    """What a picture says, line by line, and the title of the page that it shows."""

    text: str = ""
    title: str = ""


ReadPicture = Callable[[bytes], Said]
"""Raises ValueError or OSError for a picture that cannot be read."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
LARGEST = 20_000_000
ROOTS = (".", "static", "public", "assets", "docs")
"""Folders of the source that a picture's path beginning with a slash may mean."""


def with_pictures(article: Article, root: Path, read: ReadPicture) -> Article:
    """The article with the text of its pictures; they count as what went into it, so a new picture is read again."""
    used: dict[str, Said] = {}

    def told(picture: Picture) -> Picture:
        path = located(picture.path, root / article.path, root)
        if path is None:
            return picture
        name = path.relative_to(root.resolve()).as_posix()
        if name not in used:
            try:
                used[name] = read(path.read_bytes())
            except (ValueError, OSError):
                used[name] = Said()
        return picture.model_copy(update=used[name]._asdict())

    def shown(passage: Passage) -> Passage:
        return passage.model_copy(update={"pictures": tuple(told(p) for p in passage.pictures)})

    passages = tuple(shown(p) if p.pictures else p for p in article.passages)
    return article.model_copy(update={"passages": passages, "includes": (*article.includes, *used)})


def located(name: str, article: Path, root: Path) -> Path | None:
    """The file that a picture's path means, None when it is elsewhere, too large or of another kind."""
    name = name.split("?")[0].split("#")[0]
    bases = [root / folder for folder in ROOTS] if name.startswith("/") else [article.parent, root]
    for base in bases:
        path = (base / name.lstrip("/")).resolve()
        inside = path.is_relative_to(root.resolve()) and path.suffix.lower() in SUFFIXES
        if inside and path.is_file() and path.stat().st_size <= LARGEST:
            return path
    return None
