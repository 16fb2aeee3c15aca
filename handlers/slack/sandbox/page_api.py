"""What the sandbox's page reads and does: the workspace as one person sees it, and that person's actions."""

import asyncio
import base64
from collections.abc import Callable

from aiohttp import web

from handlers.slack.sandbox.faults import Faults, doubled, lost, once
from handlers.slack.sandbox.methods import face
from handlers.slack.sandbox.people import Person
from handlers.slack.sandbox.workspace import BOT_USER, Json, Workspace


class PageApi:
    """`/ui/state`, `/ui/changes` (a stream of version numbers) and `/ui/do`."""

    def __init__(
        self, workspace: Workspace, faults: Faults, person: Callable[[str], Person], customer_url: str
    ) -> None:
        self.workspace, self.faults, self.person, self.customer_url = workspace, faults, person, customer_url
        self._readers: set[asyncio.Event] = set()
        workspace.on_change.append(self._changed)

    def routes(self, app: web.Application) -> None:
        """Adds the page's routes."""
        app.router.add_get("/ui/state", self.state)
        app.router.add_get("/ui/changes", self.changes)
        app.router.add_post("/ui/do", self.do)
        app.router.add_post("/ui/fault", self.fault)

    async def state(self, request: web.Request) -> web.Response:
        """Everything that the person `me` sees."""
        me, space = request.query.get("me", ""), self.workspace
        channels = [
            {
                "id": c.id,
                "name": c.name,
                "direct": c.owner is not None,
                "archived": c.archived,
                "member": BOT_USER in c.members,
                "messages": sorted(c.messages.values(), key=lambda m: str(m["ts"])),
                "prompts": space.prompts.get(c.id, []) if c.owner else [],
            }
            for c in space.channels.values()
            if not c.deleted and c.owner in (None, me)
        ]
        return web.json_response(
            {
                "users": [
                    {"id": u.id, "name": u.real_name, "bot": u.bot, "face": face(u.real_name, u.colour)}
                    for u in space.users.values()
                ],
                "channels": channels,
                "ephemerals": [m for m in space.ephemerals if m["to"] == me],
                "views": [v for v in space.views.values() if v["for"] == me],
                "statuses": [{"channel": c, "thread": t, "text": s} for (c, t), s in space.statuses.items()],
                "customer_url": self.customer_url,
            }
        )

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """One line whenever something changed: the page reads the state again."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        moved = asyncio.Event()
        self._readers.add(moved)
        try:
            while True:
                await response.write(b"data: changed\n\n")
                await moved.wait()
                await asyncio.sleep(0.03)
                moved.clear()
        except ConnectionError:
            return response
        finally:
            self._readers.discard(moved)

    async def fault(self, request: web.Request) -> web.Response:
        """Switches one of the faults that can be played with: `{"name", "on"}`."""
        asked: Json = await request.json()
        name, on = asked["name"], bool(asked["on"])
        match name:
            case "down":
                self.faults.down = on
            case "login_page":
                self.faults.login_page = on
            case "doubled":
                self.faults.delivery = doubled if on else once
            case "lost":
                self.faults.delivery = lost if on else once
            case "short_streams":
                self.faults.stream_seconds = 5.0 if on else 300.0
            case "archived":
                for channel in self.workspace.channels.values():
                    channel.archived = on and channel.owner is None
                self.workspace.changed()
            case _:
                raise web.HTTPBadRequest(text=f"no fault {name!r}")
        return web.json_response({"ok": True})

    async def do(self, request: web.Request) -> web.Response:
        """One action of a person: `{"me", "kind", ...}`."""
        act: Json = await request.json()
        person = self.person(act["me"])
        match act["kind"]:
            case "say":
                files = [
                    person.upload(f["name"], base64.b64decode(f["data"]), f["type"] or "application/octet-stream")
                    for f in act.get("files", [])
                ]
                person.say(act["channel"], _with_mention(act["text"]), act.get("thread"), files)
            case "click":
                answer = await person.click(act["channel"], act["ts"], act["action"], value=act.get("value"))
                return web.json_response({"ok": answer is not None})
            case "submit":
                answer = await person.submit(act["view"], act["values"])
                return web.json_response({"ok": answer is not None, "answer": answer})
            case "shortcut":
                answer = await person.shortcut(act["callback"])
                return web.json_response({"ok": answer is not None})
            case "close":
                self.workspace.views.pop(act["view"], None)
                self.workspace.changed()
            case "edit":
                person.edit(act["channel"], act["ts"], act["text"])
            case "delete":
                person.delete(act["channel"], act["ts"])
            case "open_app":
                person.open_app()
            case "reload":
                person.reload()
            case kind:
                raise web.HTTPBadRequest(text=f"no action {kind!r}")
        return web.json_response({"ok": True})

    def _changed(self) -> None:
        for reader in self._readers:
            reader.set()


def _with_mention(text: str) -> str:
    return text.replace("@HelpLens", f"<@{BOT_USER}>").replace("@helplens", f"<@{BOT_USER}>")
