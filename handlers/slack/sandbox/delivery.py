"""How a workspace's events and clicks reach the app: signed HTTP with Slack's retries, or a Socket Mode connection.

An event that is not acknowledged within three seconds is sent again at once, after a minute and after five minutes,
as Slack does; clicks and submissions are sent once. All waiting is on the sandbox's clock, the answer itself is
awaited in real time.
"""

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from handlers.slack.clock import Clock
from handlers.slack.sandbox.faults import Faults
from handlers.slack.sandbox.workspace import APP_ID, TEAM, Json

ANSWER_WITHIN = 3.0
RETRIES = ((3.0, "http_timeout"), (60.0, "http_timeout"), (300.0, "http_timeout"))
"""(seconds after the failure before, reason) of the three retries."""


class Delivery:
    """Sends to `events_url` when that is set, else to any live Socket Mode connection."""

    def __init__(self, clock: Clock, faults: Faults, signing_secret: str) -> None:
        self.clock, self.faults, self.signing_secret = clock, faults, signing_secret
        self.events_url: str | None = None
        self.replicas: list[str] = []
        """More addresses of the app, taken in turn with `events_url`, as behind a load balancer."""
        self.log: list[tuple[str, int, int]] = []
        """(event id, retry number, status) of every attempt; 0 stands for no answer."""
        self.sockets: list[web.WebSocketResponse] = []
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = self._sent = 0
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Stops all sending."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self.sockets:
            await socket.close()
        if self._session is not None:
            await self._session.close()

    async def settled(self) -> None:
        """Returns when nothing is under way. On a clock that stands still, retries keep it waiting."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def event(self, event: Json) -> str:
        """Starts the delivery of an event, as often and as late as the faults say; returns its event id."""
        self._count += 1
        event_id = f"Ev{self._count:010d}"
        payload = {
            "token": "sandbox",
            "team_id": TEAM,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(self.clock.now()),
            "authorizations": [{"team_id": TEAM, "user_id": "U0HELPLENS", "is_bot": True}],
        }
        for delay in self.faults.delivery(payload):
            self.start(payload, delay)
        return event_id

    def start(self, payload: Json, delay: float = 0.0) -> None:
        """Sends one copy of an event in the background, with its retries."""
        task = asyncio.create_task(self._with_retries(payload, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_retries(self, payload: Json, delay: float) -> None:
        if delay:
            await self.clock.sleep(delay)
        headers: dict[str, str] = {}
        for number in range(len(RETRIES) + 1):
            status = await self._send_event(payload, headers)
            self.log.append((payload["event_id"], number, status))
            if 200 <= status < 300 or number == len(RETRIES):
                return
            wait, reason = RETRIES[number]
            await self.clock.sleep(wait)
            headers = {"x-slack-retry-num": str(number + 1), "x-slack-retry-reason": reason}

    async def _send_event(self, payload: Json, headers: dict[str, str]) -> int:
        if self.events_url is None:
            more = {"retry_attempt": int(headers.get("x-slack-retry-num", 0)), "retry_reason": ""}
            return 200 if await self._through_socket("events_api", payload, more) is not None else 0
        status, _ = await self.post(json.dumps(payload), "application/json", headers)
        return status

    async def click(self, payload: Json) -> Json | None:
        """Sends a click or a submission and returns what the app answered; None when it did not in time."""
        if self.events_url is None:
            return await self._through_socket("interactive", payload, {})
        body = urlencode({"payload": json.dumps(payload)})
        status, answer = await self.post(body, "application/x-www-form-urlencoded", {})
        if status != 200:
            return None
        return json.loads(answer) if answer.strip().startswith("{") else {}

    async def post(self, body: str, content_type: str, headers: dict[str, str]) -> tuple[int, str]:
        """One signed request to the app: (status, body), status 0 when there was no answer in three seconds."""
        assert self.events_url is not None
        self._sent += 1
        url = [self.events_url, *self.replicas][self._sent % (1 + len(self.replicas))]
        stamp = str(int(time.time()))  # the app's own check is on the real clock
        signature = SignatureVerifier(self.signing_secret).generate_signature(timestamp=stamp, body=body) or ""
        signed = {
            "content-type": content_type,
            "x-slack-request-timestamp": stamp,
            "x-slack-signature": signature,
            **headers,
        }
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
            async with self._session.post(url, data=body, headers=signed, timeout=limit) as answer:
                return answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return 0, ""

    # Socket Mode -------------------------------------------------------------------------------------------------

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """A Socket Mode connection, open until the app leaves or `recycle` closes it."""
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "debug_info": {}})
        self.sockets.append(socket)
        try:
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    waiting = self._acks.pop(answer.get("envelope_id", ""), None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(answer.get("payload") or {})
        finally:
            self.sockets.remove(socket)
        return socket

    async def recycle(self) -> None:
        """Closes every connection as Slack does routinely; the app is expected to come back."""
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
            await socket.close()

    async def _through_socket(self, kind: str, payload: Json, more: Json) -> Json | None:
        if not self.sockets:
            return None
        self._count += 1
        envelope = f"envelope-{self._count}"
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[envelope] = waiting
        live = self.sockets[self._count % len(self.sockets)]
        try:
            await live.send_json(
                {"envelope_id": envelope, "type": kind, "payload": payload, "accepts_response_payload": True, **more}
            )
            async with asyncio.timeout(ANSWER_WITHIN):
                return dict(await waiting)
        except (TimeoutError, ConnectionError):
            return None
        finally:
            self._acks.pop(envelope, None)
