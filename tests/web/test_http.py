"""The customer's routes over real HTTP: what the contract promises, and how each refusal reads."""

import asyncio
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from redis.asyncio import Redis
from webserver import PASSWORD, Serve, Served

from bot.helpdesk import HelpDesk
from bot.state.store import Store
from handlers.web.limits import Limit, Limits, Rates
from handlers.web.uploads import UploadLimits

MEGABYTE = 1024 * 1024


def png(color: str = "white", size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture."""
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "PNG")
    return data.getvalue()


async def opened(http: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """A new conversation: its path, and the headers that open it."""
    answer = (await http.post("/api/v1/conversations")).raise_for_status().json()
    return f"/api/v1/conversations/{answer['id']}", {"Authorization": f"Bearer {answer['token']}"}


def assert_problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """It is a problem document of this kind, with words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["type"] == f"urn:helplens:problem:{kind}" and document["status"] == status
    assert document["title"] and len(document["detail"]) > 10
    return document


async def test_a_message_is_one_message_however_often_it_is_sent(http: httpx.AsyncClient) -> None:
    """The same key and body give the same id; another body under it is a conflict; no key is told what to do."""
    path, headers = await opened(http)
    keyed = headers | {"Idempotency-Key": "k1"}
    body = {"text": "My card is declined", "attachments": []}
    answers = await asyncio.gather(*(http.post(f"{path}/messages", json=body, headers=keyed) for _ in range(5)))
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["message_id"] for a in answers}) == 1
    other = await http.post(f"{path}/messages", json=body | {"text": "Something else"}, headers=keyed)
    assert_problem(other, 409, "key-reused")
    missing = assert_problem(await http.post(f"{path}/messages", json=body, headers=headers), 400, "key-missing")
    assert "Idempotency-Key" in missing["detail"]
    standing = (await http.get(path, headers=headers)).json()
    assert [m["text"] for m in standing["messages"]] == ["My card is declined"]


async def test_a_picture_is_taken_before_its_message_and_opens_by_its_link(http: httpx.AsyncClient) -> None:
    """202 with an id, the same picture twice is one, the message may name it, and the link shows clean bytes."""
    path, headers = await opened(http)
    files = {"file": ("card.png", png() + b"trailing bytes", "text/html")}
    first = await http.post(f"{path}/attachments", files=files, headers=headers)
    again = await http.post(f"{path}/attachments", files={"file": ("b.png", png(), "image/png")}, headers=headers)
    assert first.status_code == 202 and first.json()["attachment_id"] == again.json()["attachment_id"]
    body = {"text": "", "attachments": [first.json()["attachment_id"]]}
    said = await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "k"})
    assert said.status_code == 202
    picture = await http.get(first.json()["url"])
    assert picture.status_code == 200 and b"trailing" not in picture.content
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["content-security-policy"].startswith("sandbox")
    assert picture.headers["content-disposition"].startswith("inline; filename=")
    saved = await http.get(first.json()["url"] + "&show=attachment")
    assert saved.headers["content-disposition"].startswith("attachment;")
    standing = (await http.get(path, headers=headers)).json()
    (attachment,) = standing["messages"][0]["attachments"]
    assert (attachment["width"], attachment["height"], attachment["name"]) == (40, 30, "card.png")
    assert (await http.get(attachment["url"])).content == picture.content


async def test_a_message_may_bring_its_pictures_along(http: httpx.AsyncClient) -> None:
    """As a form with text and files; the same form again is the same message."""
    path, headers = await opened(http)
    files = [("file", ("a.png", png("red"))), ("file", ("b.png", png("blue")))]
    send = {"data": {"text": "Zwei Bilder – äöü 🙂"}, "files": files, "headers": headers | {"Idempotency-Key": "k"}}
    one, two = [(await http.post(f"{path}/messages", **send)).json() for _ in range(2)]  # type: ignore[arg-type]
    assert one == two
    (message,) = (await http.get(path, headers=headers)).json()["messages"]
    assert message["text"] == "Zwei Bilder – äöü 🙂" and len(message["attachments"]) == 2


async def test_what_the_page_knows_is_noted_for_the_team_once(http: httpx.AsyncClient, served: Served) -> None:
    """Until it changes; the customer's own view never shows it, and what is no plain value is refused."""
    path, headers = await opened(http)
    for n, route in enumerate(("/billing", "/billing", "/team")):
        body = {"text": "?", "context": {"route": route, "plan": "Pro", "seats": 3}}
        await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": str(n)})
    log = await served.web.desk.log(path.rsplit("/", 1)[1])
    notes = [event.text for _, event in log if event and event.event == "noted"]
    assert [note.splitlines()[0] for note in notes] == ["route: /billing", "route: /team"]
    assert "seats" not in (await http.get(path, headers=headers)).text
    nested = {"text": "?", "context": {"a": {"b": 1}}}
    refused = await http.post(f"{path}/messages", json=nested, headers=headers | {"Idempotency-Key": "n"})
    assert_problem(refused, 422, "unclear-request")


async def test_what_is_no_picture_is_refused_in_words(http: httpx.AsyncClient) -> None:
    """A text file under an image's name, nothing at all, a broken form, JSON: each says what to send instead."""
    path, headers = await opened(http)
    to = f"{path}/attachments"
    fake = await http.post(to, files={"file": ("x.png", b"<html>", "image/png")}, headers=headers)
    assert "PNG" in assert_problem(fake, 422, "refused")["detail"]
    nothing = await http.post(to, files={"picture": ("x.png", png())}, headers=headers)
    assert_problem(nothing, 422, "no-file")
    assert_problem(await http.post(to, json={"file": "x"}, headers=headers), 415, "bad-content")
    broken = headers | {"Content-Type": "multipart/form-data; boundary=x"}
    assert_problem(await http.post(to, content=b"--y\r\nnonsense", headers=broken), 400, "bad-form")


async def test_an_upload_is_counted_while_it_streams(serve: Serve) -> None:
    """It is refused at the byte that breaks the limit, though more is announced; a slow one is stopped."""

    async def dripping() -> Any:
        for _ in range(10):
            yield b"--x\r\nContent-Disposition: form-data; name=x\r\n\r\nx\r\n"
            await asyncio.sleep(0.1)

    async with (
        serve(uploads=UploadLimits(file_bytes=MEGABYTE, seconds=0.5)) as served,
        httpx.AsyncClient(base_url=served.url) as http,
    ):
        path, headers = await opened(http)
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        answer = await half_sent(served.url, f"{path}/attachments", headers, part + b"\0" * (MEGABYTE + 1))
        assert b" 413 " in answer and b"larger than 1 MB" in answer
        form = headers | {"Content-Type": "multipart/form-data; boundary=x"}
        slow = await http.post(f"{path}/attachments", content=dripping(), headers=form)
        assert_problem(slow, 408, "too-slow")
        many = [("file", (f"{n}.png", png())) for n in range(5)]
        keyed = headers | {"Idempotency-Key": "k"}
        assert_problem(await http.post(f"{path}/messages", files=many, headers=keyed), 422, "too-many-pictures")


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
    async with asyncio.timeout(3):
        head = await reading.readuntil(b"\r\n\r\n")
        answer = head + await reading.read(4096)
    writing.close()
    return answer


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


async def test_correcting_rating_and_asking_for_a_person(http: httpx.AsyncClient, store: Store) -> None:
    """The card is corrected, an answer rated, a person asked for; what does not exist is a 404."""
    path, headers = await opened(http)
    attachment = (await http.post(f"{path}/attachments", files={"file": png()}, headers=headers)).json()
    correction = {"attachment_id": attachment["attachment_id"], "where": "Billing"}
    assert (await http.post(f"{path}/screen", json=correction, headers=headers)).status_code == 202
    wrong = correction | {"attachment_id": "other"}
    assert_problem(await http.post(f"{path}/screen", json=wrong, headers=headers), 404, "not-found")
    rating = {"turn": 1, "helped": False}
    assert_problem(await http.post(f"{path}/feedback", json=rating, headers=headers), 404, "not-found")
    assert_problem(await http.post(f"{path}/feedback", json={"turn": 0}, headers=headers), 422, "unclear-request")
    assert (await http.post(f"{path}/handoff", headers=headers)).status_code == 202
    assert (await http.post(f"{path}/handoff", headers=headers)).status_code == 202
    assert (await http.get(path, headers=headers)).json()["owner"] == "waiting"


async def test_erasing_ends_everything(http: httpx.AsyncClient) -> None:
    """Afterwards every route of the conversation is a 404."""
    path, headers = await opened(http)
    await http.post(f"{path}/messages", json={"text": "a secret"}, headers=headers | {"Idempotency-Key": "k"})
    assert (await http.delete(path, headers=headers)).status_code == 204
    for call in (http.get(path, headers=headers), http.get(f"{path}/events", headers=headers)):
        assert_problem(await call, 404, "not-found")
    late = await http.post(f"{path}/messages", json={"text": "x"}, headers=headers | {"Idempotency-Key": "k2"})
    assert_problem(late, 404, "not-found")


async def test_who_asks_too_often_is_told_when_to_come_back(serve: Serve) -> None:
    """The limit is the visitor's: another one is served; the words name the seconds."""
    rates = Rates(say_visitor=Limit("say:visitor", 3, 60))
    async with serve(rates=rates) as served, httpx.AsyncClient(base_url=served.url) as http:
        path, headers = await opened(http)
        answers = [
            await http.post(f"{path}/messages", json={"text": "?"}, headers=headers | {"Idempotency-Key": str(n)})
            for n in range(4)
        ]
        assert [a.status_code for a in answers] == [202, 202, 202, 429]
        problem = assert_problem(answers[-1], 429, "too-fast")
        assert 1 <= problem["retry"] <= 20 and int(answers[-1].headers["retry-after"]) == problem["retry"]
        assert str(int(problem["retry"])) in problem["detail"]
        path, headers = await opened(http)
        other = await http.post(f"{path}/messages", json={"text": "?"}, headers=headers | {"Idempotency-Key": "k"})
        assert other.status_code == 202


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
    async with serve(app={"origins": ORIGINS}) as served, httpx.AsyncClient(base_url=served.url) as http:
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


async def test_config_and_articles(http: httpx.AsyncClient) -> None:
    """The widget learns how the desk is set up, and reads an article in place."""
    config = (await http.get("/api/v1/config")).json()
    assert config["notice"].startswith("no language model") and config["identity"] == "optional"
    assert config["file_bytes"] == 10 * MEGABYTE and config["media_types"] == [
        "image/png", "image/jpeg", "image/webp", "image/gif",
    ]  # fmt: skip
    article = (await http.get("/api/v1/articles/billing/card.md")).json()
    assert article["title"] == "Your card is declined" and len(article["passages"]) == 2
    assert_problem(await http.get("/api/v1/articles/../secret"), 404, "no-such-page")
    assert_problem(await http.get("/api/v1/articles/other.md"), 404, "no-such-article")


async def test_health(http: httpx.AsyncClient, served: Served, redis: Any) -> None:
    """Alive, ready, and not ready where conversations could be evicted."""
    assert (await http.get("/healthz")).status_code == 200
    assert (await http.get("/readyz")).json() == {"ready": True, "services": {"redis": "ok"}}
    assert "helplens" in (await http.get("/metrics")).text or (await http.get("/metrics")).status_code == 200
    await redis.config_set("maxmemory-policy", "volatile-lru")
    try:
        answer = await http.get("/readyz")
        assert answer.status_code == 503 and "noeviction" in answer.json()["services"]["redis"]
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize(
    "path", ["/nothing", "/demo/../app.py", "/demo/%2e%2e/%2e%2e/app.py", "/widget/../app.py", "/desk/x"]
)
async def test_no_file_outside_the_pages_is_served(http: httpx.AsyncClient, path: str) -> None:
    """Whatever is not there is a plain 404."""
    assert_problem(await http.get(path), 404, "no-such-page")


async def test_every_problem_that_a_route_answers_with_is_described(http: httpx.AsyncClient) -> None:
    """The OpenAPI document names every route, the multipart fields and the problems."""
    document = (await http.get("/openapi.json")).json()
    paths = document["paths"]
    messages = paths["/api/v1/conversations/{conversation_id}/messages"]["post"]
    assert {"application/json", "multipart/form-data"} == set(messages["requestBody"]["content"])
    assert {"202", "400", "401", "404", "409", "413", "422", "429", "503"} <= set(messages["responses"])
    assert "key-reused" in messages["responses"]["409"]["description"]
    assert {"type", "title", "status", "detail"} <= set(
        document["components"]["schemas"]["ProblemDocument"]["properties"]
    )
    assert (
        "text/event-stream"
        in paths["/api/v1/conversations/{conversation_id}/events"]["get"]["responses"]["200"]["content"]
    )
    assert "/api/v1/desk/queue" in paths and "/readyz" in paths
    schemas = document["components"]["schemas"]
    assert {"Message", "Seen", "Answered", "Pointed", "Standing", "Card"} <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    read = paths["/api/v1/conversations/{conversation_id}/events"]["get"]["responses"]["200"]["content"]
    kinds = {ref["$ref"].rpartition("/")[2] for ref in read["text/event-stream"]["schema"]["oneOf"]}
    assert {"Delta", "OwnerChanged"} <= kinds and not {"Noted", "Held", "Found"} & kinds
    for name in json.dumps(document).split("#/components/schemas/")[1:]:
        assert name.split('"')[0] in schemas


async def test_a_store_that_is_away_is_said_so(serve: Serve) -> None:
    """Redis does not answer: 503, and when to try again, on routes of every kind."""
    gone = Redis.from_url("redis://127.0.0.1:1")
    async with (
        Store("redis://127.0.0.1:1") as store,
        serve(desk=HelpDesk(store, None, None), limits=Limits(gone)) as served,  # type: ignore[arg-type]
        httpx.AsyncClient(base_url=served.url, timeout=20) as http,
    ):
        token = served.web.tokens.conversation("p0-" + "0" * 24, "visitor:x")
        headers = {"Authorization": f"Bearer {token}"}
        for call in (
            http.post("/api/v1/conversations"),
            http.get("/api/v1/conversations", headers=headers),
            http.get("/api/v1/conversations/p0-" + "0" * 24, headers=headers),
        ):
            problem = assert_problem(await call, 503, "unavailable")
            assert problem["retry"] >= 1
    await gone.aclose()


async def test_the_demo_and_the_widget_are_served(serve: Serve, tmp_path: Path) -> None:
    """The demo runs no script but our own; the widget loads from any page, for long when its address has a version."""
    (tmp_path / "widget.js").write_text("// a widget")
    (tmp_path / "editor-1a2b.js").write_text("// a part")
    async with (
        serve(app={"static_folder": tmp_path}) as served,
        httpx.AsyncClient(base_url=served.url) as http,
    ):
        demo = await http.get("/demo")
        assert demo.status_code == 200 and "/widget.js" in demo.text
        assert "script-src 'self';" in demo.headers["content-security-policy"]
        assert (await http.head("/demo")).status_code == 200
        script = await http.get("/widget.js")
        assert script.headers["access-control-allow-origin"] == "*" and "max-age=300" in script.headers["cache-control"]
        version = hashlib.sha256(script.content).hexdigest()[:12]
        kept = await http.get(f"/widget.js?v={version}")
        assert "immutable" in kept.headers["cache-control"]
        assert "immutable" not in (await http.get("/widget.js?v=other")).headers["cache-control"]
        assert (await http.get("/widget/editor-1a2b.js")).headers["content-type"].startswith("text/javascript")


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
    async with serve(rates=rates) as served, httpx.AsyncClient(base_url=served.url) as http:
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
                        address.format(conversation_id="", sha256="0" * 64, article="a%00b", held_id="x"),
                        content=body,
                        headers=sent | {"Content-Type": "application/json", "Idempotency-Key": "k"},
                    )
                    assert answer.status_code < 500, (method, address, body, answer.text)
                    if answer.status_code >= 400:
                        assert answer.headers["content-type"] == "application/problem+json", (method, address, body)
                        known = {*operation["responses"], "404"}
                        assert str(answer.status_code) in known, (method, route, answer.text)


async def test_every_route_that_the_guide_names_exists(http: httpx.AsyncClient) -> None:
    """docs/http.md and the OpenAPI document speak of the same routes."""
    guide = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    paths = (await http.get("/openapi.json")).json()["paths"]
    named = re.findall(r"`(GET|POST|DELETE) (/[^`]+)`", guide)
    assert len(named) >= 9
    for method, path in named:
        assert method.lower() in paths[f"/api/v1{path}"], (method, path)
