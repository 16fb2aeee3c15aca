"""Export files of help desks, as their APIs list articles."""

import json
from pathlib import Path
from typing import Any


def zendesk(id_: int, title: str, body: str, **more: Any) -> dict[str, Any]:
    """An article as the Help Center API lists it."""
    locale = more.get("locale", "en-us")
    return {
        "id": id_,
        "url": f"https://lamps.example/api/v2/help_center/{locale}/articles/{id_}.json",
        "html_url": f"https://lamps.example/hc/{locale}/articles/{id_}",
        "draft": False,
        "section_id": 7,
        "user_segment_id": None,
        "title": title,
        "name": title,
        "locale": locale,
        "label_names": [],
        "updated_at": "2026-01-01T00:00:00Z",
        "body": body,
    } | more


def intercom(id_: str, title: str, body: str, **more: Any) -> dict[str, Any]:
    """An article as the Articles API lists it."""
    return {
        "type": "article",
        "id": id_,
        "workspace_id": "w",
        "title": title,
        "body": body,
        "state": "published",
        "url": f"https://lamps.example/help/en/articles/{id_}",
        "default_locale": "en",
        "translated_content": {"type": "article_translated_content"},
    } | more


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return path
