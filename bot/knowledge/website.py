"""A help centre's address -> a folder of its pages, politely and so that it can go on where it was broken off.

The sitemaps say which pages there are, else the links do, page by page; a page that was read is asked for again only
with its ETag. trafilatura finds the content. Not here: how a site is asked (`fetcher`), the pictures on pages
(`gallery`), reading the folder (`sources`).
"""

import asyncio
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import trafilatura
from selectolax.lexbor import LexborHTMLParser

from bot.knowledge.blocks import shown_at
from bot.knowledge.fetcher import AGENT, Answer, Away, Elsewhere, Fetcher
from bot.knowledge.journal import Journal
from bot.knowledge.matter import html_matter

MOST_PAGES = 20_000
MOST_BYTES = 5_000_000
SITEMAP_BYTES = 50_000_000
"""The most that the sitemaps' own standard allows."""
SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml")
JOURNAL = ".pages.jsonl"
HTML = frozenset({"text/html", "application/xhtml+xml"})
NO_PAGE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|ico|css|js|json|xml|pdf|zip|gz|mp4|webm|exe|dmg|docx?|xlsx?)$", re.I)
"""Where a link leads that is not worth a request."""
Progress = Callable[[int, int, str], None]


class Unreachable(ValueError):
    """The address gives no pages; the message says why."""


@dataclass
class Crawl:
    """One help centre's pages in `folder`."""

    address: str
    folder: Path
    fetcher: Fetcher
    failed: list[str] = field(default_factory=list)
    """Pages that were not read this time, with the reason; what was read of them before is kept."""

    async def run(self, progress: Progress | None = None) -> Path:
        """Bring the folder up to date and return it. Raises Unreachable when there is no page to be had.

        Pages that vanished from the site vanish from the folder, but not those that could not be asked for. Broken off,
        it goes on with the next run.
        """
        journal = Journal(self.folder / JOURNAL)
        try:
            pages, whole = await self._listed()
        except Away as error:
            raise Unreachable(str(error)) from error
        walking = not pages
        order = pages or [self.address]
        met, there, gone = set(order), set[str](), set[str]()
        for done, page in enumerate(order):  # grows while links are followed
            if progress:
                progress(done, len(order), page)
            state = await self._read(page, journal)
            whole = whole and not (walking and state is None)
            if state is not None:
                (there if state else gone).add(page)
            links = journal[page]["links"] if walking and state is not False and journal[page] else ()
            new = [link for link in links if link not in met][: MOST_PAGES - len(order)]
            met |= set(new)
            order += new
        if not there:
            why = self.failed[-1] if self.failed else f"{self.address}: nothing there"
            raise Unreachable(f"{why}; and no sitemap names pages under it" if walking else why)
        for page in journal:
            if page in gone or (whole and page not in met):
                self._drop(page, journal)
        return self.folder

    async def _listed(self) -> tuple[list[str], bool]:
        """(the pages under the address that the sitemaps name, whether each of the sitemaps could be read). Raises
        Away when the site cannot be asked."""
        robots = await self.fetcher.robots(self.address)
        waiting = list(robots.site_maps() or [urljoin(self.address, path) for path in SITEMAPS])
        pages: dict[str, None] = {}
        seen: set[str] = set()
        failed: list[Away] = []
        while waiting and len(pages) < MOST_PAGES:
            sitemap = waiting.pop(0)
            if sitemap in seen or not self._same_site(sitemap):
                continue
            seen.add(sitemap)
            try:
                answer = await self.fetcher.get(sitemap, SITEMAP_BYTES)
                if answer.status not in (200, 404, 410):
                    raise Away(f"{sitemap}: answers {answer.status}")
            except Away as error:
                failed.append(error)
                continue
            tree = LexborHTMLParser(_unpacked(answer))
            waiting += [node.text().strip() for node in tree.css("sitemap > loc")]
            pages |= {u: None for node in tree.css("url > loc") if self._inside(u := node.text().strip())}
        if failed and not pages:
            raise failed[0]
        self.failed += [str(error) for error in failed]
        return [page for page in pages if robots.can_fetch(AGENT, page)][:MOST_PAGES], not failed

    async def _read(self, page: str, journal: Journal) -> bool | None:
        """Brings one page up to date: whether there is one, None when nobody knows."""
        known = journal[page] or {}
        kept = known and (self.folder / known["file"]).is_file()
        try:
            answer = await self.fetcher.get(page, MOST_BYTES, known["etag"] if kept else "", may=self._same_site)
        except Away as error:
            self.failed.append(str(error))
            return False if isinstance(error, Elsewhere) else None
        if answer.status == 304 and kept:
            return True
        if reason := self._no_page(answer):
            self.failed.append(f"{page}: {reason}")
            return False if answer.gone or answer.status == 200 else None
        html = answer.data.decode("utf-8", "replace")
        path = self.folder / named(page)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(await asyncio.to_thread(content, html, page), "utf-8")
        journal[page] = {"etag": answer.etag, "file": named(page), "links": list(self._links(html, page))}
        return True

    def _no_page(self, answer: Answer) -> str:
        if answer.status in (401, 403):
            return f"answers {answer.status}: it is not open to everybody"
        if answer.status != 200:
            return f"answers {answer.status}"
        return "" if answer.kind in HTML else f"no page, but {answer.kind or 'something without a name'}"

    def _links(self, html: str, page: str) -> Iterator[str]:
        """The pages under the address to which a page leads, each once."""
        found = (urljoin(page, a.attributes.get("href") or "") for a in LexborHTMLParser(html).css("a[href]"))
        bare = dict.fromkeys(link.partition("#")[0] for link in found)
        for link in bare:
            parts = urlsplit(link)
            if self._inside(link) and not parts.query and not NO_PAGE.search(parts.path):
                yield link

    def _drop(self, page: str, journal: Journal) -> None:
        """Forgets a page; its file too, unless another page's address means the same file."""
        file = journal[page]["file"]
        journal[page] = None
        if not any(journal[other]["file"] == file for other in journal):
            (self.folder / file).unlink(missing_ok=True)

    def _same_site(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.address).netloc

    def _inside(self, url: str) -> bool:
        own, other = urlsplit(self.address).path.rstrip("/"), urlsplit(url).path
        return self._same_site(url) and (other == own or other.startswith(f"{own}/"))


def _unpacked(answer: Answer) -> str:
    """A sitemap's text; large ones come packed. Marks of XML that HTML does not know are taken out."""
    data = answer.data
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, SITEMAP_BYTES)
        except zlib.error:
            return ""
    text = data.decode("utf-8", "replace") if answer.status == 200 else ""
    return text.replace("<![CDATA[", "").replace("]]>", "")


def content(html: str, page: str) -> str:
    """A page's content as HTML that names its own address and its pictures' ones; what trafilatura does not recognise
    stays whole."""
    tree = LexborHTMLParser(html)
    for image in tree.css("img"):
        if source := shown_at(image):
            image.attrs["src"] = urljoin(page, source)
    heading = tree.css_first("h1") or tree.css_first("title")
    title = heading.text().strip() if heading else ""
    own = tree.css_first("main, article, [role=main]")
    body = own.html if own is not None else _found(tree.html or html, page)
    root = tree.css_first("html[lang]")
    language = (root.attributes.get("lang") or "")[:2] if root is not None else ""
    said: dict[str, Any] = {"title": title, "url": page, "language": language} | html_matter(html)
    told = "\n".join(f"{name}: {orjson.dumps(value).decode()}" for name, value in said.items())
    return f"---\n{told}\n---\n<!doctype html>\n<main>{body}</main>\n"


def _found(html: str, page: str) -> str:
    found = trafilatura.extract(
        html, url=page, output_format="html", include_formatting=True, include_tables=True, include_images=True
    )
    return found or html


def named(page: str) -> str:
    """The file in which a page is kept: its path, so that citations read like the site."""
    path = urlsplit(page).path.strip("/") or "index"
    safe = "/".join(part for part in path.split("/") if part not in ("", ".", "..") and not part.startswith("."))
    query = urlsplit(page).query
    mark = f"-{sha256(query.encode()).hexdigest()[:8]}" if query else ""
    return f"{safe.removesuffix('.html').removesuffix('.htm') or 'index'}{mark}.html"
