"""Who may read and write what: forged tokens, other people's conversations, links, guessing, signing in."""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from client import patient
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from PIL import Image
from webserver import AUDIENCE, PASSWORD, SECRET, SITE_KEY, Serve, Served

from handlers.web.identity import SiteUsers, Tokens
from handlers.web.limits import Limit, Rates
from handlers.web.problems import Problem

ROOMY = Rates(guess_address=Limit("guess:address", 10_000, 60), sign_in_address=Limit("sign-in:address", 10_000, 60))
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = (
    RSA_KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims of a user, with changes; None leaves one out."""
    good = {"sub": "ada", "aud": AUDIENCE, "exp": int(time.time()) + 600, "name": "Ada"}
    return {k: v for k, v in (good | changes).items() if v is not None}


def signed(key: Any = SITE_KEY, algorithm: str = "HS256", headers: dict[str, Any] | None = None, **changes: Any) -> str:
    """A user's token as the site signs it."""
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def encoded(value: Any) -> str:
    """A part of a JWT."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hand_made(header: Any, body: Any, key: bytes = SITE_KEY.encode(), digest: Any = hashlib.sha256) -> str:
    """A JWT that no library would make."""
    head = f"{encoded(header)}.{encoded(body)}"
    return f"{head}.{encoded(hmac.digest(key, head.encode(), digest))}"


def forged() -> Iterator[tuple[str, str]]:
    """40 forgeries against a site that signs with HS256: what is wrong, and the token."""
    now = int(time.time())
    good = signed()
    head, body, mac = good.split(".")
    for name in ("none", "None", "NONE", "nOnE"):
        yield f"alg {name}", f"{encoded({'alg': name, 'typ': 'JWT'})}.{body}."
    yield "alg none, old signature", f"{encoded({'alg': 'none'})}.{body}.{mac}"
    yield "no alg", hand_made({"typ": "JWT"}, claims())
    yield "alg empty", hand_made({"alg": ""}, claims())
    yield "alg a list", hand_made({"alg": ["HS256"]}, claims())
    yield "HS512 with the right key", hand_made({"alg": "HS512"}, claims(), digest=hashlib.sha512)
    yield "HS384 with the right key", hand_made({"alg": "HS384"}, claims(), digest=hashlib.sha384)
    yield "RS256 with its own key", signed(key=RSA_KEY, algorithm="RS256")
    yield "ES256 with its own key", signed(key=ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    yield (
        "its own key in the header",
        signed(key=OTHER_RSA_KEY, algorithm="RS256", headers={"jwk": {"kty": "RSA", "n": "x", "e": "AQAB"}}),
    )
    yield "its own key's address in the header", signed(key="x" * 32, headers={"jku": "https://evil.example/keys"})
    yield "a reused kid", signed(key="x" * 32, headers={"kid": "shop.example"})
    yield "a kid that is a path", hand_made({"alg": "HS256", "kid": "/dev/null"}, claims(), key=b"")
    yield "a kid that is no text", hand_made({"alg": "HS256", "kid": {"$ne": 1}}, claims())
    yield "crit unknown", hand_made({"alg": "HS256", "crit": ["x-new"], "x-new": 1}, claims())
    yield "b64 false", hand_made({"alg": "HS256", "crit": ["b64"], "b64": False}, claims())
    yield "another site's key", signed(key="the key of another site, which is as long as this one")
    yield "this server's own secret", signed(key=SECRET)
    yield "an empty key", hand_made({"alg": "HS256"}, claims(), key=b"")
    yield "expired", signed(exp=now - 1)
    yield "expires this second", signed(exp=now)
    yield "no expiry", signed(exp=None)
    yield "expiry in a week", signed(exp=now + 7 * 86_400)
    yield "expiry in 13 hours", signed(exp=now + 13 * 3600)
    yield "expiry that is text", hand_made({"alg": "HS256"}, claims(exp="tomorrow"))
    yield "expiry that is true", hand_made({"alg": "HS256"}, claims(exp=True))
    yield "expiry without end", hand_made({"alg": "HS256"}, b'{"sub":"ada","aud":"shop.example","exp":1e999}')
    yield "expiry that is no number", hand_made({"alg": "HS256"}, b'{"sub":"ada","aud":"shop.example","exp":NaN}')
    yield "not valid yet", signed(nbf=now + 300)
    yield "made in the future", signed(iat=now + 300)
    yield "another site's audience", signed(aud="other.example")
    yield "one audience of several", signed(aud=[AUDIENCE, "other.example"])
    yield "no audience", signed(aud=None)
    yield "the audience in capitals", signed(aud=AUDIENCE.upper())
    yield "no subject", signed(sub=None)
    yield "an empty subject", signed(sub="")
    yield "a subject that is a number", hand_made({"alg": "HS256"}, claims(sub=7))
    yield "a subject with a space after it", signed(sub="ada ")
    yield "a subject with something invisible", signed(sub="a\u200bda")
    yield "changed claims, old signature", f"{head}.{encoded(claims(sub='boss'))}.{mac}"
    yield "signature cut", good[:-4]
    yield "no signature", f"{head}.{body}."
    yield "two signatures", f"{good}.{mac}"
    yield "too long", signed(name="x" * 5000)
    yield "no token at all", "a.b.c"
    yield "deep", hand_made({"alg": "HS256"}, b"[" * 2000)


async def test_no_forged_token_is_accepted(serve: Serve) -> None:
    """Not one, on any route that takes a user's token; the good one is."""
    async with serve(rates=ROOMY, enforced=True) as served, patient(served.url) as http:
        opened = await http.post("/api/v1/conversations", headers=bearer(signed()))
        assert opened.status_code == 201
        path = f"/api/v1/conversations/{opened.json()['id']}"
        assert (await http.get(path, headers=bearer(signed()))).status_code == 200
        tried = 0
        for what, token in forged():
            tried += 1
            for answer in (
                await http.post("/api/v1/conversations", headers=bearer(token)),
                await http.get("/api/v1/conversations", headers=bearer(token)),
                await http.get(path, headers=bearer(token)),
            ):
                assert answer.status_code in (401, 404), (what, answer.text)
        assert tried >= 40


def test_the_key_decides_the_algorithm() -> None:
    """With a public key no shared secret works, not even the key's own text; and a weak or private key is refused."""
    users = SiteUsers(PEM, AUDIENCE, time.time)
    assert users.user(signed(key=RSA_KEY, algorithm="RS256")).customer == "user:ada"
    head = f"{encoded({'alg': 'HS256'})}.{encoded(claims())}"
    swapped = f"{head}.{encoded(hmac.digest(PEM.encode(), head.encode(), hashlib.sha256))}"
    for token in (
        swapped,
        signed(),
        signed(key=OTHER_RSA_KEY, algorithm="RS256"),
        signed(key=RSA_KEY, algorithm="PS256"),
    ):
        with pytest.raises(Problem):
            users.user(token)
    for key in ("short", RSA_KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()):  # fmt: skip
        with pytest.raises(ValueError, match=r"use at least|never give a private one"):
            SiteUsers(key, AUDIENCE, time.time)
    with pytest.raises(ValueError, match="at least"):
        Tokens(b"short", clock=time.time)
    with pytest.raises(ValueError, match="HELPLENS_JWT_KEY"):
        Tokens(SECRET, clock=time.time, enforced=True)


async def test_enforced_means_no_message_without_proof(serve: Serve) -> None:
    """An anonymous visitor opens nothing; a visitor's token from before writes nothing; a proof's end is the end."""
    now = [time.time()]
    async with (
        serve(rates=ROOMY) as before,
        serve(rates=ROOMY, enforced=True, clock=lambda: now[0]) as served,
        patient() as http,
    ):
        visitor = (await http.post(f"{before.url}/api/v1/conversations")).json()
        refused = await http.post(f"{served.url}/api/v1/conversations")
        assert refused.status_code == 401 and refused.json()["type"].endswith("identity-needed")
        assert await say(http, served, visitor) == 404
        opened = (await http.post(f"{served.url}/api/v1/conversations", headers=bearer(signed()))).json()
        assert await say(http, served, opened) == 202
        assert await say(http, served, {"id": opened["id"], "token": signed()}, "k2") == 202
        now[0] += 3600
        assert await say(http, served, opened, "k3") == 404
        expired = await http.get(f"{served.url}/api/v1/conversations", headers=bearer(signed(exp=int(now[0]) - 1)))
        assert expired.json()["type"].endswith("identity-expired")


async def test_nobody_reads_anothers_history(serve: Serve) -> None:
    """A visitor, two users whose names differ in case, and one who signed in later: each sees their own alone."""
    async with serve(rates=ROOMY) as served, patient(served.url) as http:
        visitor = (await http.post("/api/v1/conversations")).json()
        again = (await http.post("/api/v1/conversations", headers=bearer(visitor["token"]))).json()
        people = {}
        for subject in ("ada@shop.example", "ADA@shop.example", "ada@shop.example:desk", "visitor:ada"):
            token = signed(sub=subject)
            people[token] = (await http.post("/api/v1/conversations", headers=bearer(token))).json()["id"]
        assert len({*people.values(), visitor["id"], again["id"]}) == 6
        for token, own in people.items():
            listed = (await http.get("/api/v1/conversations", headers=bearer(token))).json()
            assert [c["id"] for c in listed] == [own]
            assert (
                await http.get(f"/api/v1/conversations/{own}", headers=bearer(listed[0]["token"]))
            ).status_code == 200
            for other in {*people.values(), visitor["id"]} - {own}:
                assert (await http.get(f"/api/v1/conversations/{other}", headers=bearer(token))).status_code == 404
        mine = (await http.get("/api/v1/conversations", headers=bearer(again["token"]))).json()
        assert {c["id"] for c in mine} == {visitor["id"], again["id"]}
        assert (await http.get("/api/v1/conversations")).status_code == 401


async def test_erasing_everything_is_everything_of_ones_own(serve: Serve) -> None:
    """A user's conversations are gone, with every token to them; another user's are not."""
    async with serve(rates=ROOMY) as served, patient(served.url) as http:
        mine = [(await http.post("/api/v1/conversations", headers=bearer(signed()))).json() for _ in range(3)]
        other = (await http.post("/api/v1/conversations", headers=bearer(signed(sub="bob")))).json()
        assert (await http.delete("/api/v1/conversations")).status_code == 401
        assert (await http.delete("/api/v1/conversations", headers=bearer(signed()))).status_code == 204
        assert (await http.get("/api/v1/conversations", headers=bearer(signed()))).json() == []
        for opened in mine:
            gone = await http.get(f"/api/v1/conversations/{opened['id']}", headers=bearer(opened["token"]))
            assert gone.status_code == 404
        kept = await http.get(f"/api/v1/conversations/{other['id']}", headers=bearer(other["token"]))
        assert kept.status_code == 200


async def test_a_token_opens_its_own_conversation_alone(serve: Serve) -> None:
    """On every route of another one's conversation: 404, as if there were none."""
    async with serve(rates=ROOMY) as served, patient(served.url) as http:
        mine = (await http.post("/api/v1/conversations")).json()
        other = (await http.post("/api/v1/conversations")).json()
        paths = (await http.get("/openapi.json")).json()["paths"]
        tried = 0
        for path, operations in paths.items():
            if "{conversation_id}" not in path or "/desk/" in path or "attachments/{conversation_id}" in path:
                continue
            for method in operations:
                for conversation, token in (
                    (other["id"], mine["token"]),
                    ("p0-000000000000000000000000", mine["token"]),
                    (other["id"], mine["token"][:-2] + "xx"),
                    (other["id"], mine["token"].replace(".", "..")),
                    (other["id"], signed(sub="eve")),
                    (other["id"], "x"),
                ):
                    answer = await http.request(
                        method,
                        path.replace("{conversation_id}", conversation),
                        headers=bearer(token) | {"Idempotency-Key": "k"},
                        json={"text": "x", "turn": 1, "helped": True, "attachment_id": "x"},
                    )
                    assert answer.status_code == 404, (method, path, answer.text)
                    tried += 1
                bare = await http.request(method, path.replace("{conversation_id}", other["id"]))
                assert bare.status_code == 401 and bare.headers["www-authenticate"] == "Bearer"
        assert tried >= 48
        standing = (await http.get(f"/api/v1/conversations/{other['id']}", headers=bearer(other["token"]))).json()
        assert standing["messages"] == [] and standing["owner"] == "bot"


async def test_guessing_is_slowed_down(serve: Serve) -> None:
    """After 20 guesses in a row from one address the next are 429, whatever they guess; no guess hits."""
    usual = Rates().guess_address
    slow = Rates(guess_address=replace(usual, seconds=3600))  # while 30 guesses are made, no other becomes free
    assert (usual.size, usual.seconds) == (20, 60)
    async with serve(rates=slow) as served, patient(served.url) as http:
        good = (await http.post("/api/v1/conversations")).json()
        statuses = []
        for _ in range(30):
            path = f"/api/v1/conversations/p0-{secrets.token_hex(12)}"
            statuses.append((await http.get(path, headers=bearer(secrets.token_urlsafe(32)))).status_code)
        assert statuses == [404] * 20 + [429] * 10
        own = await http.get(f"/api/v1/conversations/{good['id']}", headers=bearer(good["token"]))
        assert own.status_code == 200


async def test_a_link_opens_one_picture_for_a_while(serve: Serve) -> None:
    """Forged, expired and other pictures' links open nothing; a token opens the pictures of its conversation."""
    now = [time.time()]
    async with serve(rates=ROOMY, clock=lambda: now[0]) as served, patient(served.url) as http:
        mine, other = [(await http.post("/api/v1/conversations")).json() for _ in range(2)]
        link = (await attach(http, mine, "red"))["url"]
        foreign = (await attach(http, other, "blue"))["url"]
        plain = link.split("?")[0]
        assert (await http.get(link)).status_code == 200
        assert (await http.get(plain, headers=bearer(mine["token"]))).status_code == 200
        bad = [plain, f"{plain}?key=", f"{plain}?key=x.y", f"{plain}?{foreign.split('?')[1]}", link[:-1], link + "A"]
        for address in bad:
            assert (await http.get(address)).status_code == 403, address
        assert (await http.get(plain, headers=bearer(other["token"]))).status_code == 403
        assert (await http.get(plain, headers=bearer(signed()))).status_code == 403
        now[0] += 15 * 60 + 1
        assert (await http.get(link)).status_code == 403


async def test_a_token_of_one_kind_is_worth_nothing_as_another(serve: Serve) -> None:
    """Conversation tokens, links and desk tokens are signed apart."""
    async with serve(rates=ROOMY) as served, patient(served.url) as http:
        opened = (await http.post("/api/v1/conversations")).json()
        tokens = served.web.tokens
        desk, _ = tokens.sign_in(PASSWORD, "Ada")
        key = tokens.link(f"{opened['id']}/x", "visitor:x")
        for token in (desk, key):
            assert (await http.get(f"/api/v1/conversations/{opened['id']}", headers=bearer(token))).status_code == 404
            assert (await http.get("/api/v1/conversations", headers=bearer(token))).status_code == 401
        for token in (opened["token"], key, signed(), signed(aud=f"{AUDIENCE}:desk")):
            assert (await http.get("/api/v1/desk/queue", headers=bearer(token))).status_code == 401
        assert (await http.get("/api/v1/desk/queue", headers=bearer(desk))).status_code == 200


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}


async def say(http: httpx.AsyncClient, served: Served, opened: dict[str, str], key: str = "k") -> int:
    """The status of a message."""
    headers = bearer(opened["token"]) | {"Idempotency-Key": key}
    address = f"{served.url}/api/v1/conversations/{opened['id']}/messages"
    return (await http.post(address, json={"text": "Hello"}, headers=headers)).status_code


async def attach(http: httpx.AsyncClient, opened: dict[str, str], color: str) -> dict[str, str]:
    """A picture in a conversation."""
    data = io.BytesIO()
    await asyncio.to_thread(Image.new("RGB", (20, 20), color).save, data, "PNG")
    address = f"/api/v1/conversations/{opened['id']}/attachments"
    answer = await http.post(address, files={"file": data.getvalue()}, headers=bearer(opened["token"]))
    taken: dict[str, str] = answer.raise_for_status().json()
    return taken
