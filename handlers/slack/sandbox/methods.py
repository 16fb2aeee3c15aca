"""The Web API: one function per method, in Slack's own words for what goes wrong.

Each takes the workspace, the faults and the arguments and returns the body of an answer that is `ok`, or raises
SlackError. Scopes and limits are those of Slack's reference; `docs/slack-limits.md` lists them with their sources.
"""

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from handlers.slack.sandbox.faults import Faults
from handlers.slack.sandbox.workspace import APP_ID, BOT_ID, BOT_USER, TEAM, Json, SlackError, Workspace

Method = Callable[[Workspace, Faults, Json], Json]
"""Takes the workspace, the faults and the arguments; `_base` among these is the sandbox's own address."""


def need(args: Json, *names: str) -> tuple[Any, ...]:
    """The arguments, or `invalid_arguments`."""
    missing = [name for name in names if args.get(name) in (None, "")]
    if missing:
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"missing {missing}"]})
    return tuple(args[name] for name in names)


def parsed(value: Any) -> Any:
    """Lists and objects may arrive as JSON or as JSON in a string."""
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value


def check_blocks(blocks: list[Json], limit: int = 50) -> None:
    """Refuses what Slack refuses: too many blocks, texts that are too long or empty, images without alt text."""
    if len(blocks) > limit:
        raise SlackError("invalid_blocks", errors=[f"no more than {limit} items allowed"])
    if sum(len(json.dumps(b, ensure_ascii=False)) for b in blocks) > 13_200 and limit == 50:
        raise SlackError("msg_blocks_too_long")
    for n, block in enumerate(blocks):
        problem = _block_problem(block)
        if problem:
            raise SlackError("invalid_blocks", errors=[f"{problem} [json-pointer:/blocks/{n}]"])


def _block_problem(block: Json) -> str | None:
    for text, most in _texts(block):
        if not text or not text.get("text"):
            return "must be more than 0 characters"
        if len(text["text"]) > most:
            return f"must be less than {most + 1} characters"
    kind, elements, fields = block.get("type"), block.get("elements", []), block.get("fields", [])
    if kind == "section" and (len(fields) > 10 or not (fields or "text" in block)):
        return "a section needs text or one to ten fields"
    if kind == "actions" and not 1 <= len(elements) <= 25:
        return "one to twenty-five elements"
    if any(len(e.get("value", "")) > 2000 for e in elements):
        return "value is too long"
    return "missing alt_text" if kind == "image" and not block.get("alt_text") else None


def _texts(block: Json) -> list[tuple[Any, int]]:
    """The texts of a block, each with the most characters that Slack takes there."""
    elements = block.get("elements", [])
    match block.get("type"):
        case "section":
            own = [(block["text"], 3000)] if "text" in block else []
            return own + [(f, 2000) for f in block.get("fields", [])]
        case "header":
            return [(block.get("text"), 150)]
        case "context":
            return [(e, 3000) for e in elements if e.get("type") != "image"]
        case "markdown":
            return [({"text": block.get("text")}, 12_000)]
        case "actions":
            return [(e["text"], 75) for e in elements if e.get("type") == "button"]
    return []


def message_body(workspace: Workspace, args: Json) -> Json:
    """The message that posting with these arguments makes."""
    text = args.get("text") or ""
    blocks = parsed(args.get("blocks")) or []
    if args.get("markdown_text"):
        blocks = [{"type": "markdown", "text": args["markdown_text"]}]
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > 40_000:
        raise SlackError("msg_too_long")
    check_blocks(blocks)
    for block in blocks:
        file_id = (block.get("slack_file") or {}).get("id")
        if file_id is not None and (file_id not in workspace.files or not workspace.files[file_id].shares):
            raise SlackError("invalid_blocks", errors=["invalid slack file"])
    body: Json = {"user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "text": text, "blocks": blocks}
    if args.get("username"):
        body |= {"username": args["username"], "subtype": "bot_message"}
    if args.get("reply_broadcast"):
        body["subtype"] = "thread_broadcast"
    for name in ("icon_url", "icon_emoji", "thread_ts", "unfurl_links", "unfurl_media"):
        if args.get(name) is not None:
            body[name] = args[name]
    if args.get("metadata"):
        body["metadata"] = parsed(args["metadata"])
    return body


def auth_test(workspace: Workspace, faults: Faults, args: Json) -> Json:
    return {
        "url": "https://sandbox.slack.com/",
        "team": "Sandbox",
        "user": "helplens",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def post_message(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (channel_id,) = need(args, "channel")
    channel = workspace.channel(channel_id, posting=True)
    message = workspace.post(channel.id, message_body(workspace, args))
    workspace.statuses.pop((channel.id, args.get("thread_ts") or ""), None)
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def update_message(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "ts")
    channel = workspace.channel(channel_id, posting=True)
    if ts in channel.messages and channel.messages[ts].get("user") != BOT_USER:
        raise SlackError("cant_update_message")
    body = message_body(workspace, args)
    changes: Json = {k: v for k, v in body.items() if k in ("text", "blocks", "metadata")}
    message = workspace.update(channel.id, ts, changes)
    return {"channel": channel.id, "ts": ts, "text": message["text"], "message": message}


def delete_message(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "ts")
    workspace.delete(workspace.channel(channel_id).id, ts)
    return {"channel": channel_id, "ts": ts}


def permalink(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "message_ts")
    workspace.channel(channel_id)
    return {"permalink": f"https://sandbox.slack.com/archives/{channel_id}/p{ts.replace('.', '')}"}


def post_ephemeral(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, user = need(args, "channel", "user")
    channel = workspace.channel(channel_id, posting=True)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    body = message_body(workspace, args)
    ephemeral = {**body, "channel": channel.id, "to": user, "ts": workspace.next_ts(), "ephemeral": True}
    workspace.ephemerals.append(ephemeral)
    workspace.changed()
    return {"message_ts": ephemeral["ts"]}


def replies(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "ts")
    thread = workspace.thread(workspace.channel(channel_id).id, ts)
    if not thread:
        raise SlackError("thread_not_found")
    limit = min(int(args.get("limit") or 1000), faults.page)
    chosen = [m for m in thread if m["ts"] == ts or _between(m["ts"], args)]
    if str(args.get("include_all_metadata", "")).lower() not in ("true", "1"):
        chosen = [{k: v for k, v in m.items() if k != "metadata"} for m in chosen]
    start = int(args.get("cursor") or 0)
    more = len(chosen) > start + limit
    return {
        "messages": chosen[start : start + limit],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _between(ts: str, args: Json) -> bool:
    """Whether a message lies between `oldest` and `latest`, these themselves only with `inclusive`."""
    oldest, latest = str(args.get("oldest") or "0"), str(args.get("latest") or "9")
    if str(args.get("inclusive", "")).lower() in ("true", "1"):
        return oldest <= ts <= latest
    return oldest < ts < latest


def history(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (channel_id,) = need(args, "channel")
    messages = workspace.channel(channel_id).messages.values()
    top = [m for m in messages if m.get("thread_ts") in (None, m["ts"]) and m["ts"] >= str(args.get("oldest") or "0")]
    if str(args.get("include_all_metadata", "")).lower() not in ("true", "1"):
        top = [{k: v for k, v in m.items() if k != "metadata"} for m in top]
    return {"messages": sorted(top, key=lambda m: m["ts"], reverse=True)[: int(args.get("limit") or 100)]}


def channel_info(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (channel_id,) = need(args, "channel")
    channel = workspace.channels.get(channel_id)
    if channel is None or channel.deleted:
        raise SlackError("channel_not_found")
    return {
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "is_archived": channel.archived,
            "is_member": BOT_USER in channel.members,
            "is_ext_shared": channel.shared,
        }
    }


def join_channel(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (channel_id,) = need(args, "channel")
    channel = workspace.channels.get(channel_id)
    if channel is None or channel.deleted:
        raise SlackError("channel_not_found")
    if channel.archived:
        raise SlackError("is_archived")
    if channel.private:
        raise SlackError("method_not_supported_for_channel_type")
    channel.members.add(BOT_USER)
    workspace.changed()
    return {"channel": {"id": channel.id, "name": channel.name}}


def user_info(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (user_id,) = need(args, "user")
    user = workspace.users.get(user_id)
    if user is None:
        raise SlackError("user_not_found")
    profile = {"display_name": user.name, "real_name": user.real_name, "image_72": face(user.real_name, user.colour)}
    return {
        "user": {
            "id": user.id,
            "team_id": "T0PARTNER" if user.strange else TEAM,
            "name": user.name,
            "real_name": user.real_name,
            "is_bot": user.bot,
            "is_stranger": user.strange,
            "profile": profile,
        }
    }


def face(name: str, colour: str) -> str:
    """A picture of a person as a data URL: the initials on their colour."""
    initials = "".join(word[0] for word in name.split()[:2]).upper()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="72" height="72"><rect width="72" height="72" fill="{colour}"/>'
        '<text x="36" y="46" font-family="sans-serif" font-size="28" fill="#fff" text-anchor="middle">'
        f"{initials}</text></svg>"
    )
    return "data:image/svg+xml," + quote(svg)


def add_reaction(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts, name = need(args, "channel", "timestamp", "name")
    message = workspace.channel(channel_id).messages.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    reactions = message.setdefault("reactions", {})
    if BOT_USER in reactions.setdefault(name, []):
        raise SlackError("already_reacted")
    reactions[name].append(BOT_USER)
    workspace.changed()
    return {}


def remove_reaction(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts, name = need(args, "channel", "timestamp", "name")
    message = workspace.channel(channel_id).messages.get(ts)
    people = (message or {}).get("reactions", {}).get(name, [])
    if BOT_USER not in people:
        raise SlackError("no_reaction")
    people.remove(BOT_USER)
    workspace.changed()
    return {}


def open_view(workspace: Workspace, faults: Faults, args: Json) -> Json:
    trigger, view = need(args, "trigger_id", "view")
    user, born = trigger.split(".", 1)
    if time.time() - float(born) > 3:
        raise SlackError("expired_trigger_id")
    view = parsed(view)
    check_blocks(view["blocks"], limit=100)
    if len(view["title"]["text"]) > 24 or len(view.get("private_metadata", "")) > 3000:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["title or private_metadata too long"]})
    view = {**view, "id": workspace.next_id("V"), "hash": "1", "for": user}
    workspace.views[view["id"]] = view
    workspace.changed()
    return {"view": view}


def publish_home(workspace: Workspace, faults: Faults, args: Json) -> Json:
    user, view = need(args, "user_id", "view")
    workspace.homes[user] = parsed(view)
    workspace.changed()
    return {"view": workspace.homes[user]}
