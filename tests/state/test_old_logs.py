"""Upgrades: what an earlier release wrote is read by this one, and one damaged line costs that line, not the house."""

from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from gated import plain_turn
from killing import speak
from redis.asyncio import Redis

from bot.conversation import Event, decode, encode, fold
from bot.state.store import Store
from bot.turns import Turns
from bot.worker import Worker

LOG = Path(__file__).parent / "log-v1.jsonl"
"""What releases with version 1 wrote: a line of each kind, whole, and with the least that it may hold. Lines are added
to it (a new kind, as it is first written), never changed or removed."""


@pytest.mark.parametrize("line", LOG.read_bytes().splitlines(), ids=lambda line: orjson.loads(line)["event"])
def test_every_line_that_a_release_wrote_is_read(line: bytes) -> None:
    event, written = decode(line), orjson.loads(line)
    assert event is not None
    assert holds(orjson.loads(encode(event)), written), "a field changed its meaning: raise VERSION, and lift old lines"


def holds(whole: Any, part: Any) -> bool:
    """Whether `part` is in `whole`, which may have more fields."""
    match part:
        case dict():
            return all(name in whole and holds(whole[name], value) for name, value in part.items())
        case list():
            return len(part) == len(whole) and all(map(holds, whole, part))
        case _:
            return bool(whole == part)


def test_there_is_a_line_of_every_kind() -> None:
    kinds = {kind.model_fields["event"].default for kind in get_args(get_args(Event)[0])}
    written = {orjson.loads(line)["event"] for line in LOG.read_bytes().splitlines()}
    assert kinds == written, f"add to {LOG.name}: a line of each new kind, as encode() writes it"


def test_an_old_log_folds() -> None:
    lines = enumerate(LOG.read_bytes().splitlines(), start=1)
    told = fold("p0-" + "0" * 24, ((number, decode(line)) for number, line in lines))
    assert (told.owner, told.who, told.agent) == ("human", "Ann", "slack:U1")
    assert {message.id: message.text for message in told.messages} == {"m1": "My payment does not go through", "m2": ""}
    assert told.seen[next(iter(told.attachments))].where == "Billing"
    assert told.answers[1].citations[0].title == "Your card was declined"
    assert told.unanswered == ()


async def test_a_damaged_line_is_left_out_and_the_rest_is_answered(store: Store, redis: Redis) -> None:
    """A hand in the database, or a bug: whoever claims the conversation or reads it goes on without that line."""
    conversation = await store.open()
    at = (await store.head(conversation)).at
    key = f"{{p0}}:{conversation}:log"
    await redis.xadd(key, {"e": "message", "d": b'{"v":1,"event":"message","sender":"nobody"}'}, id=f"{at - 900_000}-0")
    await redis.xadd(key, {"e": "message", "d": b"not JSON"}, id=f"{at - 800_000}-0")
    await speak(store, conversation, "hello")
    await Worker(store, {"turn": Turns(plain_turn)}).drain()
    events = [event for _, event in (await store.read_after(conversation)).events]
    assert events[:2] == [None, None]
    assert [event.event for event in events[-2:] if event] == ["answered", "done"]
    follower = store.follow(conversation)
    assert (await anext(follower))[1].event == "message"
    await follower.aclose()  # type: ignore[attr-defined]
