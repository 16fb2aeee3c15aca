"""The server under bad company: slow heads, many of them, and what a good client notices of it."""

import asyncio
import time
from contextlib import AsyncExitStack
from statistics import median

import httpx
from client import patient
from sse import connected, read_until
from webserver import Serve

HURRIED = {"head_seconds": 0.5}


async def dripping(url: str) -> int:
    """A client that sends a head byte by byte; how many bytes it could send before it was cut off."""
    host, port = url.removeprefix("http://").split(":")
    reading, writing = await asyncio.open_connection(host, int(port))
    try:
        for sent, byte in enumerate(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 1000):
            writing.write(bytes([byte]))
            await asyncio.sleep(0.1)
            if reading.at_eof() or writing.is_closing():  # closed in order, or reset
                return sent
        return 1000
    except ConnectionError:
        return sent
    finally:
        writing.close()


async def test_slow_heads_hold_nothing_open(serve: Serve) -> None:
    """200 clients drip their heads: each is cut off in time, and others are answered as always meanwhile."""
    async with serve(server=HURRIED) as served, patient(served.url) as http:
        slow = [asyncio.ensure_future(dripping(served.url)) for _ in range(200)]
        for _ in range(20):
            assert (await http.get("/healthz")).status_code == 200
        assert max(await asyncio.gather(*slow)) < 30


async def test_a_stream_and_a_kept_connection_are_not_hurried(serve: Serve) -> None:
    """A reader stays for longer than a head may take, and a connection is used again after a pause."""
    async with (
        serve(server={"head_seconds": 1.5}) as served,
        patient(served.url) as http,
        AsyncExitStack() as open_,
    ):
        opened = (await http.post("/api/v1/conversations")).json()
        path, headers = f"/api/v1/conversations/{opened['id']}", {"Authorization": f"Bearer {opened['token']}"}
        reading = await open_.enter_async_context(connected(served.url, f"{path}/events", opened["token"]))
        await asyncio.sleep(2)
        body = {"text": "still there?"}
        said = await http.post(f"{path}/messages", json=body, headers=headers | {"Idempotency-Key": "k"})
        assert said.status_code == 202
        assert b"still there?" in await read_until(reading, "message")


async def test_small_answers_do_not_wait(http: httpx.AsyncClient) -> None:
    """On a kept connection they come as soon as on a new one, not 40 ms later with a delayed acknowledgement."""

    async def seconds(client: httpx.AsyncClient) -> float:
        started = time.monotonic()
        await client.get("/healthz")
        return time.monotonic() - started

    kept = [await seconds(http) for _ in range(20)]
    new = []
    for _ in range(10):
        async with patient(str(http.base_url)) as client:
            new.append(await seconds(client))
    assert median(kept) < median(new) + 0.02
