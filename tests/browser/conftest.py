"""Real Chromium against the real house. No page may fetch from a foreign host, run a foreign script or log an error."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from chromium import FLAGS, find
from hostile import ARTICLE
from panel import EXAMPLES, PATIENCE_MS, Panel
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from serving import Served, serving
from stand_in import StandIn, stand_in

WIDGET = Path(__file__).parent.parent.parent / "handlers" / "web" / "static" / "widget.js"
HELP_CENTRE = EXAMPLES / "helpcenter"
# what a browser says by itself when a test takes the network away, or the server says no
EXPECTED = ("Failed to load resource", "net::ERR_")
# what a busy machine may need: nothing waits for it that has happened before
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
async def site() -> AsyncIterator[str]:
    """A page of a site at another origin, with a strict policy, the tag twice, and a route change of its own.

    Its query names the help desk: `/?http://127.0.0.1:8100`.
    """

    async def page(request: web.Request) -> web.Response:
        house = request.query_string
        tag = f'<script nonce="n1" src="{house}/widget.js" async data-helplens></script>'
        policy = (
            "default-src 'none'; script-src 'nonce-n1' 'strict-dynamic'; style-src 'self'; "
            f"connect-src {house}; img-src {house} blob: data:"
        )
        body = f"<!doctype html><html lang=en><title>Site</title><body><h1>Site</h1>{tag}{tag}</body></html>"
        return web.Response(text=body, content_type="text/html", headers={"Content-Security-Policy": policy})

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(scope="session")
async def served(tmp_path_factory: pytest.TempPathFactory, site: str) -> AsyncIterator[Served]:
    """The house without a model, on the example help centre; `site` may embed it."""
    assert WIDGET.exists(), "the widget is not built: run `make setup`"
    async with serving(tmp_path_factory.mktemp("house"), origins=site) as house:
        yield house


@pytest.fixture(scope="session")
async def talkative(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Served, StandIn]]:
    """A house with a model (a stand-in on loopback) that can be held in the middle of an answer. One article of its
    help centre is hostile."""
    folder = tmp_path_factory.mktemp("slow")
    articles = shutil.copytree(HELP_CENTRE, folder / "articles")
    (articles / "zebra.md").write_text(ARTICLE, "utf-8")
    async with (
        stand_in() as model,
        serving(folder, str(articles), models=f"openai:good@{model.url}") as house,
    ):
        yield house, model


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=await asyncio.to_thread(find), args=[*FLAGS])
        yield browser
        await browser.close()


@dataclass
class Watched:
    """What a page did that it must not."""

    hosts: set[str]
    expected: list[str] = field(default_factory=lambda: list(EXPECTED))
    """Errors that belong to what the test does."""
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Looks at one page from now on."""
        page.on("request", lambda request: self._request(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("dialog", lambda dialog: self.errors.append(f"a dialog: {dialog.message}"))

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in self.hosts:
            self.foreign.append(url)

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and not any(known in text for known in self.expected):
            self.errors.append(text)


OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
def watched(served: Served) -> Watched:
    """What the pages of this test do. A test may add a host that its page is allowed to fetch from."""
    return Watched({urlsplit(served.address).netloc})


@pytest.fixture(scope="session")
def addresses() -> Iterator[str]:
    """Every browser comes from an address of its own: one address may open only so many conversations a minute, which
    a quick machine would reach."""
    return (f"10.0.{number >> 8}.{number & 255}" for number in itertools.count(1))


@pytest.fixture
async def visit(
    browser: Browser, served: Served, watched: Watched, addresses: Iterator[str]
) -> AsyncIterator[OpenPage]:
    """Opens a page in a browser of its own (or in `context`); afterwards, what the page must not do is an error."""
    contexts: list[BrowserContext] = []

    async def opened(
        path: str = "/demo", *, context: BrowserContext | None = None, house: Served = served, **options: Any
    ) -> Page:
        watched.hosts.add(urlsplit(house.address).netloc)
        if context is None:
            # a page of another site may not send such a header
            own = path.startswith(("/", house.address))
            forwarded = {"X-Forwarded-For": next(addresses)} if own else {}
            context = await browser.new_context(
                base_url=house.address, reduced_motion="reduce", extra_http_headers=forwarded, **options
            )
            context.set_default_timeout(PATIENCE_MS)
            contexts.append(context)
        page = await context.new_page()
        watched.watch(page)
        await page.goto(path)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert not watched.foreign, watched.foreign
    assert not watched.errors, watched.errors


@pytest.fixture
async def panel(visit: OpenPage) -> Panel:
    """The open panel on the demo, with a refused card behind it."""
    return await Panel(await visit("/demo?fault=card")).open()
