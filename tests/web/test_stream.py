"""The event stream: whoever reads, wherever they come back, reads the same, once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from client import patient
from sse import Frame, connected, frames, read_past, read_until
from webserver import Serve, Served

from bot.conversation import Answered, Delta, Done, Event, FoundPassage, Planned, Reset, Seen
from bot.conversation import Found as FoundEvent
from bot.helpdesk import Agent
from bot.state.records import DONE, Claim
from bot.state.store import Store
from handlers.web.limits import Limit, Rates
from handlers.web.stream import Seats

WORDS = (
    "Your card ",
    "was refused – ",
    "1. Öffnen Sie **Rechnungen** 🙂\n",
    'and say "no" \\ to </script>',
    "\u2028 end.",
)
LEASE = 60_000


class Turn:
    """One turn, written as a worker writes it."""

    def __init__(self, store: Store, claim: Claim) -> None:
        self.store = store
        self.claim = claim
        self.number = 0

    async def write(self, *events: Event, done: bool = False) -> None:
        """One write under the lease."""
        self.number += 1
        finish = DONE if done else None
        given = {"extend_ms": LEASE, "basis": self.claim.basis, "finish": finish}
        outcome, _ = await self.store.write(self.claim, self.number, events, **given)
        assert outcome == "ok"

    async def say(self, *words: str, held: asyncio.Event | None = None) -> str:
        """A whole turn: planned, found, the words as deltas, answered, done. The last word waits for `held`."""
        message = next(e for _, e in reversed(self.claim.log) if e and e.event == "message")
        to = (message.id,)
        turn = self.claim.head.turn + 1
        await self.write(Planned(turn=turn, to=to, plan="words", reason="The words are enough."))
        passages = (FoundPassage(article="a.md", passage=0, title="A", score=1.0),)
        await self.write(FoundEvent(turn=turn, passages=passages, confidence=0.9))
        said = ""
        for number, word in enumerate(words, 1):
            if held and number == len(words):
                await held.wait()
            await self.write(Delta(turn=turn, offset=len(said), text=word))
            said += word
            await asyncio.sleep(0)
        await self.write(Answered(turn=turn, to=to, text=said), Done(turn=turn), done=True)
        return said


async def asked(served: Served, text: str = "My card is refused") -> tuple[str, str, str]:
    """A conversation with one message: its id, the path of its events, its token."""
    async with patient(served.url) as http:
        opened = (await http.post("/api/v1/conversations")).json()
        path = f"/api/v1/conversations/{opened['id']}"
        headers = {"Authorization": f"Bearer {opened['token']}", "Idempotency-Key": "k"}
        (await http.post(f"{path}/messages", json={"text": text}, headers=headers)).raise_for_status()
    return opened["id"], f"{path}/events", opened["token"]


async def claimed(store: Store) -> Turn:
    """A lease on whatever is due."""
    claim = await store.claim("turn", "test", LEASE)
    assert isinstance(claim, Claim)
    return Turn(store, claim)


async def test_a_reader_may_be_cut_off_at_any_byte(serve: Serve, store: Store) -> None:
    """For every third byte: cut there, come back with the last id that was whole, and read exactly the same."""
    async with serve(rates=Rates(follow_address=Limit("follow:address", 10_000, 60))) as served:
        _, path, token = await asked(served)
        said = await (await claimed(store)).say(*WORDS)
        async with connected(served.url, path, token) as reading:
            whole = await read_until(reading, "done")
        expected = frames(whole)
        assert [f.event for f in expected] == ["message", "planned", *["delta"] * len(WORDS), "answered", "done"]
        assert "".join(f.data["text"] for f in expected if f.event == "delta") == said
        ids = [int(f.id) for f in expected]
        assert ids == sorted(set(ids))

        async def cut(at: int) -> list[Frame]:
            async with connected(served.url, path, token) as reading:
                first = frames(await reading.readexactly(at))
            if len(first) == len(expected):
                return first
            async with connected(served.url, path, token, first[-1].id if first else None) as reading:
                return first + frames(await read_until(reading, "done"))

        for at in range(1, len(whole), 24):
            several = await asyncio.gather(*(cut(a) for a in range(at, min(at + 24, len(whole)), 3)))
            assert all(found == expected for found in several), at


@asynccontextmanager
async def another_process(redis_url: str, folder: Path) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A web server in a process of its own: its address, and the process."""
    script = Path(__file__).parent / "webserver.py"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        redis_url,
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        env={"PYTHONPATH": str(script.parents[2])},
    )
    try:
        assert process.stdout
        async with asyncio.timeout(120):
            address = (await process.stdout.readline()).decode().strip()
        yield address, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_another_process_goes_on_where_a_killed_one_stopped(
    served: Served, store: Store, redis_url: str, tmp_path: Path
) -> None:
    """A server is killed in the middle of an answer; its reader comes back to another: nothing lost, nothing twice."""
    _, path, token = await asked(served)
    turn = await claimed(store)
    words = [f"word {n} – 🙂 " for n in range(60)]
    async with another_process(redis_url, tmp_path) as (url, process):
        async with connected(url, path, token) as reading:
            killed = asyncio.Event()
            saying = asyncio.ensure_future(turn.say(*words, held=killed))
            before = await read_until(reading, "delta")
            process.kill()
            before += await reading.read()
        killed.set()
        said = await saying
    first = frames(before)
    assert first[-1].event == "delta"
    async with connected(served.url, path, token, first[-1].id) as reading:
        both = first + frames(await read_until(reading, "done"))
    assert "".join(f.data["text"] for f in both if f.event == "delta") == said
    offsets = [f.data["offset"] for f in both if f.event == "delta"]
    assert offsets == sorted(set(offsets)) and len(offsets) == len(words)
    async with connected(served.url, path, token) as reading:
        assert frames(await read_until(reading, "done")) == both


@pytest.mark.parametrize("last", ["soon", "-1", "1.5", "9" * 30, "9" * 18])
async def test_a_reader_that_stands_nowhere_starts_over(served: Served, last: str) -> None:
    """Unreadable, or beyond the end: `fresh`, then everything."""
    _, path, token = await asked(served)
    async with connected(served.url, path, token, last) as reading:
        found = frames(await read_until(reading, "message"))
    assert [f.event for f in found] == ["fresh", "message"]
    assert found[0].data == {} and found[0].id == "0"


async def test_after_works_like_the_header(served: Served) -> None:
    """For clients that cannot set headers when they reconnect."""
    _, path, token = await asked(served)
    async with connected(served.url, path, token) as reading:
        (message,) = frames(await read_until(reading, "message"))
    async with connected(served.url, f"{path}?after=nonsense", token) as reading:
        assert frames(await read_until(reading, "fresh"))[0].event == "fresh"
    async with patient(served.url) as http:
        await http.post(path.replace("events", "handoff"), headers={"Authorization": f"Bearer {token}"})
    async with connected(served.url, f"{path}?after={message.id}", token) as reading:
        assert [f.event for f in frames(await read_until(reading, "owner"))] == ["owner"]


async def test_a_customer_reads_nothing_that_is_among_staff(served: Served, store: Store) -> None:
    """Notes, held words, what the search found and agents' identities stay inside; a restart is shown."""
    conversation_id, path, token = await asked(served)
    desk = served.web.desk
    agent = Agent(id="U123-secret", name="Ada")
    await desk.say(conversation_id, "agent", "a held word", key="1", who=agent)
    await desk.note(conversation_id, agent, "a secret note", key="2")
    turn = await claimed(store)
    await turn.write(FoundEvent(turn=1, passages=(), confidence=0.1), Delta(turn=1, offset=0, text="half"))
    await turn.write(Reset(turn=1, reason="The first model stopped."))
    await turn.write(Seen(attachment_id="none/x", outcome="skipped", reason="gone"))
    await desk.take_over(conversation_id, agent, key="3")
    await desk.say(conversation_id, "agent", "Hello, Ada here.", key="4", who=agent)
    async with connected(served.url, path, token) as reading:
        data = await read_past(reading, b"Ada here")
    names = [f.event for f in frames(data)]
    assert names == ["message", "delta", "reset", "seen", "owner", "message"] or "stopped" in names
    for secret in (b"held word", b"secret note", b"U123-secret", b'"found"'):
        assert secret not in data


async def test_silence_is_filled(serve: Serve) -> None:
    """Keepalive comments come while nothing happens."""
    async with serve(keepalive=0.1) as served:
        _, path, token = await asked(served)
        async with connected(served.url, path, token) as reading:
            await read_until(reading, "message")
            for _ in range(2):
                await read_past(reading, b": still here\n\n")


async def test_readers_that_leave_leave_nothing_behind(served: Served) -> None:
    """300 readers come and leave at any moment, also while their stream is just being read: no task stays."""
    _, path, token = await asked(served)
    async with connected(served.url, path, token) as reading:
        await read_until(reading, "message")
    await asyncio.sleep(0.3)
    before = len(asyncio.all_tasks())

    async def passing(pause: float) -> None:
        async with connected(served.url, path, token):
            await asyncio.sleep(pause)

    for _ in range(10):
        await asyncio.gather(*(passing(n * 0.0001) for n in range(30)))
    async with asyncio.timeout(60):
        while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110  tasks have no event for it
            await asyncio.sleep(0.05)


async def test_a_reader_that_takes_nothing_holds_up_nobody(served: Served, store: Store) -> None:
    """One reader stops reading; another of the same conversation gets 4 MB of answer all the same."""
    _, path, token = await asked(served)
    turn = await claimed(store)
    async with (
        connected(served.url, path, token) as stuck,
        connected(served.url, path, token) as reading,
    ):
        await read_until(stuck, "message")
        whole, said = await asyncio.gather(read_until(reading, "done"), turn.say(*("x" * 20_000 for _ in range(200))))
        assert len(said) == 4_000_000
        assert sum(len(f.data["text"]) for f in frames(whole) if f.event == "delta") == 4_000_000


async def test_one_reader_cannot_hold_every_stream(serve: Serve) -> None:
    """Three windows are open where three may be: the fourth is told so, and let in when one has closed."""
    async with (
        serve(seats=Seats(3)) as served,
        patient(served.url) as http,
        AsyncExitStack() as open_,
    ):
        _, path, token = await asked(served)
        headers = {"Authorization": f"Bearer {token}"}
        async with connected(served.url, path, token) as last:
            for reading in (last, *[await open_.enter_async_context(connected(served.url, path, token)) for _ in "12"]):
                await read_until(reading, "message")
            refused = await http.get(path, headers=headers)
            assert refused.status_code == 429 and "windows" in refused.json()["detail"]
            _, other_path, other_token = await asked(served)
            async with connected(served.url, other_path, other_token) as reading:
                await read_until(reading, "message")
        async with asyncio.timeout(60):
            # the server may not have seen yet that a window was closed
            while await status_of(http, path, headers) == 429:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with asyncio.timeout(60):
            assert await status_of(http, path, headers) == 200


async def status_of(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> int:
    """What the server says to a reader who leaves at once."""
    async with http.stream("GET", path, headers=headers) as answer:
        return answer.status_code


async def test_a_stream_ends_with_the_conversation_and_with_the_proof(serve: Serve) -> None:
    """Erasing ends it; so does the end of the token that it was opened with."""
    async with serve(keepalive=0.1) as served:
        conversation_id, path, token = await asked(served)
        async with connected(served.url, path, token) as reading, asyncio.timeout(60):
            await read_until(reading, "message")
            await served.web.desk.erase(conversation_id)
            while await reading.read(1000):
                pass
        conversation_id, path, token = await asked(served)
        tokens = served.web.tokens
        asked_by = tokens.access(token)
        assert asked_by
        short = tokens.conversation(conversation_id, asked_by.customer, until=tokens._clock() + 3)
        async with connected(served.url, path, short) as reading, asyncio.timeout(60):
            while await reading.read(1000):
                pass
