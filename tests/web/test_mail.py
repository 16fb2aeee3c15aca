"""A customer who has left is written to: once for each burst of an agent's words, with a way back and a way to stop."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web as aiohttp_web
from client import assert_problem, opened
from postbox import Postbox, postbox
from sse import connected, frames, read_until
from test_identity import signed
from webserver import Serve

from bot.conversation import Edited, Event, Mailed, Message, Reachable
from bot.helpdesk import Agent, HelpDesk
from bot.hours import Hours
from bot.letters import Letter, Links, NoAddress, address, next_letter, written
from bot.mailing import Mailing
from bot.post import MailServer, Post, Webhook
from bot.reminders import Reminders
from bot.screenshots.intake import Intake
from bot.screenshots.storage import Storage
from bot.state.lease import Lease
from bot.state.records import Claim
from bot.state.store import Store
from bot.worker import Worker
from handlers.web.mail import links

ANN = Agent("U1", "Ann")
MINUTE = 60_000
NOON = 1_900_148_400_000
"""Tuesday 2030-03-19, 12:00 in Berlin."""


@dataclass
class House:
    """A web server whose clock goes on when told to, a mail server, and one conversation."""

    http: httpx.AsyncClient
    url: str
    desk: HelpDesk
    box: Postbox
    mailing: Mailing
    clock: list[int]
    path: str = ""
    head: dict[str, str] | None = None

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    async def begin(self, given: str = "kim@example.org") -> None:
        """Opens a conversation, gives an address, and has Ann take it."""
        self.path, self.head = await opened(self.http)
        if given:
            answer = await self.http.post(f"{self.path}/email", json={"address": given}, headers=self.head)
            assert (answer.status_code, answer.json()) == (202, {"address": given})
        await self.desk.take_over(self.id, ANN, key="take")

    async def ann(self, text: str) -> None:
        self.clock[0] += 1000
        await self.desk.say(self.id, "agent", text, key=text, who=ANN)

    async def pass_minutes(self, minutes: int) -> None:
        """Time goes on a minute at a time, with a new worker each."""
        for _ in range(minutes):
            self.clock[0] += MINUTE
            await self.work()

    async def work(self) -> None:
        await Worker(self.desk.store, {"mail": self.mailing, "timer": Reminders(self.desk.hours, mail=True)}).drain()

    async def mailed(self) -> list[Mailed]:
        return [event for _, event in await self.desk.log(self.id) if isinstance(event, Mailed)]

    async def claim(self) -> Lease:
        """A worker's lease, for a worker that will die."""
        claim = await self.desk.store.claim("mail", "mortal", 6000)
        assert isinstance(claim, Claim)
        return Lease(self.desk.store, claim, 6)


@pytest.fixture
async def house(serve: Serve, redis_url: str, tmp_path: Path, intake: Intake) -> AsyncIterator[House]:
    clock = [NOON]
    async with Store(redis_url, mail=True, clock=lambda: clock[0]) as store, postbox() as box:
        desk = HelpDesk(store, intake, Storage(str(tmp_path)), mail=True)
        async with serve(desk=desk) as served, httpx.AsyncClient(base_url=served.url, timeout=60) as http:
            mailing = Mailing(
                MailServer(box.url, timeout_s=60),
                "Help <help@shop.example>",
                partial(links, served.web.tokens, served.url),
            )
            yield House(http, served.url, desk, box, mailing, clock)


def link(text: str, name: str) -> str:
    found = re.search(rf"http://\S*/{name}\S*", text)
    assert found, text
    return found[0]


async def test_one_mail_for_a_burst_with_a_way_back_and_a_way_to_stop(house: House) -> None:
    await house.begin()
    await house.ann("Try the other card.")
    await house.ann("And tell me\n. what it says: “50 €”")
    await house.pass_minutes(20)
    [mail], text = house.box.mails, house.box.mails[0].get_content().replace("\r\n", "\n")
    assert house.box.recipients == ["kim@example.org"] and mail["To"] == "kim@example.org"
    assert mail["Subject"] == "Ann has answered you" and mail["From"] == "Help <help@shop.example>"
    assert text.index("Try the other card.") < text.index("And tell me\n. what it says: “50 €”")
    assert [m.outcome for m in await house.mailed()] == ["sent"]

    _, _, token = link(text, "talk").partition(f"#{house.id}/")
    by_mail = {"Authorization": f"Bearer {token}"}
    there = await house.http.get(house.path, headers=by_mail)
    assert there.json()["messages"][0]["text"] == "Try the other card."
    assert (await house.http.get("/api/v1/conversations", headers=by_mail)).json() == []
    assert "/talk?in=en#" in text

    await house.ann("One more thing.")
    await house.pass_minutes(5)
    assert "One more thing." in house.box.mails[1].get_content()
    assert "other card" not in house.box.mails[1].get_content()

    stop = link(text, "api/v1/mail/stop")
    assert f"\r\nList-Unsubscribe: <{stop}>\r\n".encode() in house.box.raw[0], "whole, on one line"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "<form" in (await house.http.get(stop)).text
    await house.ann("Still there?")
    await house.pass_minutes(5)
    assert len(house.box.mails) == 3, "looking at the page stops nothing"
    assert (await house.http.post(stop, data={"List-Unsubscribe": "One-Click"})).status_code == 200
    await house.ann("Hello?")
    await house.pass_minutes(5)
    assert len(house.box.mails) == 3
    assert_problem(await house.http.post(stop[:-2] + "xx"), 404, "not-found")


async def test_who_is_there_is_not_written_to_and_sees_no_address(house: House) -> None:
    """A reader's presence counts from the web server; then the line is cut and the next words find nobody."""
    await house.begin()
    assert house.head
    token = house.head["Authorization"].removeprefix("Bearer ")
    await house.ann("First.")
    house.clock[0] += MINUTE
    async with connected(house.url, f"{house.path}/events", token) as reading:
        seen = frames(await read_until(reading, "message"))
        assert {frame.event for frame in seen} == {"owner", "message"}
        async with asyncio.timeout(60):
            while not await house.desk.store.last_present(house.id):  # noqa: ASYNC110  the server has no event for it
                await asyncio.sleep(0.02)
    await house.pass_minutes(10)
    assert house.box.mails == []
    await house.ann("Second.")
    await house.pass_minutes(10)
    [mail] = house.box.mails
    assert "Second." in mail.get_content() and "First." not in mail.get_content()
    assert "kim@" not in (await house.http.get(house.path, headers=house.head)).text
    await house.desk.erase(house.id)
    assert not await house.desk.store.last_present(house.id)


async def test_a_customer_who_writes_has_read(house: House) -> None:
    await house.begin()
    await house.ann("Which card?")
    await house.desk.say(house.id, "customer", "the blue one", key="c")
    await house.pass_minutes(10)
    assert house.box.mails == []


@pytest.mark.parametrize(("step", "delivered"), [("RCPT", 1), ("DATA", 0), (".", 0)])
async def test_a_worker_that_dies_in_the_act_never_sends_twice(house: House, step: str, delivered: int) -> None:
    """Before the letter itself nothing was sent, and another worker sends it; in the midst of it nobody knows."""
    await house.begin()
    await house.ann("Try the other card.")
    house.clock[0] += 5 * MINUTE
    house.box.hang = step
    dying = asyncio.create_task(house.mailing(await house.claim()))
    async with asyncio.timeout(60):
        await house.box.came.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    await house.pass_minutes(10)
    assert len(house.box.mails) == delivered
    assert [m.outcome for m in await house.mailed()] == ["sent" if delivered else "unsure"]
    await house.ann("And now?")
    await house.pass_minutes(5)
    assert len(house.box.mails) == delivered + 1


async def test_words_that_come_while_it_is_addressed_go_into_the_same_mail(house: House) -> None:
    await house.begin()
    await house.ann("One.")
    house.clock[0] += 5 * MINUTE
    send = house.mailing.post.send

    class Late:
        async def send(self, message, commit):  # type: ignore[no-untyped-def]
            if "Two." not in message.get_content():
                await house.ann("Two.")
            await send(message, commit)

    house.mailing = Mailing(Late(), house.mailing.sender, house.mailing.links)
    await house.pass_minutes(10)
    [mail] = house.box.mails
    assert "One." in mail.get_content() and "Two." in mail.get_content()


async def test_what_a_mail_server_refuses(house: House) -> None:
    """For now: tried again. For good: given up, and said in the log."""
    await house.begin()
    house.box.replies = {"RCPT": "450 later"}
    await house.ann("One.")
    await house.pass_minutes(2)
    assert (house.box.mails, await house.mailed()) == ([], [])
    await house.pass_minutes(3)
    assert len(house.box.mails) == 1
    house.box.replies = {".": "451 later"}
    await house.ann("Two.")
    await house.pass_minutes(10)
    assert len(house.box.mails) == 2
    house.box.replies = {"RCPT": "550 no such mailbox"}
    await house.ann("Three.")
    await house.pass_minutes(90)
    assert len(house.box.mails) == 2
    assert [m.outcome for m in await house.mailed()] == ["sent", "sent", "refused"]
    assert "no such mailbox" in (await house.mailed())[-1].reason


async def test_a_webhook_instead(house: House) -> None:
    """The same, as JSON under the letter's own key; a server that fails is asked again."""
    came: list[tuple[str, dict[str, Any]]] = []

    async def take(request: aiohttp_web.Request) -> aiohttp_web.Response:
        came.append((request.headers["Idempotency-Key"], json.loads(await request.text())))
        return aiohttp_web.Response(status=503 if len(came) == 1 else 202)

    app = aiohttp_web.Application()
    app.router.add_post("/mail", take)
    runner = aiohttp_web.AppRunner(app)
    await runner.setup()
    site = aiohttp_web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        post: Post = Webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/mail", timeout_s=60)
        house.mailing = Mailing(post, house.mailing.sender, house.mailing.links)
        await house.begin()
        await house.ann("One.")
        await house.pass_minutes(20)
    finally:
        await runner.cleanup()
    (first, _), (second, body) = came
    assert first == second and body["to"] == "kim@example.org" and "One." in body["text"]
    assert body["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_signed_in_user_is_known(house: House) -> None:
    token = signed(email="kim@shop.example")
    answer = await house.http.post("/api/v1/conversations", headers={"Authorization": f"Bearer {token}"})
    log = await house.desk.log(answer.json()["id"])
    assert [event.address for _, event in log if isinstance(event, Reachable)] == ["kim@shop.example"]


async def test_the_offer_is_made_where_it_can_be_kept(house: House, redis_url: str) -> None:
    """After a quarter of an hour, and at once after hours; who gave an address is told that it is used."""
    for given, offered in (("", True), ("kim@example.org", False)):
        await house.begin(given)
        await house.desk.hand_back(house.id, ANN, key="back")
        await house.desk.request_human(house.id, key="h")
        await house.pass_minutes(16)
        last = [e for _, e in await house.desk.log(house.id) if e and e.event == "reminded"][-1]
        assert (last.step, last.mail) == ("last", offered)
        assert ("Leave your e-mail address" in last.text) == offered and "e-mail" in last.text
    closed = HelpDesk(
        house.desk.store, house.desk.intake, house.desk.storage, hours=Hours.parse("UTC Sat 09:00-17:00"), mail=True
    )
    conversation = (await closed.open()).id
    await closed.request_human(conversation, key="h")
    owner = (await closed.log(conversation))[-1][1]
    assert owner and owner.event == "owner" and owner.mail and "Leave your e-mail address" in owner.reason


async def test_where_nothing_can_be_sent_no_address_is_taken(http: httpx.AsyncClient) -> None:
    path, head = await opened(http)
    assert (await http.get("/api/v1/config")).json()["mail"] is False
    assert_problem(await http.post(f"{path}/email", json={"address": "a@b.example"}, headers=head), 422, "refused")


BAD = ["", "  ", "kim", "@example.org", "kim@", "kim@example", "kim@127.0.0.1", "a b@example.org", ".kim@example.org",
       "kim..x@example.org", "kim@exa mple.org", "kim@-example.org", "kim@example.org\r\nBcc: all@example.org",
       "kim@example.org, other@example.org", "Kim <kim@example.org>", "kím@example.org", "k" * 65 + "@example.org",
       "kim@" + "a" * 64 + ".org", "kim@example.org\x00", "kim@example.org>"]  # fmt: skip


async def test_bad_addresses_are_refused_in_words(house: House) -> None:
    path, head = await opened(house.http)
    answer = await house.http.post(f"{path}/email", json={"address": "kim@example"}, headers=head)
    assert "name@example.com" in assert_problem(answer, 422, "refused")["detail"]
    for bad in BAD:
        with pytest.raises(NoAddress, match=r"name@example\.com"):
            address(bad)
    assert address(" kim@example.org ") == "kim@example.org"
    assert address("K.x+y@bücher.example") == "K.x+y@xn--bcher-kva.example"


def test_no_word_of_anybody_becomes_a_header() -> None:
    who = "Ann\r\nBcc: all@example.org\r\n\r\nhello"
    said = Message(id="m", sender="agent", text="Subject: x\r\nBcc: y@example.org", who=who)
    letter = Letter("kim@example.org", 7, NOON, (said,))
    mail = written(letter, "p0-1", Links("http://x/talk", "http://x/stop"), "help@shop.example")
    head, _, _ = mail.as_bytes().partition(b"\r\n\r\n")
    assert mail["Bcc"] is None and b"\nBcc" not in head and len(mail.get_all("Subject") or ()) == 1


def test_when_a_burst_is_over() -> None:
    """Two quiet minutes after its last word, and never later than ten after its first; what was taken back is not
    written."""

    def log(*events: tuple[int, Event]) -> list[tuple[int, Event | None]]:
        return [(0, Reachable(address="kim@example.org")), *events]

    def said(minute: int) -> tuple[int, Event]:
        return minute * MINUTE, Message(id=str(minute), sender="agent", text="x", who="Ann")

    due = next_letter(log(said(10), said(11)), 0)
    assert due and (due.at, due.to, len(due.said)) == (13 * MINUTE, 11 * MINUTE, 2)
    due = next_letter(log(*(said(minute) for minute in range(10, 30))), 0)
    assert due and due.at == 20 * MINUTE
    assert next_letter(log(said(10)), 12 * MINUTE) is None, "there long after the words"
    assert next_letter(log(said(10), (11 * MINUTE, Edited(message_id="10", text=None))), 0) is None
    assert next_letter([said(10)], 0) is None
