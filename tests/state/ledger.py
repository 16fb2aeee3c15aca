"""What a customer saw, and whether it adds up: the checker that the property tests and the benchmark share."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from bot.conversation import Answered, Delta, Event, Message, OwnerChanged, Reset, Stopped
from bot.state.errors import NotFound
from bot.state.store import Store

BOT_WORDS = ("planned", "step", "delta", "reset", "answered", "pointed", "done")


@dataclass
class Reader:
    """Follows a conversation as a browser would, and keeps what was shown."""

    store: Store
    conversation: str
    seen: list[tuple[int, Event]] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    def start(self, after: int = 0) -> "Reader":
        """Reads along until stopped."""
        self._task = asyncio.create_task(self._read(after))
        return self

    async def stop(self) -> None:
        """The reader leaves."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def until(self, enough: Callable[[list[Event]], bool], timeout_s: float = 90) -> float:
        """Waits until what was seen is enough; the seconds that took."""
        started = asyncio.get_running_loop().time()
        async with asyncio.timeout(timeout_s):
            while not enough([event for _, event in self.seen]):
                assert self._task is not None and not self._task.done(), self._task
                await asyncio.sleep(0.01)
        return asyncio.get_running_loop().time() - started

    async def _read(self, after: int) -> None:
        async with aclosing(self.store.follow(self.conversation, after)) as events:
            try:
                async for entry in events:
                    self.seen.append(entry)
            except NotFound:
                return


def said(events: list[Event]) -> list[str]:
    """Ids of the customer's messages, in order."""
    return [event.id for event in events if isinstance(event, Message) and event.sender == "customer"]


def check(events: list[Event], *, at_rest: bool = True) -> list[str]:
    """What is wrong with this log or stream; empty when every message was answered exactly once, in order."""
    faults: list[str] = []
    answers: dict[int, Answered] = {}
    taken: set[str] = set()
    waiting: list[str] = []
    shown: dict[int, str] = {}
    owner = "bot"
    for event in events:
        if owner in ("human", "closed") and event.event in BOT_WORDS:
            faults.append(f"{event.event} while {owner} owned it")
        match event:
            case Message() if event.sender == "customer":
                taken.add(event.id) if owner == "human" else waiting.append(event.id)
            case OwnerChanged():
                owner = event.owner
                if owner in ("human", "closed"):
                    taken.update(waiting)
                    waiting.clear()
            case Reset():
                shown[event.turn] = ""
            case Delta():
                if event.offset != len(shown.get(event.turn, "")):
                    faults.append(f"turn {event.turn}: offset {event.offset} after {len(shown.get(event.turn, ''))}")
                shown[event.turn] = shown.get(event.turn, "") + event.text
            case Stopped():
                if event.text != shown.get(event.turn, ""):
                    faults.append(f"turn {event.turn}: stopped with {event.text!r}, shown {shown.get(event.turn)!r}")
            case Answered():
                if event.turn in answers:
                    faults.append(f"turn {event.turn} answered twice")
                answers[event.turn] = event
                if shown.get(event.turn) and shown[event.turn] != event.text:
                    faults.append(f"turn {event.turn}: shown {shown[event.turn]!r}, answered {event.text!r}")
                if tuple(waiting[: len(event.to)]) != event.to:
                    faults.append(f"{event.to} answered while {waiting} waited: twice, or out of order")
                waiting = [id_ for id_ in waiting if id_ not in event.to]
            case _:
                pass
    done = [event.turn for event in events if event.event == "done"]
    ended = sorted(done + [event.turn for event in events if event.event == "stopped"])
    if sorted(set(ended)) != ended:
        faults.append(f"turns ended twice: {ended}")
    if at_rest and waiting:
        faults.append(f"never answered: {waiting}")
    if at_rest and sorted(answers) != sorted(done):
        faults.append(f"answered {sorted(answers)}, done {sorted(done)}")
    return faults
