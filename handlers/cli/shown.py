"""What was seen of a picture, shown to a person: as a table, drawn on the picture, and as one page of HTML."""

import base64
import html
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from bot.conversation import Box, Point
from bot.screenshots import redaction, ring
from bot.screenshots.screen import Screen

LINE = "#3b82f6"
ENTITY = "#16a34a"
MARK = "#d97706"

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1c1917;
  background: #fafaf9 }
article { background: #fff; border: 1px solid #e7e5e4; border-radius: 12px; padding: 1rem 1.25rem; margin: 1.5rem 0 }
img { max-width: 100%; border: 1px solid #e7e5e4; border-radius: 8px }
table { border-collapse: collapse; margin: .75rem 0 } td, th { padding: .15rem .9rem .15rem 0; text-align: left;
  vertical-align: top } th { font-weight: 600; color: #57534e } .no { color: #b91c1c } summary { cursor: pointer }
@media (prefers-color-scheme: dark) { body { background: #1c1917; color: #e7e5e4 } article { background: #292524;
  border-color: #44403c } th { color: #a8a29e } }
"""


def table(path: Path, screen: Screen, points: Sequence[Point], console: Console) -> None:
    """Print what was seen of one picture."""
    facts = Table.grid(padding=(0, 2))
    for name, value in summary(screen):
        facts.add_row(f"[dim]{name}[/]", escape(value))
    parts: list[Table | str] = [facts]
    if screen.entities:
        found = Table("kind", "text", box=None, header_style="dim", padding=(0, 2, 0, 0))
        for entity in screen.entities:
            found.add_row(entity.kind, escape(entity.text) + (" [yellow](may be misread)[/]" if entity.doubt else ""))
        parts += ["", found]
    for point in points:
        parts.append(f"[bold]click[/] {escape(point.label)} at {place(point.box)}, score {point.score:.2f}")
    parts += ["", "[dim]" + escape("\n".join(line.text for line in screen.lines)) + "[/]"]
    colour = {"read": "green", "partly": "yellow"}.get(screen.outcome, "red")
    console.print(Panel(Group(*parts), title=escape(str(path)), title_align="left", border_style=colour))


def summary(screen: Screen) -> list[tuple[str, str]]:
    """The short facts of a screen, by name; those that are not known are left out."""
    private = ", ".join(f"{count} {kind}" for kind, count in Counter(s.kind for s in screen.sensitive).items())
    rows = [
        ("picture", f"{screen.kind}, {screen.width} x {screen.height}, {screen.theme}"),
        ("outcome", f"{screen.outcome}{': ' + screen.reason if screen.reason else ''}"),
        ("where", screen.where),
        ("error", screen.error),
        ("language", screen.language),
        ("private", private),
        ("stressed", ", ".join(m.kind for m in screen.marks)),
        ("read", f"{len(screen.lines)} lines in {screen.seconds.get('total', 0):.2f} s"),
    ]
    return [(name, value) for name, value in rows if value]


def place(box: Box) -> str:
    """A box in whole pixels."""
    return " ".join(str(round(v)) for v in box)


def annotated(picture: Image.Image, screen: Screen, points: Sequence[Point]) -> Image.Image:
    """A copy with what is private blacked out, and lines, entities, marks and rings drawn."""
    drawn = ring.draw(redaction.cover(picture, screen.sensitive), points)
    draw = ImageDraw.Draw(drawn)
    for line in screen.lines:
        draw.rectangle(_outside(line.box, 1), outline=LINE)
    for mark in screen.marks:
        draw.rectangle(_outside(mark.box, 4), outline=MARK, width=2)
        draw.text((mark.box[0] - 3, max(0.0, mark.box[1] - 18)), mark.kind, fill=MARK, font_size=12)
    for entity in screen.entities:
        draw.rectangle(_outside(entity.box, 2), outline=ENTITY, width=2)
        draw.text((entity.box[0], entity.box[3] + 2), entity.kind, fill=ENTITY, font_size=10)
    return drawn


def page(seen: Sequence[tuple[Path, Image.Image, Screen, Sequence[Point]]]) -> str:
    """One page of HTML about all pictures, with the annotated pictures in it. It calls for nothing from elsewhere."""
    articles = "".join(
        _article(path, annotated(picture, screen, points), screen) for path, picture, screen, points in seen
    )
    head = f"<meta charset='utf-8'><title>helplens look</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body><h1>helplens look</h1>{articles}</body></html>"


def _article(path: Path, drawn: Image.Image, screen: Screen) -> str:
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=85)
    source = "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()
    name = html.escape(path.name)
    rows = [*summary(screen), *((e.kind, e.text + (" (may be misread)" if e.doubt else "")) for e in screen.entities)]
    cells = "".join(f"<tr><th>{html.escape(k)}</th><td>{html.escape(v)}</td></tr>" for k, v in rows)
    text = redaction.text(screen.text)
    return (
        f"<article><h2 class='{'' if screen.legible else 'no'}'>{name}</h2><img src='{source}' alt='{name}, annotated'>"
        f"<table>{cells}</table><details><summary>All lines</summary><pre>{html.escape(text)}</pre></details></article>"
    )


def _outside(box: Box, by: int) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return left - by, top - by, max(left, right) + by, max(top, bottom) + by
