"""The pictures inside articles: read once, and indexed with the passage that shows them.

A help centre's own screenshots say what a customer's screenshot will say. Not here: how a picture is read, how one is
fetched from the web (`gallery`).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urljoin, urlsplit

from bot.knowledge.articles import Article, Passage, Picture
from bot.knowledge.journal import Journal


class Said(NamedTuple):
    """What a picture says, line by line, and the title of the page that it shows."""

    text: str = ""
    title: str = ""


ReadPicture = Callable[[bytes], Said]
"""Raises ValueError or OSError for a picture that cannot be read."""
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif"})
LARGEST = 20_000_000
ROOTS = (".", "static", "public", "assets", "docs")
"""Folders of the source that a picture's path beginning with a slash may mean."""
READER = 1
"""Raised when pictures are read otherwise: what was read of them before does not count."""


class Fetch(Protocol):
    """Where pictures on the web come from."""

    def open_to(self, address: str, article: str) -> bool:
        """Whether the picture is asked for at all, for an article at that address."""

    def __call__(self, address: str) -> bytes:
        """The picture. Raises ValueError or OSError."""


@dataclass
class Pictures:
    """The pictures of one build: from folder `root`, and from the web where there is `fetch`."""

    root: Path
    read: ReadPicture
    fetch: Fetch | None = None
    told: int = 0
    """Pictures whose text is in the index now."""
    failed: list[str] = field(default_factory=list)
    """Pictures that could not be had or read, with the reason."""
    elsewhere: Counter[str] = field(default_factory=Counter)
    """By host, pictures that were not asked for."""

    def shown(self, article: Article) -> tuple[Article, dict[str, str]]:
        """The article with the text of its pictures, and of each picture on the web the hash of its bytes, empty where
        there are none.

        Pictures count as what went into the article: with a new one it is read again.
        """
        own = next((p.url for p in article.passages if p.url), "") or ""
        said: dict[str, Said] = {}
        files: list[str] = []
        remote: dict[str, str] = {}

        def told(picture: Picture) -> Picture:
            if picture.path not in said:
                said[picture.path] = self._said(picture.path, article.path, own, files, remote)
            return picture.model_copy(update=said[picture.path]._asdict())

        def with_text(passage: Passage) -> Passage:
            return passage.model_copy(update={"pictures": tuple(told(p) for p in passage.pictures)})

        passages = tuple(with_text(p) if p.pictures else p for p in article.passages)
        return article.model_copy(update={"passages": passages, "includes": (*article.includes, *files)}), remote

    def worth_another_try(self, remote: dict[str, str], article: str) -> bool:
        """Whether a picture of an unchanged article is missing that would be asked for; counts those that would not."""
        missing = [address for address, digest in remote.items() if not digest]
        shut = [a for a in missing if self.fetch is None or not self.fetch.open_to(a, article)]
        if len(shut) < len(missing):
            return True
        self.elsewhere.update(_host(address) for address in shut)
        return False

    def _said(self, name: str, article: str, own: str, files: list[str], remote: dict[str, str]) -> Said:
        path = located(name, self.root / article, self.root)
        address = "" if path is not None else _address(name, own)
        if path is None and not address:
            if Path(name.partition("?")[0]).suffix.lower() in SUFFIXES and ":" not in name:
                self.failed.append(f"{name} in {article}: no such file")
            return Said()
        if path is not None:
            files.append(path.relative_to(self.root.resolve()).as_posix())
        elif self.fetch is None or not self.fetch.open_to(address, own):
            remote[address] = ""
            self.elsewhere[_host(address)] += 1
            return Said()
        try:
            data = path.read_bytes() if path is not None else self._fetched(address, remote)
            found = self.read(data)
        except (ValueError, OSError) as error:
            self.failed.append(f"{name if path else address} in {article}: {_why(error, address)}")
            return Said()
        self.told += 1
        return found

    def _fetched(self, address: str, remote: dict[str, str]) -> bytes:
        remote[address] = ""
        assert self.fetch is not None
        data = self.fetch(address)
        remote[address] = sha256(data).hexdigest()
        return data


def remembered(read: ReadPicture, journal: Journal) -> ReadPicture:
    """`read`, but equal pictures once for all builds: a build that was killed goes on where it was."""

    def once(data: bytes) -> Said:
        name = f"{READER}:{sha256(data).hexdigest()}"
        if (kept := journal[name]) is not None:
            return Said(*kept)
        said = read(data)
        journal[name] = list(said)
        return said

    return once


def located(name: str, article: Path, root: Path) -> Path | None:
    """The file that a picture's path means, None when it is elsewhere, too large or of another kind."""
    name = name.split("?")[0].split("#")[0]
    bases = [root / folder for folder in ROOTS] if name.startswith("/") else [article.parent, root]
    for base in bases:
        path = (base / name.lstrip("/")).resolve()
        inside = path.is_relative_to(root.resolve()) and path.suffix.lower() in SUFFIXES
        if inside and _is_file(path) and path.stat().st_size <= LARGEST:
            return path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _address(name: str, own: str) -> str:
    """Where a picture lies on the web, for an article at the address `own`; empty when it does not."""
    try:
        address = urljoin(own, name)
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or parts.path.lower().endswith(".svg"):
        return ""
    return address.partition("#")[0]


def _host(address: str) -> str:
    return urlsplit(address).netloc


def _why(error: Exception, address: str) -> str:
    """An error's own words, the address not twice."""
    return (str(error) or type(error).__name__).removeprefix(f"{address}: ")
