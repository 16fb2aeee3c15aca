"""What a word costs on its whole way, model's server -> bot -> Redis -> event stream, against a plain relay.

    python -m tests.bench.path [--readers 1 50 200] [--runs 2] [--turns 2]

A stand-in streams answers of 200 tokens, 100 a second, to every reader at once. Two servers pass them on, one after
the other: `helplens up` as it ships (search, agent, gate, guardrails, every word durable and resumable in Valkey), and
a FastAPI route around `ChatOpenAI.astream` that keeps nothing. Each server has the first core to itself, Valkey with
it; the stand-in and the readers have the others. Printed: tokens per CPU second of the server's process, Valkey's own
CPU beside it, the time to the first word beyond the model's (which says its first at once), and how late the last word
came. CPU is read from /proc, so it holds on a busy machine; times do not. Every answer is compared word for word.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop
from redis.asyncio import Redis

from bot.state.embedded import embedded
from tests.bench import peers
from tests.bench.peers import TOKEN_S, TOKENS, WORDS
from tests.bench.relay import ROOT, cpu, up

PEERS = peers.__name__
RAMP_S = 2.0
LIMIT_S = 300.0


@dataclass
class Seen:
    """What readers saw; seconds."""

    firsts: list[float] = field(default_factory=list)
    lasts: list[float] = field(default_factory=list)
    """From the question to the last word, less the time that the model took to say them all."""

    def add(self, asked: float, first: float, last: float) -> None:
        """One answer's times."""
        self.firsts.append(first - asked)
        self.lasts.append(last - asked - TOKEN_S * (TOKENS - 1))


Ask = Callable[[int, Seen], Awaitable[None]]
"""Asks this reader's question of a turn and reads the answer to its end."""


# --- readers of each ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def relay_reader(port: int, number: int) -> AsyncIterator[Ask]:
    """One reader of the plain relay."""

    async def ask(turn: int, seen: Seen) -> None:
        asked = time.monotonic()
        first = last = 0.0
        got = b""
        async with request(port, "POST", "/chat", {"text": question(number, turn)}) as reading:
            while data := await reading.read(65536):
                last = time.monotonic()
                first = first or last
                got += data
        check("".join(orjson.loads(frame[6:])["text"] for frame in got.split(b"\n\n") if frame))
        seen.add(asked, first, last)

    yield ask


@asynccontextmanager
async def our_reader(port: int, number: int) -> AsyncIterator[Ask]:
    """One reader of HelpLens, who follows a conversation of its own."""
    opened = orjson.loads(await whole(port, number, "POST", "/api/v1/conversations", {}))
    path = f"/api/v1/conversations/{opened['id']}"
    mine = headers(number, opened["token"])
    async with request(port, "GET", f"{path}/events", None, mine) as reading:

        async def ask(turn: int, seen: Seen) -> None:
            asked = time.monotonic()
            key = {"Idempotency-Key": f"{number}-{turn}"}
            await whole(port, number, "POST", f"{path}/messages", {"text": question(number, turn)}, mine | key)
            first = last = 0.0
            text = ""
            while b"event: done" not in (frame := await reading.readuntil(b"\n\n")):
                if b"event: delta" in frame:
                    last = time.monotonic()
                    first = first or last
                    text += orjson.loads(frame.partition(b"data: ")[2])["text"]
                elif b"event: reset" in frame or (b"event: answered" in frame and b'"openai:' not in frame):
                    raise RuntimeError(f"not the model's answer: {frame!r}")
            check(text)
            seen.add(asked, first, last)

        yield ask


def headers(number: int, token: str = "") -> dict[str, str]:
    """Each reader comes from an address of its own, as behind a proxy, else limits would stop them."""
    from_ = {"X-Forwarded-For": f"10.1.{number // 250}.{number % 250 + 1}"}
    return from_ | ({"Authorization": f"Bearer {token}"} if token else {})


async def whole(port: int, number: int, method: str, path: str, body: Any, more: dict[str, str] | None = None) -> bytes:
    """A reply's body."""
    async with request(port, method, path, body, more or headers(number)) as reading:
        return await reading.read()


def question(number: int, turn: int) -> str:
    """What a reader asks; no two ask the same."""
    return f"The export number {number} of my invoices fails{' again' * turn}, what can I do?"


def check(text: str) -> None:
    """Every word came, once, in order."""
    if text != "".join(WORDS):
        raise RuntimeError(f"not what the model said: {text[:300]!r} … {text[-100:]!r}")


@asynccontextmanager
async def request(
    port: int, method: str, path: str, body: Any, more: dict[str, str] | None = None
) -> AsyncIterator[asyncio.StreamReader]:
    """A reply behind its head. HTTP/1.0: its end is the connection's."""
    data = orjson.dumps(body) if body is not None else b""
    lines = [f"{method} {path} HTTP/1.0", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(data)}", *(f"{name}: {value}" for name, value in (more or {}).items())]
    reading, writing = await asyncio.open_connection("127.0.0.1", port)
    try:
        writing.write("\r\n".join([*lines, "", ""]).encode() + data)
        head = await reading.readuntil(b"\r\n\r\n")
        if b" 20" not in head[:13]:
            raise RuntimeError(f"{path}: {head.decode()} {(await reading.read(500)).decode()}")
        yield reading
    finally:
        writing.close()


# --- the bench ------------------------------------------------------------------------------------------------------


@dataclass
class Way:
    """A server under test."""

    name: str
    reader: Callable[[int, int], AbstractAsyncContextManager[Ask]]
    port: int
    pids: dict[str, int]
    """Processes whose CPU is counted; the first is the server's own."""

    async def answers(self, many: int, turns: int) -> tuple[Seen, dict[str, float]]:
        """Readers come, then ask, the first questions spread over two seconds; what they saw, and CPU seconds."""
        seen = Seen()
        async with asyncio.timeout(LIMIT_S), AsyncExitStack() as stack:
            asks = [await stack.enter_async_context(self.reader(self.port, number)) for number in range(many)]

            async def one(number: int) -> None:
                await asyncio.sleep(RAMP_S * number / many)
                for turn in range(turns):
                    await asks[number](turn, seen)

            before = {name: cpu(pid) for name, pid in self.pids.items()}
            await asyncio.gather(*map(one, range(many)))
            return seen, {name: cpu(pid) - before[name] for name, pid in self.pids.items()}

    async def measure(self, many: int, turns: int) -> float:
        """Prints one row. Returns the tokens per CPU second of all its processes."""
        seen, spent = await self.answers(many, turns)
        tokens = many * turns * TOKENS
        own, *others = (f"{name} {1000 * seconds / tokens:.4f}" for name, seconds in spent.items())
        ms = [f"{1000 * value:6.0f}" for times in (seen.firsts, seen.lasts) for value in middle_and_last(times)]
        rate = tokens / sum(spent.values())
        print(
            f"{many:4} readers  {self.name:9} {tokens / next(iter(spent.values())):7.0f} tokens per CPU second"
            f"{f' ({rate:.0f} with {next(iter(others)).split()[0]})' if others else '':24}"
            f"  first word p50 {ms[0]} p99 {ms[1]} ms  last word late p50 {ms[2]} p99 {ms[3]} ms"
            f"  CPU ms a token: {', '.join((own, *others))}",
            flush=True,
        )
        return rate


def middle_and_last(times: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return statistics.median(times), sorted(times)[int(len(times) * 0.99)]


@contextmanager
def on(core: set[int]) -> Iterator[None]:
    """Whatever is started meanwhile runs there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def start(stack: contextlib.ExitStack, core: set[int], *command: str, **environment: str) -> int:
    """A Python process on `core`, ended with the stack. Its id."""
    with on(core):
        process = subprocess.Popen([sys.executable, *command], env=os.environ | environment, cwd=ROOT)

    def end() -> None:
        process.terminate()
        process.wait()

    stack.callback(end)
    return process.pid


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def bench(many: list[int], runs: int, turns: int) -> None:
    """Every number of readers, every run, both ways."""
    cores = sorted(os.sched_getaffinity(0))
    first, rest = {cores[0]}, set(cores[1:]) or {cores[0]}
    model, ours, plain = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{model}/v1"
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        with on(first):
            valkey = embedded(Path(folder) / "valkey")
            redis_url = await valkey.__aenter__()
        os.sched_setaffinity(0, rest)
        async with Redis.from_url(redis_url) as redis:
            server = int((await redis.info("server"))["process_id"])
        start(stack, rest, "-m", PEERS, str(model))
        relay_ = start(stack, first, "-m", PEERS, str(plain), url)
        bot = start(
            stack, first, "-c", "from handlers.cli import main; main()", "up",
            HELPLENS_REDIS_URL=redis_url, HELPLENS_DATA=folder, HELPLENS_PORT=str(ours), HELPLENS_LOG_LEVEL="warning",
            HELPLENS_MODELS=f"openai:good@{url} calls=1000", HELPLENS_WORKERS="1000",
        )  # fmt: skip
        ways = (
            Way("HelpLens", our_reader, ours, {"bot": bot, "Valkey": server}),
            Way("relay", relay_reader, plain, {"relay": relay_}),
        )
        try:
            for port in (model, ours, plain):
                await up(port)
            for way in ways:
                await way.answers(4, 1)
            print(f"load {os.getloadavg()[0]:.1f}; server on core {first}, stand-in and readers on {rest}")
            for run in range(runs):
                for number in many:
                    rates = [await way.measure(number, turns) for way in ways]
                    print(f"     run {run + 1}: {rates[0] / rates[1]:.2f} times the relay's tokens per CPU second")
        finally:
            await valkey.__aexit__(None, None, None)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", nargs="+", type=int, default=[1, 50, 200])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--turns", type=int, default=2, help="questions of each reader, one after the other")
    given = parser.parse_args()
    uvloop.run(bench(given.readers, given.runs, given.turns))


if __name__ == "__main__":
    main()
