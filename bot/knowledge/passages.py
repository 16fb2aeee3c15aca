"""An article's HTML -> passages: headings, paragraphs, steps, UI labels and warnings, in the article's own order.

One walk for every format, since `formats` makes HTML of them all. Not here: what a passage is good for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.knowledge.articles import Passage, Picture

LONGEST = 180
"""Words from which a section becomes several passages, cut between its blocks."""
LABEL_WORDS = 8
"""A longer bold run is emphasis, not something on a screen."""
HEADINGS = {f"h{n}": n for n in range(1, 7)}
SKIPPED = frozenset(
    {"script", "style", "nav", "head", "svg", "form", "button", "iframe", "noscript", "footer", "template"}
)
BOLD = frozenset({"strong", "b"})
CODE = frozenset({"code", "kbd", "tt", "samp", "var"})
LEANING = frozenset({"em", "i", "cite"})
INLINE = (
    BOLD
    | CODE
    | LEANING
    | frozenset(
        {
            "a",
            "span",
            "sub",
            "sup",
            "u",
            "s",
            "del",
            "ins",
            "mark",
            "small",
            "abbr",
            "q",
            "br",
            "img",
            "label",
            "font",
            "-text",
        }
    )
)
WARNINGS = frozenset({"warning", "caution", "danger", "important", "attention", "error"})
ALERT = re.compile(r"^\s*\[!(\w+)\]\s*")
FENCED = re.compile(r"```.*?```", re.DOTALL)
QUOTED = re.compile(r"[\"“„«‘]([^\"”“»’\n]{2,60})[\"”“»’]")
PATH = re.compile(r"\s*(?:->|>|›|→|»|/|\|)\s+|\s+(?:->|>|›|→|»)\s*|(?<=\w)(?:->|>|›|→)(?=\w)")


@dataclass
class Block:
    """One piece of an article that is not cut: a paragraph, a list, a table, a code block."""

    text: str
    steps: tuple[str, ...] = ()
    warning: str = ""
    pictures: tuple[Picture, ...] = ()

    @property
    def words(self) -> int:
        return len(self.text.split())


@dataclass
class Section:
    """A heading's own blocks; `headings` is its path, itself last."""

    headings: tuple[str, ...]
    anchor: str
    blocks: list[Block] = field(default_factory=list)


def cut(html: str, article: str, title: str = "", url: str | None = None) -> tuple[str, tuple[Passage, ...]]:
    """(the article's title, its passages). The title is the one given, else the first heading, else the file's name."""
    tree = LexborHTMLParser(html)
    body = tree.css_first("main, article, [role=main]") or tree.body
    sections = list(_sections(body)) if body is not None else []
    first = next((s.headings[0] for s in sections if s.headings), "")
    page_title = tree.css_first("title")
    title = title or first or (page_title.text().strip() if page_title else "") or named(article)
    passages: list[Passage] = []
    for section in sections:
        headings = section.headings[1:] if section.headings[:1] == (title,) else section.headings
        for blocks in _pieces(section.blocks):
            passages.append(_passage(blocks, article, len(passages), title, headings, url, section.anchor))
    return title, tuple(passages)


def named(article: str) -> str:
    """A title for an article that has none, from its file name."""
    parts = article.rsplit(".", 1)[0].split("/")
    name = (
        parts[-1]
        if parts[-1].lower() not in ("index", "_index", "readme", "_index.en") or len(parts) < 2
        else parts[-2]
    )
    return re.sub(r"[-_.]+", " ", name).strip().capitalize()


def labels_of(text: str) -> Iterator[str]:
    """What `text` (bold and code marked) names on a screen; a menu path gives its parts."""
    for match in re.finditer(r"\*\*(.+?)\*\*|`([^`]+)`", FENCED.sub("", text)):
        for part in PATH.split((match[1] or match[2]).strip()):
            label = part.strip(" :.,;")
            if label and len(label.split()) <= LABEL_WORDS:
                yield label
    for match in QUOTED.finditer(FENCED.sub("", text)):
        if len(match[1].split()) <= LABEL_WORDS:
            yield match[1].strip(" :.,;")


def _sections(body: LexborNode) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    section = Section((), "")
    for element in _blocks_of(body):
        level = HEADINGS.get(element.tag or "")
        if level is None:
            section.blocks.extend(_read(element))
            continue
        if section.blocks:
            yield section
        heading = plain(_inline(element))
        path = [(n, text) for n, text in path if n < level]
        if heading:
            path.append((level, heading))
        section = Section(tuple(text for _, text in path), element.attributes.get("id") or "")
    if section.blocks or section.headings:
        yield section


def _blocks_of(node: LexborNode) -> Iterator[LexborNode]:
    """The block elements in reading order; plain containers are opened, inline runs between blocks are kept."""
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag in SKIPPED or tag == "_comment":
            continue
        opaque = tag in INLINE or tag in HEADINGS or tag in ("p", "ul", "ol", "dl", "table", "pre", "blockquote")
        if opaque or _admonition(child):
            yield child
        else:
            yield from _blocks_of(child)


def _admonition(node: LexborNode) -> str:
    """The kind of admonition that an element is, or nothing."""
    classes = (node.attributes.get("class") or "").lower().split() if node.tag in ("div", "aside", "section") else []
    if not any(c in ("admonition", "alert", "callout", "admonitionblock") for c in classes):
        return ""
    return next((c.removeprefix("alert-") for c in classes if c.removeprefix("alert-") in WARNINGS), "note")


def _read(node: LexborNode) -> Iterator[Block]:
    """The blocks that one element gives."""
    tag = node.tag or ""
    if tag in ("ol", "ul"):
        yield _list(node)
    elif tag == "pre":
        code = node.text().strip("\n")
        if code.strip():
            yield Block("`" + re.sub(r"`", "'", code) + "`" if "\n" not in code else f"```\n{code}\n```")
    elif tag == "table":
        yield from _table(node)
    elif tag == "dl":
        items = [(_inline(c).strip(), c.tag) for c in node.iter()]
        text = "\n".join(f"**{plain(t)}**" if name == "dt" else t for t, name in items if t)
        yield Block(text, pictures=tuple(_pictures(node)))
    elif tag == "blockquote" or _admonition(node):
        yield from _aside(node)
    else:
        text = _inline(node).strip()
        pictures = tuple(_pictures(node))
        if text or pictures:
            yield Block(text, pictures=pictures)


def _aside(node: LexborNode) -> Iterator[Block]:
    kind = _admonition(node)
    blocks = [b for child in _blocks_of(node) for b in _read(child)]
    if not blocks:
        return
    if match := ALERT.match(blocks[0].text):
        kind = match[1].lower()
        blocks[0].text = blocks[0].text[match.end() :]
    elif kind and blocks[0].text.strip(" :*").lower() in (kind, "note", "tip", "hint", *WARNINGS):
        blocks = blocks[1:]
    for block in blocks:
        if kind in WARNINGS and block.text:
            block.warning = plain(block.text)
        yield block


def _list(node: LexborNode) -> Block:
    ordered = node.tag == "ol"
    lines: list[str] = []
    steps: list[str] = []
    first = int(start) if (start := node.attributes.get("start") or "1").isdigit() else 1
    for number, item in enumerate((c for c in node.iter() if c.tag == "li"), first):
        runs = [r for r in _item(item) if r]
        if not runs:
            continue
        lines.append(f"{number}. {runs[0]}" if ordered else f"- {runs[0]}")
        lines += [f"   {line}" for run in runs[1:] for line in run.split("\n")]
        if ordered:
            steps.append(_step(runs))
    return Block("\n".join(lines), tuple(steps), pictures=tuple(_pictures(node)))


def _item(item: LexborNode) -> Iterator[str]:
    """The runs of a list item: its own words first, then each block in it."""
    inline: list[str] = []
    for child in item.iter(include_text=True):
        if (child.tag or "") in INLINE:
            inline.append(_inline(child))
            continue
        if inline:
            yield _squeezed("".join(inline))
            inline = []
        if (child.tag or "") not in SKIPPED:
            for element in [child] if (child.tag in ("p", "ul", "ol", "pre", "table", "dl")) else _blocks_of(child):
                yield from (b.text for b in _read(element))
    if inline:
        yield _squeezed("".join(inline))


def _step(runs: list[str]) -> str:
    """A step as one line: its own words, and the short blocks that belong to it."""
    kept = [runs[0]] + [r for r in runs[1:] if len(r) < 400 and "```" not in r]
    return " ".join(re.sub(r"\n\s*(?:[-\d]+\.?\s)?", " ", run) for run in kept)


def _table(node: LexborNode) -> Iterator[Block]:
    """A table as lines, one per row: one block per dozen rows, so that a long one can be cut."""
    rows = [[_squeezed(_inline(cell)) for cell in row.iter() if cell.tag in ("td", "th")] for row in node.css("tr")]
    lines = [" | ".join(cell for cell in row if cell) for row in rows if any(row)]
    for start in range(0, len(lines), 12):
        yield Block(
            "\n".join(f"- {line}" for line in lines[start : start + 12]),
            pictures=tuple(_pictures(node)) if not start else (),
        )


def _inline(node: LexborNode) -> str:
    """The text of an element with **bold** and `code` marked; a short emphasised run counts as bold."""
    tag = node.tag or ""
    if tag == "-text":
        return re.sub(r"\s+", " ", node.text_content or "").replace("*", "∗")
    if tag in SKIPPED or tag in ("img", "_comment"):
        return ""
    if tag == "br":
        return "\n"
    inner = "".join(_inline(child) for child in node.iter(include_text=True))
    bare = plain(inner).strip()
    if not bare:
        return inner
    if tag in CODE or (tag == "span" and "literal" in (node.attributes.get("class") or "").split()):
        return f"`{bare.replace('`', chr(39))}`"
    if tag in BOLD or (tag in LEANING and len(bare.split()) <= 5):
        return f"{_edge(inner, 0)}**{bare}**{_edge(inner, -1)}"
    return inner if tag in INLINE else inner + "\n"


def _edge(text: str, at: int) -> str:
    return " " if text[at].isspace() else ""


def _pictures(node: LexborNode) -> Iterator[Picture]:
    images = [node] if node.tag == "img" else node.css("img")
    for image in images:
        if source := image.attributes.get("src"):
            yield Picture(path=source, alt=(image.attributes.get("alt") or image.attributes.get("title") or "").strip())


def plain(text: str) -> str:
    """`text` without its marks."""
    return re.sub(r"\*\*|`", "", text).strip()


def _squeezed(text: str) -> str:
    return re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"[ \t]+", " ", text)).strip()


def _pieces(blocks: list[Block]) -> Iterator[list[Block]]:
    """Blocks in runs of at most about LONGEST words; a block is never cut."""
    if not blocks:
        yield []
        return
    total = sum(b.words for b in blocks)
    count = max(1, round(total / LONGEST))
    reached, sizes = 0, []
    for block in blocks:
        sizes.append(min(count - 1, int((reached + block.words / 2) / max(1, total) * count)))
        reached += block.words
    for _, group in groupby(zip(sizes, blocks, strict=True), key=lambda pair: pair[0]):
        yield [block for _, block in group]


def _passage(
    blocks: list[Block], article: str, number: int, title: str, headings: tuple[str, ...], url: str | None, anchor: str
) -> Passage:
    text = "\n\n".join(_squeezed(b.text) if not b.text.startswith("```") else b.text for b in blocks if b.text)
    return Passage(
        article=article,
        number=number,
        title=title,
        headings=headings,
        text=text,
        steps=tuple(step for b in blocks for step in b.steps),
        labels=tuple(dict.fromkeys(labels_of(text))),
        warnings=tuple(b.warning for b in blocks if b.warning),
        url=url,
        anchor=anchor,
        pictures=tuple(p for b in blocks for p in b.pictures),
    )
