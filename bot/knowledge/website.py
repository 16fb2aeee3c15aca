"""A help centre's address -> a folder of its pages, politely and so that it can go on where it was broken off.

The sitemap says which pages there are; robots.txt says which may be read and how fast; a page that was read is asked
for again only with its ETag. trafilatura finds the content. Not here: reading the folder (`sources`).
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import aiohttp
import orjson
import trafilatura
from selectolax.lexbor import LexborHTMLParser

from bot.knowledge.matter import html_matter

AGENT = "HelpLens"
MOST_PAGES = 20_000
MOST_BYTES = 5_000_000
SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml")
NOTES = "pages.json"
Progress = Callable[[int, int, str], None]


class Unreachable(ValueError):
    """The address gives no pages; the message says why."""


@dataclass
class Crawl:
    """One help centre's pages in `folder`. `pause` seconds lie between two requests, more when robots.txt says so."""

    address: str
    folder: Path
    pause: float = 0.5
    failed: list[str] = field(default_factory=list)

    async def run(self, progress: Progress | None = None) -> Path:
        """Bring the folder up to date and return it. Raises Unreachable when there is no page to be had.

        Pages that vanished from the site vanish from the folder. Broken off, it goes on with the next run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(headers={"User-Agent": AGENT}, timeout=timeout) as session:
            robots = await self._robots(session)
            pause = max(self.pause, float(robots.crawl_delay(AGENT) or 0))
            pages = [page for page in await self._pages(session, robots) if robots.can_fetch(AGENT, page)]
            if not pages:
                raise Unreachable(f"{self.address}: no sitemap, and no links to pages under this address")
            notes = self._notes()
            for done, page in enumerate(pages):
                if progress:
                    progress(done, len(pages), page)
                started = time.monotonic()
                await self._fetch(session, page, notes)
                (self.folder / f".{NOTES}").write_bytes(orjson.dumps(notes))
                await asyncio.sleep(max(0.0, pause - (time.monotonic() - started)))
        self._forget(set(pages), notes)
        return self.folder

    async def _robots(self, session: aiohttp.ClientSession) -> RobotFileParser:
        robots = RobotFileParser()
        text = await self._text(session, urljoin(self.address, "/robots.txt"))
        robots.parse((text or "").splitlines())
        return robots

    async def _pages(self, session: aiohttp.ClientSession, robots: RobotFileParser) -> list[str]:
        """The pages under the address: by its sitemaps, else by the links of its first page."""
        waiting = list(robots.site_maps() or [urljoin(self.address, path) for path in SITEMAPS])
        pages: dict[str, None] = {}
        seen: set[str] = set()
        while waiting and len(pages) < MOST_PAGES:
            sitemap = waiting.pop(0)
            if sitemap in seen or not self._same_site(sitemap):
                continue
            seen.add(sitemap)
            tree = LexborHTMLParser(await self._text(session, sitemap) or "")
            waiting += [node.text().strip() for node in tree.css("sitemap > loc")]
            pages |= {u: None for node in tree.css("url > loc") if self._inside(u := node.text().strip())}
        if not pages:
            tree = LexborHTMLParser(await self._text(session, self.address) or "")
            links = [urljoin(self.address, a.attributes.get("href") or "") for a in tree.css("a[href]")]
            pages = {self.address: None} if tree.css_first("a, p") else {}
            pages |= {link.split("#")[0]: None for link in links if self._inside(link)}
        return list(pages)[:MOST_PAGES]

    async def _fetch(self, session: aiohttp.ClientSession, page: str, notes: dict[str, dict[str, str]]) -> None:
        known = notes.get(page, {})
        headers = {"If-None-Match": known["etag"]} if known.get("etag") else {}
        try:
            async with session.get(page, headers=headers) as response:
                if response.status == 304:
                    return
                kind = response.headers.get("Content-Type", "")
                data = await response.content.read(MOST_BYTES)
                if response.status != 200 or "html" not in kind:
                    self.failed.append(f"{page}: {response.status} {kind}".strip())
                    return
                etag = response.headers.get("ETag", "")
        except (aiohttp.ClientError, TimeoutError) as error:
            self.failed.append(f"{page}: {error}")
            return
        name = named(page)
        html = await asyncio.to_thread(content, data.decode("utf-8", "replace"), page)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, "utf-8")
        notes[page] = {"etag": etag, "file": name}

    async def _text(self, session: aiohttp.ClientSession, url: str) -> str | None:
        try:
            async with session.get(url) as response:
                data = await response.content.read(10 * MOST_BYTES)
                return data.decode("utf-8", "replace") if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    def _notes(self) -> dict[str, dict[str, str]]:
        path = self.folder / f".{NOTES}"
        return dict(orjson.loads(path.read_bytes())) if path.is_file() else {}

    def _forget(self, pages: set[str], notes: dict[str, dict[str, str]]) -> None:
        for page in [page for page in notes if page not in pages]:
            (self.folder / notes.pop(page)["file"]).unlink(missing_ok=True)
        (self.folder / f".{NOTES}").write_bytes(orjson.dumps(notes))

    def _same_site(self, url: str) -> bool:
        return urlsplit(url).netloc == urlsplit(self.address).netloc

    def _inside(self, url: str) -> bool:
        return self._same_site(url) and urlsplit(url).path.startswith(urlsplit(self.address).path.rstrip("/"))


def content(html: str, page: str) -> str:
    """A page's content as HTML that names its own address; what trafilatura does not recognise stays whole."""
    found = trafilatura.extract(
        html, url=page, output_format="html", include_formatting=True, include_tables=True, include_images=True
    )
    tree = LexborHTMLParser(html)
    heading = tree.css_first("h1") or tree.css_first("title")
    title = heading.text().strip() if heading else ""
    own = tree.css_first("main, article, [role=main]")
    body = own.html if own is not None and own.html else found or html
    root = tree.css_first("html[lang]")
    language = (root.attributes.get("lang") or "")[:2] if root is not None else ""
    said = {"title": title, "url": page, "language": language} | html_matter(html)
    named = "\n".join(f"{name}: {orjson.dumps(value).decode()}" for name, value in said.items())
    return f"---\n{named}\n---\n<!doctype html>\n<main>{body}</main>\n"


def named(page: str) -> str:
    """The file in which a page is kept: its path, so that citations read like the site."""
    path = urlsplit(page).path.strip("/") or "index"
    safe = "/".join(part for part in path.split("/") if part not in ("", ".", "..") and not part.startswith("."))
    query = urlsplit(page).query
    mark = f"-{sha256(query.encode()).hexdigest()[:8]}" if query else ""
    return f"{safe.removesuffix('.html').removesuffix('.htm') or 'index'}{mark}.html"
