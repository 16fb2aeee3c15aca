"""What a customer has decides what they find: by the site's signed word, and as far as that is silent by their page's.

The real server, a real index, a real worker: each test looks at which articles an answer shows. What is closed opens by
a signed token alone, whatever else is tried.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from client import patient
from hypothesis import given
from hypothesis import strategies as st
from webserver import AUDIENCE, PASSWORD, SITE_KEY, Serve, Served

from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.conversation import Attachment, Conversation, Described, Facets
from bot.knowledge.filters import closing, opens
from bot.knowledge.index import Index, build
from bot.knowledge.retriever import HelpRetriever
from bot.orchestrator import Orchestrator
from bot.recall import fits
from bot.screenshots.screen import Screen
from bot.turns import Turns
from bot.worker import Worker
from handlers.web import facets
from handlers.wiring.web import passages
from tests.centre import write

CLOSED = closing(["audience:staff", "plan:enterprise"])
EXPORT = "# Export the monthly report {}\n\n1. Open **Reports** in the menu.\n2. Click **Export report** for {}.\n"
ARTICLES = {
    "free.md": "---\nplan: free\n---\n" + EXPORT.format("as a file", "a file"),
    "pro.md": "---\nplan: pro\n---\n" + EXPORT.format("to a bucket", "a bucket"),
    "enterprise.md": "---\nplan: enterprise\n---\n" + EXPORT.format("to a warehouse", "a warehouse"),
    "v7.md": "---\nversion: 7\n---\n" + EXPORT.format("by post", "a letter"),
    "v8.md": "---\nversion: '>=8'\n---\n" + EXPORT.format("by wire", "a wire"),
    "staff.md": "---\naudience: staff\n---\n" + EXPORT.format("of somebody else", "another user"),
    "de/bericht.md": "# Den Bericht exportieren\n\n1. Öffnen Sie **Reports**.\n2. Klicken Sie auf **Export report**.\n",
}
OPEN = {"free.md", "pro.md", "v7.md", "v8.md"}
"""What is found for somebody of whom nobody knows anything, and who reads English."""


class Blind:
    """Nobody sends pictures here."""

    async def look(self, attachment: Attachment) -> Screen:
        raise LookupError(attachment.id)


@pytest.fixture(scope="module")
async def kb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("centre")
    await build(write(folder / "articles", ARTICLES), folder / "kb")
    return folder / "kb"


@contextlib.asynccontextmanager
async def house(serve: Serve, kb: Path, **changes: Any) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    """A server on the index."""
    index = Index.open(kb)
    changes["passages"] = lambda article, reader: passages(index, article, reader, CLOSED)
    async with serve(**changes) as served, patient(served.url) as http:
        yield served, http


@pytest.fixture
async def at(serve: Serve, kb: Path) -> AsyncIterator[tuple[Served, httpx.AsyncClient]]:
    async with house(serve, kb) as opened:
        yield opened


def signed(subject: str = "ada", key: str = SITE_KEY, **claims: Any) -> str:
    """The site's token of a user with these claims."""
    given = {"sub": subject, "aud": AUDIENCE, "exp": int(time.time()) + 600, **claims}
    return jwt.encode(given, key, algorithm="HS256")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opened(http: httpx.AsyncClient, token: str | None = None) -> dict[str, str]:
    answer = await http.post("/api/v1/conversations", headers=bearer(token) if token else {})
    found: dict[str, str] = answer.raise_for_status().json()
    return found


Found = Callable[..., Awaitable[set[str]]]


@pytest.fixture
def found(at: tuple[Served, httpx.AsyncClient], kb: Path) -> Found:
    """Asks for the export in a conversation, and returns which articles the search brought."""
    served, http = at
    search = HelpRetriever(kb=kb).search
    turn = Orchestrator(Blind(), search, Ladder([Extractive()]), closed=CLOSED).turn
    asked = 0

    async def ask(of: dict[str, str], context: dict[str, Any] | None = None, language: str = "en") -> set[str]:
        nonlocal asked
        asked += 1
        headers = bearer(of["token"]) | {"Idempotency-Key": f"ask-{asked}", "Accept-Language": language}
        body = {"text": "How do I export the monthly report?", "context": context or {}}
        (await http.post(f"/api/v1/conversations/{of['id']}/messages", json=body, headers=headers)).raise_for_status()
        await Worker(served.web.desk.store, {"turn": Turns(turn, batch_s=0)}).drain()
        log = await served.web.desk.log(of["id"])
        return {p.article for p in next(e for _, e in reversed(log) if e and e.event == "found").passages}

    return ask


async def test_nobody_known_finds_what_is_open(at: tuple[Served, httpx.AsyncClient], found: Found) -> None:
    _, http = at
    assert await found(await opened(http)) == OPEN


@pytest.mark.parametrize(
    ("claims", "articles"),
    [
        ({"plan": "free"}, {"free.md", "v7.md", "v8.md"}),
        ({"plan": "PRO", "version": "8.2.1"}, {"pro.md", "v8.md"}),
        ({"plan": ["free", "pro"], "version": 7}, {"free.md", "pro.md", "v7.md"}),
        ({"plan": "enterprise"}, {"enterprise.md", "v7.md", "v8.md"}),
        ({"audience": "staff"}, {*OPEN, "staff.md"}),
        ({"role": "staff"}, {*OPEN, "staff.md"}),
        ({"roles": ["x", "staff"], "plan": "free, pro", "version": 7}, {"free.md", "pro.md", "v7.md", "staff.md"}),
        ({"plan": "no such plan", "version": "99"}, {"v8.md"}),
        ({}, OPEN),
    ],
)  # fmt: skip
async def test_what_the_site_signs_decides(
    at: tuple[Served, httpx.AsyncClient], found: Found, claims: dict[str, Any], articles: set[str]
) -> None:
    _, http = at
    assert await found(await opened(http, signed(**claims))) == articles
    first = await opened(http, signed("bob"))
    assert await found({"id": first["id"], "token": signed("bob", **claims)}) == articles, "the proof itself"


@pytest.mark.parametrize(
    "context",
    [
        {"plan": "enterprise"},
        {"audience": "staff"},
        {"role": "staff", "roles": "staff"},
        {"plan": ["free", "pro", "enterprise"], "audience": ["staff"]},
        {"plan": "enterprise, pro", "audience": "staff,admin"},
        {"audience": "STAFF\u200b", "plan": "enterprise\u0000"},
        {"signed": True, "verified": True, "plan": "enterprise"},
        {"closed": "", "facets": "staff", "audience": "audience:staff"},
        {"plan": "*", "audience": "*"},
    ],
)
async def test_a_page_opens_nothing(
    at: tuple[Served, httpx.AsyncClient], found: Found, context: dict[str, Any]
) -> None:
    """Not for a visitor, not for a user of whom the site signs nothing or something else."""
    _, http = at
    shut = {"enterprise.md", "staff.md"}
    assert not await found(await opened(http), context) & shut
    assert not await found(await opened(http, signed()), context) & shut
    assert await found(await opened(http, signed(plan="free", audience="guest")), context) == {
        "free.md", "v7.md", "v8.md",
    }  # fmt: skip


async def test_a_page_narrows_where_the_site_is_silent(at: tuple[Served, httpx.AsyncClient], found: Found) -> None:
    """And what it said holds until it says otherwise, or takes it back; a message without context changes nothing."""
    _, http = at
    of = await opened(http, signed(plan="pro"))
    assert await found(of, {"version": 7.4, "plan": "free"}) == {"pro.md", "v7.md"}
    assert await found(of) == {"pro.md", "v7.md"}
    assert await found(of, {"version": "8.0.1"}) == {"pro.md", "v8.md"}
    assert await found(of, {"route": "/reports"}) == {"pro.md", "v8.md"}
    assert await found(of, {"version": None}) == {"pro.md", "v7.md", "v8.md"}


async def test_a_new_token_counts_from_the_next_question_on(at: tuple[Served, httpx.AsyncClient], found: Found) -> None:
    """The customer upgrades, the page is loaded again: the widget lists the conversations with the new proof."""
    _, http = at
    of, now = await opened(http, signed(plan="free")), int(time.time())
    assert await found(of) == {"free.md", "v7.md", "v8.md"}
    listed = await http.get("/api/v1/conversations", headers=bearer(signed(plan="enterprise", iat=now)))
    (again,) = listed.json()
    assert again["id"] == of["id"]
    assert await found(again) == {"enterprise.md", "v7.md", "v8.md"}
    yesterday = signed(plan="pro", iat=now - 60)
    assert await found({"id": of["id"], "token": yesterday}) == {"enterprise.md", "v7.md", "v8.md"}, "another tab's"
    downgraded = signed(plan="free", iat=now)
    assert await found({"id": of["id"], "token": downgraded}) == {"free.md", "v7.md", "v8.md"}
    silent = signed(iat=now)
    assert await found({"id": of["id"], "token": silent}) == OPEN, "the site vouches for nothing any more"


async def test_a_visitor_who_signs_in_has_what_the_site_says(
    at: tuple[Served, httpx.AsyncClient], found: Found
) -> None:
    _, http = at
    of = await opened(http)
    assert await found(of, {"plan": "free"}) == {"free.md", "v7.md", "v8.md"}
    path = f"/api/v1/conversations/{of['id']}/claim"
    claimed = await http.post(path, json={"token": signed(plan="enterprise")}, headers=bearer(of["token"]))
    assert await found(claimed.json()) == {"enterprise.md", "v7.md", "v8.md"}


async def test_a_token_that_says_nothing_leaves_what_was_said(
    at: tuple[Served, httpx.AsyncClient], found: Found
) -> None:
    """One of an earlier release, or of a letter: it was not made on a proof that could say otherwise."""
    served, http = at
    of = await opened(http, signed(plan="enterprise"))
    assert await found(of) == {"enterprise.md", "v7.md", "v8.md"}
    earlier = served.web.tokens.conversation(of["id"], "user:ada", time.time() + 600)
    by_mail = served.web.tokens.by_mail(of["id"], 1)
    for token in (earlier, by_mail):
        assert await found({"id": of["id"], "token": token}) == {"enterprise.md", "v7.md", "v8.md"}


async def test_somebody_elses_token_changes_nothing(at: tuple[Served, httpx.AsyncClient], found: Found) -> None:
    """Another user's proof, another conversation's token, a forged or a changed one: refused, and nothing is noted."""
    served, http = at
    of = await opened(http, signed("ada", plan="free"))
    await found(of)
    before = await served.web.desk.log(of["id"])
    staff = await opened(http, signed("eve", plan="enterprise", audience="staff"))
    payload, _, mac = staff["token"].partition(".")
    for token in (
        signed("eve", plan="enterprise", audience="staff"),
        staff["token"],
        signed("ada", plan="enterprise", key="the key of another site, which is as long as this one"),
        f"{of['token'].partition('.')[0]}.{mac}",
        f"{payload}.{of['token'].partition('.')[2]}",
    ):
        path, headers = f"/api/v1/conversations/{of['id']}", bearer(token)
        said = await http.post(f"{path}/messages", json={"text": "?"}, headers=headers | {"Idempotency-Key": "e"})
        assert said.status_code in (401, 404), said.text
    assert await served.web.desk.log(of["id"]) == before


@pytest.mark.parametrize(
    "weird",
    [
        {"plan": {"name": "enterprise"}},
        {"plan": [["enterprise"]]},
        {"plan": True},
        {"plan": 10**30},
        {"plan": "x" * 999},
        {"plan": ["p" + str(n) for n in range(400)]},
        {"version": [None, {}, 8]},
        {"audience": "\ud800staff\u202e"},
        {"plan": ""},
        {"plan": []},
        {"version": "-1"},
        {"version": 1e308},
        {"plan": "Ünïcödé 方案 🎟"},
        {"audience": "a\nb\tc"},
    ],
)
async def test_weird_claims_lock_nobody_out(
    at: tuple[Served, httpx.AsyncClient], found: Found, weird: dict[str, Any]
) -> None:
    """The conversation opens, is answered, and goes on; what is kept is short and plain."""
    served, http = at
    of = await opened(http, signed(**weird))
    articles = await found(of)
    assert not articles & {"enterprise.md", "staff.md"}
    kept = (await served.web.desk.conversation(of["id"])).signed
    assert all(
        0 < len(value) <= 60 and value.isprintable()
        for kind in ("version", "plan", "audience")
        for value in getattr(kept, kind)
    )
    (again,) = (await http.get("/api/v1/conversations", headers=bearer(of["token"]))).json()
    assert len(again["token"]) < 4096
    assert await found(again) == articles


async def test_the_longest_subject_and_the_most_claims_fit_a_token(
    at: tuple[Served, httpx.AsyncClient], found: Found
) -> None:
    _, http = at
    many = [chr(ord("a") + n) * 60 for n in range(7)]
    of = await opened(http, signed("𝒶" * 50, plan=[*many, "pro"], audience=many, version=[*many[:3], "8"]))
    assert len(of["token"]) < 4096
    assert await found(of) == {"v8.md"}, "plans beyond 400 bytes are none"


async def test_an_article_that_is_closed_is_read_by_whom_it_is_for(at: tuple[Served, httpx.AsyncClient]) -> None:
    """By name, where nobody found it: without a token, with a page's word, with a forged one it is not there."""
    _, http = at

    async def read(article: str, token: str | None = None) -> int:
        answer = await http.get(f"/api/v1/articles/{article}", headers=bearer(token) if token else {})
        return answer.status_code

    staff, visitor = signed("eve", audience="staff"), (await opened(http))["token"]
    assert await read("pro.md") == await read("pro.md", signed(plan="free")) == 200, "merely for another plan"
    for token in (None, visitor, signed(), signed(plan="staff"), signed(key="k" * 40, audience="staff"), "nonsense"):
        assert await read("staff.md", token) == await read("enterprise.md", token) == 404, token
    assert await read("staff.md", staff) == 200
    assert await read("enterprise.md", staff) == 404
    of = await opened(http, staff)
    assert await read("staff.md", of["token"]) == 200
    assert (await http.delete(f"/api/v1/conversations/{of['id']}", headers=bearer(of["token"]))).status_code == 204
    assert await read("staff.md", of["token"]) == 404, "the conversation is gone, and its token with it"


async def test_the_language_of_the_conversation_narrows_and_gives_way(
    at: tuple[Served, httpx.AsyncClient], found: Found
) -> None:
    _, http = at
    assert await found(await opened(http), language="de") == {"de/bericht.md"}
    assert await found(await opened(http), {"language": "de-CH"}) == {"de/bericht.md"}, "the page's own word"
    assert await found(await opened(http), {"language": "<script>"}, language="de") == {"de/bericht.md"}, "no language"
    assert await found(await opened(http), language="fr") == {*OPEN, "de/bericht.md"}, "no French article: all"
    of = await opened(http)
    assert await found(of) == OPEN
    assert await found(of, language="de") == {"de/bericht.md"}
    page = await opened(http)  # the page turns from German to Dutch to English, which the widget speaks all along
    assert await found(page, {"language": "de-AT"}) == {"de/bericht.md"}
    assert await found(page, {"language": "nl"}) == {*OPEN, "de/bericht.md"}
    assert await found(page, {"language": "en-GB"}) == OPEN


async def test_the_desk_shows_it_and_customers_are_sent_nothing_of_it(
    at: tuple[Served, httpx.AsyncClient], found: Found
) -> None:
    served, http = at
    of = await opened(http, signed(plan=["pro", "support"], role="admin"))
    await found(of, {"version": "8.2", "plan": "free"})
    sign_in = await http.post("/api/v1/desk/sign-in", json={"password": PASSWORD, "name": "Ann"})
    card = await http.get(f"/api/v1/desk/conversations/{of['id']}", headers=bearer(sign_in.json()["token"]))
    assert card.json()["facets"] == [
        {"kind": "plan", "values": ["pro", "support"], "signed": True},
        {"kind": "version", "values": ["8.2"], "signed": False},
        {"kind": "audience", "values": ["admin"], "signed": True},
    ]
    log = [event for _, event in await served.web.desk.log(of["id"]) if isinstance(event, Described)]
    assert [(event.signed, event.facets) for event in log] == [
        (True, Facets(plan=("pro", "support"), audience=("admin",))),
        (False, Facets(plan=("free",), version=("8.2",))),
    ]
    quiet = await opened(http)
    await found(quiet, {"language": "en-US", "route": "/reports"})
    assert not any(isinstance(event, Described) for _, event in await served.web.desk.log(quiet["id"]))
    assert "described" not in (await http.get(f"/api/v1/conversations/{of['id']}", headers=bearer(of["token"]))).text
    async with http.stream("GET", f"/api/v1/conversations/{of['id']}/events", headers=bearer(of["token"])) as stream:
        async for line in stream.aiter_lines():
            assert not line.startswith("event: described")
            if line.startswith("event: done"):
                break


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=90),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=30,
)
SHUT = (("audience", "staff"), ("plan", "enterprise"))


@given(st.dictionaries(st.sampled_from(["plan", "audience", "role", "roles", "version", "language"]), JSON))
def test_whatever_is_said_becomes_short_plain_words(said: dict[str, Any]) -> None:
    """They fit a token, go to JSON and back, and a page's open nothing."""
    by_site, by_page = facets.signed(said), Facets.model_validate(facets.named(said))
    for has in (by_site, by_page):
        assert Facets.model_validate_json(has.model_dump_json()) == has
        for values in (has.version, has.plan, has.audience):
            assert sum(len(value.encode()) for value in values) <= 400
            assert all(0 < len(v) <= 60 and "," not in v and v == v.strip() and v.isprintable() for v in values)
        assert has.language == "" or (len(has.language) == 2 and has.language.isalpha() and has.language.islower())
    query = fits(Conversation("c", said=by_page), CLOSED)
    assert query.closed == CLOSED
    assert not any(opens(kind, value, getattr(by_page, kind), query.closed) for kind, value in SHUT)


@pytest.mark.parametrize(
    "nothing", [float("nan"), float("inf"), b"x", object(), {"a": 1}, None, True, [], "", "\u200b", ",,,"]
)
def test_what_is_no_value_is_none(nothing: object) -> None:
    assert facets.values(nothing) == ()
