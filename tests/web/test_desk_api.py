"""The desk's routes: sign in, see who waits, take over, reply, note, hand back; what only staff may see stays there."""

import asyncio
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import structlog
from client import assert_problem
from PIL import Image
from sse import connected, frames, read_past, read_until
from webserver import AUDIENCE, PASSWORD, SITE_KEY, Served, black

from bot.conversation import Answered, Citation, Done, Planned, Seen
from bot.state.records import DONE, Claim
from bot.state.store import Store
from handlers.web.identity import Tokens
from handlers.web.problems import Problem


async def signed_in(http: httpx.AsyncClient, name: str = "Ada") -> dict[str, str]:
    """The headers of an agent."""
    answer = await http.post("/api/v1/desk/sign-in", json={"password": PASSWORD, "name": name})
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['token']}"}


async def waiting(http: httpx.AsyncClient, text: str, picture: bool = False) -> tuple[str, str]:
    """A customer who asks for a person: the conversation's id and token."""
    opened = (await http.post("/api/v1/conversations")).json()
    path, headers = f"/api/v1/conversations/{opened['id']}", {"Authorization": f"Bearer {opened['token']}"}
    attachments = []
    if picture:
        data = io.BytesIO()
        await asyncio.to_thread(Image.new("RGB", (30, 20), "white").save, data, "PNG")
        taken = (await http.post(f"{path}/attachments", files={"file": data.getvalue()}, headers=headers)).json()
        attachments = [taken["attachment_id"]]
    body = {"text": text, "attachments": attachments}
    await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "k"})
    (await http.post(f"{path}/handoff", headers=headers)).raise_for_status()
    return opened["id"], opened["token"]


async def answered(store: Store, text: str = "Open **Billing** [1].") -> None:
    """The bot looks and answers, as a worker writes it."""
    claim = await store.claim("turn", "test", 60_000)
    assert isinstance(claim, Claim)
    said = [event for _, event in claim.log if event]
    to = tuple(e.id for e in said if e.event == "message")
    pictures = [e.attachment.id for e in said if e.event == "attached"]
    citation = Citation(n=1, article="billing/card.md", title="Your card is declined")
    events = (
        *(Seen(attachment_id=id_, outcome="read", where="Billing", error="Card declined") for id_ in pictures),
        Planned(turn=1, to=to, plan="words", reason=""),
        Answered(turn=1, to=to, text=text, citations=(citation,), answered=True),
        Done(turn=1),
    )
    assert (await store.write(claim, 1, events, extend_ms=60_000, basis=claim.basis, finish=DONE))[0] == "ok"


async def test_signing_in(http: httpx.AsyncClient) -> None:
    """By the password and a name, or by a token that the site signs for the desk; nothing else."""
    for body in ({"password": "wrong", "name": "Eve"}, {"password": "", "name": "Eve"}, {"name": "Eve"}):
        answer = await http.post("/api/v1/desk/sign-in", json=body)
        assert answer.status_code == 401 and answer.json()["type"].endswith("wrong-password")
    nameless = await http.post("/api/v1/desk/sign-in", json={"password": PASSWORD, "name": "\u200b "})
    assert nameless.status_code == 422
    claims = {"sub": "u7", "name": "Grace", "exp": int(time.time()) + 600}
    good = jwt.encode(claims | {"aud": f"{AUDIENCE}:desk"}, SITE_KEY)
    answer = await http.post("/api/v1/desk/sign-in", json={"token": good})
    assert answer.status_code == 200 and answer.json()["name"] == "Grace"
    customer = jwt.encode(claims | {"aud": AUDIENCE}, SITE_KEY)
    assert (await http.post("/api/v1/desk/sign-in", json={"token": customer})).status_code == 401
    assert (await http.get("/api/v1/desk/queue")).status_code == 401
    statuses = [
        (await http.post("/api/v1/desk/sign-in", json={"password": str(n), "name": "Eve"})).status_code
        for n in range(12)
    ]
    assert statuses[-1] == 429


async def test_every_desk_route_needs_an_agent(http: httpx.AsyncClient) -> None:
    """A customer's token opens none of them."""
    conversation, token = await waiting(http, "Help")
    paths = (await http.get("/openapi.json")).json()["paths"]
    desk = [p for p in paths if "/desk/" in p and not p.endswith("sign-in")]
    assert len(desk) >= 9
    for path in desk:
        for method in paths[path]:
            address = path.replace("{conversation_id}", conversation).replace("{held_id}", "x")
            for headers in ({}, {"Authorization": f"Bearer {token}"}):
                answer = await http.request(method, address, headers=headers, json={"text": "x", "choice": "send"})
                assert answer.status_code == 401, path


async def test_the_queue_shows_who_waits_longest_first(http: httpx.AsyncClient, store: Store) -> None:
    """With the reason, the picture (covered) and what was seen in it."""
    first, _ = await waiting(http, "My card is declined", picture=True)
    await answered(store)
    second, _ = await waiting(http, "And mine")
    await http.post("/api/v1/conversations")
    ada = await signed_in(http)
    queue = (await http.get("/api/v1/desk/queue", headers=ada)).json()
    assert [w["id"] for w in queue] == [first, second]
    assert queue[0]["title"] == "My card is declined" and queue[0]["owner"] == "waiting" and queue[0]["reason"]
    assert queue[0]["seen"]["error"] == "Card declined" and queue[1]["picture"] is None
    shown = await http.get(queue[0]["picture"]["url"])
    assert shown.content == black()


async def test_an_agent_takes_over_answers_and_hands_back(http: httpx.AsyncClient, served: Served) -> None:
    """The customer reads the owner's words alone; another agent is told who has it."""
    conversation, token = await waiting(http, "Help")
    path = f"/api/v1/desk/conversations/{conversation}"
    ada, bob = await signed_in(http), await signed_in(http, "Bob")
    key = {"Idempotency-Key": "r1"}
    assert (await http.post(f"{path}/take-over", headers=ada)).json() == {"owner": "human"}
    again = await signed_in(http, " ada ")
    assert (await http.post(f"{path}/take-over", headers=again)).status_code == 200
    late = await http.post(f"{path}/take-over", headers=bob)
    assert late.status_code == 409 and "Ada" in late.json()["detail"]
    replies = [await http.post(f"{path}/reply", json={"text": "Hello"}, headers=ada | key) for _ in range(2)]
    assert replies[0].json() == replies[1].json() and replies[0].json()["heard"] == "customer"
    other = await http.post(f"{path}/reply", json={"text": "Aside"}, headers=bob)
    assert other.json()["heard"] == "note"
    await http.post(f"{path}/note", json={"text": "An inside joke"}, headers=ada)
    assert (await http.post(f"{path}/resolve", headers=bob)).status_code == 409
    assert (await http.post(f"{path}/hand-back", headers=ada)).json() == {"owner": "bot"}
    async with connected(served.url, f"/api/v1/conversations/{conversation}/events", token) as reading:
        data = await read_past(reading, b'"owner":"bot"')
    assert [f.data["text"] for f in frames(data) if f.event == "message"] == ["Help", "Hello"]
    assert b"Aside" not in data and b"joke" not in data
    desk_token = ada["Authorization"].removeprefix("Bearer ")
    async with connected(served.url, f"{path}/events", desk_token) as reading:
        staff = await read_past(reading, b"joke")
    assert b"Aside" in staff


async def test_words_to_a_conversation_that_the_bot_owns_are_held(http: httpx.AsyncClient) -> None:
    """Until their agent decides: send only these, take over, or keep a note. Nobody else decides."""
    conversation, token = await waiting(http, "Help")
    path, headers = f"/api/v1/desk/conversations/{conversation}", {"Authorization": f"Bearer {token}"}
    ada, bob = await signed_in(http), await signed_in(http, "Bob")
    held = []
    for text in ("One", "Two", "Three"):
        said = (await http.post(f"{path}/reply", json={"text": text}, headers=ada)).json()
        assert said["heard"] == "held"
        held.append(said["message_id"])
    others = await http.post(f"{path}/held/{held[0]}", json={"choice": "send"}, headers=bob)
    assert others.status_code == 422 and "Ada" in others.json()["detail"]
    for choice, heard in (("send", "customer"), ("note", "note"), ("take_over", "customer")):
        decided = await http.post(f"{path}/held/{held.pop(0)}", json={"choice": choice}, headers=ada)
        assert decided.json()["heard"] == heard
    gone = await http.post(f"{path}/held/none", json={"choice": "send"}, headers=ada)
    assert gone.status_code == 404
    standing = (await http.get(f"/api/v1/conversations/{conversation}", headers=headers)).json()
    assert [m["text"] for m in standing["messages"]] == ["Help", "One", "Three"] and standing["owner"] == "human"


async def test_a_draft_is_sent_by_one_press(http: httpx.AsyncClient, store: Store) -> None:
    """Also while nobody owns the conversation; not when another agent does, nor when there is none."""
    conversation, token = await waiting(http, "My card is declined")
    path, headers = f"/api/v1/desk/conversations/{conversation}", {"Authorization": f"Bearer {token}"}
    ada, bob = await signed_in(http), await signed_in(http, "Bob")
    none = await http.post(f"{path}/send-draft", headers=ada)
    assert none.status_code == 409 and none.json()["type"].endswith("no-draft")
    await answered(store)
    assert (await http.post(f"{path}/send-draft", headers=ada)).json()["heard"] == "customer"
    standing = (await http.get(f"/api/v1/conversations/{conversation}", headers=headers)).json()
    assert standing["messages"][-1]["text"] == "Open **Billing**." and standing["owner"] == "waiting"
    await http.post(f"{path}/take-over", headers=bob)
    late = await http.post(f"{path}/send-draft", headers=ada)
    assert late.status_code == 409 and "Bob" in late.json()["detail"]


async def test_the_card_has_all_that_an_agent_needs(http: httpx.AsyncClient, store: Store) -> None:
    """The log with notes, a draft without source numbers, earlier conversations, covered pictures and originals."""
    conversation, token = await waiting(http, "My card is declined", picture=True)
    await answered(store)
    headers = {"Authorization": f"Bearer {token}"}
    later = (await http.post("/api/v1/conversations", headers=headers)).json()["id"]
    ada = await signed_in(http)
    path = f"/api/v1/desk/conversations/{conversation}"
    await http.post(f"{path}/note", json={"text": "Known case"}, headers=ada)
    card: dict[str, Any] = (await http.get(path, headers=ada)).json()
    assert card["draft"] == "Open **Billing**." and card["reason"]
    assert [e["event"] for e in card["events"]][-1] == "noted"
    assert [c["id"] for c in (await http.get(f"{path}/earlier", headers=ada)).json()] == [later]
    (attachment,) = card["attachments"]
    assert (await http.get(attachment["url"])).content == black()
    with structlog.testing.capture_logs() as logs:
        original = await http.get(attachment["original"])
    assert original.status_code == 200 and original.content != black()
    (view,) = [entry for entry in logs if entry["event"] == "original picture viewed"]
    assert view["attachment"] == attachment["id"] and view["agent"] == "desk:ada"
    await http.post(f"{path}/take-over", headers=ada)
    sent = await http.post(f"{path}/send-draft", headers=ada)
    assert sent.json()["heard"] == "customer"
    shown = (await http.get(f"/api/v1/conversations/{conversation}", headers=headers)).json()
    assert shown["messages"][-1]["text"] == "Open **Billing**." and shown["messages"][-1]["who"] == "Ada"


@pytest.mark.parametrize("action", ["take-over", "hand-back", "resolve", "reply", "note", "send-draft", "earlier"])
async def test_a_conversation_that_is_gone_is_a_404(http: httpx.AsyncClient, action: str) -> None:
    """On every action."""
    ada = await signed_in(http)
    method = "GET" if action == "earlier" else "POST"
    path = f"/api/v1/desk/conversations/p0-000000000000000000000000/{action}"
    answer = await http.request(method, path, headers=ada, json={"text": "x"})
    assert answer.status_code == 404 and answer.json()["type"].endswith("not-found")


async def test_the_team_announces_a_known_problem_and_ends_it(http: httpx.AsyncClient) -> None:
    """Staff alone; private data is taken out; what says too little is refused with what to do."""
    staff, path = await signed_in(http), "/api/v1/desk/incidents"
    body = {"error": "Payment failed for anna@example.com", "text": "We are on it, ask bert@example.com."}
    assert (await http.post(path, json=body)).status_code == 401
    made = await http.post(path, json=body, headers=staff)
    assert made.status_code == 201
    assert made.json()["text"] == "We are on it, ask [email]." and made.json()["error"] == "payment failed for"
    assert (await http.get(path, headers=staff)).json() == [made.json()]
    vague = await http.post(path, json=body | {"error": "Error"}, headers=staff)
    assert vague.status_code == 422 and "too little" in vague.json()["detail"]
    one = f"{path}/{made.json()['id']}"
    assert (await http.delete(one, headers=staff)).status_code == 200
    assert (await http.delete(one, headers=staff)).json()["type"].endswith("no-such-incident")
    assert (await http.get(path, headers=staff)).json() == []


async def test_an_invited_agent_signs_in_under_that_name_and_no_other(served: Served, http: httpx.AsyncClient) -> None:
    """Without the shared password; another of the same name who knows the password is somebody else."""
    tokens = served.web.tokens
    answer = await http.post("/api/v1/desk/sign-in", json={"token": tokens.invite("Ida Moen", 30), "name": "The Boss"})
    assert answer.json()["name"] == "Ida Moen"
    invited = {"Authorization": f"Bearer {answer.json()['token']}"}
    conversation, _ = await waiting(http, "help")
    path = f"/api/v1/desk/conversations/{conversation}"
    (await http.post(f"{path}/take-over", headers=invited)).raise_for_status()
    assert (await http.post(f"{path}/resolve", headers=await signed_in(http, "Ida Moen"))).status_code == 409
    assert (await http.post(f"{path}/resolve", headers=invited)).status_code == 200


async def test_an_invitation_ends_and_is_no_other_token(served: Served, http: httpx.AsyncClient) -> None:
    tokens = served.web.tokens
    bad = [tokens.invite("Ida", 0), tokens.invite("Ida", 30) + "x", tokens.conversation("p0-" + "0" * 24, "visitor:x")]
    for token in bad:
        assert (await http.post("/api/v1/desk/sign-in", json={"token": token})).status_code == 401
    with pytest.raises(ValueError, match="empty"):
        tokens.invite(" \u200b", 1)


async def test_an_invitation_is_taken_back_alone_and_at_once(served: Served, http: httpx.AsyncClient) -> None:
    """Its link, the desk that is open by it, and the stream that is being read; others' and later ones stay."""
    tokens, invitations = served.web.tokens, served.web.invitations
    link, other = tokens.invite("Ida Moen", 30), tokens.invite("Ole", 30)
    for name in ("Ida Moen", "Ole"):
        await invitations.note(name, time.time(), time.time() + 30 * 86_400)
    ida, ole = [(await http.post("/api/v1/desk/sign-in", json={"token": one})).json()["token"] for one in (link, other)]
    conversation, _ = await waiting(http, "help")
    events = f"/api/v1/desk/conversations/{conversation}/events"
    async with connected(served.url, events, ida) as reading, connected(served.url, events, ole) as others:
        await read_until(reading, "message")
        assert await invitations.revoke("ida moen", time.time())
        async with asyncio.timeout(30):
            while await reading.read(1 << 16):
                pass
        (await http.post(f"/api/v1/desk/conversations/{conversation}/note", headers=bearer(ole), json={"text": "Hm"}))
        await read_until(others, "noted")
    assert_problem(await http.get("/api/v1/desk/queue", headers=bearer(ida)), 401, "invitation-ended")
    assert_problem(await http.post("/api/v1/desk/sign-in", json={"token": link}), 401, "invitation-ended")
    assert (await http.get("/api/v1/desk/queue", headers=bearer(ole))).status_code == 200
    assert (await http.get("/api/v1/desk/queue", headers=await signed_in(http, "Ida Moen"))).status_code == 200
    assert [(one.name, one.holds(time.time())) for one in await invitations.all()] == [
        ("Ida Moen", False),
        ("Ole", True),
    ]
    again = await http.post("/api/v1/desk/sign-in", json={"token": tokens.invite("Ida Moen", 30)})
    assert again.status_code == 200


async def test_a_link_that_nobody_noted_is_taken_back_too(served: Served, http: httpx.AsyncClient) -> None:
    """One of an earlier release, or whose note was lost with Redis' data; what is noted meanwhile undoes nothing."""
    link, invitations, now = served.web.tokens.invite("Ida Moen", 30), served.web.invitations, time.time() + 1
    assert not await invitations.revoke("Ida Moen", now)
    await invitations.note("Ida Moen", now - 1, now + 86_400)
    assert_problem(await http.post("/api/v1/desk/sign-in", json={"token": link}), 401, "invitation-ended")
    assert [one.holds(now) for one in await invitations.all()] == [False]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_the_owner_invites_from_the_terminal(tmp_path: Path) -> None:
    """The link's token opens the desk of whoever has the same secret, and of nobody else; it is listed, and revoked."""
    given = {"HELPLENS_SECRET": "s" * 40, "HELPLENS_DATA": str(tmp_path), "HELPLENS_PUBLIC_URL": "https://help.example"}

    async def desk(*words: str) -> tuple[int | None, str, str]:
        command = [str(Path(sys.executable).with_name("helplens")), "desk", *words]
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        return process.returncode, out.decode().strip(), err.decode()

    status, link, said = await desk("invite", "Ida Moen", "--days", "2")
    assert status == 0 and link.startswith("https://help.example/desk#token="), said
    token = link.partition("#token=")[2]
    _, agent = Tokens(b"s" * 40, clock=time.time).sign_in_by_token(token)
    assert agent.name == "Ida Moen"
    with pytest.raises(Problem):
        Tokens(b"t" * 40, clock=time.time).sign_in_by_token(token)
    assert json.loads((await desk("list", "--json"))[1])["holds"] is True
    status, _, said = await desk("revoke", "Ida Moen")
    assert status == 0 and "helplens desk list" not in said
    assert "taken back" in (await desk("list"))[1]
