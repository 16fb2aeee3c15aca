"""The OpenAPI document: what the framework says of the routes, and what it cannot know.

That is the one shape of errors, the bearer tokens, and the data of each event of the stream, all taken from the same
models that write them. Not here: what a single route answers with (it stands beside the route).
"""

from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from bot.conversation import STAFF_EVENTS, Event
from handlers.web.problems import CONTENT, ProblemDocument

STREAM = "text/event-stream"
SENT_BY_NOBODY = ("HTTPValidationError", "ValidationError")
"""The framework's own shape of errors."""


def described(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in SENT_BY_NOBODY:
            schemas.pop(name, None)
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        events = _events(schemas)
        for path, item in schema["paths"].items():
            for operation in item.values():
                _correct(operation, events["desk" if "/desk/" in path else "customer"])
        schema["components"]["securitySchemes"] = {
            "token": {
                "type": "http",
                "scheme": "bearer",
                "description": "A conversation's token, the site's signed user token, or a desk token.",
            }
        }
        schema["security"] = [{"token": []}, {}]
        app.openapi_schema = schema
    return app.openapi_schema


def _events(schemas: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The data of an event, by who reads it; every event's own schema is added to `schemas`."""
    kinds = get_args(get_args(Event)[0])
    template = "#/components/schemas/{model}"
    found, definitions = models_json_schema([(kind, "serialization") for kind in kinds], ref_template=template)
    for name, definition in definitions["$defs"].items():
        schemas.setdefault(name, definition)
    refs = {kind.model_fields["event"].default: found[kind, "serialization"] for kind in kinds}
    return {
        "desk": {"oneOf": list(refs.values())},
        "customer": {"oneOf": [ref for name, ref in refs.items() if name not in STAFF_EVENTS]},
    }


def _correct(operation: dict[str, Any], event: dict[str, Any]) -> None:
    """Says of one operation what the framework does not know."""
    unclear = operation["responses"].get("422")
    if unclear and "application/json" in unclear.get("content", {}):
        operation["responses"]["422"] = {"description": "unclear-request", "content": CONTENT}
    content = operation["responses"].get("200", {}).get("content", {})
    if STREAM in content:
        content[STREAM] = {"schema": {"description": "The data of one event; its name is `event`.", **event}}
