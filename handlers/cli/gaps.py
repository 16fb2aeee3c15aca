"""`helplens gaps export`: what the help centre does not answer, in clusters, for the people who write articles."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from PIL import Image
from rich.console import Console

from bot.knowledge.deciding import places
from bot.knowledge.gap_report import Item, markdown, of_cluster, of_outdated, page
from bot.knowledge.gaps import Gap, clusters
from bot.knowledge.gaps import gaps as gaps_of
from bot.knowledge.index import Index
from bot.knowledge.outdated import Outdated, Witness, outdated, witnesses
from bot.knowledge.pictures import located
from bot.knowledge.versions import NoIndex
from bot.screenshots import redaction
from bot.screenshots.light import DECIDED, light
from bot.screenshots.redaction import RedactionFailed
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.errors import NotFound
from bot.state.store import Store
from handlers import wiring
from handlers.cli.beside import beside
from handlers.wiring.chosen import kb_of

DAY_MS = 86_400_000
TRIED, SHOWN = 8, 3
"""Pictures of a cluster that are tried, and how many are shown of those that are still kept and can be covered."""

gaps = typer.Typer(help="What the help centre does not answer.", no_args_is_help=True)


@gaps.callback()
def about() -> None:
    """What the help centre does not answer."""


@gaps.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="Folder for gaps.md, gaps.html, the .jsonl files and the pictures.")],
    days: Annotated[int, typer.Option(min=1, help="How far back, within HELPLENS_CONVERSATION_DAYS.")] = 30,
    index: Annotated[Path | None, typer.Option("--kb", help="The index; unset: the one that serves.")] = None,
    source: Annotated[
        Path | None, typer.Option(help="The folder that it was built from, to show the articles' own pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The clusters on stdout too, one per line.")] = False,
) -> None:
    """Write a report: open questions in clusters, and articles whose pictures no longer match what customers see.

    Customers' pictures are shown with what is private blacked out. An article's picture is compared where it was read
    when the index was built, and three conversations or more showed its page.
    """
    chosen = Settings()
    rows, differing = asyncio.run(_export(chosen, to, days, index or kb_of(chosen), source))
    if as_json:
        sys.stdout.buffer.writelines(orjson.dumps(row) + b"\n" for row in rows)
    open_ = sum(len(row["gaps"]) for row in rows)
    Console(stderr=True, highlight=False).print(
        f"{open_} open questions in {len(rows)} clusters, {differing} pictures that no longer match: {to / 'gaps.md'}"
    )


async def _export(
    settings: Settings, to: Path, days: int, kb: Path, source: Path | None
) -> tuple[list[dict[str, list[Gap]]], int]:
    storage = Storage(settings.storage_url)
    async with beside(settings) as url, Store(url) as store:
        now = await store.now()
        found, seen = await _read(store, storage, now - days * DAY_MS, settings.private_patterns)
        screens = await _lines(storage, found)
    together = clusters(found, screens)
    differing = await asyncio.to_thread(_differing, kb, seen, settings.private_patterns)
    (to / "pictures").mkdir(parents=True, exist_ok=True)
    pictures = [
        await _pictures(storage, cluster.attachments, to, f"{number:03}", SHOWN)
        for number, cluster in enumerate(together, 1)
    ]
    rows = [
        cluster.model_dump() | {"picture": next(iter(paths), None), "pictures": paths}
        for cluster, paths in zip(together, pictures, strict=True)
    ]
    others: list[Item] = []
    for number, one in enumerate(differing, 1):
        customers = await _pictures(storage, one.attachments, to, f"now-{number:03}", 1, one.new)
        others.append(of_outdated(one, _own_picture(one, source, to, number), next(iter(customers), None)))
    items = [of_cluster(cluster, paths) for cluster, paths in zip(together, pictures, strict=True)]
    (to / "gaps.md").write_text(markdown(items, others, days, now), "utf-8")
    (to / "gaps.html").write_text(page(items, others, days, now), "utf-8")
    (to / "gaps.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    (to / "outdated.jsonl").write_bytes(b"".join(orjson.dumps(one.model_dump()) + b"\n" for one in differing))
    return rows, len(differing)


async def _read(
    store: Store, storage: Storage, since: int, own_patterns: Sequence[str]
) -> tuple[list[Gap], list[Witness]]:
    """The gaps, and the screens that may speak of articles' pictures, as they are still kept."""
    found: list[Gap] = []
    seen: list[Witness] = []
    async for conversation_id in store.ids():
        try:
            log = await store.log(conversation_id)
        except NotFound:  # erased, or run out, a moment ago
            continue
        found += [gap for gap in gaps_of(conversation_id, log, own_patterns) if gap.at >= since]
        for witness in witnesses(conversation_id, log):
            screen = await storage.screen(witness.attachment_id) if witness.at >= since else None
            if screen is not None:
                seen.append(witness.model_copy(update={"lines": tuple(line.text for line in screen.lines)}))
    return found, seen


def _differing(kb: Path, seen: Sequence[Witness], own_patterns: Sequence[str]) -> list[Outdated]:
    """The pictures that no longer match; none where there is no index. What customers' screens say is redacted."""
    try:
        index = Index.open(kb)
    except NoIndex:
        return []
    passages = (index.passage(n) for n in range(len(index.arrays.text_at) - 1))

    def clean(text: str) -> str:
        return redaction.text(text, own_patterns)

    return [
        one.model_copy(update={"new": tuple(map(clean, one.new)), "title_now": clean(one.title_now)})
        for one in outdated(passages, seen)
    ]


def _own_picture(one: Outdated, source: Path | None, to: Path, number: int) -> str | None:
    """The article's picture, copied beside the customer's; None where the source is not at hand."""
    path = located(one.picture.path, source / one.article, source) if source else None
    if path is None:
        return None
    name = f"pictures/was-{number:03}{path.suffix.lower()}"
    (to / name).write_bytes(path.read_bytes())
    return name


async def _pictures(
    storage: Storage, attachments: Sequence[str], to: Path, name: str, most: int, lit: Sequence[str] = ()
) -> list[str]:
    """The newest pictures that are still kept, what is private blacked out and these lines lit; none where none is."""
    paths: list[str] = []
    for attachment_id in attachments[:TRIED]:
        if len(paths) == most:
            break
        try:
            data = await wiring.redacted(storage, attachment_id)
        except (LookupError, RedactionFailed):
            continue
        paths.append(f"pictures/{name}{f'-{len(paths) + 1}' if paths else ''}.png")
        (to / paths[-1]).write_bytes(data)
        screen = await storage.screen(attachment_id) if lit else None
        if screen is not None:
            with Image.open(to / paths[-1]) as picture:
                light(picture, {DECIDED: places(lit, screen)}).save(to / paths[-1])
    return paths


async def _lines(storage: Storage, found: Sequence[Gap]) -> dict[str, frozenset[str]]:
    """The lines of the gaps' screens that are still kept."""
    ids = {gap.attachment_id for gap in found if gap.attachment_id and not gap.error and not gap.where}
    screens = {attachment_id: await storage.screen(attachment_id) for attachment_id in ids}
    return {id_: frozenset(line.text.casefold() for line in screen.lines) for id_, screen in screens.items() if screen}
