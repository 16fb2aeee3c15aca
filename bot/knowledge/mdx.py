"""Components of MDX (Mintlify, Docusaurus, Nextra, Starlight, Astro) -> Markdown with plain HTML around it.

A component is known by what its name and attributes say: asides, steps, tabs and cards with a title, pictures; of any
other the content stays. Not here: the other dialects of Markdown (`formats`).
"""

import html
import re
from collections.abc import Iterator

from bot.knowledge.asides import KINDS, WARNING

ATTRIBUTES = r"(?:[^<>{}\"']|\"[^\"]*\"|'[^']*'|\{(?:[^{}]|\{[^{}]*\})*\})*?"
TAG = re.compile(rf"<(?P<close>/)?(?P<name>[A-Z][\w.]*)(?P<said>\s{ATTRIBUTES})?(?P<alone>/)?>")
SAID = re.compile(r"([\w-]+)=(?:\"([^\"]*)\"|'([^']*)'|\{[\"'`]([^\"'`{}]*)[\"'`]\})")
ASIDES = frozenset({"callout", "aside", "admonition", "alert", "hint", "banner", "notice", "panel", "message"})
OF_KIND = ("type", "kind", "variant", "status", "severity", "level", "intent", "color", "style")
"""Attributes by which an aside says what it is."""
TITLES = ("title", "label", "summary", "header", "heading", "question", "path", "query", "body")
"""Attributes that are shown before the content."""
FENCE = re.compile(r"\s*(?:```|~~~)")
CODE = re.compile(r"`[^`\n]+`")
MODULE = re.compile(
    r"^(?:import\s[^\n]*[\"'][^\n]*"
    r"|export\s+(?:const|let|default|function|\{|\*)[^\n]*(?:\n(?!\n)[^\n]*)*)\n?",
    re.MULTILINE,
)
EXPRESSION = re.compile(r"\{(?:[A-Za-z_$][\w.$]*|\s*[\"'`]\s*[\"'`]\s*)\}")
"""`{props.name}`, `{" "}`: words that only a build knows."""


def components(text: str) -> str:
    """Markdown without components; text that has none comes back as it is."""
    module = MODULE.search(text)
    if module:
        text = MODULE.sub("", text)
    if not TAG.search(text):
        return text
    text = TAG.sub(lambda match: re.sub(r"\s*\n\s*", " ", match[0]), text)
    lines = list(_set_out(text.split("\n")))
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= bool(FENCE.match(line))
        if not fenced:
            lines[number] = _without(line, bool(module))
    return "\n".join(lines)


def _set_out(lines: list[str]) -> Iterator[str]:
    """The lines with what stands in a component set out as far as its tag: deeper it would be code."""
    within: list[tuple[int | None, int]] = []  # how deep the content stands, and how deep it shall stand
    fenced = False
    for line in lines:
        bare, depth = line.lstrip(), len(line) - len(line.lstrip())
        opened = 0 if fenced else _opened(line)
        if not fenced and bare.startswith("</") and opened < 0:
            del within[opened:]
            opened = 0
        if within and bare and within[-1][0] is None:
            within[-1] = (depth, within[-1][1])
        base, shall = within[-1] if within else (0, 0)
        out = shall + max(0, depth - (base or 0))
        yield " " * out + bare if bare else ""
        fenced ^= bool(FENCE.match(line))
        if opened > 0:
            within += [(None, out)] * opened
        elif opened < 0:
            del within[opened:]


def _opened(line: str) -> int:
    """How many more components a line opens than it closes."""
    tags = [tag for tag in TAG.finditer(CODE.sub("", line)) if not tag["alone"]]
    return sum(-1 if tag["close"] else 1 for tag in tags)


def _without(line: str, module: bool) -> str:
    """A line whose components are plain HTML, what stands in code left as it is."""
    parts = re.split(rf"({CODE.pattern})", line)
    depth = " " * (len(line) - len(line.lstrip()))
    for number in range(0, len(parts), 2):
        parts[number] = TAG.sub(lambda match: _plain(match, depth), parts[number])
        if module:
            parts[number] = EXPRESSION.sub(" ", parts[number])
    return "".join(parts)


def _plain(tag: re.Match[str], depth: str) -> str:
    name = tag["name"].rpartition(".")[2].lower()
    said = {key.lower(): a or b or c for key, a, b, c in SAID.findall(tag["said"] or "")}
    block = "" if tag.string[: tag.start()].strip() and not tag["close"] else f"\n\n{depth}"
    if picture := _picture(said):
        return f"{block}{picture}{block}"
    element = _element(name, said)
    if not element:
        title = next((said[key] for key in TITLES if said.get(key)), "")
        return f"{block}**{title}**{block}" if title and block else "" if tag.string[: tag.start()].strip() else block
    if tag["alone"]:
        return ""
    around = f"\n\n{depth}"
    if tag["close"]:
        return f"{around}</{element.split()[0]}>{around}"
    return f"{around}<{element}>{around}{_title(name, said, around)}"


def _element(name: str, said: dict[str, str]) -> str:
    """The HTML element that a component stands for; empty for none."""
    if name in ("steps", "step"):
        return "ol" if name == "steps" else "li"
    if name in KINDS | {"check", "success"}:
        return f'div class="admonition {name}"'
    if name in ASIDES:
        kinds = [said[key].lower() for key in OF_KIND if said.get(key)]
        return f'div class="admonition {next((k for k in kinds if k in WARNING), "note")}"'
    return ""


def _title(name: str, said: dict[str, str], around: str) -> str:
    title = said.get("title", "").strip()
    if not title:
        return ""
    if name == "step":
        return f"{title}{':' if title[-1].isalnum() else ''}{around}"
    return f'<p class="admonition-title">{html.escape(title)}</p>{around}'


def _picture(said: dict[str, str]) -> str:
    """A component that shows a picture, by its source."""
    source = said.get("src") or said.get("source") or ""
    if not re.search(r"\.(?:png|jpe?g|webp|gif)\b", source, re.IGNORECASE):
        return ""
    alt = said.get("alt") or said.get("caption") or ""
    return f'<img src="{html.escape(source)}" alt="{html.escape(alt)}">'
