"""Which function answers which method of the Web API, and the scope that a token needs for it."""

from handlers.slack.sandbox import methods, streams, uploads
from handlers.slack.sandbox.methods import Method

METHODS: dict[str, tuple[Method, str]] = {
    "auth.test": (methods.auth_test, ""),
    "chat.postMessage": (methods.post_message, "chat:write"),
    "chat.update": (methods.update_message, "chat:write"),
    "chat.delete": (methods.delete_message, "chat:write"),
    "chat.getPermalink": (methods.permalink, ""),
    "chat.postEphemeral": (methods.post_ephemeral, "chat:write"),
    "conversations.replies": (methods.replies, "channels:history"),
    "conversations.history": (methods.history, "channels:history"),
    "conversations.info": (methods.channel_info, "channels:read"),
    "conversations.join": (methods.join_channel, "channels:join"),
    "users.info": (methods.user_info, "users:read"),
    "reactions.add": (methods.add_reaction, "reactions:write"),
    "reactions.remove": (methods.remove_reaction, "reactions:write"),
    "views.open": (methods.open_view, ""),
    "views.publish": (methods.publish_home, ""),
    "files.getUploadURLExternal": (uploads.upload_url, "files:write"),
    "files.completeUploadExternal": (uploads.complete_upload, "files:write"),
    "files.info": (uploads.file_info, "files:read"),
    "files.delete": (uploads.delete_file, "files:write"),
    "chat.startStream": (streams.start_stream, "chat:write"),
    "chat.appendStream": (streams.append_stream, "chat:write"),
    "chat.stopStream": (streams.stop_stream, "chat:write"),
    "assistant.threads.setStatus": (streams.set_status, "chat:write"),
    "assistant.threads.setTitle": (streams.set_title, "assistant:write"),
    "assistant.threads.setSuggestedPrompts": (streams.suggest, "assistant:write"),
}
