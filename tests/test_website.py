"""A help centre's address is a source: by its sitemap, as robots.txt allows, going on where it was broken off."""

import gzip
import io
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from bot.knowledge.fetcher import Fetcher
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
from bot.knowledge.website import Crawl, Unreachable
from bot.settings import Settings
from handlers.cli.indexing import index_source
from tests.loopback import loopback

PAGE = """<html{language}><head><title>x</title></head><body><nav><a href=/help/a>Menu of everything</a></nav>
<main><h1>{title}</h1><p>{text}</p><ol><li>Open <b>{label}</b>.</li></ol></main><footer>Imprint</footer></body>"""


class Site:
    """A real server with three pages, which counts what it is asked for. `answers` are statuses instead of a page."""

    def __init__(self) -> None:
        self.pages = {
            "/help/a": ("Locks", "How to lock the gate at night.", "Gate lock"),
            "/help/b": ("Lamps", "How to dim the lamps.", "Lamp dimmer"),
            "/help/secret": ("Staff", "Only for staff.", "Safe"),
        }
        self.asked: Counter[str] = Counter()
        self.url = ""
        self.language = ""
        self.sitemap: bytes | None = None
        self.answers: dict[str, int] = {}
        self.leads: dict[str, str] = {}
        self.later: set[str] = set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if request.path in self.later:
            self.later.discard(request.path)
            return web.Response(status=429, headers={"Retry-After": "0"})
        if to := self.leads.get(request.path):
            raise web.HTTPFound(to)
        if status := self.answers.get(request.path):
            return web.Response(status=status, headers={"Location": "https://elsewhere.invalid/"})
        if request.path == "/robots.txt":
            return web.Response(text=f"User-agent: *\nDisallow: /help/secret\nSitemap: {self.url}/sitemap.xml\n")
        if request.path == "/sitemap.xml":
            if self.sitemap is not None:
                return web.Response(body=self.sitemap, content_type="application/octet-stream")
            urls = "".join(f"<url><loc>{self.url}{path}</loc></url>" for path in [*self.pages, "/blog/no"])
            return web.Response(text=f"<urlset>{urls}</urlset>", content_type="application/xml")
        if request.path not in self.pages:
            raise web.HTTPNotFound
        title, text, label = self.pages[request.path]
        etag = f'"{hash(text)}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        language = self.language and f" lang={self.language}"
        html = PAGE.format(language=language, title=title, text=text, label=label)
        return web.Response(text=html, content_type="text/html", headers={"ETag": etag})


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with loopback(site.answer) as site.url:
        yield site


async def crawled(site: Site, tmp_path: Path, under: str = "/help") -> Path:
    async with Fetcher(pause=0) as fetcher:
        return await Crawl(site.url + under, tmp_path / "pages", fetcher).run()


async def test_an_address_becomes_articles_with_their_links(site: Site, tmp_path: Path) -> None:
    folder = await crawled(site, tmp_path)
    report = await build(folder, tmp_path / "kb")
    assert report.articles == 2
    assert site.asked["/help/secret"] == site.asked["/blog/no"] == 0
    passage = rank(Index.open(tmp_path / "kb"), Query(question="dim the lamps")).hits[0].passage
    assert (passage.title, passage.url) == ("Lamps", f"{site.url}/help/b")
    assert passage.steps == ("Open **Lamp dimmer**.",)
    assert "Menu of everything" not in passage.text


async def test_a_second_run_reads_what_changed_and_forgets_what_is_gone(site: Site, tmp_path: Path) -> None:
    folder = await crawled(site, tmp_path)
    await build(folder, tmp_path / "kb")
    site.pages["/help/a"] = ("Locks", "Turn the key twice.", "Gate lock")
    del site.pages["/help/b"]
    await crawled(site, tmp_path)
    report = await build(folder, tmp_path / "kb")
    assert (report.read, report.removed, report.articles) == (1, 1, 1)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ({}, "/nothing: answers 404; and no sitemap names pages under it"),
        ({"/sitemap.xml": 503}, "/sitemap.xml: answers 503"),
        ({"/robots.txt": 500}, "/robots.txt: answers 500, so nobody knows what may be read"),
        ({"/sitemap.xml": 404, "/nothing": 403}, "/nothing: answers 403: it is not open to everybody; and no sitemap"),
        ({"/sitemap.xml": 404, "/nothing": 302}, "leads to another site, elsewhere.invalid; and no sitemap"),
    ],
)
async def test_a_site_without_pages_says_why(site: Site, tmp_path: Path, answers: dict[str, int], why: str) -> None:
    site.answers = answers
    with pytest.raises(Unreachable, match=re.escape(why)):
        await crawled(site, tmp_path, "/nothing")


async def test_a_site_that_is_not_there_says_so(tmp_path: Path) -> None:
    async with Fetcher(pause=0) as fetcher:
        with pytest.raises(Unreachable, match="cannot be reached"):
            await Crawl("http://127.0.0.1:9/help", tmp_path / "pages", fetcher).run()


async def test_without_a_sitemap_links_are_followed_page_by_page_and_again(site: Site, tmp_path: Path) -> None:
    site.answers = {"/sitemap.xml": 404}
    link = '</p><a href="/help/{}#top">on</a><a href="/blog/no">no</a><a href="/help/a.png">no</a><p>'
    site.pages = {f"/help/{n}": (f"Lamp {n}", f"Number {n}." + link.format(n + 1), "Dim") for n in range(4)}
    site.pages["/help"] = ("Help", "All" + link.format(0), "Start")
    for _ in range(2):
        folder = await crawled(site, tmp_path)
        assert {p.name for p in folder.rglob("*.html")} == {"help.html", "0.html", "1.html", "2.html", "3.html"}
    assert site.asked["/blog/no"] == site.asked["/help/a.png"] == 0
    site.answers["/help/1"] = 503
    folder = await crawled(site, tmp_path)
    assert (folder / "help" / "3.html").is_file(), "what lies behind a page that is away is kept"
    site.answers["/help/1"] = 404
    folder = await crawled(site, tmp_path)
    assert {p.name for p in folder.rglob("*.html")} == {"help.html", "0.html"}


async def test_a_page_is_read_whole_and_a_busy_site_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.pages["/help/a"] = ("Locks", "Much. " * 200_000 + "<b>The end</b>", "Gate lock")
    site.later = {"/help/a"}
    folder = await crawled(site, tmp_path)
    assert "The end" in (folder / "help" / "a.html").read_text("utf-8")
    assert site.asked["/help/a"] == 2


async def test_nothing_is_forgotten_because_a_sitemap_is_away_or_a_page_fails(site: Site, tmp_path: Path) -> None:
    folder = await crawled(site, tmp_path)
    part, whole = f"<url><loc>{site.url}/help/a</loc></url>", f"<sitemap><loc>{site.url}/more.xml</loc></sitemap>"
    site.sitemap, site.answers = f"<x>{part}{whole}</x>".encode(), {"/more.xml": 500, "/help/a": 500}
    with pytest.raises(Unreachable):
        await crawled(site, tmp_path)
    assert {p.name for p in folder.rglob("*.html")} == {"a.html", "b.html"}


async def test_a_page_that_leads_to_another_site_is_gone_and_that_site_is_not_asked(site: Site, tmp_path: Path) -> None:
    folder = await crawled(site, tmp_path)
    other = Site()
    async with loopback(other.answer) as other.url:
        site.leads["/help/a"] = f"{other.url}/help/a"
        await crawled(site, tmp_path)
    assert not other.asked
    assert [path.name for path in sorted(folder.rglob("*.html"))] == ["b.html"]


async def test_a_packed_sitemap_with_marks_of_xml_is_read(site: Site, tmp_path: Path) -> None:
    text = f"<urlset><url><loc>\n<![CDATA[{site.url}/help/b]]>\n</loc></url></urlset>"
    site.sitemap = gzip.compress(text.encode())
    folder = await crawled(site, tmp_path)
    assert [p.name for p in folder.rglob("*.html")] == ["b.html"]


async def test_up_takes_an_address_and_starts_with_what_it_has_when_that_is_away(site: Site, tmp_path: Path) -> None:
    settings, console = Settings(data=tmp_path), Console(record=True, file=io.StringIO(), width=300)
    kb = await index_source(settings, f"{site.url}/help", console)
    assert Index.open(kb).articles == ("help/a.html", "help/b.html")
    site.pages.clear()
    assert await index_source(settings, f"{site.url}/help", console) == kb
    assert Index.open(kb).articles
    assert "going on with what was indexed before" in console.export_text()
    with pytest.raises(Unreachable):
        await index_source(settings, f"{site.url}/other", console)


async def test_a_page_says_its_language(site: Site, tmp_path: Path) -> None:
    site.language = "de-AT"
    folder = await crawled(site, tmp_path)
    await build(folder, tmp_path / "kb")
    assert {record["language"] for record in Index.open(tmp_path / "kb").records} == {"de"}
