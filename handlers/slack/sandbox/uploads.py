"""Files in the Web API: an upload in three steps, what is known of a file, its deletion."""

from urllib.parse import quote

from handlers.slack.sandbox.faults import Faults
from handlers.slack.sandbox.methods import need, parsed
from handlers.slack.sandbox.workspace import APP_ID, BOT_ID, BOT_USER, File, Json, SlackError, Workspace


def upload_url(workspace: Workspace, faults: Faults, args: Json) -> Json:
    name, length = need(args, "filename", "length")
    file = File(workspace.next_id("F"), name, name, "", BOT_USER)
    workspace.files[file.id] = file
    return {"file_id": file.id, "upload_url": f"{args['_base']}/upload/{file.id}?length={length}"}


def complete_upload(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (files,) = need(args, "files")
    done = []
    for entry in parsed(files):
        file = workspace.files.get(entry["id"])
        if file is None or not file.uploaded:
            raise SlackError("file_not_found")
        file.title, file.complete = entry.get("title") or file.name, True
        done.append(file)
    if args.get("channel_id"):
        channel = workspace.channel(args["channel_id"], posting=True)
        body: Json = {"user": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID, "subtype": "file_share"}
        body |= {"text": args.get("initial_comment") or "", "files": [file_json(f, args["_base"]) for f in done]}
        if args.get("thread_ts"):
            body["thread_ts"] = args["thread_ts"]
        message = workspace.post(channel.id, body)
        for file in done:
            file.shares.append((channel.id, args.get("thread_ts"), message["ts"]))
    return {"files": [file_json(f, args["_base"]) for f in done]}


def file_info(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (file_id,) = need(args, "file")
    if file_id not in workspace.files:
        raise SlackError("file_not_found")
    return {"file": file_json(workspace.files[file_id], args["_base"])}


def delete_file(workspace: Workspace, faults: Faults, args: Json) -> Json:
    (file_id,) = need(args, "file")
    if workspace.files.pop(file_id, None) is None:
        raise SlackError("file_not_found")
    for channel in workspace.channels.values():
        for message in channel.messages.values():
            message["files"] = [f for f in message.get("files", []) if f["id"] != file_id]
    workspace.changed()
    return {}


def file_json(file: File, base: str) -> Json:
    """A file as Slack describes it."""
    shares: Json = {}
    for channel, thread, ts in file.shares:
        shares.setdefault("public", {}).setdefault(channel, []).append({"ts": ts, "thread_ts": thread})
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": file.mimetype.rsplit("/", 1)[-1],
        "user": file.user,
        "size": len(file.data),
        "mode": "hosted",
        "url_private": f"{base}/files/{file.id}/{quote(file.name)}",
        "url_private_download": f"{base}/files/{file.id}/download/{quote(file.name)}",
        "shares": shares,
    }
