"""The local Slack as one HTTP server: Web API under /api, files, response URLs, Socket Mode, and the page at /.

`async with Sandbox() as slack:` starts it on a free port; `slack.api_url` is the `base_url` for the SDK.
"""

import asyncio
import json
from importlib.resources import files
from types import TracebackType
from typing import Any

from aiohttp import web

from handlers.slack.clock import Clock, WallClock
from handlers.slack.sandbox.delivery import Delivery
from handlers.slack.sandbox.faults import Faults
from handlers.slack.sandbox.page_api import PageApi
from handlers.slack.sandbox.people import Person
from handlers.slack.sandbox.table import METHODS
from handlers.slack.sandbox.workspace import BOT_USER, Json, SlackError, User, Workspace

BOT_TOKEN = "xoxb-sandbox"
APP_TOKEN = "xapp-sandbox"
SIGNING_SECRET = "sandbox-signing-secret"
SUPPORT = "C0SUPPORT"
PAGE_FILES = dict.fromkeys(("page.js", "blocks.js", "icons.js"), "text/javascript") | {"style.css": "text/css"}
CUSTOMER = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Customer</title>
<style>body {{ font: 15px system-ui; margin: 0; padding: 24px; color: #555 }}</style>
<h1 style="font-size: 18px">A customer's page</h1><p>Open the bubble and ask for a person.</p>
<script src="{url}/widget.js" async data-helplens></script></html>"""
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in to Slack</title></head><body>Sign in</body></html>"
WRITES = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral", "chat.startStream"})


class Sandbox:
    """A running local Slack with three agents, one partner from another company, and the channel #support.

    `widget_url` is the address of a HelpLens whose widget the page shows beside Slack; that HelpLens has to allow the
    sandbox's own address as an origin.
    """

    def __init__(
        self, clock: Clock | None = None, *, port: int = 0, host: str = "127.0.0.1", widget_url: str = ""
    ) -> None:
        self.clock = clock or WallClock()
        self.faults = Faults()
        self.workspace = Workspace(self.clock)
        self.delivery = Delivery(self.clock, self.faults, SIGNING_SECRET)
        self.calls: list[tuple[float, str, Json]] = []
        """(when, method, arguments) of every Web API call, refused ones included."""
        self.host, self.port, self.widget_url = host, port, widget_url
        self._runner: web.AppRunner | None = None
        for user in (
            User("U0ANA", "ana", "Ana Ferreira", "#1264a3"),
            User("U0BEN", "ben", "Ben Okafor", "#b0561c"),
            User("U0CHLOE", "chloe", "Chloé Martin", "#7c3085"),
            User("U0PARTNER", "pat", "Pat Partner", "#5b6b2f", strange=True),
        ):
            self.workspace.add_user(user)
        self.workspace.add_channel(SUPPORT, "support")
        self.workspace.on_event.append(self._tell_app)

    async def __aenter__(self) -> "Sandbox":
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files/{file}/{tail:.*}", self._download)
        app.router.add_post("/respond/{channel}/{ts}", self._respond)
        app.router.add_get("/link", self.delivery.socket)
        app.router.add_get("/", self._page)
        app.router.add_get("/page/{name}", self._page)
        app.router.add_get("/customer", self._customer)
        PageApi(self.workspace, self.faults, self.person, "/customer" if self.widget_url else "").routes(app)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.delivery.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The `base_url` for slack_sdk."""
        return f"{self.url}/api/"

    def person(self, user_id: str) -> Person:
        """A member, to act as."""
        return Person(self.workspace, self.delivery, user_id, self.url)

    def posts(self, method: str = "chat.postMessage") -> list[tuple[float, Json]]:
        """(when, arguments) of every call of one method."""
        return [(when, args) for when, name, args in self.calls if name == method]

    def remove_bot(self, channel_id: str) -> None:
        """Somebody removes the app from a channel."""
        self.workspace.channels[channel_id].members.discard(BOT_USER)
        self.workspace.emit({"type": "channel_left", "channel": channel_id})

    def archive(self, channel_id: str) -> None:
        """Somebody archives a channel."""
        self.workspace.channels[channel_id].archived = True
        self.workspace.emit({"type": "channel_archive", "channel": channel_id, "user": "U0ANA"})

    def _tell_app(self, event: Json) -> None:
        """The app hears only of channels that it is in, and of leaving one."""
        channel = self.workspace.channels.get(str(event.get("channel")))
        if event["type"] == "message" and channel is not None and BOT_USER not in channel.members:
            return
        self.delivery.event(event)

    # HTTP --------------------------------------------------------------------------------------------------------

    async def _api(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        args = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or args.pop("token", "")
        self.calls.append((self.clock.now(), name, args))
        if self.faults.is_down(self.clock):
            return web.Response(status=503, text="service unavailable")
        wait = self.faults.retry_after(name, args, self.clock)
        if wait is not None:
            refusal = {"ok": False, "error": "ratelimited"}
            return web.json_response(refusal, status=429, headers={"Retry-After": str(int(wait) or 1)})
        headers = {"x-oauth-scopes": ",".join(sorted(self.faults.scopes))}
        try:
            body = {"ok": True, **self._answer(name, token, {**args, "_base": self.url})}
        except SlackError as error:
            body = {"ok": False, "error": error.code, **error.more}
        if self.faults.swallow(name, args) and request.transport is not None:
            request.transport.close()
        return web.json_response(body, headers=headers)

    def _answer(self, name: str, token: str, args: Json) -> Json:
        if name == "apps.connections.open":
            if token != APP_TOKEN:
                raise SlackError("invalid_auth")
            return {"url": f"ws://{self.host}:{self.port}/link"}
        if token != BOT_TOKEN:
            raise SlackError("invalid_auth")
        if name not in METHODS:
            raise SlackError("unknown_method")
        function, scope = METHODS[name]
        if scope and scope not in self.faults.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.faults.scopes)))
        if args.get("username") and name in WRITES and "chat:write.customize" not in self.faults.scopes:
            raise SlackError("missing_scope", needed="chat:write.customize")
        return function(self.workspace, self.faults, args)

    async def _upload(self, request: web.Request) -> web.Response:
        file = self.workspace.files[request.match_info["file"]]
        if request.content_type.startswith("multipart/"):
            part = await (await request.multipart()).next()
            data = bytes(await part.read()) if part is not None and hasattr(part, "read") else b""
        else:
            data = await request.read()
        file.data, file.uploaded = data, True
        file.mimetype = sniff(data)
        return web.Response(text=f"OK - {len(data)}")

    async def _download(self, request: web.Request) -> web.Response:
        file = self.workspace.files.get(request.match_info["file"])
        signed_in = request.headers.get("Authorization") == f"Bearer {BOT_TOKEN}" or "ui" in request.query
        if not signed_in or ("ui" not in request.query and self._no_files()):
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if file is None:
            return web.Response(status=404)
        return web.Response(body=file.data, content_type=file.mimetype or "application/octet-stream")

    def _no_files(self) -> bool:
        return self.faults.login_page or "files:read" not in self.faults.scopes

    async def _respond(self, request: web.Request) -> web.Response:
        body = await request.json()
        ts, channel = request.match_info["ts"], request.match_info["channel"]
        self.calls.append((self.clock.now(), "response_url", body))
        if body.get("delete_original") or body.get("replace_original"):
            self.workspace.ephemerals[:] = [m for m in self.workspace.ephemerals if m["ts"] != ts]
        if body.get("replace_original") and not body.get("delete_original"):
            changes = {"text": body.get("text", ""), "blocks": body.get("blocks", [])}
            if ts in self.workspace.channels[channel].messages:
                self.workspace.update(channel, ts, changes)
        self.workspace.changed()
        return web.json_response({"ok": True})

    async def _customer(self, request: web.Request) -> web.Response:
        return web.Response(text=CUSTOMER.format(url=self.widget_url), content_type="text/html")

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "index.html")
        if name != "index.html" and name not in PAGE_FILES:
            raise web.HTTPNotFound
        text = await asyncio.to_thread((files(__package__) / "page" / name).read_text, "utf-8")
        return web.Response(text=text, content_type=PAGE_FILES.get(name, "text/html"))


async def _arguments(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    form = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    args = {**request.query, **form}
    return {k: json.loads(v) if v[:1] in "[{" else v for k, v in args.items()}


def sniff(data: bytes) -> str:
    """A file's type by its first bytes."""
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif", b"%PDF": "application/pdf"}
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in kinds.items() if data.startswith(magic)), "application/octet-stream")
