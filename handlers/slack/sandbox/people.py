"""What a person in the workspace does: says, uploads, edits, clicks, submits, reacts, opens the app.

The tests drive the app through this, and so does the page: a click here is the same signed request that Slack sends.
"""

import asyncio
import time
from typing import Any

from handlers.slack.sandbox.delivery import Delivery
from handlers.slack.sandbox.uploads import file_json
from handlers.slack.sandbox.workspace import APP_ID, BOT_USER, TEAM, File, Json, Workspace


class Person:
    """One member of the workspace, at a keyboard."""

    def __init__(self, workspace: Workspace, delivery: Delivery, user_id: str, base: str) -> None:
        self.workspace, self.delivery, self.id, self.base = workspace, delivery, user_id, base

    @property
    def direct(self) -> str:
        """The channel of this person's direct messages with the app."""
        return f"D{self.id[1:]}"

    def say(self, channel: str, text: str, thread: str | None = None, files: list[str] | None = None) -> Json:
        """Posts a message; one that mentions the app also makes an `app_mention`, which never carries the files."""
        message: Json = {"user": self.id, "text": text, "client_msg_id": self.workspace.next_id("c")}
        if thread is not None:
            message["thread_ts"] = thread
        if files:
            message |= {"subtype": "file_share", "files": self._files(channel, files)}
        posted = self.workspace.post(channel, message)
        for file_id in files or []:
            self.workspace.files[file_id].shares.append((channel, thread, posted["ts"]))
            self.workspace.emit({"type": "file_shared", "file_id": file_id, "channel_id": channel, "user_id": self.id})
        if f"<@{BOT_USER}>" in text and not self.workspace.channels[channel].owner:
            bare = {k: v for k, v in posted.items() if k not in ("files", "subtype")}
            self.workspace.emit({**bare, "type": "app_mention", "channel": channel, "event_ts": posted["ts"]})
        return posted

    def upload(self, name: str, data: bytes, mimetype: str = "image/png") -> str:
        """Puts a file into Slack, ready to be said with a message; returns its id."""
        file = File(self.workspace.next_id("F"), name, name, mimetype, self.id, data, uploaded=True, complete=True)
        self.workspace.files[file.id] = file
        return file.id

    def edit(self, channel: str, ts: str, text: str) -> None:
        """Edits a message."""
        self.workspace.update(channel, ts, {"text": text}, edited_by=self.id)

    def delete(self, channel: str, ts: str) -> None:
        """Deletes a message."""
        self.workspace.delete(channel, ts)

    def unfurl(self, channel: str, ts: str) -> None:
        """Slack adds a link preview to a message: a `message_changed` in which nobody changed anything."""
        self.workspace.update(channel, ts, {"attachments": [{"title": "a preview", "from_url": "https://example.com"}]})

    def react(self, channel: str, ts: str, name: str) -> None:
        """Adds a reaction."""
        message = self.workspace.channels[channel].messages[ts]
        message.setdefault("reactions", {}).setdefault(name, []).append(self.id)
        self.workspace.changed()
        item = {"type": "message", "channel": channel, "ts": ts}
        self.workspace.emit({"type": "reaction_added", "user": self.id, "reaction": name, "item": item})

    def open_app(self) -> None:
        """Opens the app's Messages tab."""
        self.workspace.emit({"type": "app_home_opened", "user": self.id, "channel": self.direct, "tab": "messages"})

    async def click(self, channel: str, ts: str, action_id: str, *, value: Json | None = None) -> Json | None:
        """Presses a button (or uses a menu, with `value`) on a message that this person can see."""
        message = self.visible(channel, ts)
        element, block_id = find_element(message["blocks"], action_id)
        action: Json = {
            "action_id": element.get("action_id", action_id),
            "block_id": block_id,
            "type": element["type"],
            "action_ts": self.workspace.next_ts(),
        }
        if element["type"] == "feedback_buttons":
            action["value"] = element[value["button"] if value else "positive_button"].get("value", "")
        elif "value" in element:
            action["value"] = element["value"]
        payload = self._payload("block_actions") | {
            "actions": [action | (value or {})],
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": channel,
                "is_ephemeral": bool(message.get("ephemeral")),
                **({"thread_ts": message["thread_ts"]} if message.get("thread_ts") else {}),
            },
            "channel": {"id": channel, "name": self.workspace.channels[channel].name},
            "response_url": f"{self.base}/respond/{channel}/{ts}",
        }
        if not message.get("ephemeral"):
            payload["message"] = message
        return await self.delivery.click(payload)

    async def shortcut(self, callback_id: str) -> Json | None:
        """Chooses a global shortcut of the app."""
        now = {"callback_id": callback_id, "action_ts": self.workspace.next_ts()}
        return await self.delivery.click(self._payload("shortcut") | now)

    async def submit(self, view_id: str, values: dict[str, str | list[str]]) -> Json | None:
        """Submits an open modal: `values` by action id. The modal closes unless the app answers with errors."""
        view = self.workspace.views[view_id]
        state: Json = {}
        for block in view["blocks"]:
            element = block.get("element") or {}
            given = values.get(element.get("action_id", ""))
            if element and given is not None:
                state.setdefault(block["block_id"], {})[element["action_id"]] = _input_value(element, given)
        answer = await self.delivery.click(
            self._payload("view_submission") | {"view": {**view, "state": {"values": state}}, "response_urls": []}
        )
        if answer is not None and answer.get("response_action") != "errors":
            self.workspace.views.pop(view_id, None)
            self.workspace.changed()
        return answer

    def visible(self, channel: str, ts: str) -> Json:
        """The message or private prompt at `ts`, as this person sees it; KeyError when there is none."""
        if ts in self.workspace.channels[channel].messages:
            return self.workspace.channels[channel].messages[ts]
        for message in self.workspace.ephemerals:
            if message["ts"] == ts and message["to"] == self.id:
                return message
        raise KeyError(ts)

    def prompts(self, channel: str) -> list[Json]:
        """The private prompts that this person sees in a channel."""
        return [m for m in self.workspace.ephemerals if m["to"] == self.id and m["channel"] == channel]

    def reload(self) -> None:
        """Reloads Slack: private prompts are gone."""
        self.workspace.ephemerals[:] = [m for m in self.workspace.ephemerals if m["to"] != self.id]
        self.workspace.changed()

    async def modal(self, within: float = 3.0) -> Json:
        """The modal that is open for this person, waited for in real time."""
        for _ in range(int(within / 0.01)):
            for view in self.workspace.views.values():
                if view["for"] == self.id:
                    return view
            await asyncio.sleep(0.01)
        raise TimeoutError("no modal was opened")

    def _payload(self, kind: str) -> Json:
        user = self.workspace.users[self.id]
        return {
            "type": kind,
            "team": {"id": TEAM, "domain": "sandbox"},
            "user": {"id": self.id, "username": user.name, "name": user.name, "team_id": TEAM},
            "api_app_id": APP_ID,
            "token": "sandbox",
            "trigger_id": f"{self.id}.{time.time()}",  # a person waits in real time
        }

    def _files(self, channel: str, files: list[str]) -> list[Json]:
        found = [file_json(self.workspace.files[f], self.base) for f in files]
        if self.workspace.channels[channel].shared:  # a Slack Connect channel tells the id and nothing else
            return [{"id": f["id"], "file_access": "check_file_info", "mode": "file_access"} for f in found]
        return found


def find_element(blocks: list[Json], action_id: str) -> tuple[Json, str]:
    """The interactive element with this action id, and its block's id. KeyError when the blocks have none."""
    for block in blocks:
        elements: list[Any] = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for element in elements:
            if element and element.get("action_id") == action_id:
                return element, block.get("block_id", "")
    raise KeyError(f"no element {action_id!r} to use")


def _input_value(element: Json, given: str | list[str]) -> Json:
    kind = element["type"]
    if kind == "static_select" or kind == "radio_buttons":
        return {"type": kind, "selected_option": {"value": given}}
    if kind == "users_select":
        return {"type": kind, "selected_user": given}
    return {"type": kind, "value": given}
