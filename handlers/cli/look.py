"""`helplens look`: what a screenshot says, as JSON for programs and as a table for people."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from PIL import Image
from rich.console import Console

from bot.conversation import Box, Point
from bot.screenshots import grounding, redaction
from bot.screenshots.eye import opened
from bot.screenshots.intake import Intake, Refused
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen
from bot.screenshots.screen import look as look_at
from handlers.cli import shown

Json = dict[str, Any]


def look(
    images: Annotated[list[Path] | None, typer.Argument(help="Screenshots: PNG, JPEG, WebP or GIF.")] = None,
    point: Annotated[str, typer.Option(help="Where to click, e.g. 'click \"Save changes\"'.")] = "",
    point_cases: Annotated[
        Path | None, typer.Option(help='Many such questions: one {"image", "instruction"} a line, paths from the file.')
    ] = None,
    redact: Annotated[Path | None, typer.Option(help="Folder for copies with private places blacked out.")] = None,
    annotate: Annotated[Path | None, typer.Option(help="Folder for copies with all that was seen drawn in.")] = None,
    html: Annotated[Path | None, typer.Option(help="One page to look through all pictures with what was seen.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture or case, on stdout.")] = False,
) -> None:
    """Read screenshots: their lines, the exact error and numbers, what is private, and where to click.

    A file that cannot be read becomes an error line and exit status 1; the others are still done.
    """
    if not images and point_cases is None:
        raise typer.BadParameter("name at least one picture, or --point-cases FILE")
    asked = [_Ask(path, str(path), point) for path in images or []] + list(_cases(point_cases))
    failed = asyncio.run(_Looking(redact, annotate, html, as_json).all(asked))
    raise typer.Exit(1 if failed else 0)


@dataclass(frozen=True)
class _Ask:
    """One picture to look at, and where to point on it."""

    path: Path
    image: str
    """As it was named, and as it is named in the answer."""
    instruction: str
    case: bool = False


@dataclass
class _Looking:
    redact: Path | None
    annotate: Path | None
    html: Path | None
    as_json: bool
    _pages: list[tuple[Path, Image.Image, Screen, Sequence[Point]]] = field(default_factory=list)
    _last: tuple[Path, Image.Image, Screen, float] | None = None

    async def all(self, asked: Sequence[_Ask]) -> int:
        """Look at each picture and answer each case, in order; returns how many could not be read."""
        failed = 0
        for folder in (self.redact, self.annotate):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        async with Intake() as intake, await asyncio.to_thread(Reader) as reader:
            for ask in asked:
                try:
                    await self._one(ask, intake, reader)
                except (Refused, OSError, redaction.RedactionFailed) as error:
                    failed += 1
                    self._say_error(ask, error)
            if self.html is not None:
                self.html.write_text(shown.page(self._pages), "utf-8")
                _progress(f"{self.html}: {len(self._pages)} pictures")
            if reader.making:
                _progress("making the fast reader for this machine, once, some ten seconds ...")
                await asyncio.to_thread(reader.prepare)
        return failed

    async def _one(self, ask: _Ask, intake: Intake, reader: Reader) -> None:
        if self._last is None or self._last[0] != ask.path:
            self._last = await self._look(ask.path, intake, reader)
        _, picture, screen, scale = self._last
        points = grounding.point(ask.instruction, screen.lines, screen.controls, picture) if ask.instruction else ()
        if self.redact is not None:
            redaction.cover(picture, screen.sensitive).save(self.redact / ask.path.name)
        if self.annotate is not None:
            shown.annotated(picture, screen, points).save(self.annotate / ask.path.name)
        if self.html is not None:
            self._pages.append((ask.path, picture, screen, points))
        if self.as_json:
            _print(as_row(ask.image, screen, points, scale) | ({"instruction": ask.instruction} if ask.case else {}))
        else:
            shown.table(ask.path, screen, points, Console(highlight=False))

    async def _look(self, path: Path, intake: Intake, reader: Reader) -> tuple[Path, Image.Image, Screen, float]:
        started = time.monotonic()
        clean = await intake.clean(await asyncio.to_thread(path.read_bytes), path.name)
        picture = await asyncio.to_thread(opened, clean.data)
        screen = await look_at(picture, clean.sha256, reader)
        seconds = {**screen.seconds, "total": time.monotonic() - started}
        return path, picture, screen.model_copy(update={"seconds": seconds}), clean.scale

    def _say_error(self, ask: _Ask, error: Exception) -> None:
        words = f"{error.strerror or error}" if isinstance(error, OSError) else str(error)
        if self.as_json:
            _print({"image": ask.image, "error": words} | ({"instruction": ask.instruction} if ask.case else {}))
        else:
            _progress(f"[red]{ask.image}[/]: {words}")


def as_row(image: str, screen: Screen, points: Sequence[Point], scale: float = 1.0) -> Json:
    """The JSON contract of `helplens look` for one picture; `scale` brings boxes to pixels of the original file."""

    def box(of: Box) -> list[float]:
        return [round(v * scale, 2) for v in of]

    return {
        "image": image,
        "width": round(screen.width * scale),
        "height": round(screen.height * scale),
        "kind": screen.kind,
        "legible": screen.legible,
        "outcome": screen.outcome,
        "reason": screen.reason,
        "where": screen.where,
        "error_text": screen.error,
        "theme": screen.theme,
        "language": screen.language,
        "lines": [{"text": x.text, "box": box(x.box), "score": x.score} for x in screen.lines],
        "entities": [{"kind": e.kind, "text": e.text, "box": box(e.box), "doubt": e.doubt} for e in screen.entities],
        "sensitive": [{"kind": s.kind, "box": box(s.box)} for s in screen.sensitive],
        "points": [{"label": p.label, "box": box(p.box), "score": p.score} for p in points],
        "marks": [{"kind": m.kind, "box": box(m.box)} for m in screen.marks],
        "seconds": {name: round(value, 4) for name, value in screen.seconds.items()},
    }


def _cases(path: Path | None) -> Iterator[_Ask]:
    if path is None:
        return
    for number, row in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not row.strip():
            continue
        try:
            case = orjson.loads(row)
            yield _Ask(path.parent / case["image"], case["image"], case["instruction"], case=True)
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise typer.BadParameter(
                f'{path}, line {number}: a case is {{"image", "instruction"}} ({error})'
            ) from error


def _print(row: Json) -> None:
    sys.stdout.write(orjson.dumps(row).decode() + "\n")
    sys.stdout.flush()


def _progress(text: str) -> None:
    Console(stderr=True, highlight=False).print(text)
