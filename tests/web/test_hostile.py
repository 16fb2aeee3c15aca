"""What no honest client sends: foreign origins, endless bodies, ids and tokens without sense. Each gets a plain no."""

import asyncio
from typing import Any

import httpx
import pytest
from client import MEGABYTE, assert_problem, opened, patient, png
from webserver import PASSWORD, Serve

from handlers.web.limits import Limit, Rates
from handlers.web.stream import Seats
from handlers.web.uploads import UploadLimits

ORIGINS = ("https://shop.example", "https://münchen.example", "http://localhost:3000")
LISTED = ("https://shop.example", "https://xn--mnchen-3ya.example", "http://localhost:3000")
FOREIGN = (
    "null", "https://evil.example", "http://shop.example", "https://shop.example:8443", "https://sub.shop.example",
    "https://shop.example.evil.example", "https://evilshop.example", "https://shop.example.", "HTTPS://SHOP.EXAMPLE",
    "https://shop.example/", "https://shop.example/path", "https://user@shop.example", "https://shop.example@evil.example",
    "https://münchen.example".encode().decode("latin-1"), "https://xn--mnchen-3ya.example.evil.example", "http://localhost",
    "http://localhost:3001", "https://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000", "file://",
    "https://", "shop.example", "//shop.example", "chrome-extension://abc", "https://shop.example, https://evil.example",
    "https://shop.example https://evil.example", "https://shop%2eexample", "https://shоp.example".encode().decode("latin-1"),
    "*", "https://*.example",
)  # fmt: skip


async def test_only_listed_origins_may_use_the_api(serve: Serve) -> None:
    """31 that only look alike are refused, also without a preflight; the listed ones and the own pages are served."""
    async with serve(app={"origins": ORIGINS}) as served, patient(served.url) as http:
        for origin in FOREIGN:
            headers = {"Origin": origin.encode("latin-1")}
            assert_problem(await http.post("/api/v1/conversations", headers=headers), 403, "foreign-origin")
            ask = headers | {"Access-Control-Request-Method": b"POST"}
            preflight = await http.options("/api/v1/conversations", headers=ask)
            assert preflight.status_code == 403 and "access-control-allow-origin" not in preflight.headers
        for origin in LISTED:
            ask = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            preflight = await http.options("/api/v1/conversations", headers=ask)
            assert (
                preflight.status_code == 204 and "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
            )
            answer = await http.post("/api/v1/conversations", headers={"Origin": origin})
            assert answer.status_code == 201 and answer.headers["access-control-allow-origin"] == origin
        own = await http.post("/api/v1/conversations", headers={"Origin": served.url})
        assert own.status_code == 201
        script = await http.get("/metrics", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in script.headers


async def test_an_upload_is_counted_while_it_streams(serve: Serve) -> None:
    """It is refused at the byte that breaks the limit, though more is announced; a slow one is stopped."""

    async def dripping() -> Any:
        for _ in range(10):
            yield b"--x\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n"
            await asyncio.sleep(0.1)

    async with serve(uploads=UploadLimits(file_bytes=MEGABYTE)) as served, patient(served.url) as http:
        path, headers = await opened(http)
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        answer = await half_sent(served.url, f"{path}/attachments", headers, part + b"\0" * (MEGABYTE + 1))
        assert b" 413 " in answer and b"larger than 1 MB" in answer
        many = [("file", (f"{n}.png", png())) for n in range(5)]
        keyed = headers | {"Idempotency-Key": "k"}
        assert_problem(await http.post(f"{path}/messages", files=many, headers=keyed), 422, "too-many-pictures")
    async with serve(uploads=UploadLimits(seconds=0.3)) as served, patient(served.url) as http:
        path, headers = await opened(http)
        form = headers | {"Content-Type": "multipart/form-data; boundary=x"}
        slow = await http.post(f"{path}/attachments", content=dripping(), headers=form)
        assert_problem(slow, 408, "too-slow")


async def half_sent(url: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    """The answer to a form that announces more than it sends."""
    host, port = url.removeprefix("http://").split(":")
    reading, writing = await asyncio.open_connection(host, int(port))
    length = len(body) + 9 * MEGABYTE // 10
    writing.write(
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: {headers['Authorization']}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n".encode()
        + body
    )
    async with asyncio.timeout(60):
        head = await reading.readuntil(b"\r\n\r\n")
        answer = head + await reading.read(4096)
    writing.close()
    return answer


async def test_one_address_sends_only_so_many_uploads_at_once(serve: Serve) -> None:
    """Two are under way where two may be: the third is told when to come back, and taken then."""

    refused = asyncio.Event()

    async def slowly() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + png()
        await refused.wait()
        yield b"\r\n--x--\r\n"

    seats = Seats(2)
    async with serve(uploading=seats) as served, patient(served.url) as http:
        path, headers = await opened(http)
        form = headers | {"Content-Type": "multipart/form-data; boundary=x"}
        under_way = [
            asyncio.ensure_future(http.post(f"{path}/attachments", content=slowly(), headers=form)) for _ in "12"
        ]
        async with asyncio.timeout(60):
            while seats.total() < 2:  # noqa: ASYNC110  they have no event for it
                await asyncio.sleep(0.01)
        third = await http.post(f"{path}/attachments", files={"file": png()}, headers=headers)
        refused.set()
        assert_problem(third, 429, "too-fast")
        assert {answer.status_code for answer in await asyncio.gather(*under_way)} == {202}
        assert (await http.post(f"{path}/attachments", files={"file": png()}, headers=headers)).status_code == 202


async def test_a_body_that_is_too_long_is_refused_everywhere(http: httpx.AsyncClient) -> None:
    """No route reads an endless JSON body."""
    path, headers = await opened(http)
    long = {"text": "x" * 400_000}
    assert_problem(await http.post(f"{path}/feedback", json=long, headers=headers), 413, "too-large-body")
    keyed = headers | {"Idempotency-Key": "k"}
    assert_problem(await http.post(f"{path}/messages", json=long, headers=keyed), 413, "too-large-body")
    assert_problem(await http.post(f"{path}/messages", json={"text": "x" * 20_000}, headers=keyed), 422, "refused")
    assert_problem(await http.post(f"{path}/messages", json={"text": "  "}, headers=keyed), 422, "refused")
    assert_problem(await http.post(f"{path}/messages", json=["x"], headers=keyed), 422, "unclear-request")
    assert_problem(await http.post(f"{path}/messages", content=b"text", headers=keyed), 415, "bad-content")


@pytest.mark.parametrize(
    "path", ["/nothing", "/demo/../app.py", "/demo/%2e%2e/%2e%2e/app.py", "/widget/../app.py", "/desk/x"]
)
async def test_no_file_outside_the_pages_is_served(http: httpx.AsyncClient, path: str) -> None:
    """Whatever is not there is a plain 404."""
    assert_problem(await http.get(path), 404, "no-such-page")


BODIES = (
    None, b"", b"{", b"null", b"[]", b"0", b'"x"', b"[" * 5000, b'{"text": null}', b'{"text": {"$gt": ""}}',
    b"\xff\xfe", b'{"turn": 1e400, "helped": "maybe"}', b'{"turn": -1, "helped": true}',
    b'{"text": "\\ud800", "attachments": ["\\u0000"]}', b'{"password": "\\ud800", "name": 7}',
    b'{"attachment_id": "../../x", "where": "' + b"w" * 9000 + b'"}',
    b'{"turn": 1, "helped": true, "comment": "\\ud800", "attachment_id": "\\ud800", "error": "\\ud800"}',
)  # fmt: skip
IDS = (
    "x",
    "p0-" + "0" * 24,
    "%00",
    "p0-%2e%2e",
    "p9999999999999999999-" + "0" * 24,
    "%7BpN%7D",
    "%F0%9F%99%82",
    "a" * 3000,
)


async def test_no_request_ends_in_an_error_of_ours(serve: Serve) -> None:
    """Every route, with bodies, ids, keys and tokens that make no sense: never a 500, always a described problem."""
    roomy = Limit("roomy", 100_000, 60)
    rates = Rates(
        guess_address=roomy, sign_in_address=roomy, say_visitor=roomy, say_address=roomy, follow_address=roomy
    )
    async with serve(rates=rates) as served, patient(served.url) as http:
        path, headers = await opened(http)
        desk = {"Authorization": f"Bearer {served.web.tokens.sign_in(PASSWORD, 'Ada')[0]}"}
        described = (await http.get("/openapi.json")).json()["paths"]
        for route, operations in described.items():
            for method, operation in operations.items():
                if route in ("/metrics", "/healthz", "/readyz") or (method == "get" and route.endswith("/events")):
                    continue
                good = desk if "/desk/" in route else headers
                own = route.replace("{conversation_id}", path.rsplit("/", 1)[1])
                asked = [(own, body, good) for body in BODIES if method == "post"]
                asked += [(route.replace("{conversation_id}", id_), None, good) for id_ in IDS]
                for address, body, sent in asked:
                    answer = await http.request(
                        method,
                        address.format(
                            conversation_id="", sha256="0" * 64, article="a%00b", held_id="x", incident_id="x"
                        ),
                        content=body,
                        headers=sent | {"Content-Type": "application/json", "Idempotency-Key": "k"},
                    )
                    assert answer.status_code < 500, (method, address, body, answer.text)
                    if answer.status_code >= 400:
                        assert answer.headers["content-type"] == "application/problem+json", (method, address, body)
                        known = {*operation["responses"], "404"}
                        assert str(answer.status_code) in known, (method, route, answer.text)
