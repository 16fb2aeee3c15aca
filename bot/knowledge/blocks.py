"""An article's HTML -> blocks: paragraphs, lists with their steps, tables, code and asides, in reading order.

One walk for every format, since `formats` makes HTML of them all. Not here: which blocks are one passage, and what is a
label in them (`passages`), by what words an aside is told (`asides`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborNode

from bot.knowledge.articles import Picture
from bot.knowledge.asides import WARNING, called_of, kind_of, titled_of

HEADINGS = {f"h{n}": n for n in range(1, 7)}
SKIPPED = frozenset(
    {"script", "style", "nav", "head", "svg", "form", "button", "iframe", "noscript", "footer", "template"}
)
BOLD = frozenset({"strong", "b"})
CODE = frozenset({"code", "kbd", "tt", "samp", "var"})
LEANING = frozenset({"em", "i", "cite"})
INLINE_TAGS = "a span sub sup u s del ins mark small abbr q br img label font -text"
INLINE = BOLD | CODE | LEANING | frozenset(re.findall(r"\S+", INLINE_TAGS))
FOOTNOTE = frozenset({"footnotes", "footnotes-sep", "footnote-ref", "footnote-list"})
LATE = ("data-src", "data-lazy-src", "data-original", "data-lazy")
"""Where pages that load pictures late keep their address."""


@dataclass
class Block:
    """One piece of an article that is not cut: a paragraph, a list, a table, a code block."""

    text: str
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def words(self) -> int:
        return len(self.text.split())


def elements_of(node: LexborNode) -> Iterator[LexborNode]:
    """The block elements in reading order; plain containers are opened, inline runs between blocks are kept."""
    for child in node.iter(include_text=True):
        tag = child.tag or ""
        if tag in SKIPPED or tag == "_comment" or FOOTNOTE & _classes(child):
            continue
        opaque = tag in INLINE or tag in HEADINGS or tag in ("p", "ul", "ol", "dl", "table", "pre", "blockquote")
        if opaque or _admonition(child):
            yield child
        else:
            yield from elements_of(child)


def _admonition(node: LexborNode) -> str:
    """The kind of aside that an element is by its class, or nothing."""
    holds = node.tag in ("div", "aside", "section", "p")
    return kind_of((node.attributes.get("class") or "").lower()) if holds else ""


def _classes(node: LexborNode) -> set[str]:
    return set((node.attributes.get("class") or "").split())


def read(node: LexborNode) -> Iterator[Block]:
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
        items = [(_squeezed(text_of(c)), c.tag) for c in node.iter()]
        text = "\n".join(f"**{plain(t)}**" if name == "dt" else t for t, name in items if t)
        yield Block(text, pictures=tuple(_pictures(node)))
    elif tag == "blockquote" or _admonition(node):
        yield from _aside(node)
    else:
        yield from _paragraph(node)


def _paragraph(node: LexborNode) -> Iterator[Block]:
    text, pictures = _squeezed(text_of(node)), tuple(_pictures(node))
    if "admonition-title" in _classes(node):
        text = text.strip("! ") + (":" if text[-1:].isalnum() else "")
    if text or pictures:
        yield _told(Block(text, pictures=pictures))


def _told(block: Block) -> Block:
    """The block, as a warning where it says so of itself."""
    called = called_of(block.text)
    return replace(block, warnings=(plain(called.rest),)) if called.kind in WARNING else block


def _aside(node: LexborNode) -> Iterator[Block]:
    """An aside's blocks, the name of its kind left out; what it warns of is one warning, at its first block."""
    kind = _admonition(node)
    inside = _paragraph(node) if node.tag == "p" else (b for child in elements_of(node) for b in read(child))
    first, *others = list(inside) or [Block("")]
    titled = titled_of(first.text, kind)
    kind = titled.kind or kind or ("warning" if first.warnings else "")
    blocks = [b for b in (replace(first, text=titled.rest), *others) if b.text or b.pictures]
    if kind in WARNING and blocks:
        told = " ".join(plain(called_of(b.text).rest) for b in blocks if b.text)
        blocks = [replace(b, warnings=(told,) if b is blocks[0] and told else ()) for b in blocks]
    yield from blocks


def _list(node: LexborNode, within: bool = False) -> Block:
    """A list as one block; steps `within` a step are told by letters."""
    ordered = node.tag == "ol"
    lines: list[str] = []
    steps: list[str] = []
    warnings: list[str] = []
    first = int(start) if (start := node.attributes.get("start") or "1").isdigit() else 1
    for number, item in enumerate((c for c in node.iter() if c.tag == "li"), first):
        blocks = [block for block in _item(item) if block.text]
        if not blocks:
            continue
        warnings += [warning for block in blocks for warning in block.warnings]
        mark = f"{number}." if ordered and not within else f"{_letter(number)})" if ordered else "-"
        own, *others = "\n".join(block.text for block in blocks).split("\n")
        lines += [f"{mark} {own}", *(f"   {line}" for line in others)]
        if ordered:
            steps.append(_step(blocks))
    return Block("\n".join(lines), tuple(steps), tuple(warnings), tuple(_pictures(node)))


def _item(item: LexborNode) -> Iterator[Block]:
    """The blocks of a list item: its own words first, then each block in it."""
    inline: list[str] = []
    for child in item.iter(include_text=True):
        if (child.tag or "") in INLINE:
            inline.append(text_of(child))
            continue
        if inline:
            yield _told(Block(_squeezed("".join(inline))))
            inline = []
        if (child.tag or "") not in SKIPPED:
            own = child.tag in ("p", "ul", "ol", "pre", "table", "dl", "blockquote") or _admonition(child)
            for element in [child] if own else elements_of(child):
                yield from [_list(element, within=True)] if element.tag in ("ol", "ul") else read(element)
    if inline:
        yield _told(Block(_squeezed("".join(inline))))


def _letter(number: int) -> str:
    return chr(ord("a") + number - 1) if 1 <= number <= 26 else str(number)


def _step(blocks: list[Block]) -> str:
    """A step as one line: its own words, and the short blocks that belong to it; what it warns of is told apart."""
    runs = [b.text for b in blocks[1:] if not b.warnings and len(b.text) < 400 and "```" not in b.text]
    own = blocks[0].text + (":" if runs and plain(blocks[0].text)[-1:].isalnum() else "")
    return " ".join([own, *(_joined(run) for run in runs)]).replace("\n", " ")


def _joined(run: str) -> str:
    """A list within a step as one sentence."""
    items = re.split(r"(?:^|\n)\s*(?:[a-z]\)|\d+\)|-) ", run)
    told = "; ".join(item.strip(" .\n") for item in items if item.strip()) if len(items) > 1 else run
    return re.sub(r"\s*\n\s*", " ", told + ("." if len(items) > 1 else ""))


def _table(node: LexborNode) -> Iterator[Block]:
    """A table as lines, one per row: one block per dozen rows, so that a long one can be cut."""
    rows = [[_squeezed(text_of(cell)) for cell in row.iter() if cell.tag in ("td", "th")] for row in node.css("tr")]
    lines = [" | ".join(cell for cell in row if cell) for row in rows if any(row)]
    for start in range(0, len(lines), 12):
        yield Block(
            "\n".join(f"- {line}" for line in lines[start : start + 12]),
            pictures=tuple(_pictures(node)) if not start else (),
        )


def text_of(node: LexborNode) -> str:
    """The text of an element with **bold** and `code` marked; a short emphasised run counts as bold."""
    tag = node.tag or ""
    if tag == "-text":
        return re.sub(r"\s+", " ", node.text_content or "").replace("*", "∗")
    if tag in SKIPPED or tag in ("img", "_comment") or (tag == "sup" and FOOTNOTE & _classes(node)):
        return ""
    if tag == "br":
        return "\n"
    inner = "".join(text_of(child) for child in node.iter(include_text=True))
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
        if source := shown_at(image):
            alt = (image.attributes.get("alt") or image.attributes.get("title") or "").strip()
            yield Picture(path=source, alt="" if alt == source else alt)


def shown_at(image: LexborNode) -> str:
    """Where an image's picture lies; pages that load pictures late name it elsewhere than in `src`. Empty for none."""
    named = image.attributes
    late = next((where for name in LATE if (where := named.get(name))), "")
    largest = (named.get("srcset") or named.get("data-srcset") or "").rpartition(",")[2].split()
    source = (named.get("src") or "").strip()
    chosen = source if source and not source.startswith("data:") else late or next(iter(largest), "")
    return "" if chosen.startswith("data:") else chosen.strip()


def plain(text: str) -> str:
    """`text` without its marks."""
    return re.sub(r"\*\*|`", "", text).strip()


def _squeezed(text: str) -> str:
    return re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"[ \t]+", " ", text)).strip()
