"""A PDF -> HTML for `blocks`: its text in lines, headings by its outline or else by its fonts, lists by their marks.

pypdf reads the file. Not here: recognising text on scans, which are refused with that reason; pictures and tables.
"""

import html
import io
import re
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, PyPdfError

MOST_PAGES = 2000
DAMAGED = (
    *(PyPdfError, DependencyError, NotImplementedError, zlib.error, struct.error),
    *(KeyError, TypeError, AttributeError, IndexError, ArithmeticError, AssertionError),
)
"""What pypdf raises on files that are not as they should be."""
LARGER = 1.12
"""A line this many times larger than the text is a heading."""
HEADING_WORDS = 14
LEVELS = 4
GAP = 1.7
"""Line heights between two lines from which a new paragraph begins."""
NUMBERED = re.compile(r"^\s*(\d{1,3})[.)]\s+(?=\S)")
BULLET = re.compile(r"^\s*[•◦▪‣●○■∙·–*\uf0b7-]\s+(?=\S)")
BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
PROGRAMS = re.compile(r"^(?:microsoft|untitled|slide 1\b|powerpoint)|\.\w{2,5}$", re.IGNORECASE)
"""Titles that programs write when nobody gave one."""
LIGATURES = re.compile("[\ufb00-\ufb06]")
SPLIT_LIST = re.compile(r"</ul><ul>|</ol><ol start='(?!1')\d+'>")
"""Between two items of one list."""
Run = tuple[str, bool]
"""(text, whether it is bold)."""


@dataclass
class Line:
    """One line of a page, as its runs of one weight; `size` in points as drawn, `y` from the page's foot."""

    page: int
    y: float
    size: float
    runs: list[Run] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(text for text, _ in self.runs).split())

    @property
    def bold(self) -> bool:
        return all(bold for text, bold in self.runs if text.strip())


def pdf_to_html(data: bytes) -> tuple[str, str]:
    """(title, HTML) of a PDF; the title may be empty. A heading's id is `page=N`, which opens the PDF there.

    Raises ValueError when it is damaged, locked by a password, too long, or has no text (a scan).
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("locked by a password")
        if len(reader.pages) > MOST_PAGES:
            raise ValueError(f"more than {MOST_PAGES} pages")
        lines = [line for number, page in enumerate(reader.pages, 1) for line in _lines(page, number)]
        outline = dict(_outline(reader.outline))
        said = (reader.metadata and reader.metadata.title) or ""
    except DAMAGED as error:
        raise ValueError(f"a damaged PDF: {error}") from error
    lines = _without_running_heads([line for line in lines if line.text])
    if not lines:
        raise ValueError("a PDF without text, probably a scan: run text recognition over it first")
    levels = _levels(lines, outline)
    return _title(lines, levels, said), SPLIT_LIST.sub("", "".join(_html(lines, levels)))


def _title(lines: list[Line], levels: dict[int, int], said: str) -> str:
    """What stands largest among the first page's headings, else what the file says, unless a program wrote that."""
    largest = max(
        (lines[at] for at in levels if lines[at].page == lines[0].page), key=lambda line: line.size, default=None
    )
    return largest.text if largest else "" if PROGRAMS.search(said) else said.strip()


def _lines(page: PageObject, number: int) -> list[Line]:
    """The page's lines in the order in which they are drawn."""
    lines = [Line(number, 0.0, 0.0)]

    def visit(text: str, matrix: Any, text_matrix: Any, font: Any, size: float) -> None:
        scale = abs(text_matrix[3] or text_matrix[1] or 1) * abs(matrix[3] or matrix[1] or 1)
        y = text_matrix[5] * matrix[3] + matrix[5]
        bold = bool(BOLD.search(str(font.get("/BaseFont", "")))) if font else False
        text = LIGATURES.sub(lambda letters: unicodedata.normalize("NFKC", letters[0]), text)
        for at, piece in enumerate(text.split("\n")):
            if at and lines[-1].runs:
                lines.append(Line(number, 0.0, 0.0))
            if piece.strip() and not lines[-1].text:
                lines[-1].y, lines[-1].size = y, round(size * scale, 1)
            if piece:
                lines[-1].runs.append((piece, bold))

    page.extract_text(visitor_text=visit)
    return lines


def _outline(entries: Sequence[Any], level: int = 1) -> Iterator[tuple[str, int]]:
    """(title, level) of each entry of the document's outline, whose lists lie within each other."""
    for entry in entries:
        if isinstance(entry, list):
            yield from _outline(entry, level + 1)
        elif title := _bare(str(entry.title or "")):
            yield title, min(level, LEVELS)


def _bare(text: str) -> str:
    """A heading without its number, for comparing: outlines often leave it out."""
    return " ".join(re.sub(r"^[\d.]+\s+", "", text).casefold().split())


def _without_running_heads(lines: list[Line]) -> list[Line]:
    """Without what stands first or last on most pages: heads, feet, page numbers."""
    edges: list[tuple[int, str]] = []
    by_page: dict[int, list[Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    for on_page in by_page.values():
        by_height = sorted(on_page, key=lambda line: -line.y)
        edges += {(id(line), _numberless(line)) for line in (*by_height[:2], *by_height[-2:])}
    often = Counter(text for _, text in edges)
    running = {number for number, text in edges if len(by_page) > 2 and often[text] > len(by_page) / 2}
    return [line for line in lines if id(line) not in running]


def _numberless(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text)


def _levels(lines: list[Line], outline: dict[str, int]) -> dict[int, int]:
    """The heading level of each line that is one, by its place in `lines`."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    usual = sizes.most_common(1)[0][0]
    bold_text = sum(len(line.text) for line in lines if line.bold) > sum(len(line.text) for line in lines) / 2
    listed = {at: outline[bare] for at, line in enumerate(lines) if (bare := _bare(line.text)) in outline}
    listed = {at: level for at, level in listed.items() if lines[at].size >= LARGER * usual or lines[at].bold}
    if len({_bare(lines[at].text) for at in listed}) > len(outline) / 2:
        return listed
    looks = {at: line for at, line in enumerate(lines) if _looks_like_heading(line, usual, bold_text)}
    ranks = sorted({line.size for line in looks.values()}, reverse=True)
    return {at: min(1 + ranks.index(line.size), LEVELS) for at, line in looks.items()}


def _looks_like_heading(line: Line, usual: float, bold_text: bool) -> bool:
    if len(line.text.split()) > HEADING_WORDS or not re.search(r"\w", line.text) or BULLET.match(line.text):
        return False
    ends = line.text.endswith((".", ",", ";", ":"))
    return line.size >= LARGER * usual or (
        line.bold and not bold_text and line.size >= usual and not ends and not NUMBERED.match(line.text)
    )


def _html(lines: list[Line], levels: dict[int, int]) -> Iterator[str]:
    """The lines as headings, paragraphs and lists."""
    block: list[Line] = []
    level: int | None = None
    for at, line in enumerate(lines):
        starts = bool(NUMBERED.match(line.text) or BULLET.match(line.text)) and at not in levels
        if block and (starts or levels.get(at) != level or not _follows(block[-1], line)):
            yield _block(block, level)
            block = []
        level = levels.get(at)
        block.append(line)
    yield _block(block, level)


def _follows(line: Line, after: Line) -> bool:
    """Whether the next line goes on in the same paragraph; a paragraph may run over the page's end."""
    if line.page != after.page:
        return not line.text.endswith((".", "!", "?", ":"))
    return -GAP * max(line.size, 1) < after.y - line.y <= line.size


def _block(lines: list[Line], level: int | None) -> str:
    """A heading, a paragraph, or one item of a list."""
    if level is not None:
        words = " ".join(line.text for line in lines)
        return f"<h{level} id='page={lines[0].page}'>{html.escape(words)}</h{level}>"
    numbered, bullet = NUMBERED.match(lines[0].text), BULLET.match(lines[0].text)
    if numbered:
        return f"<ol start='{int(numbered[1])}'><li>{_inline(lines, len(numbered[0]))}</li></ol>"
    if bullet:
        return f"<ul><li>{_inline(lines, len(bullet[0]))}</li></ul>"
    return f"<p>{_inline(lines)}</p>"


def _inline(lines: list[Line], skip: int = 0) -> str:
    """The lines' words, bold ones marked, words that a line's end has cut put together; `skip` letters left out."""
    runs: list[Run] = []
    for number, line in enumerate(lines):
        if number:
            last, bold = runs[-1]
            cut = re.search(r"[^\W\d_]-\s*$", last) and line.text[:1].islower()
            runs[-1] = (re.sub(r"-\s*$", "", last) if cut else f"{last} ", bold)
        runs += line.runs
    parts: list[str] = []
    left = skip
    for text, bold in _merged(runs):
        words, left = html.escape(text[left:], quote=False), max(0, left - len(text))
        parts.append(re.sub(r"\S(?:.*\S)?", r"<strong>\g<0></strong>", words) if bold else words)
    return " ".join("".join(parts).split())


def _merged(runs: list[Run]) -> list[Run]:
    """Runs of one weight beside each other as one."""
    merged: list[Run] = []
    for text, bold in runs:
        if merged and (merged[-1][1] == bold or not text.strip()):
            merged[-1] = (merged[-1][0] + text, merged[-1][1])
        else:
            merged.append((text, bold))
    return [(re.sub(r"\s+", " ", text), bold) for text, bold in merged]
