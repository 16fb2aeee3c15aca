"""One help centre file of any format -> HTML, by the library that knows the format. `blocks` reads the HTML.

What parsers do not know (MDX: `mdx`, AsciiDoc: `asciidoc`, template tags, includes) is turned into Markdown first.
Includes are followed only inside the source. Not here: what the HTML means.
"""

import codecs
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from bot.knowledge.asciidoc import from_asciidoc
from bot.knowledge.asides import KINDS
from bot.knowledge.matter import Matter, fields, front_matter, html_matter
from bot.knowledge.mdx import components
from bot.knowledge.restructured import rst_to_html

Format = Literal["markdown", "rst", "asciidoc", "html"]
SUFFIXES: dict[str, Format] = {
    ".md": "markdown",
    ".mdx": "markdown",
    ".markdown": "markdown",
    ".txt": "markdown",
    ".rst": "rst",
    ".adoc": "asciidoc",
    ".asciidoc": "asciidoc",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
INCLUDE_DEPTH = 5
CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_:-]+)""", re.IGNORECASE)

INCLUDES = (
    re.compile(r"\[!INCLUDE\s*\[[^\]]*\]\(([^)\s]+)[^)]*\)\]", re.IGNORECASE),
    re.compile(r"\{%-?\s*include(?:_relative|-markdown)?\s+[\"']?([^\"'\s%]+)[\"']?[^%]*%\}"),
    re.compile(r"""^[ \t]*-{1,2}8<-{1,2}[ \t]+["']([^"']+)["'][ \t]*$""", re.MULTILINE),
    re.compile(r"^include::([^\[]+)\[[^\]]*\]", re.MULTILINE),
    re.compile(r"^[ \t]*\{!+[ \t]*([^!\s]+)[ \t]*!+\}[ \t]*$", re.MULTILINE),
    re.compile(r"\{\{#include[ \t]+([^}\s:]+)[^}]*\}\}"),
)
SHORTCODES = "alert|notice|callout|hint|admonition|note|tip|info|important|warning|caution|danger"
ADMONITION_WORDS = "note|tip|hint|info|important|warning|caution|danger|attention|error|success|check|example"


@dataclass
class Origin:
    """A file's text on its way to HTML, and which other files went into it (paths relative to the root)."""

    path: Path
    root: Path
    included: list[str] = field(default_factory=list)

    def neighbour(self, name: str) -> Path | None:
        """The file that `name` names from here, or None when there is none inside the root."""
        name = name.strip().split("#")[0]
        for base in (self.path.parent, self.root, self.root / "_includes"):
            candidate = (base / name.lstrip("/")).resolve()
            try:
                if candidate.is_relative_to(self.root.resolve()) and candidate.is_file():
                    return candidate
            except OSError:  # a name that no file can have
                return None
        return None


@dataclass(frozen=True)
class Html:
    """A file as HTML, with its front matter."""

    html: str
    meta: Matter


def to_html(text: str, origin: Origin) -> Html:
    """The HTML of a file's `text`. Raises ValueError when a format's parser refuses it."""
    meta, body = front_matter(text)
    match format_of(origin.path, body):
        case "html":
            return Html(body, html_matter(body) | meta)
        case "rst":
            meta = fields(body) | meta
            return Html(rst_to_html(body, origin.path, origin.root, origin.included), meta)
        case "asciidoc":
            meta = fields(body) | meta
            body = from_asciidoc(_with_includes(body, origin), markdown().renderInline)
        case "markdown":
            body = _with_includes(body, origin)
    return Html(markdown().render(plain_markdown(body)), meta)


def format_of(path: Path, text: str) -> Format:
    """The format by its content where the content is clear, else by the file's name: help centres mix them."""
    named = SUFFIXES.get(path.suffix.lower(), "markdown")
    if named == "html" or re.match(r"\s*<(!doctype|html)\b", text, re.IGNORECASE):
        return "html"
    if named != "markdown":
        return named
    unfenced = re.sub(r"^(```|~~~|----$).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE)
    marks: dict[Format, int] = {
        "rst": 3 * len(re.findall(r"^\.\. [\w-]+::|^\.\. _|:\w+:`", unfenced, re.MULTILINE))
        + len(re.findall(r"^\S.*\n([#*^~\"+'])\1{3,}[ \t]*$", unfenced, re.MULTILINE)),
        "asciidoc": len(
            re.findall(r"^={1,5} \S|^\[(?:source|NOTE|TIP)\b|^:\w[\w-]*:|^image::?", unfenced, re.MULTILINE)
        ),
        "markdown": 1 + 2 * len(re.findall(r"^#{1,6} |\]\([^)\s]+\)|^```|^> ", unfenced, re.MULTILINE)),
    }
    return max(marks, key=lambda name: marks[name])


@cache
def decoded(data: bytes) -> str:
    """A file's text: UTF-8, UTF-16 with its mark, the charset that HTML declares, else Western European.

    Raises ValueError when it is no text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:4096]:
        raise ValueError("not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = CHARSET.search(data[:2048])
    try:
        return data.decode(declared[1].decode("ascii") if declared else "cp1252", errors="replace")
    except LookupError:
        return data.decode("cp1252", errors="replace")


def markdown() -> MarkdownIt:
    """The one Markdown parser: CommonMark with tables, definition lists and `!!!` admonitions."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return parser.use(admon_plugin).use(deflist_plugin).use(footnote_plugin)


def _with_includes(text: str, origin: Origin, depth: int = INCLUDE_DEPTH) -> str:
    def fetched(match: re.Match[str]) -> str:
        path = origin.neighbour(match[1])
        if path is None or depth == 0:
            return ""
        origin.included.append(path.relative_to(origin.root.resolve()).as_posix())
        try:
            inner = front_matter(decoded(path.read_bytes()))[1].strip("\n")
        except ValueError:  # a picture, say: nothing that could be said in words
            return ""
        return _with_includes(inner, Origin(path, origin.root, origin.included), depth - 1)

    for pattern in INCLUDES:
        if pattern.search(text):
            text = pattern.sub(fetched, text)
    return text


Replacement = str | Callable[[re.Match[str]], str]


def _image(match: re.Match[str]) -> str:
    """`:::image source="..." alt-text="...":::` and `{% figure %}` tags, as an image."""
    attributes = dict(re.findall(r"([\w-]+)=\"([^\"]*)\"", match[0]))
    source = attributes.get("source") or attributes.get("src") or ""
    alt = attributes.get("alt-text") or attributes.get("alt") or attributes.get("caption") or ""
    return f'<img src="{html.escape(source)}" alt="{html.escape(alt)}">'


def _shortcode(match: re.Match[str]) -> str:
    """`{{< alert color="warning" title="Hot" >}}...{{< /alert >}}` of Hugo, as an admonition."""
    said = match["said"].lower()
    kind = next((kind for kind in (match["name"].lower(), *re.findall(r"\w+", said)) if kind in KINDS), "note")
    title = re.search(r"title=\"([^\"]+)\"", match["said"])
    told = TITLE.format(html.escape(title[1])) if title else ""
    return f'\n<div class="admonition {kind}">\n\n{told}{match["text"].strip()}\n\n</div>\n'


def _attributed(match: re.Match[str]) -> str:
    """`{: .warning }` before a block, of Kramdown, as an alert."""
    if match[1].lower() not in KINDS:
        return match[2]
    lines = [line.removeprefix(">").removeprefix(" ") for line in match[2].rstrip("\n").split("\n")]
    return "".join(f"> {line}\n" for line in (f"[!{match[1].upper()}]", *lines))


def _tab(match: re.Match[str]) -> str:
    """`=== "Name"` and what is set in under it, of MkDocs."""
    inside = re.sub(rf"^{match[1]}(?: {{4}}|\t)", match[1], match[3], flags=re.MULTILINE)
    return f"{match[1]}**{match[2]}**\n\n{inside}"


TITLE = '<p class="admonition-title">{}</p>\n\n'
COLON_BLOCK = re.compile(
    rf"^([ \t]*):::+[ \t]*\{{?({ADMONITION_WORDS})\b\}}?[ \t]*"
    r"(?:\[([^\]\n]*)\]|\{[^}\n]*?title=\"([^\"]*)\"[^}\n]*\}|(.*))$",
    re.MULTILINE | re.IGNORECASE,
)
"""`:::warning Title`, `:::warning[Title]`, `:::warning{title="Title"}`."""
SHORTCODE = re.compile(
    rf"\{{\{{[<%]\s*(?P<name>{SHORTCODES})\b(?P<said>[^}}]*?)[>%]\}}\}}(?P<text>.{{0,20000}}?)"
    r"\{\{[<%]\s*/\s*(?P=name)\s*[>%]\}\}",
    re.DOTALL | re.IGNORECASE,
)
TAB = re.compile(
    r"^([ \t]*)===!?\+?[ \t]+\"([^\"\n]+)\"[ \t]*\n((?:(?:\1(?: {4}|\t)[^\n]*|[ \t]*)(?:\n|\Z))+)", re.MULTILINE
)


def _colon_block(match: re.Match[str]) -> str:
    title = next((said.strip() for said in match.groups()[2:] if said and said.strip()), "")
    told = f"{match[1]}{TITLE.format(html.escape(title))}" if title else ""
    return f'\n{match[1]}<div class="admonition {match[2].lower()}">\n\n{told}'


TAGS: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"\{/\*.*?\*/\}", re.DOTALL), ""),
    (re.compile(r"<!--.*?-->", re.DOTALL), ""),
    # template tags: hints of GitBook, shortcodes of Hugo, blocks of Kramdown and MkDocs, figures
    (re.compile(r"\{%\s*hint style=\"(\w+)\"\s*%\}"), r'<div class="admonition \1">\n'),
    (re.compile(r"\{%\s*endhint\s*%\}"), "\n</div>"),
    (SHORTCODE, _shortcode),
    (re.compile(r"^\{:[ \t]*\.([\w-]+)[^}\n]*\}[ \t]*\n((?:[^\n]+\n?)+)", re.MULTILINE), _attributed),
    (re.compile(r"\{:[ \t]*[.#][^}\n]*\}"), ""),
    (TAB, _tab),
    (re.compile(r"\{[%{<]\s*(?:figure|image)[^}]*\}+"), _image),
    (re.compile(r":::image\b.*?(?::::|$)", re.MULTILINE), _image),
    (re.compile(r"\{%.*?%\}|\{\{[<%].*?[>%]\}\}|\{#[\w-]+\}"), " "),
    # ::: blocks of Docusaurus, VitePress and Microsoft
    (COLON_BLOCK, _colon_block),
    (re.compile(r"^([ \t]*):::+[ \t]*$", re.MULTILINE), r"\n\1</div>\n"),
    (re.compile(r"^[ \t]*:::+.*$", re.MULTILINE), ""),
    # tags in small letters that stand for an admonition
    (re.compile(rf"<({ADMONITION_WORDS})(\s[^>]*)?>"), r'\n<div class="admonition \1">\n\n'),
    (re.compile(rf"</({ADMONITION_WORDS})>"), "\n\n</div>\n"),
    (re.compile(r"^\s*(\d+)\\\.", re.MULTILINE), r"\1."),
)


def plain_markdown(text: str) -> str:
    """Markdown without what only its site generator understands; code blocks are left as they are."""
    text = components(text)
    parts = re.split(r"(^[ \t]*(?:```|~~~).*?^[ \t]*(?:```|~~~)[ \t]*$)", text, flags=re.DOTALL | re.MULTILINE)
    for number in range(0, len(parts), 2):
        for pattern, replacement in TAGS:
            parts[number] = pattern.sub(replacement, parts[number])
    return "".join(parts)
