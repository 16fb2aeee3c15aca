"""A conversation's events for one reader: where the reader stands, what it may see, and resuming at any event.

The position is the event's id, the same on every process, so a reader may come back anywhere. Not here: the wire
(`stream`), who may read (`context`).
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, cast

import orjson

from bot.conversation import Delta, Event
from bot.helpdesk import NotFound, Unconfirmed
from handlers.web.context import Web
from handlers.web.problems import Problem
from handlers.web.stream import FRESH, Beat, EventStream, Over, line, position

Present = Callable[[Event], dict[str, Any] | None]
Until = Callable[[Event], bool]


async def reader(
    web: Web,
    conversation_id: str,
    *,
    who: str,
    last_event_id: str | None,
    present: Present,
    expires: float,
    beat: Beat | None = None,
    over: Over | None = None,
    until: Until = lambda event: False,
) -> EventStream:
    """The stream after `last_event_id`; it begins with `fresh` when that is unreadable or beyond the end. `beat` is
    called now and then for as long as it is read; it ends when `over` returns, and at the event that `until` names,
    which is not shown.

    Raises NotFound when the conversation is gone, Problem when `who` has too many streams open already.
    """
    if not web.seats.free(who):
        raise Problem("too_many_open", retry=30)
    after = position(last_event_id)
    start_over = after is None or after > await web.desk.at(conversation_id)
    chunks = _chunks(web, conversation_id, who, None if start_over else after, present, until)
    return EventStream(chunks, streams=web.streams, expires=expires, keepalive=web.keepalive, beat=beat, over=over)


async def _chunks(
    web: Web, conversation_id: str, who: str, after: int | None, present: Present, until: Until
) -> AsyncGenerator[bytes, None]:
    events = cast(AsyncGenerator[tuple[int, Event], None], web.desk.follow(conversation_id, after or 0))
    with web.seats.taken(who):
        if after is None:
            yield FRESH
        try:
            async with aclosing(events):
                async for event_id, event in events:
                    if until(event):
                        return
                    if isinstance(event, Delta):
                        yield line(event_id, "delta", event.model_dump_json().encode())
                    elif (data := present(event)) is not None:
                        yield line(event_id, event.event, orjson.dumps(data))
        except (NotFound, Unconfirmed):
            return  # erased, or the store is away: the reader comes back and is told
