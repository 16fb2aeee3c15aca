"""How long a customer waits: from the upload to the card, from Send to the first word and to the end.

    python tests/bench/turn_latency.py [FOLDER] [--at-once 1 4 16] [--url http://127.0.0.1:8100]

FOLDER holds screenshots (ours without it). Each conversation uploads a picture that was never seen before (one pixel
is changed), waits for its card, sends a question about it, and reads the answer from the event stream, over real HTTP
on loopback. Without --url it starts `helplens up` in a folder of its own and ends it. Figures are milliseconds of this
machine: compare the columns of one run, not runs of two machines.
"""

import argparse
import asyncio
import contextlib
import io
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image

OURS = Path(__file__).parents[2] / "examples" / "screenshots"
QUESTION = "What does this mean and what should I do?"


@dataclass(frozen=True)
class Waits:
    """One conversation, in seconds."""

    card: float
    first: float
    end: float


def never_seen(path: Path) -> bytes:
    """The picture with one pixel changed, as PNG."""
    with Image.open(path) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((random.randrange(changed.width), 0), tuple(random.randbytes(3)))
    out = io.BytesIO()
    changed.save(out, "PNG", compress_level=1)
    return out.getvalue()


async def events(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> AsyncIterator[str]:
    """The names of the events, as they come."""
    async with http.stream("GET", f"{path}/events", headers=headers, timeout=None) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("event: "):
                yield line.removeprefix("event: ")


async def converse(http: httpx.AsyncClient, picture: bytes) -> Waits:
    """One customer: picture, card, question, answer."""
    opened = (await http.post("/api/v1/conversations")).raise_for_status().json()
    path, headers = f"/api/v1/conversations/{opened['id']}", {"Authorization": f"Bearer {opened['token']}"}
    async with contextlib.aclosing(events(http, path, headers)) as names:
        uploaded = time.perf_counter()
        answer = await http.post(f"{path}/attachments", files={"file": ("screen.png", picture)}, headers=headers)
        await until(names, "seen")
        card = time.perf_counter() - uploaded
        body = {"text": QUESTION, "attachments": [answer.raise_for_status().json()["attachment_id"]]}
        sent = time.perf_counter()
        await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": opened["id"]})
        await until(names, "delta", "answered")
        first = time.perf_counter() - sent
        await until(names, "done")
        return Waits(card, first, time.perf_counter() - sent)


async def until(names: AsyncIterator[str], *wanted: str) -> None:
    """Reads on until one of these events."""
    async for name in names:
        if name in wanted:
            return
    raise RuntimeError(f"the stream ended before {wanted}")


@contextlib.asynccontextmanager
async def server(url: str | None) -> AsyncIterator[str]:
    """The address of a server: the one given, or our own with everything embedded."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "from handlers.cli import main; main()", "up", "--port", "0",
            env={"HELPLENS_DATA": folder, "COLUMNS": "200", "PYTHONPATH": str(OURS.parents[1])},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr
        try:
            while line := (await process.stderr.readline()).decode():
                if "/demo" in line:
                    break
            yield line.split()[-1].removesuffix("/demo")
        finally:
            process.send_signal(signal.SIGINT)
            await process.wait()


def row(at_once: int, waits: list[Waits]) -> str:
    """Median and worst of each wait."""
    columns = ((w.card for w in waits), (w.first for w in waits), (w.end for w in waits))
    cells = (f"{statistics.median(c) * 1000:7.0f} {max(c) * 1000:7.0f}" for c in map(sorted, columns))
    return f"{at_once:7d} | " + " | ".join(cells)


async def main() -> None:
    """Prints one line per number of conversations at once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=OURS)
    parser.add_argument("--at-once", nargs="+", type=int, default=[1, 4, 16])
    parser.add_argument("--url")
    parser.add_argument("--json", action="store_true", help="one object a line")
    given = parser.parse_args()
    pictures = sorted(given.folder.glob("*.png"))
    async with server(given.url) as url, httpx.AsyncClient(base_url=url, timeout=120) as http:
        await converse(http, never_seen(pictures[0]))
        if not given.json:
            print("        |  upload to card |  Send to first  |   Send to end")
            print("at once |  median   worst |  median   worst |  median   worst")
        for at_once in given.at_once:
            rounds = max(1, 8 // at_once)
            waits: list[Waits] = []
            for _ in range(rounds):
                chosen = random.choices(pictures, k=at_once)
                waits += await asyncio.gather(*(converse(http, never_seen(path)) for path in chosen))
            if given.json:
                print(json.dumps({"at_once": at_once, "waits": [vars(w) for w in waits]}), flush=True)
            else:
                print(row(at_once, waits), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
