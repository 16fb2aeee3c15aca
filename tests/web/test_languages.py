"""Who reads German is answered in German, from the first problem to the last notice: by Accept-Language over HTTP."""

import httpx
import pytest
from webserver import Served

from bot.answering.extractive import Extractive
from bot.answering.fallback import Ladder
from bot.conversation import Answered, Attachment, OwnerChanged, Reminded, Seen, Speaks
from bot.handoff import Agent
from bot.knowledge.fusion import Query, Ranking
from bot.orchestrator import Orchestrator
from bot.reminders import Reminders
from bot.screenshots.screen import Screen
from bot.state.records import Head
from bot.turns import Turns
from bot.worker import Worker
from prompts import say

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
ANN = Agent("desk:ann", "Ann")
MINUTE = 60_000


class Blind:
    """An eye that finds every picture too blurred, as the real one says it."""

    async def look(self, attachment: Attachment) -> Screen:
        return Screen(
            sha256=attachment.id,
            width=9,
            height=9,
            outcome="unreadable",
            reason=say("legibility.blurred"),
            why="blurred",
        )


async def nothing(query: Query) -> Ranking:
    """A help centre without an article."""
    return Ranking()


async def work(served: Served) -> None:
    """Does what is due, with the rung without a model."""
    orchestrator = Orchestrator(Blind(), nothing, Ladder([Extractive()]))
    jobs = {"turn": Turns(orchestrator.turn, batch_s=0), "timer": Reminders()}
    await Worker(served.web.desk.store, jobs).drain()  # type: ignore[arg-type]


async def opened(http: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """A conversation's path and headers, in German."""
    new = (await http.post("/api/v1/conversations", headers=GERMAN)).json()
    return f"/api/v1/conversations/{new['id']}", GERMAN | {"Authorization": f"Bearer {new['token']}"}


async def test_a_problem_is_said_in_the_language_of_whoever_asked(http: httpx.AsyncClient) -> None:
    nowhere = f"/api/v1/conversations/p0-{'0' * 24}"
    for language, header in (("de", "de"), ("es", "es-MX,es;q=0.9"), ("fr", "fr"), ("en", "tlh"), ("en", "*")):
        answer = await http.get(nowhere, headers={"Accept-Language": header})
        assert answer.json()["detail"] == say("web.sign_in_needed", language)
        assert answer.headers["Content-Language"] == language
    assert (await http.get(nowhere)).headers["Content-Language"] == "en"


async def test_what_is_refused_is_refused_in_it(http: httpx.AsyncClient) -> None:
    """From the help desk, and from the intake, with what they name."""
    path, headers = await opened(http)
    empty = await http.post(f"{path}/messages", json={"text": " "}, headers=headers | {"Idempotency-Key": "1"})
    assert empty.json()["detail"] == say("handoff.empty", "de")
    pdf = await http.post(f"{path}/attachments", files={"file": b"%PDF-1.7 not a picture"}, headers=headers)
    assert pdf.json()["detail"] == say("intake.pdf", "de")
    long = await http.post(f"{path}/messages", json={"text": "x" * 10_001}, headers=headers | {"Idempotency-Key": "2"})
    assert long.json()["detail"] == say("handoff.too_long", "de", limit="10,000")


async def test_the_panel_is_told_in_it_what_answers(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/config", headers=GERMAN)).json()["notice"] == say("answering.no_model", "de")


async def test_a_conversation_is_answered_in_its_language_and_notes_which(
    served: Served, http: httpx.AsyncClient, picture: bytes
) -> None:
    """The card, the answer, and who comes; the language is a fact of the log, once."""
    path, headers = await opened(http)
    taken = await http.post(f"{path}/attachments", files={"file": picture}, headers=headers)
    body = {"text": "Warum?", "attachments": [taken.json()["attachment_id"]]}
    (await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "1"})).raise_for_status()
    await work(served)
    (await http.post(f"{path}/handoff", headers=headers)).raise_for_status()
    id_ = path.rpartition("/")[2]
    await served.web.desk.take_over(id_, ANN, key="t")
    await served.web.desk.resolve(id_, ANN, key="r")
    events = [event for _, event in await served.web.desk.log(id_)]
    assert [event.language for event in events if isinstance(event, Speaks)] == ["de"]
    assert [event.reason for event in events if isinstance(event, Seen)] == [say("legibility.blurred", "de")]
    answer = next(event for event in events if isinstance(event, Answered))
    assert say("answering.nothing", "de") in answer.text
    assert say("answering.unreadable", "de", reason=say("legibility.blurred", "de")) in answer.text
    assert [event.reason for event in events if isinstance(event, OwnerChanged)] == [
        f"{say('handoff.reason_asked', 'de')} {say('handoff.called', 'de')}",
        say("handoff.reason_taken", "de", who="Ann"),
        say("handoff.reason_resolved", "de"),
    ]
    assert next(event.why for event in events if isinstance(event, OwnerChanged)) == "asked"


async def test_it_goes_on_in_another_language_when_they_do(served: Served, http: httpx.AsyncClient) -> None:
    """The next words in Spanish: what is said from there on is Spanish; no header changes nothing."""
    path, headers = await opened(http)
    id_ = path.rpartition("/")[2]
    for number, language in enumerate(("de", "es", "", "de"), 1):
        spoken = {"Accept-Language": language} if language else {}
        given = {k: v for k, v in headers.items() if k != "Accept-Language"} | spoken
        said = await http.post(f"{path}/messages", json={"text": "?"}, headers=given | {"Idempotency-Key": str(number)})
        said.raise_for_status()
        head: Head = await served.web.desk.store.head(id_)
        assert head.language == (language or "es")
    events = [event for _, event in await served.web.desk.log(id_)]
    assert [event.language for event in events if isinstance(event, Speaks)] == ["de", "es", "de"]


async def test_reading_changes_nothing(served: Served, http: httpx.AsyncClient) -> None:
    """Another browser that only looks does not turn the conversation's language."""
    path, headers = await opened(http)
    (await http.get(path, headers=headers)).raise_for_status()
    assert (await served.web.desk.store.head(path.rpartition("/")[2])).language == "en"


async def test_customers_are_not_sent_what_is_noted_of_them(served: Served, http: httpx.AsyncClient) -> None:
    """Neither the language nor the name travels to the widget."""
    path, headers = await opened(http)
    body = {"text": "?", "context": {"name": "Ada"}}
    (await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "1"})).raise_for_status()
    async with http.stream("GET", f"{path}/events", headers=headers) as stream:
        async for line in stream.aiter_lines():
            assert not line.startswith(("event: speaks", "event: introduced"))
            if line.startswith("event: message"):
                break
    assert (await served.web.desk.conversation(path.rpartition("/")[2])).name == "Ada"


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
async def test_a_reminder_speaks_it(served: Served, language: str) -> None:
    desk, store = served.web.desk, served.web.desk.store
    id_ = (await desk.open()).id
    await desk.speaks(id_, language)
    await desk.request_human(id_, key="h")
    now = await store.now()
    store.clock = lambda: now + 2 * MINUTE + 1
    await work(served)
    reminded = [event for _, event in await desk.log(id_) if isinstance(event, Reminded)]
    assert [event.text for event in reminded] == [say("handoff.reminded_customer", language)]
