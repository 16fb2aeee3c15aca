"""Export files of help desks: the articles of Zendesk Guide and of Intercom, as their APIs list them.

A file holds one answer of the API, several (a list of them, or one a line), the articles alone, or one article a
line. Which file it is tells the content, not the name. Not here: reading an article's HTML (`blocks`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

MARKS = (b'"html_url"', b'"translated_content"', b'"workspace_id"', b'"default_locale"')
"""A JSON file without any of these is something else of the help centre's, and not parsed at all."""
DEPTH = 3
"""Lists and envelopes that may lie around an article."""


@dataclass(frozen=True)
class Exported:
    """One article in one language. `left_out` says why it is not one for customers, empty when it is."""

    name: str
    """`zendesk/en-us/360001` or `intercom/de/17`: by its id, so that a new title leaves it the same article."""
    title: str
    html: str
    url: str
    language: str
    labels: tuple[str, ...] = ()
    updated: str = ""
    left_out: str = ""

    def as_json(self) -> bytes:
        """All of it: other bytes mean a changed article."""
        return orjson.dumps(self)


def exported(data: bytes) -> list[Exported] | None:
    """The articles of an export file, drafts among them; None when `data` is no export.

    Raises ValueError when it looks like one and is no JSON.
    """
    if not any(mark in data for mark in MARKS):
        return None
    found = [article for raw in _raw(_parsed(data)) for article in _articles(raw)]
    return found or None


def _parsed(data: bytes) -> Any:
    """One JSON document, or one a line."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].rstrip().endswith(b"}"):
            raise ValueError(f"an export that is no whole JSON: {error}") from None
    documents = []
    for number, line in enumerate(lines, 1):
        try:
            documents.append(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            raise ValueError(f"an export whose line {number} is no whole JSON: {error}") from None
    return documents


def _raw(value: Any, depth: int = DEPTH) -> Iterator[dict[str, Any]]:
    """The articles in answers of an API: under `articles` or `article` (Zendesk), `data` (Intercom), or bare."""
    if isinstance(value, list):
        for item in value:
            yield from _raw(item, depth - 1) if depth else ()
    elif isinstance(value, dict):
        inner = next((value[k] for k in ("articles", "article", "data") if isinstance(value.get(k), dict | list)), None)
        if inner is None:
            yield value
        elif depth:
            yield from _raw(inner, depth - 1)


def _articles(raw: dict[str, Any]) -> Iterator[Exported]:
    if raw.get("type") == "article" and "id" in raw:
        yield from _intercom(raw)
    elif "id" in raw and "body" in raw and ("html_url" in raw or "section_id" in raw):
        yield from _zendesk(raw)


def _zendesk(raw: dict[str, Any]) -> Iterator[Exported]:
    """The article in its locale, and its translations where they were asked for with it (`include=translations`)."""
    translations = raw.get("translations")
    others = [t for t in translations if isinstance(t, dict)] if isinstance(translations, list) else []
    segments = raw.get("user_segment_ids") or raw.get("user_segment_id")
    for content in (raw, *(t for t in others if _text(t, "locale") != _text(raw, "locale"))):
        locale = _text(content, "locale").lower()
        labels = raw.get("label_names")
        yield Exported(
            name=f"zendesk/{locale or 'none'}/{raw['id']}",
            title=_text(content, "title") or _text(content, "name"),
            html=_text(content, "body"),
            url=_text(content, "html_url"),
            language=locale[:2],
            labels=tuple(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else (),
            updated=_text(content, "updated_at"),
            left_out="a draft" if content.get("draft") else "only for a user segment" if segments else _empty(content),
        )


def _intercom(raw: dict[str, Any]) -> Iterator[Exported]:
    """The article in its default language, and its translations."""
    default = _text(raw, "default_locale").lower()
    translated = raw.get("translated_content")
    contents = {default: raw}
    for locale, content in (translated if isinstance(translated, dict) else {}).items():
        if isinstance(content, dict) and locale.lower() != default:
            contents[locale.lower()] = content
    for locale, content in contents.items():
        yield Exported(
            name=f"intercom/{locale or 'none'}/{raw['id']}",
            title=_text(content, "title"),
            html=_text(content, "body"),
            url=_text(content, "url"),
            language=locale[:2],
            labels=_tags(raw),
            updated=str(content.get("updated_at") or raw.get("updated_at") or ""),
            left_out="a draft"
            if content.get("state") != "published"
            else "only for a segment"
            if raw.get("content_segment_ids")
            else _empty(content),
        )


def _tags(raw: dict[str, Any]) -> tuple[str, ...]:
    """The names of an Intercom article's tags: a list, or one in an envelope."""
    tags = raw.get("tags")
    listed = tags.get("tags") if isinstance(tags, dict) else tags
    if not isinstance(listed, list):
        return ()
    return tuple(name for tag in listed if isinstance(tag, dict) and (name := _text(tag, "name")))


def _empty(content: dict[str, Any]) -> str:
    return "" if _text(content, "body").strip() else "without text"


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key)
    return value if isinstance(value, str) else ""
