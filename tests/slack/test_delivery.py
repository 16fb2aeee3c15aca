"""How Slack reaches the app: signed, repeated, doubled, shuffled, lost; over HTTP and over recycled sockets."""

import hashlib
import hmac
import json
import random
import time

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_house import House, until

from bot.conversation import Message
from handlers.slack.agents import Spot
from handlers.slack.sandbox.faults import shuffled
from handlers.slack.sandbox.server import APP_TOKEN, SIGNING_SECRET, SUPPORT


async def test_an_event_is_acknowledged_after_its_write_and_repeated_when_it_was_not(house: House) -> None:
    conversation, card = await house.taken()
    url = house.slack.delivery.events_url

    async def down(request: web.Request) -> web.Response:
        if request.headers.get("x-slack-retry-num") == "1":  # up again for the next try
            house.slack.delivery.events_url = url
        return web.Response(status=503)

    app = web.Application()
    app.router.add_post("/slack/events", down)
    async with TestServer(app) as server:
        house.slack.delivery.events_url = str(server.make_url("/slack/events"))
        began = house.clock.now()
        house.ana.say(SUPPORT, "are you there?", card["ts"])
        await house.settle()
    assert await house.customer_reads(conversation) == ["are you there?"]
    assert house.clock.now() - began >= 63


async def test_deliveries_that_are_doubled_shuffled_and_late_are_heard_once(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.faults.delivery = shuffled(7, copies=(1, 2, 3), spread=20)
    words = [f"line {n}" for n in range(30)]
    for line in words:
        house.ana.say(SUPPORT, line, card["ts"])
    await house.settle()
    assert sorted(await house.customer_reads(conversation)) == sorted(words)


async def test_a_reply_that_slack_never_delivered_is_found_in_the_thread(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.faults.delivery = lambda payload: ()
    house.ana.say(SUPPORT, "lost on the way", card["ts"])
    house.ben.say(SUPPORT, "a note lost on the way", card["ts"])
    house.clock.wake_at(house.clock.now() + 300)
    await house.desk.say(conversation, "customer", "Hello?", key="c2")
    await house.settle()
    await house.settle()
    assert await house.customer_reads(conversation) == ["lost on the way"]


@pytest.mark.parametrize("forgery", ["old", "future", "other secret", "body", "v1", "missing", "no secret set"])
async def test_a_forged_request_is_refused(house: House, forgery: str) -> None:
    conversation, card = await house.taken()
    url, secret = str(house.slack.delivery.events_url), SIGNING_SECRET
    if forgery == "no secret set":  # Socket Mode alone: an empty secret must not be a key that everybody has
        url, secret = await house.serve_another(signing_secret=""), ""
    event = {"type": "message", "channel": SUPPORT, "channel_type": "channel", "user": "U0ANA", "text": "forged",
             "ts": "1.000001", "thread_ts": card["ts"]}  # fmt: skip
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": event, "team_id": "T0SANDBOX"})
    stamp = str(int(time.time()) + {"old": -400, "future": 400}.get(forgery, 0))
    secret = "another" if forgery == "other secret" else secret
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    signature = f"v0={digest}"
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature, "content-type": "application/json"}
    if forgery == "body":
        body = body.replace("forged", "forget")
    if forgery == "v1":
        headers["x-slack-signature"] = signature.replace("v0=", "v1=")
    if forgery == "missing":
        del headers["x-slack-signature"]
    async with aiohttp.ClientSession() as session:
        answer = await session.post(url, data=body, headers=headers)
    await house.settle()
    assert answer.status == 401
    assert await house.customer_reads(conversation) == []


async def test_sockets_are_renewed_and_nothing_is_missed(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.delivery.events_url = None
    async with house.service.sockets(APP_TOKEN):
        await until(lambda: len(house.slack.delivery.sockets) == 2)
        house.ana.say(SUPPORT, "over a socket", card["ts"])
        await house.settle()
        await house.slack.delivery.sockets[0].close()  # one of the two is renewed
        house.ana.say(SUPPORT, "over the other", card["ts"])
        await house.settle()
        await house.ana.click(SUPPORT, card["ts"], "hand_back")
        await house.settle()
    assert await house.customer_reads(conversation) == ["over a socket", "over the other"]
    assert (await house.desk.conversation(conversation)).owner == "bot"


async def test_a_message_with_a_file_survives_the_process_that_took_it(house: House) -> None:
    conversation, card = await house.taken()
    house.slack.faults.down = True  # the file cannot be fetched while the event is taken
    event = {"ts": f"{house.clock.now():.6f}", "text": "with a file", "files": []}
    await house.service.inbox.keep(Spot(SUPPORT, card["ts"], "U0ANA", conversation), event)  # and then it died
    house.slack.faults.down = False
    house.clock.wake_at(house.clock.now() + 200)
    await house.desk.say(conversation, "customer", "Hello?", key="c2")
    await house.settle()
    assert await house.customer_reads(conversation) == ["with a file"]


async def test_the_order_of_what_the_customer_said_is_the_order_of_the_thread(house: House) -> None:
    conversation, _ = await house.taken()
    dice = random.Random(3)
    for n in range(25):
        await house.desk.say(conversation, "customer", f"line {n}", key=f"k{n}")
        if dice.random() < 0.3:
            await house.settle()
    await house.settle()
    said = [m.text for m in (await house.desk.conversation(conversation)).messages if isinstance(m, Message)]
    shown = [line.removeprefix("Customer: ") for line in house.says(conversation) if line.startswith("Customer: ")]
    assert shown == said
