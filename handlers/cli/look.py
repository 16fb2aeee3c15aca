"""`helplens look`: what a screenshot says, as JSON for programs and as a table for people."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.screenshots import grounding, redaction
from bot.screenshots.eye import opened
from bot.screenshots.intake import Intake, Picture, Refused
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen
from bot.screenshots.screen import look as look_at

Json = dict[str, Any]


def look(
    images: Annotated[list[Path] | None, typer.Argument(help="Screenshots: PNG, JPEG, WebP or GIF.")] = None,
    point: Annotated[str, typer.Option(help="Where to click, e.g. 'click \"Save changes\"'.")] = "",
    point_cases: Annotated[Path | None, typer.Option(help="Many such questions, one JSON object a line.")] = None,
    redact: Annotated[Path | None, typer.Option(help="Folder for copies with private places blacked out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per picture, on stdout.")] = False,
) -> None:
    """Read screenshots: lines, error and numbers, private places, and where to click."""
    if not images and point_cases is None:
        raise typer.BadParameter("name at least one picture, or --point-cases FILE")
    failed = asyncio.run(_Looking(point, redact, as_json).all(images or [], point_cases))
    raise typer.Exit(1 if failed else 0)


class _Looking:
    def __init__(self, point: str, redact: Path | None, as_json: bool) -> None:
        self._point = point
        self._redact = redact
        self._json = as_json
        self._last: tuple[Path, Picture, Screen] | None = None

    async def all(self, images: list[Path], cases: Path | None) -> int:
        """Look at each picture and answer each case, in order; returns how many could not be read."""
        failed = 0
        async with Intake() as intake:
            reader = await asyncio.to_thread(Reader)
            async with reader:
                for path, instruction, row in [*((p, self._point, {}) for p in images), *_cases(cases)]:
                    try:
                        picture, screen = await self._look(path, intake, reader)
                    except (Refused, OSError) as error:
                        failed += 1
                        self._print({"image": str(path), "error": str(error)})
                        continue
                    self._print({**row, **shown(path, picture, screen, instruction)})
        return failed

    async def _look(self, path: Path, intake: Intake, reader: Reader) -> tuple[Picture, Screen]:
        if self._last is not None and self._last[0] == path:
            return self._last[1:]
        started = time.monotonic()
        picture = await intake.clean(path.read_bytes(), path.name)
        pixels = await asyncio.to_thread(opened, picture.data)
        screen = await look_at(pixels, picture.sha256, reader)
        screen = screen.model_copy(update={"seconds": {**screen.seconds, "total": time.monotonic() - started}})
        if self._redact is not None:
            self._redact.mkdir(parents=True, exist_ok=True)
            redaction.cover(pixels, screen.sensitive).save(self._redact / path.name)
        self._last = path, picture, screen
        return picture, screen

    def _print(self, row: Json) -> None:
        print(json.dumps(row, ensure_ascii=False), flush=True)  # noqa: T201


def _cases(path: Path | None) -> Iterator[tuple[Path, str, Json]]:
    if path is None:
        return
    for row in path.read_text("utf-8").splitlines():
        if row.strip():
            case = json.loads(row)
            yield path.parent / case["image"], case["instruction"], {"instruction": case["instruction"]}


def shown(path: Path, picture: Picture, screen: Screen, instruction: str) -> Json:
    """The JSON contract of `helplens look` for one picture."""
    pixels = opened(picture.data)
    points = grounding.point(instruction, screen.lines, screen.controls, pixels) if instruction else ()
    return {
        "image": str(path),
        "width": round(picture.width * picture.scale),
        "height": round(picture.height * picture.scale),
        "kind": screen.kind,
        "legible": screen.legible,
        "lines": [{"text": x.text, "box": x.box, "score": x.score} for x in screen.lines],
        "entities": [{"kind": e.kind, "text": e.text, "box": e.box} for e in screen.entities],
        "sensitive": [{"kind": s.kind, "box": s.box} for s in screen.sensitive],
        "points": [{"label": p.label, "box": p.box, "score": p.score} for p in points],
        "seconds": screen.seconds,
    }
