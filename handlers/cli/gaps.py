"""`helplens gaps export`: what the help centre does not answer, in clusters, for the people who write articles."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from bot.knowledge.gaps import Cluster, Gap, clusters, report
from bot.knowledge.gaps import gaps as gaps_of
from bot.screenshots.redaction import RedactionFailed
from bot.screenshots.storage import Storage
from bot.settings import Settings
from bot.state.errors import NotFound
from bot.state.store import Store
from handlers import wiring
from handlers.cli.beside import beside

DAY_MS = 86_400_000
TRIED = 5
"""Pictures of a cluster that are tried for one that is still kept and can be covered."""

gaps = typer.Typer(help="What the help centre does not answer.", no_args_is_help=True)


@gaps.callback()
def about() -> None:
    """What the help centre does not answer."""


@gaps.command()
def export(
    to: Annotated[Path, typer.Option("--to", help="Folder for gaps.md, gaps.jsonl and the pictures.")],
    days: Annotated[int, typer.Option(min=1, help="How far back, within HELPLENS_CONVERSATION_DAYS.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="The clusters on stdout too, one per line.")] = False,
) -> None:
    """Write a report: open questions in clusters, each with a picture whose private parts are blacked out."""
    rows = asyncio.run(_export(Settings(), to, days))
    if as_json:
        sys.stdout.buffer.writelines(orjson.dumps(row) + b"\n" for row in rows)
    open_ = sum(len(row["gaps"]) for row in rows)
    Console(stderr=True, highlight=False).print(f"{open_} open questions in {len(rows)} clusters: {to / 'gaps.md'}")


async def _export(settings: Settings, to: Path, days: int) -> list[dict[str, list[Gap]]]:
    async with beside(settings) as url, Store(url) as store:
        now = await store.now()
        found = await _gaps(store, now - days * DAY_MS, settings.private_patterns)
    together, storage = clusters(found), Storage(settings.storage_url)
    (to / "pictures").mkdir(parents=True, exist_ok=True)
    pictures = [await _picture(storage, cluster, to, number) for number, cluster in enumerate(together, 1)]
    rows = [cluster.model_dump() | {"picture": picture} for cluster, picture in zip(together, pictures, strict=True)]
    (to / "gaps.md").write_text(report(together, pictures, days, now), "utf-8")
    (to / "gaps.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return rows


async def _gaps(store: Store, since: int, own_patterns: Sequence[str]) -> list[Gap]:
    found: list[Gap] = []
    async for conversation_id in store.ids():
        try:
            log = await store.log(conversation_id)
        except NotFound:  # erased, or run out, a moment ago
            continue
        found += [gap for gap in gaps_of(conversation_id, log, own_patterns) if gap.at >= since]
    return found


async def _picture(storage: Storage, cluster: Cluster, to: Path, number: int) -> str | None:
    """The newest picture of a cluster that is still kept, what is private blacked out; None when there is none."""
    for attachment_id in cluster.attachments[:TRIED]:
        try:
            data = await wiring.redacted(storage, attachment_id)
        except (LookupError, RedactionFailed):
            continue
        name = f"pictures/{number:03}.png"
        (to / name).write_bytes(data)
        return name
    return None
