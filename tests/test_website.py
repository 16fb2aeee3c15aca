"""A help centre's address is a source: by its sitemap, as robots.txt allows, going on where it was broken off."""

import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from rich.console import Console

from bot.knowledge.fusion import Query, rank
from bot.knowledge.index import Index, build
from bot.knowledge.website import Crawl, Unreachable
from bot.settings import Settings
from handlers.cli.indexing import index_source

PAGE = """<html{language}><head><title>x</title></head><body><nav><a href=/help/a>Menu of everything</a></nav>
<main><h1>{title}</h1><p>{text}</p><ol><li>Open <b>{label}</b>.</li></ol></main><footer>Imprint</footer></body>"""


class Site:
    """A real server with three pages, which counts what it is asked for."""

    def __init__(self) -> None:
        self.pages = {
            "/help/a": ("Locks", "How to lock the gate at night.", "Gate lock"),
            "/help/b": ("Lamps", "How to dim the lamps.", "Lamp dimmer"),
            "/help/secret": ("Staff", "Only for staff.", "Safe"),
        }
        self.asked: Counter[str] = Counter()
        self.url = ""
        self.language = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if request.path == "/robots.txt":
            return web.Response(text=f"User-agent: *\nDisallow: /help/secret\nSitemap: {self.url}/sitemap.xml\n")
        if request.path == "/sitemap.xml":
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
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


async def test_an_address_becomes_articles_with_their_links(site: Site, tmp_path: Path) -> None:
    folder = await Crawl(f"{site.url}/help", tmp_path / "pages", pause=0).run()
    report = await build(folder, tmp_path / "kb")
    assert report.articles == 2
    assert site.asked["/help/secret"] == site.asked["/blog/no"] == 0
    passage = rank(Index.open(tmp_path / "kb"), Query(question="dim the lamps")).hits[0].passage
    assert (passage.title, passage.url) == ("Lamps", f"{site.url}/help/b")
    assert passage.steps == ("Open **Lamp dimmer**.",)
    assert "Menu of everything" not in passage.text


async def test_a_second_run_reads_what_changed_and_forgets_what_is_gone(site: Site, tmp_path: Path) -> None:
    folder = await Crawl(f"{site.url}/help", tmp_path / "pages", pause=0).run()
    await build(folder, tmp_path / "kb")
    site.pages["/help/a"] = ("Locks", "Turn the key twice.", "Gate lock")
    del site.pages["/help/b"]
    await Crawl(f"{site.url}/help", tmp_path / "pages", pause=0).run()
    report = await build(folder, tmp_path / "kb")
    assert (report.read, report.removed, report.articles) == (1, 1, 1)


async def test_a_site_without_pages_says_so(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no sitemap"):
        await Crawl(f"{site.url}/nothing", tmp_path / "pages", pause=0).run()


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
    folder = await Crawl(f"{site.url}/help", tmp_path / "pages", pause=0).run()
    await build(folder, tmp_path / "kb")
    assert {record["language"] for record in Index.open(tmp_path / "kb").records} == {"de"}
