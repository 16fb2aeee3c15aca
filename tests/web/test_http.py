"""The customer's routes over real HTTP: what the contract promises, and how each refusal reads."""

import asyncio
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from client import MEGABYTE, assert_problem, opened, patient, png
from redis.asyncio import Redis
from sse import connected, read_until
from webserver import Serve, Served

from bot.helpdesk import HelpDesk
from bot.state.store import Store
from handlers.web.limits import Limit, Limits, Rates


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
    async with serve(rates=rates) as served, patient(served.url) as http:
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


@pytest.mark.parametrize(("proxies", "statuses"), [(["127.0.0.0/8"], [201, 201]), ([], [201, 429])])
async def test_only_a_known_proxy_is_believed_where_requests_come_from(
    serve: Serve, proxies: list[str], statuses: list[int]
) -> None:
    """Whoever writes the header without being one cannot be many: limits are by address."""
    rates = Rates(open_address=Limit("open:address", 1, 3600))
    async with serve(rates=rates, server={"proxies": proxies}) as served, patient(served.url) as http:
        opened = [await http.post("/api/v1/conversations", headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in (1, 2)]
        assert [answer.status_code for answer in opened] == statuses


async def test_config_and_articles(http: httpx.AsyncClient) -> None:
    """The widget learns how the desk is set up, and reads an article in place."""
    config = (await http.get("/api/v1/config")).json()
    assert config["notice"].startswith("Answers are quoted") and config["identity"] == "optional"
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
    await redis.config_set("maxmemory-policy", "volatile-lru")
    try:
        answer = await http.get("/readyz")
        assert answer.status_code == 503 and "noeviction" in answer.json()["services"]["redis"]
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")


async def test_what_is_counted_names_routes_and_nobody(http: httpx.AsyncClient, served: Served) -> None:
    """Answers by route and status, open streams; no conversation's id is in it."""
    path, headers = await opened(http)
    await http.get(path, headers=headers)
    await http.get(path)
    async with connected(served.url, f"{path}/events", headers["Authorization"].split()[1]) as reading:
        await reading.readuntil(b"\n\n")
        await http.post(f"{path}/messages", json={"text": "?"}, headers=headers | {"Idempotency-Key": "k"})
        await read_until(reading, "message")
        counted = (await http.get("/metrics")).text
    route = 'route="/conversations/{conversation_id}"'
    assert f'helplens_http_answers_total{{method="GET",{route},status="200"}} 1.0' in counted
    assert f'helplens_http_answers_total{{method="GET",{route},status="401"}} 1.0' in counted
    assert "helplens_open_streams 1.0" in counted and path.rsplit("/", 1)[1] not in counted


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
        patient(served.url) as http,
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
    (tmp_path / "widget.js").write_text("// a widget " * 500)
    (tmp_path / "editor-1a2b3c4d5e.js").write_text("// a part")
    async with (
        serve(app={"static_folder": tmp_path}) as served,
        patient(served.url) as http,
    ):
        demo = await http.get("/demo")
        assert demo.status_code == 200 and "/widget.js" in demo.text
        assert "script-src 'self';" in demo.headers["content-security-policy"]
        assert (await http.head("/demo")).status_code == 200
        script = await http.get("/widget.js")
        assert script.headers["access-control-allow-origin"] == "*" and "max-age=300" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip" and int(script.headers["content-length"]) < 200
        plain = await http.get("/widget.js", headers={"Accept-Encoding": "identity"})
        assert plain.content == script.content and "content-encoding" not in plain.headers
        kept = await http.get("/widget.js", headers={"If-None-Match": script.headers["etag"]})
        assert kept.status_code == 304 and not kept.content
        version = hashlib.sha256(script.content).hexdigest()[:12]
        kept = await http.get(f"/widget.js?v={version}")
        assert "immutable" in kept.headers["cache-control"]
        assert "immutable" not in (await http.get("/widget.js?v=other")).headers["cache-control"]
        part = (await http.get("/widget/editor-1a2b3c4d5e.js")).headers
        assert part["content-type"].startswith("text/javascript") and "immutable" in part["cache-control"]
        assert "immutable" not in (await http.get("/widget/widget.js")).headers["cache-control"]


async def test_every_route_that_the_guide_names_exists(http: httpx.AsyncClient) -> None:
    """docs/http.md and the OpenAPI document speak of the same routes."""
    guide = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    paths = (await http.get("/openapi.json")).json()["paths"]
    named = re.findall(r"`(GET|POST|DELETE) (/[^`]+)`", guide)
    assert len(named) >= 9
    for method, path in named:
        assert method.lower() in paths[f"/api/v1{path}"], (method, path)
