"""AsciiDoc -> Markdown, as far as headings, lists, tables, emphasis, links and admonitions go: Python has no parser.

Not here: includes (`formats`), Markdown itself.
"""

import html
import re
from collections.abc import Callable, Iterator

Replacement = str | Callable[[re.Match[str]], str]
Inline = Callable[[str], str]
"""Markdown within a line -> HTML."""
KINDS = "NOTE|TIP|WARNING|IMPORTANT|CAUTION"


def _block_aside(match: re.Match[str]) -> str:
    title = f"**{match[2]}**\n\n" if match[2] else ""
    quoted = "\n".join(f"> {line}" for line in f"{title}{match[3]}".split("\n"))
    return f"\n> [!{match[1]}]\n{quoted}\n"


ASIDES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (
        re.compile(
            rf"^\[({KINDS})\]\n(?:\.([^\n]+)\n)?(?:={{4,}}|-{{2,}})\n(.{{0,20000}}?)\n(?:={{4,}}|-{{2,}})$", re.M | re.S
        ),
        _block_aside,
    ),
    (re.compile(rf"^\[({KINDS})\]\n(?:\.([^\n]+)\n)?((?:[^\n]+\n?)+)", re.MULTILINE), _block_aside),
    (re.compile(rf"^({KINDS}): +", re.MULTILINE), r"> [!\1]\n> "),
)
LINES: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"^:!?[\w-]+!?:.*$", re.MULTILINE), ""),
    (re.compile(r"^//.*$", re.MULTILINE), ""),
    (re.compile(r"^(={1,6}) +(.*)$", re.MULTILINE), lambda m: "#" * len(m[1]) + " " + m[2]),
    (re.compile(r"^\.(\w[^\n]*)$", re.MULTILINE), r"**\1**\n"),
    (re.compile(r"^\[(?:source|listing)[^\]]*\]\n", re.MULTILINE), ""),
    (re.compile(r"^\[[^\]\n]*\]$", re.MULTILINE), ""),
    (re.compile(r"^-{4,}$|^\.{4,}$", re.MULTILINE), "```"),
    (re.compile(r"^={4,}$|^\*{4,}$|^_{4,}$|^\+{4,}$", re.MULTILINE), ""),
    (re.compile(r"^(\*{1,5}) +", re.MULTILINE), lambda m: "  " * (len(m[1]) - 1) + "- "),
    (re.compile(r"^(\.{1,5}) +", re.MULTILINE), lambda m: "   " * (len(m[1]) - 1) + "1. "),
)
WORDS: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"(?:image|icon)::?([^\[\s]*)\[\"?([^\],\"]*)[^\]]*\]"), r"![\2](\1)"),
    (re.compile(r"(?:link|xref|mailto):([^\[\s]*)\[([^\],]*)[^\]]*\]"), r"[\2](\1)"),
    (re.compile(r"(https?://[^\s\[]+)\[([^\],]*)[^\]]*\]"), r"[\2](\1)"),
    (re.compile(r"<<[^,>]*,([^>]*)>>"), r"\1"),
    (re.compile(r"menu:([^\[\n]+)\[([^\]]*)\]"), r"**\1 > \2**"),
    (re.compile(r"(?:kbd|btn|footnote|pass):[\w]*\[([^\]]*)\]"), r"**\1**"),
    (re.compile(r"(?<![\w*])\*(?!\s|\*)([^*\n]+?)(?<!\s)\*(?![\w*])"), r"**\1**"),
)
TERM = re.compile(r"^(.+?)::[ \t]*$", re.MULTILINE)
MARK = re.compile(r"^(\s*)(?:-|\d+\.) ")


def from_asciidoc(text: str, inline: Inline) -> str:
    """AsciiDoc as Markdown with tables in HTML, whose cells `inline` makes."""
    said = dict(re.findall(r"^:([\w-]+):[ \t]+(\S[^\n]*)$", text, re.MULTILINE))
    if said:
        text = re.sub(r"\{([\w-]+)\}", lambda match: said.get(match[1], match[0]), text)
    text = re.sub(
        r"^\|={3,}\n(.*?)^\|={3,}$", lambda match: _table(match[1], inline), text, flags=re.DOTALL | re.MULTILINE
    )
    for pattern, replacement in (*ASIDES, *LINES, *WORDS):
        text = pattern.sub(replacement, text)
    return "\n".join(_continued(TERM.sub(r"**\1**", text).split("\n")))


def _continued(lines: list[str]) -> Iterator[str]:
    """A block that a line with a mere `+` ties to a list's item is set in as far as the item's words."""
    depth, tied = "", False
    for line in lines:
        if line == "+" and depth:
            tied = True
            yield ""
        elif mark := MARK.match(line):
            depth, tied = " " * len(mark[0]), False
            yield line
        else:
            tied = tied and bool(line.strip())
            yield depth + line if tied else line


def _table(rows: str, inline: Inline) -> str:
    found = [[cell.strip() for cell in row] for row in _rows(rows) if any(cell.strip() for cell in row)]
    cells = "".join("<tr>" + "".join(f"<td>{_cell(cell, inline)}</td>" for cell in row) + "</tr>" for row in found)
    return f"\n<table>{cells}</table>\n"


def _cell(text: str, inline: Inline) -> str:
    """A cell's HTML; what later patterns would change is spelt out."""
    for pattern, replacement in WORDS:
        text = pattern.sub(replacement, text)
    return inline(text).replace("*", html.escape("∗")).replace("\n", " ")


def _rows(text: str) -> Iterator[list[str]]:
    for line in text.split("\n"):
        if "|" in line:
            yield re.split(r"(?:^|\s)[\w.+*]*\|", line)[1:]
        elif line.strip():
            yield [line]
