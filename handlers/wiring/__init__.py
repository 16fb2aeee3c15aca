"""The composition root: the one place where parts are built from settings, joined, and closed in reverse order.

Each function opens one layer as an async context manager and hands it up; nothing else in the house reads settings.
`redis_url` (an embedded server or the owner's) -> `open_front` (store, intake, storage, help desk) -> `open_answering`
(reader, index, rungs) -> `open_slack`, `open_web` and `open_worker`, run in one process or in many.
"""

from handlers.wiring.answering import EXAMPLES, Answering, example_index, open_answering
from handlers.wiring.chosen import EXTRACTIVE, desk_password, mail_is_set, secret, set_up_logs, slack_is_set
from handlers.wiring.front import Front, expire_pictures, open_front, open_incidents, redis_url
from handlers.wiring.slack import open_slack, serve_slack
from handlers.wiring.web import open_web, redacted
from handlers.wiring.worker import open_worker

__all__ = [
    "EXAMPLES",
    "EXTRACTIVE",
    "Answering",
    "Front",
    "desk_password",
    "example_index",
    "expire_pictures",
    "mail_is_set",
    "open_answering",
    "open_front",
    "open_incidents",
    "open_slack",
    "open_web",
    "open_worker",
    "redacted",
    "redis_url",
    "secret",
    "serve_slack",
    "set_up_logs",
    "slack_is_set",
]
