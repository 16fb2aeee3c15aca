"""What the event stream costs: delay of each token, tokens a second, and CPU per token, with many readers at once.

    python tests/bench/relay.py [--readers 1 25 50 100] [--seconds 5] [--pin]

A writer (a process of its own) writes answers of 100 tokens a second into conversations, in the worker's batches, each
token stamped with the time when it was made. One web process streams them; the readers here note when each comes. All
of it is real: an embedded Valkey, `helplens serve web`, the store's own writes. CPU is read from /proc, so it holds on
a busy machine too; delays do not. `--pin` gives the web process a core of its own.
"""

import argparse
import asyncio
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bot.conversation import Delta, Planned
from bot.helpdesk import HelpDesk
from bot.state.embedded import embedded
from bot.state.records import Claim
from bot.state.store import Store
from bot.turns import BATCH_S
from handlers.web.identity import Tokens

SECRET = "a secret of this bench, thirty-two bytes or more"
TOKEN_S = 0.01
LEASE_MS = 60_000
STAMP = re.compile(rb"@(\d+)")
TICK = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[2]


@dataclass
class Reader:
    """What one reader saw."""

    delays: list[float] = field(default_factory=list)


def cpu(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


async def write(url: str, readers: int, seconds: float) -> None:
    """The writer: opens conversations, prints their ids, and writes answers until the time is over."""
    async with Store(url) as store:
        desk = HelpDesk(store, None, None)  # type: ignore[arg-type]  it takes no pictures
        claims = []
        for n in range(readers):
            conversation = (await desk.open("visitor:bench")).id
            await desk.say(conversation, "customer", "?", key=str(n))
            claim = await store.claim("turn", "bench", LEASE_MS)
            assert isinstance(claim, Claim)
            claims.append(claim)
        print(" ".join(claim.id for claim in claims), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.gather(*(answer(store, claim, seconds) for claim in claims))


async def answer(store: Store, claim: Claim, seconds: float) -> None:
    """One answer, a batch at a time."""
    await store.write(
        claim, 1, [Planned(turn=1, to=(), plan="words", reason="")], extend_ms=LEASE_MS, basis=claim.basis
    )
    said, n, due = 0, 2, time.monotonic()
    end = due + seconds
    while due < end:
        stamps = [due + TOKEN_S * (k + 1) for k in range(round(BATCH_S / TOKEN_S))]
        due = stamps[-1]
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        text = "".join(f"@{int(stamp * 1e6)} " for stamp in stamps)
        await store.write(claim, n, [Delta(turn=1, offset=said, text=text)], extend_ms=LEASE_MS, basis=claim.basis)
        said, n = said + len(text), n + 1


async def read(port: int, conversation: str, token: str, reader: Reader) -> None:
    """One reader, on a bare socket."""
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    path = f"/api/v1/conversations/{conversation}/events"
    writing.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert b" 200 " in await reading.readuntil(b"\r\n\r\n")
    try:
        while data := await reading.readuntil(b"\n\n"):
            now = time.monotonic() * 1e6
            reader.delays += [(now - int(stamp)) / 1000 for stamp in STAMP.findall(data)]
    except asyncio.IncompleteReadError:
        return
    finally:
        writing.close()


def start(url: str, folder: str, port: int) -> subprocess.Popen[bytes]:
    """The web process."""
    env = {
        "HELPLENS_REDIS_URL": url,
        "HELPLENS_SECRET": SECRET,
        "HELPLENS_PORT": str(port),
        "HELPLENS_DATA": folder,
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
    }
    return subprocess.Popen([sys.executable, "-c", "from handlers.cli import main; main()", "serve", "web"], env=env)


async def measure(url: str, web: int, port: int, readers: int, seconds: float) -> str:
    """One row."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--write", url, "--readers", str(readers), "--seconds", str(seconds),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        limit=1 << 20, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert writer.stdout and writer.stdin
    conversations = (await writer.stdout.readline()).decode().split()
    tokens = Tokens(SECRET.encode(), clock=time.time)
    seen = [Reader() for _ in conversations]
    reading = [
        asyncio.ensure_future(read(port, id_, tokens.conversation(id_, "visitor:bench"), reader))
        for id_, reader in zip(conversations, seen, strict=True)
    ]
    await asyncio.sleep(1)
    before = cpu(web)
    writer.stdin.write(b"go\n")
    started = time.monotonic()
    await writer.wait()
    await asyncio.sleep(0.5)
    spent = cpu(web) - before
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    delays = sorted(delay for reader in seen for delay in reader.delays)
    rate = len(delays) / (time.monotonic() - started - 0.5)
    p99 = delays[int(len(delays) * 0.99)]
    return (
        f"{readers:7d} | {rate:8.0f} of {readers / TOKEN_S:6.0f} | {statistics.median(delays):6.1f} | {p99:7.1f} |"
        f" {1000 * spent / len(delays):.4f}"
    )


async def main() -> None:
    """Prints one line per number of readers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", nargs="+", type=int, default=[1, 25, 50, 100])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--pin", action="store_true", help="give the web process a core of its own")
    parser.add_argument("--write", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        await write(given.write, given.readers[0], given.seconds)
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        async with embedded(Path(folder) / "valkey") as url:
            web = start(url, folder, port)
            try:
                if given.pin:
                    os.sched_setaffinity(web.pid, {0})
                    os.sched_setaffinity(0, set(range(1, os.cpu_count() or 1)) or {0})
                await up(port)
                print("readers |  tokens a second  | p50 ms |  p99 ms | CPU ms a token (web)")
                for readers in given.readers:
                    print(await measure(url, web.pid, port, readers, given.seconds), flush=True)
            finally:
                web.terminate()
                web.wait()


async def up(port: int) -> None:
    """Until the server takes connections: two minutes, since a busy machine takes its time to load the models."""
    for _ in range(1200):
        try:
            _, writing = await asyncio.open_connection("127.0.0.1", port)
            writing.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the web process did not start")


if __name__ == "__main__":
    asyncio.run(main())
