"""What a file says of itself beside its text, and what its place says: language, version, plan, audience, title.

Front matter in YAML or TOML, fields of reStructuredText and AsciiDoc, meta elements of HTML; else folders such as
`de/` and `v2/`; a language that nobody names is told by the text. Not here: what a search makes of it (`filters`).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from bot.knowledge.articles import Passage
from bot.screenshots.language import language, signs

Matter = dict[str, Any]
FILTERS: dict[str, tuple[str, ...]] = {
    "version": ("version", "versions", "docsearch:version"),
    "plan": ("plan", "plans"),
    "audience": ("audience", "audiences"),
    "product": ("product",),
    "edition": ("edition",),
}
"""What an article may be for, and under which names it says so."""
LANGUAGE = ("language", "lang", "locale", "docsearch:language")
LONGEST = 100
"""Characters of a value: a longer one is a text, and names nothing."""
EVERYBODY = frozenset({"all", "any", "everyone", "everybody", "public", "*"})
NOTHING = frozenset({"", "null", "~", "none"})
FRONT_MATTER = re.compile(r"\A﻿?---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
TOML_MATTER = re.compile(r"\A﻿?\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
FIELD = re.compile(
    rf"^[ \t]*:({'|'.join(name for names in (LANGUAGE, *FILTERS.values()) for name in names if ':' not in name)}):"
    r"[ \t]+(\S.*?)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
HEAD = 4_000
"""Characters in which a file's fields and meta elements are looked for."""
SAMPLE = 3_000
"""Characters of an article by which its language is told."""
SURE = 2
"""How many times as many signs of it there must be as of the next one."""
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+", re.DOTALL)
LANGUAGES = frozenset(
    re.findall(
        r"..(?= |$)", "en de fr es it pt nl sv da nb fi pl cs sk hu ro bg el tr ru uk he ar fa hi ja ko zh th vi id"
    )
)
UNSURE = frozenset({"it", "id", "hi", "he", "cs", "vi"})
"""Languages whose codes are also names of folders that mean something else: the text may say better."""
PLACE = re.compile(r"(?:^|/)([a-z]{2})(?:[-_][A-Za-z]{2,4})?(?=/)|\.([a-z]{2})(?:[-_][A-Za-z]{2,4})?\.\w+$")
RELEASE = re.compile(r"(?:v|ver|version|release)[-_]?(\d+(?:\.\d+)*(?:\.x)?)|(\d+(?:\.\d+)+|\d+\.x)", re.IGNORECASE)
OF_AN_API = frozenset({"api", "apis", "rest", "graphql"})
"""Folders in which `v2` is an interface's version, not the product's."""
HTML_LANGUAGE = re.compile(
    r"(?:\s|<!doctype[^>]*>|<!--(?:(?!-->).)*-->)*<html\b[^>]*?\slang=[\"']?([a-z]{2})\b", re.I | re.S
)
META = re.compile(r"<meta\s[^>]*>", re.IGNORECASE)
ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")


def front_matter(text: str) -> tuple[Matter, str]:
    """(what the file says of itself, the rest). Front matter that does not parse counts line by line. What YAML would
    make a number, a date or a truth of stays as it is written: version 8.10 is not 8.1, language `no` is not false."""
    text = text.replace("\r\n", "\n")
    if match := FRONT_MATTER.match(text):
        try:
            meta = yaml.load(match[1], Loader=yaml.BaseLoader)
        except (yaml.YAMLError, RecursionError):
            meta = dict(re.findall(r"^(\w+):[ \t]*[\"']?(.*?)[\"']?[ \t]*$", match[1], re.MULTILINE))
        return (meta if isinstance(meta, dict) else {}), text[match.end() :]
    if match := TOML_MATTER.match(text):
        try:
            return tomllib.loads(match[1]), text[match.end() :]
        except tomllib.TOMLDecodeError:
            meta = dict(re.findall(r"^(\w+)\s*=\s*[\"']?(.*?)[\"']?[ \t]*$", match[1], re.MULTILINE))
            return meta, text[match.end() :]
    return {}, text


def fields(text: str) -> Matter:
    """`:language: de` and the like at the head of reStructuredText and AsciiDoc."""
    return {name.lower(): value for name, value in FIELD.findall(text[:HEAD])}


def html_matter(html: str) -> Matter:
    """What the `meta` elements of a page say, under the names that mean something here."""
    names = {name for names in (LANGUAGE, *FILTERS.values()) for name in names}
    found = {}
    for element in META.findall(html[: 5 * HEAD]):
        said = {key.lower(): a or b or c for key, a, b, c in ATTRIBUTE.findall(element)}
        if (name := said.get("name", "").lower()) in names:
            found[name] = said.get("content", "")
    return found


def language_of(meta: Mapping[str, Any], html: str, name: str, passages: Sequence[Passage]) -> str:
    """The article's language: by its own word, else by its path (`de/...`, `name.de.md`), else by its text; empty when
    nothing tells."""
    said = next((tag[1].lower() for key in LANGUAGE if (tag := TAG.match(text_of(meta.get(key))))), "")
    if not said and (own := HTML_LANGUAGE.match(html)):
        said = own[1].lower()
    if said:
        return {"no": "nb", "nn": "nb"}.get(said, said)
    placed = next((code for found in PLACE.finditer(name) if (code := found[1] or found[2]) in LANGUAGES), "")
    if placed and placed not in UNSURE:
        return placed
    return spoken(passages) or placed


TAG = re.compile(r"([A-Za-z]{2})(?:[-_]\w+)*$")


def spoken(passages: Sequence[Passage]) -> str:
    """The language that an article's text is in, code left out; empty when it is not sure."""
    sample = passages[0].title if passages else ""
    for passage in passages:
        sample += "\n" + CODE.sub(" ", passage.text[:SAMPLE])
        if len(sample) > SAMPLE:
            break
    told = [count for _, count in signs(sample).most_common(2)]
    return language([sample]) if not told or told[0] >= SURE * (told[1] if len(told) > 1 else 1) else ""


def facets_of(meta: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """What the article is for, as `version:8`, `plan:pro`, `audience:admin`. A folder names a version where the article
    names none; what is for everybody names nothing."""
    found = []
    for kind, names in FILTERS.items():
        values = [value for key in names for value in values_of(kind, meta.get(key))]
        if kind == "version" and not values:
            values = list(_release(name))
        if not any(value.casefold() in EVERYBODY for value in values):
            once = {value.casefold(): value for value in reversed(values) if len(value) <= LONGEST}
            found += [f"{kind}:{value}" for value in reversed(once.values())]
    return tuple(found)


def labelled(labels: Sequence[str]) -> Matter:
    """The labels of an export's article, `plan:pro` and the like, as what it says of itself."""
    meta: dict[str, list[str]] = {}
    for label in labels:
        key, colon, value = label.partition(":")
        if colon and value.strip():
            meta.setdefault(key.strip().lower(), []).append(value.strip())
    return dict(meta)


def values_of(kind: str, value: object) -> list[str]:
    """A list, or words parted by commas, bounds of versions whole. Of a table (`ghes: '>=3.10'`) the bounds, and the
    names of those without."""
    if isinstance(value, Mapping):
        pairs = [(str(name), text_of(bound)) for name, bound in value.items()]
        return [name if bound in EVERYBODY | NOTHING else bound for name, bound in pairs]
    if isinstance(value, list):
        return [text for one in value if (text := text_of(one)) not in NOTHING]
    text = text_of(value).strip("[]")
    parts = [text] if kind == "version" and re.search(r"[<>]", text) else text.split(",")
    return [part for one in parts if (part := one.strip().strip("\"'")).casefold() not in NOTHING]


def text_of(value: object) -> str:
    """A scalar as it is written, empty for none."""
    if value is None or isinstance(value, (Mapping, list)):
        return ""
    text = str(value).strip()
    return "" if text in NOTHING else text


def _release(name: str) -> Iterator[str]:
    """The version that a folder on the way to the article names."""
    folders = name.split("/")[:-1]
    for before, folder in zip(["", *folders], folders, strict=False):
        if (match := RELEASE.fullmatch(folder)) and before.lower() not in OF_AN_API:
            yield match[1] or match[2]
            return
