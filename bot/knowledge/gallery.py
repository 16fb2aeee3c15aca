"""The pictures of articles that lie on the web: fetched politely, kept in a folder, asked for again once a day at most.

Only hosts are asked that an article's own address names, where help desks keep pictures, or that the owner names.
Not here: how a site is asked (`fetcher`), what pictures say (`pictures`).
"""

import re
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from bot.knowledge.fetcher import Away, Fetcher
from bot.knowledge.journal import Journal
from bot.knowledge.pictures import LARGEST

DESKS = ("zendesk.com", "zdassets.com", "zdusercontent.com", "intercomcdn.com", "intercomcdn.eu")
"""Where Zendesk and Intercom keep the pictures of everybody's articles."""
JOURNAL = "fetched.jsonl"
FRESH = 24 * 3600.0
"""Seconds for which a picture is taken to be what it was."""
SIGNED = re.compile(r"(?:^|&)[\w-]*(?:signature|expires|token|policy)=", re.IGNORECASE)
"""An address that opens for a while only: its path says which picture it is."""
NAMES = 16
"""Bytes of a file's name."""


@dataclass
class Gallery:
    """Pictures in `folder`; `hosts` are those that the owner allows beside the articles' own, subdomains among them."""

    folder: Path
    fetcher: Fetcher
    hosts: tuple[str, ...] = ()
    fresh: float = FRESH

    def __post_init__(self) -> None:
        self._journal = Journal(self.folder / JOURNAL)

    def open_to(self, address: str, article: str) -> bool:
        """Whether a picture's address is asked for an article at the address `article` (empty when it has none)."""
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        near = parts.netloc == urlsplit(article).netloc
        named = any(host == name or host.endswith(f".{name}") for name in (*DESKS, *self.hosts))
        return parts.scheme in ("http", "https") and bool(host) and (near or named)

    async def picture(self, address: str) -> bytes:
        """The bytes of a picture. Raises Away when there are none to be had; what was kept before stands in then.

        A host may send on to another that is open as well, itself among them.
        """
        name = named(address)
        kept, known = self.folder / name, self._journal[name] or {}
        there = known and kept.is_file()
        if there and time.time() - known["at"] < self.fresh:
            return kept.read_bytes()
        try:
            answer = await self.fetcher.get(
                address, LARGEST, known["etag"] if there else "", may=lambda to: self.open_to(to, address)
            )
            if answer.status != 304 and (answer.status != 200 or not (answer.data and _may_be_a_picture(answer.kind))):
                what = f"answers {answer.status}" if answer.status != 200 else f"no picture, but {answer.kind}"
                raise Away(f"{address}: {what}")
        except Away:
            if there:
                return kept.read_bytes()
            raise
        if answer.status == 200:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = kept.with_suffix(".part")
            aside.write_bytes(answer.data)
            aside.replace(kept)
        self._journal[name] = {"address": address, "etag": answer.etag or known.get("etag", ""), "at": time.time()}
        return kept.read_bytes()


def _may_be_a_picture(kind: str) -> bool:
    """By what the site says; some say nothing. Who reads it looks at the bytes."""
    return kind.startswith("image/") or kind in ("", "application/octet-stream", "binary/octet-stream")


def named(address: str) -> str:
    """The name under which a picture is kept: without what some addresses carry for a while."""
    parts = urlsplit(address)
    signed = SIGNED.search(parts.query) is not None
    bare = parts._replace(query="" if signed else parts.query, fragment="").geturl()
    return sha256(bare.encode()).hexdigest()[: 2 * NAMES]
