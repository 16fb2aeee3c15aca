"""An article's blocks -> passages: under their headings, with steps, UI labels and warnings, in its own order.

Not here: how HTML is read (`blocks`), what a passage is good for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.knowledge.articles import Passage
from bot.knowledge.asides import KINDS
from bot.knowledge.blocks import HEADINGS, Block, elements_of, plain, read, text_of

LONGEST = 180
"""Words from which a section becomes several passages, cut between its blocks."""
LABEL_WORDS = 8
"""A longer bold run is emphasis, not something on a screen."""
TYPED = re.compile(r"(\d{1,2})[.)]\s+(\S.*)", re.DOTALL)
"""A paragraph that numbers itself."""
FENCED = re.compile(r"```.*?```", re.DOTALL)
QUOTED = re.compile(r"[\"“„«‘]([^\"”“»’\n]{2,60})[\"”“»’]")
PATH = re.compile(r"\s*(?:->|>|›|→|»|/|\|)\s+|\s+(?:->|>|›|→|»)\s*|(?<=\w)(?:->|>|›|→)(?=\w)")


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
            if label and len(label.split()) <= LABEL_WORDS and label.rstrip("!").lower() not in KINDS:
                yield label
    for match in QUOTED.finditer(FENCED.sub("", text)):
        if len(match[1].split()) <= LABEL_WORDS:
            yield match[1].strip(" :.,;")


def _sections(body: LexborNode) -> Iterator[Section]:
    path: list[tuple[int, str]] = []
    section = Section((), "")
    for element in elements_of(body):
        level = HEADINGS.get(element.tag or "")
        if level is None:
            section.blocks.extend(read(element))
            continue
        if section.blocks:
            yield section
        heading = plain(text_of(element))
        path = [(n, text) for n, text in path if n < level]
        if heading:
            path.append((level, heading))
        section = Section(tuple(text for _, text in path), element.attributes.get("id") or "")
    if section.blocks or section.headings:
        yield section


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


def _typed_steps(blocks: list[Block]) -> None:
    """Paragraphs that number themselves 1, 2, 3 are steps, whatever stands between them."""
    numbered = [(int(match[1]), b, match[2]) for b in blocks if not b.steps and (match := TYPED.match(b.text))]
    for at, (number, block, words) in enumerate(numbered):
        before = numbered[at - 1][0] if at else 0
        after = numbered[at + 1][0] if at + 1 < len(numbered) else 0
        if number == before + 1 and (number > 1 or after == 2):
            block.steps = (words.replace("\n", " "),)


def _passage(
    blocks: list[Block], article: str, number: int, title: str, headings: tuple[str, ...], url: str | None, anchor: str
) -> Passage:
    _typed_steps(blocks)
    text = "\n\n".join(b.text for b in blocks if b.text)
    return Passage(
        article=article,
        number=number,
        title=title,
        headings=headings,
        text=text,
        steps=tuple(step for b in blocks for step in b.steps),
        labels=tuple(dict.fromkeys(labels_of(text))),
        warnings=tuple(warning for b in blocks for warning in b.warnings),
        url=url,
        anchor=anchor,
        pictures=tuple(p for b in blocks for p in b.pictures),
    )
