"""The agent side of the Web API: streams that end by themselves, status lines, suggested prompts, titles."""

from handlers.slack.sandbox.faults import Faults
from handlers.slack.sandbox.methods import check_blocks, need, parsed
from handlers.slack.sandbox.workspace import APP_ID, BOT_ID, BOT_USER, Json, SlackError, Workspace


def _text_of(args: Json) -> tuple[str, list[Json]]:
    """What a call brings: its markdown, and its other chunks."""
    text = args.get("markdown_text") or ""
    others = []
    for chunk in parsed(args.get("chunks")) or []:
        if chunk.get("type") == "markdown_text":
            text += chunk["text"]
        else:
            others.append(chunk)
    if len(text) > 12_000:
        raise SlackError("msg_too_long")
    return text, others


def _grow(workspace: Workspace, faults: Faults, channel_id: str, ts: str, args: Json) -> Json:
    message = workspace.channel(channel_id).messages.get(ts)
    if message is None:
        raise SlackError("message_not_found")
    started = workspace.streams.get(ts)
    if started is not None and workspace.clock.now() - started > faults.stream_seconds:
        del workspace.streams[ts]
        message["streaming"] = False
        workspace.changed()
        started = None
    if started is None:
        raise SlackError("message_not_in_streaming_state")
    text, others = _text_of(args)
    if len(message["text"]) + len(text) > faults.stream_characters:
        raise SlackError("msg_too_long")
    message["text"] += text
    message["blocks"] = [{"type": "markdown", "text": message["text"]}] if message["text"] else []
    message["tasks"] = message.get("tasks", []) + others
    workspace.changed()
    return message


def start_stream(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (channel_id,) = need(args, "channel")
    channel = workspace.channel(channel_id, posting=True)
    if not channel.owner and not (args.get("recipient_user_id") and args.get("recipient_team_id")):
        raise SlackError("missing_recipient_user_id")
    if channel.owner and not args.get("thread_ts"):
        raise SlackError("invalid_thread_ts")
    body: Json = {"user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "text": "", "blocks": [], "streaming": True}
    message = workspace.post(channel.id, body | {k: args[k] for k in ("thread_ts", "username") if args.get(k)})
    workspace.streams[message["ts"]] = workspace.clock.now()
    workspace.statuses.pop((channel.id, args.get("thread_ts") or ""), None)
    _grow(workspace, faults, channel.id, message["ts"], args)
    return {"channel": channel.id, "ts": message["ts"]}


def append_stream(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "ts")
    _grow(workspace, faults, channel_id, ts, args)
    return {"channel": channel_id, "ts": ts}


def stop_stream(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, ts = need(args, "channel", "ts")
    blocks = parsed(args.get("blocks")) or []
    check_blocks(blocks)
    message = _grow(workspace, faults, channel_id, ts, args)
    workspace.streams.pop(ts, None)
    changes: Json = {"streaming": False, "blocks": [*message["blocks"], *blocks]}
    if args.get("metadata"):
        changes["metadata"] = parsed(args["metadata"])
    message = workspace.update(channel_id, ts, changes)
    return {"channel": channel_id, "ts": ts, "message": message}


def set_status(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, thread_ts = need(args, "channel_id", "thread_ts")
    workspace.channel(channel_id)
    messages = parsed(args.get("loading_messages")) or []
    if args.get("status"):
        workspace.statuses[(channel_id, thread_ts)] = (messages or [args["status"]])[0]
    else:
        workspace.statuses.pop((channel_id, thread_ts), None)
    workspace.changed()
    return {}


def set_title(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, thread_ts, title = need(args, "channel_id", "thread_ts", "title")
    workspace.titles[(channel_id, thread_ts)] = title
    workspace.changed()
    return {}


def suggest(workspace: Workspace, faults: Faults, args: Json) -> Json:
    channel_id, prompts = need(args, "channel_id", "prompts")
    if len(prompts) > 4:
        raise SlackError("invalid_arguments")
    if not args.get("thread_ts"):  # with a thread, an agent app's call does nothing, as the reference says
        workspace.prompts[channel_id] = parsed(prompts)
        workspace.changed()
    return {}
