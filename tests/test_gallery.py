"""Pictures on the web: of exports and of crawled pages, from the articles' own hosts, politely, each of them once."""

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from bot.knowledge.fetcher import Away, Fetcher
from bot.knowledge.fusion import Query
from bot.knowledge.gallery import Gallery
from bot.knowledge.index import BuildReport, Index, build
from bot.knowledge.pictures import Said
from bot.knowledge.ranking import rank
from handlers.cli.indexing import FromTheWeb, build_source
from tests.drawn import Drawn
from tests.exports import intercom, write, zendesk
from tests.loopback import loopback


class Shop:
    """A real server with pictures, which counts what it is asked for and knows ETags."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.shown: dict[str, tuple[int, str, bytes]] = {}
        self.leads: dict[str, str] = {}
        self.robots = ""
        self.url = ""

    def show(self, path: str, data: bytes, kind: str = "image/png", status: int = 200) -> None:
        self.shown[path] = (status, kind, data)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if request.path == "/robots.txt":
            return web.Response(text=self.robots)
        if to := self.leads.get(request.path):
            raise web.HTTPFound(to)
        status, kind, data = self.shown.get(request.path, (404, "text/plain", b""))
        etag = f'"{hash(data)}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=data, status=status, content_type=kind, headers={"ETag": etag})


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    async with loopback(shop.answer) as shop.url:
        yield shop


def drawn(line: str) -> bytes:
    picture = Drawn((420, 120))
    picture.write(line, 30, 40, 22)
    data = io.BytesIO()
    picture.picture.save(data, "PNG")
    return data.getvalue()


def centre(shop: Shop, tmp_path: Path, *bodies: str, **more: Any) -> Path:
    """An export of Zendesk whose articles stand at the shop's address."""
    articles = [zendesk(n, f"Lamp {n}", body, html_url=f"{shop.url}/hc/{n}") for n, body in enumerate(bodies)]
    return write(tmp_path / "export.json", {"articles": articles} | more)


async def built(source: Path, tmp_path: Path) -> BuildReport:
    """A build whose reader takes a picture's bytes for its text."""

    def read(data: bytes) -> Said:
        if data.startswith(b"broken"):
            raise ValueError("no picture")
        return Said(data.decode())

    async with Fetcher(pause=0) as fetcher:
        fetch = FromTheWeb(Gallery(tmp_path / "kept", fetcher))
        return await build(source, tmp_path / "kb", None, read, None, fetch)


def found(tmp_path: Path, words: str) -> str:
    hits = rank(Index.open(tmp_path / "kb"), Query(question=words)).hits
    return hits[0].passage.article if hits else ""


async def test_an_export_and_a_crawled_site_are_found_by_what_their_pictures_say(shop: Shop, tmp_path: Path) -> None:
    shop.show("/a.png", drawn("Calibrate the glass"))
    shop.show("/hc/attachments/7", drawn("Choose a humidity"))
    fan = "<img data-src='../b.png' src='data:image/gif;base64,R0' alt='Blades'>"
    shop.show("/help/fan", f"<html><main><h1>Fan</h1><p>So:</p>{fan}</main>".encode(), "text/html")
    shop.show("/b.png", drawn("Reverse rotation"))
    articles = [
        zendesk(1, "Lamp", "<p>Look:</p><img src='/hc/attachments/7' alt='Moisture'>", html_url=f"{shop.url}/hc/1"),
        zendesk(2, "Shade", "<p>Nothing.</p>", html_url=f"{shop.url}/hc/2"),
    ]
    write(tmp_path / "centre" / "zendesk.json", {"articles": articles})
    body = f"<p>Look</p><img src='{shop.url}/a.png?expires=1&signature=x'><img src='https://cdn.example/c.png'>"
    write(tmp_path / "centre" / "intercom.json", {"data": [intercom("17", "Scanner", body, url=f"{shop.url}/help/17")]})
    told = Console(record=True, file=io.StringIO(), width=300)
    report = await build_source(str(tmp_path / "centre"), tmp_path / "kb", told)
    assert (report.pictures, report.pictures_failed, report.pictures_elsewhere) == (2, (), {"cdn.example": 1})
    assert found(tmp_path, "calibrate glass") == "intercom/en/17"
    assert found(tmp_path, "choose humidity") == found(tmp_path, "moisture") == "zendesk/en-us/1"
    await build_source(f"{shop.url}/help/fan", tmp_path / "site" / "kb", told)
    assert found(tmp_path / "site", "reverse rotation") == found(tmp_path / "site", "blades") == "help/fan.html"


async def test_a_failed_picture_is_named_costs_nothing_else_and_is_tried_again(shop: Shop, tmp_path: Path) -> None:
    shop.show("/good.png", b"ultraviolet")
    shop.show("/broken.png", b"broken")
    shop.show("/page.png", b"<html>", "text/html")
    names = ("gone.png", "broken.png", "page.png", "good.png")
    source = centre(shop, tmp_path, "".join(f"<p><img src='/{name}'></p>" for name in names), "<p>Bulb.</p>")
    report = await built(source, tmp_path)
    assert [reason.removeprefix(shop.url) for reason in report.pictures_failed] == [
        "/gone.png in zendesk/en-us/0: answers 404",
        "/broken.png in zendesk/en-us/0: no picture",
        "/page.png in zendesk/en-us/0: no picture, but text/html",
    ]
    assert (report.articles, report.pictures, found(tmp_path, "ultraviolet")) == (2, 1, "zendesk/en-us/0")
    shop.show("/gone.png", b"infrared")
    report = await built(source, tmp_path)
    assert (report.read, report.unchanged, shop.asked["/good.png"]) == (1, 1, 1)
    assert found(tmp_path, "infrared") == "zendesk/en-us/0"
    shop.show("/page.png", b"violet")
    assert (await built(source, tmp_path)).pictures_failed[0].endswith("no picture")
    assert (await built(source, tmp_path)).read == 0, "what is there and no picture is not asked for again"
    assert shop.asked["/robots.txt"] == 3, "once for each build that asked"


async def test_what_robots_forbid_and_what_lies_elsewhere_is_not_asked_for(shop: Shop, tmp_path: Path) -> None:
    shop.robots = "User-agent: *\nDisallow: /private\n"
    shop.show("/private/a.png", b"secret")
    source = centre(
        shop, tmp_path, "<img src='/private/a.png'><img src='http://localhost:1/b.png'><img src='file:///etc/hosts'>x"
    )
    report = await built(source, tmp_path)
    assert report.pictures_failed[0].endswith("robots.txt asks not to read it")
    assert report.pictures_elsewhere == {"localhost:1": 1}
    assert shop.asked["/private/a.png"] == 0
    assert (await built(source, tmp_path)).pictures_elsewhere == {"localhost:1": 1}, "said again each time"


async def test_a_host_that_the_owner_names_is_asked_and_desks_are_known(tmp_path: Path) -> None:
    async with Fetcher() as fetcher:
        named = Gallery(tmp_path, fetcher, ("pictures.example",))
        for address, open_ in {
            "https://pictures.example/a.png": True,
            "https://eu.pictures.example/a.png": True,
            "https://notpictures.example/a.png": False,
            "https://downloads.intercomcdn.com/i/o/1/a.png": True,
            "https://lamps.example/a.png": True,
            "https://lamps.example:444/a.png": False,
            "ftp://lamps.example/a.png": False,
        }.items():
            assert named.open_to(address, "https://lamps.example/hc/1") is open_, address
        assert not named.open_to("/a.png", "")


async def test_a_kept_picture_is_asked_for_once_a_day_and_stands_in_when_its_host_is_away(
    shop: Shop, tmp_path: Path
) -> None:
    shop.show("/a.png", b"first")
    address = f"{shop.url}/a.png"
    async with Fetcher(pause=0) as fetcher:
        assert await Gallery(tmp_path, fetcher).picture(f"{address}?signature=1") == b"first"
        shop.show("/a.png", b"second")
        assert await Gallery(tmp_path, fetcher).picture(f"{address}?signature=2") == b"first"
        assert shop.asked["/a.png"] == 1
        later = Gallery(tmp_path, fetcher, fresh=0.0)
        assert await later.picture(address) == b"second"
        assert await later.picture(address) == b"second"
        assert shop.asked["/a.png"] == 3
        del shop.shown["/a.png"]
        assert await later.picture(address) == b"second"
        with pytest.raises(Away, match="cannot be reached"):
            await later.picture("http://127.0.0.1:9/a.png")


async def test_pictures_that_only_a_query_tells_apart_are_two(shop: Shop, tmp_path: Path) -> None:
    async with Fetcher(pause=0) as fetcher:
        for name in ("one", "two"):
            shop.show("/a.png", name.encode())
            assert await Gallery(tmp_path, fetcher).picture(f"{shop.url}/a.png?name={name}") == name.encode()


async def test_a_host_that_sends_on_to_another_is_followed_only_where_that_is_open(shop: Shop, tmp_path: Path) -> None:
    """An article's author chooses an address; what else stands in this network is not theirs to ask."""
    inside = Shop()
    inside.show("/secret.png", b"secret")
    shop.show("/moved.png", b"moved")
    async with loopback(inside.answer) as inside.url, Fetcher(pause=0) as fetcher:
        shop.leads = {"/out.png": f"{inside.url}/secret.png", "/on.png": "/moved.png", "/round.png": "/round.png"}
        pictures = Gallery(tmp_path, fetcher)
        with pytest.raises(Away, match="leads to another site, 127"):
            await pictures.picture(f"{shop.url}/out.png")
        assert not inside.asked
        assert await pictures.picture(f"{shop.url}/on.png") == b"moved"
        with pytest.raises(Away, match="without end"):
            await pictures.picture(f"{shop.url}/round.png")


async def test_more_than_a_picture_may_be_is_not_read_to_its_end(shop: Shop, tmp_path: Path) -> None:
    shop.show("/a.png", b"x" * 20_000_001)
    async with Fetcher(pause=0) as fetcher:
        with pytest.raises(Away, match="larger than 20 MB"):
            await Gallery(tmp_path, fetcher).picture(f"{shop.url}/a.png")


async def test_pictures_left_alone_are_read_when_they_are_wanted(shop: Shop, tmp_path: Path) -> None:
    shop.show("/a.png", b"ultraviolet")
    source = centre(shop, tmp_path, "<p>Look.</p><img src='/a.png'>", "<p>Bulb.</p>")
    await build(source, tmp_path / "kb")
    report = await built(source, tmp_path)
    assert (report.read, report.unchanged, report.pictures) == (1, 1, 1)
    assert (await build(source, tmp_path / "kb")).unchanged == 2, "and stay when nobody asks for pictures"
    assert found(tmp_path, "ultraviolet")


async def test_requests_to_one_host_keep_their_distance(shop: Shop) -> None:
    shop.robots = "User-agent: *\nCrawl-delay: 1\n"
    shop.show("/a.png", b"x")
    async with Fetcher(pause=0) as fetcher:
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(fetcher.get(f"{shop.url}/a.png", 10) for _ in range(2)))
        assert asyncio.get_running_loop().time() - started > 0.9
