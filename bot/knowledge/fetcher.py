"""Fetches from web sites, politely: asks as robots.txt allows, one request at a time, and waits when it is told to.

Not here: which pages and pictures are asked for (`website`, `gallery`), what is made of them.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Self
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import aiohttp

AGENT = "HelpLens"
PAUSE = 0.5
"""Seconds between two requests to one host, unless its robots.txt asks for more."""
LONGEST_PAUSE = 30.0
TIMEOUT = 30.0
BUSY = (429, 503)
TRIES = 3
PATIENCE = 60.0
"""Seconds that a busy site may ask us to wait; one that asks for more is tried in a later build."""
REDIRECTS = 5
MOVED = (301, 302, 303, 307, 308)
ROBOTS_BYTES = 500_000
ASKED = {"User-Agent": f"{AGENT} (help centre index)", "Accept-Encoding": "gzip, deflate"}


def anywhere(_: str) -> bool:
    """Every address."""
    return True


class Away(ValueError):
    """A site gives no answer, or forbids the request; the message says which."""


class Elsewhere(Away):
    """A site sends on to where we may not go."""


class Answer(NamedTuple):
    """What a site said: `url` after redirects, `kind` the media type without parameters."""

    url: str
    status: int
    kind: str
    data: bytes
    etag: str

    @property
    def gone(self) -> bool:
        """Whether there is nothing at that address, for good."""
        return self.status in (404, 410)


@dataclass
class Fetcher:
    """Use it as an async context manager. `pause` seconds lie between two requests to one host."""

    pause: float = PAUSE
    _robots: dict[str, RobotFileParser] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=ASKED, timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, url: str, most: int, etag: str = "", *, may: Callable[[str], bool] = anywhere) -> Answer:
        """What the site answers, at most `most` bytes of it; with `etag`, 304 when it has not changed.

        Where it sends on, that is followed as far as `may` allows: who writes an article must not choose what is asked
        in this network.

        Raises Away when the site cannot be reached, forbids it in robots.txt, sends more, stays busy, or sends us where
        we may not go.
        """
        robots = await self.robots(url)
        if not robots.can_fetch(AGENT, url):
            raise Away(f"{url}: robots.txt asks not to read it")
        headers = {"If-None-Match": etag} if etag else {}
        pause = min(LONGEST_PAUSE, max(self.pause, float(robots.crawl_delay(AGENT) or 0)))
        for attempt in range(1, TRIES + 1):
            await self._turn(urlsplit(url).netloc, pause)
            answer, wait = await self._asked(url, most, headers, may)
            if answer.status not in BUSY or attempt == TRIES or wait > PATIENCE:
                return answer
            await asyncio.sleep(wait or pause * 2**attempt)
        raise AssertionError("unreachable")

    async def robots(self, url: str) -> RobotFileParser:
        """What the site of `url` allows. Raises Away when its robots.txt cannot be had (none at all allows all)."""
        place = urljoin(url, "/robots.txt")
        if place not in self._robots:
            answer, _ = await self._asked(place, ROBOTS_BYTES, {}, anywhere)
            if answer.status >= 500:
                raise Away(f"{place}: answers {answer.status}, so nobody knows what may be read; try again later")
            robots = RobotFileParser()
            robots.parse(answer.data.decode("utf-8", "replace").splitlines() if answer.status == 200 else [])
            self._robots[place] = robots
        return self._robots[place]

    async def _turn(self, host: str, pause: float) -> None:
        now = time.monotonic()
        at = max(now, self._next.get(host, 0.0))
        self._next[host] = at + pause
        await asyncio.sleep(at - now)

    async def _asked(
        self, url: str, most: int, headers: dict[str, str], may: Callable[[str], bool]
    ) -> tuple[Answer, float]:
        """(the answer, seconds that the site asks to wait before the next request)."""
        at = url
        try:
            for _ in range(REDIRECTS + 1):
                async with self._session.get(at, headers=headers, allow_redirects=False) as response:
                    if response.status in MOVED and (on := response.headers.get("Location")):
                        at = urljoin(at, on)
                        if not may(at):
                            raise Elsewhere(f"{url}: leads to another site, {urlsplit(at).netloc}")
                        continue
                    return await _read(response, url, most)
            raise Away(f"{url}: sends from one address to the next without end")
        except TimeoutError:
            raise Away(f"{url}: no answer within {TIMEOUT:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, Away):
                raise
            raise Away(f"{url}: {_plainly(error)}") from error


async def _read(response: aiohttp.ClientResponse, url: str, most: int) -> tuple[Answer, float]:
    data = bytearray()
    if response.status == 200:
        async for part in response.content.iter_chunked(1 << 16):
            data += part
            if len(data) > most:
                raise Away(f"{url}: larger than {most // 1_000_000} MB")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    wait = response.headers.get("Retry-After", "")
    answer = Answer(str(response.url), response.status, kind, bytes(data), response.headers.get("ETag", ""))
    return answer, float(wait) if wait.isdigit() else 0.0


def _plainly(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return f"its certificate is not trusted ({error})"
        case aiohttp.ClientConnectorDNSError():
            return "there is no such host"
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return "no address that can be asked"
        case aiohttp.ClientConnectorError():
            return f"cannot be reached ({error.os_error.strerror or error.os_error})"
        case aiohttp.ServerDisconnectedError():
            return "breaks the connection off"
        case _:
            return str(error) or type(error).__name__
