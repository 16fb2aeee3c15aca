"""A conversation begun without signing in follows the user who signs in, for the holder of both tokens and nobody
else."""

import asyncio
import time

import httpx
import jwt
from sse import connected, read_until
from webserver import AUDIENCE, SITE_KEY, Served

from bot.conversation import Introduced


def signed(subject: str = "ada", name: str = "Ada Byron", life: int = 600) -> str:
    """The site's token of a user."""
    claims = {"sub": subject, "aud": AUDIENCE, "exp": int(time.time()) + life, "name": name}
    return jwt.encode(claims, SITE_KEY, algorithm="HS256")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def visitor(http: httpx.AsyncClient, text: str = "hello", token: str | None = None) -> dict[str, str]:
    """A visitor's conversation with one message: its id and token."""
    opened = (await http.post("/api/v1/conversations", headers=bearer(token) if token else {})).json()
    headers = bearer(opened["token"]) | {"Idempotency-Key": text}
    said = await http.post(f"/api/v1/conversations/{opened['id']}/messages", json={"text": text}, headers=headers)
    said.raise_for_status()
    return opened


async def claim(http: httpx.AsyncClient, opened: dict[str, str], jwt_: str) -> httpx.Response:
    path = f"/api/v1/conversations/{opened['id']}/claim"
    return await http.post(path, json={"token": jwt_}, headers=bearer(opened["token"]))


async def ids(http: httpx.AsyncClient, token: str) -> set[str]:
    """The conversations that a token lists."""
    return {one["id"] for one in (await http.get("/api/v1/conversations", headers=bearer(token))).json()}


async def test_what_a_visitor_said_is_the_users_after_signing_in(served: Served, http: httpx.AsyncClient) -> None:
    """On every device: all of the visitor's conversations, and the log says so."""
    first = await visitor(http)
    second = await visitor(http, "again", token=first["token"])
    claimed = (await claim(http, second, signed())).raise_for_status().json()
    assert claimed["id"] == second["id"]
    assert await ids(http, signed()) == {first["id"], second["id"]}  # another device, by the user's own proof
    read = await http.get(f"/api/v1/conversations/{first['id']}", headers=bearer(signed()))
    assert [m["text"] for m in read.json()["messages"]] == ["hello"]
    for one in (first, second):
        log = [event for _, event in await served.web.desk.log(one["id"]) if isinstance(event, Introduced)]
        assert log == [Introduced(name="Ada Byron", verified=True, user="ada", claimed=True)]


async def test_the_sites_own_id_of_a_user_is_kept_for_the_owners_tools(served: Served, http: httpx.AsyncClient) -> None:
    """By the site's proof, and by the token of an earlier conversation that was opened on it; never of a visitor."""
    for token, user in ((None, ""), (signed(), "ada")):
        opened = await visitor(http, token=token)
        again = await visitor(http, "again", token=opened["token"])
        for one in (opened, again):
            assert (await served.web.desk.conversation(one["id"])).user == user


async def test_the_visitors_token_opens_nothing_any_more(http: httpx.AsyncClient) -> None:
    """Whoever still holds it does not read what the user says from here on; the new token goes on."""
    opened = await visitor(http)
    claimed = (await claim(http, opened, signed())).json()
    path = f"/api/v1/conversations/{opened['id']}"
    picture = f"/api/v1/attachments/{opened['id']}/{'0' * 64}"
    assert (await http.get(picture, headers=bearer(claimed["token"]))).status_code == 410
    assert (await http.get(picture, headers=bearer(opened["token"]))).status_code == 403
    for method, url in (("GET", path), ("GET", f"{path}/events"), ("DELETE", path), ("POST", f"{path}/handoff")):
        assert (await http.request(method, url, headers=bearer(opened["token"]))).status_code == 404
    assert await ids(http, opened["token"]) == set()
    assert (await http.get(path, headers=bearer(claimed["token"]))).status_code == 200


async def test_a_stream_that_the_visitor_reads_ends_with_it(served: Served, http: httpx.AsyncClient) -> None:
    """What the user says next is not read by an old tab that nobody signed in."""
    opened = await visitor(http)
    path = f"/api/v1/conversations/{opened['id']}/events"
    async with connected(served.url, path, opened["token"]) as reading, asyncio.timeout(20):
        await read_until(reading, "message")
        claimed = (await claim(http, opened, signed())).json()
        said = bearer(claimed["token"]) | {"Idempotency-Key": "secret"}
        path = f"/api/v1/conversations/{opened['id']}/messages"
        await http.post(path, json={"text": "among us"}, headers=said)
        rest = b""
        while piece := await reading.read(1000):
            rest += piece
    assert b"among us" not in rest and b"introduced" not in rest


async def test_claiming_twice_is_claiming_once(served: Served, http: httpx.AsyncClient) -> None:
    """The answer was lost, and the browser asks again with the token that it got at last."""
    opened = await visitor(http)
    claimed = (await claim(http, opened, signed())).json()
    again = await claim(http, claimed, signed())
    assert again.status_code == 200 and again.json()["id"] == opened["id"]
    log = [event for _, event in await served.web.desk.log(opened["id"]) if isinstance(event, Introduced)]
    assert len(log) == 1


async def test_nobody_claims_what_is_not_theirs(http: httpx.AsyncClient) -> None:
    """Without the conversation's token, without a good proof, or another user's conversation: nothing moves."""
    mine = await visitor(http)
    theirs = (await claim(http, await visitor(http, "theirs"), signed("eve", "Eve"))).json()
    path = f"/api/v1/conversations/{mine['id']}/claim"
    assert (await http.post(path, json={"token": signed("eve")})).status_code == 401
    assert (await http.post(path, json={"token": signed("eve")}, headers=bearer(theirs["token"]))).status_code == 404
    assert (await http.post(path, json={"token": signed("eve")}, headers=bearer(signed("eve")))).status_code == 404
    for bad in ("", "a.b.c", signed(life=-1), mine["token"]):
        assert (await claim(http, mine, bad)).status_code == 401
    assert (await claim(http, theirs, signed("ada"))).status_code == 404
    assert await ids(http, mine["token"]) == {mine["id"]}
    assert await ids(http, signed("eve")) == {theirs["id"]}


async def test_a_users_name_is_known_from_the_start_and_a_pages_word_never_stands_above_it(
    served: Served, http: httpx.AsyncClient
) -> None:
    """Verified by the site's token; unverified when only the page says it."""
    opened = (await http.post("/api/v1/conversations", headers=bearer(signed()))).json()
    headers = bearer(opened["token"]) | {"Idempotency-Key": "1"}
    path = f"/api/v1/conversations/{opened['id']}/messages"
    await http.post(path, json={"text": "?", "context": {"name": "The Boss"}}, headers=headers)
    conversation = await served.web.desk.conversation(opened["id"])
    assert (conversation.name, conversation.verified) == ("Ada Byron", True)
    anonymous = await visitor(http)
    headers = bearer(anonymous["token"]) | {"Idempotency-Key": "2"}
    path = f"/api/v1/conversations/{anonymous['id']}/messages"
    await http.post(path, json={"text": "?", "context": {"name": " Mia\u202e "}}, headers=headers)
    conversation = await served.web.desk.conversation(anonymous["id"])
    assert (conversation.name, conversation.verified) == ("Mia", False)
