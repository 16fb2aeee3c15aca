"""A whole Slack side for the scenario tests: the real SDK and bolt, the sandbox in Slack's place, a real Valkey.

Slack's time is a hand clock that runs ahead by itself whenever everybody waits, so minutes cost nothing; the store's
time is real. `settle` returns when every event was delivered, every answer given and every post made.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from PIL import Image, ImageDraw
from slack_sdk.web.async_client import AsyncWebClient

from bot.answering.brief import Answer, Words
from bot.conversation import STAFF_EVENTS, Answered, Attachment, Citation, Done, Event, Facets, Message, Point
from bot.helpdesk import HelpDesk
from bot.incidents import Incidents
from bot.precedents import Precedents
from bot.screenshots.intake import Intake
from bot.screenshots.storage import Storage
from bot.state.records import Write
from bot.state.sightings import Sightings
from bot.state.store import Store
from bot.worker import Worker
from handlers.slack.beside import Beside
from handlers.slack.clock import HandClock
from handlers.slack.mirror import Place
from handlers.slack.pacer import OwnSlots
from handlers.slack.sandbox.people import Person
from handlers.slack.sandbox.server import BOT_TOKEN, SIGNING_SECRET, SUPPORT, Sandbox
from handlers.slack.service import Service

Json = dict[str, Any]


@dataclass
class House:
    """What a scenario works with."""

    slack: Sandbox
    desk: HelpDesk
    service: Service
    worker: Worker
    clock: HandClock
    incidents: Incidents = field(init=False)
    serve_another: Callable[..., Awaitable[str]] = field(init=False)
    """Starts one more replica of the app; returns its address."""
    services: list[Service] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)
    about: list[Facets] = field(default_factory=list)
    internal: tuple[str, ...] = ()
    """Articles that are not for every customer."""
    answer: Answer = field(default_factory=lambda: Answer(text="", model="test"))
    pieces: Sequence[str] = ()
    safe: bool = True
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Closed, the bot answers no agent."""

    @property
    def ana(self) -> Person:
        return self.slack.person("U0ANA")

    @property
    def ben(self) -> Person:
        return self.slack.person("U0BEN")

    async def settle(self) -> None:
        """Everything that is under way has happened."""
        for _ in range(3):
            await self.slack.delivery.settled()
            for service in self.services:
                await service.background.settled()
            await self.worker.drain()

    async def opened(self, text: str = "It says PAY-4021. What now?") -> str:
        """A conversation in which the customer asked for a person; its card stands."""
        conversation = (await self.desk.open()).id
        await self.desk.say(conversation, "customer", text, key="c1")
        await self.desk.request_human(conversation, "asked", key="h1")
        await self.settle()
        return conversation

    async def taken(self, text: str = "It says PAY-4021. What now?") -> tuple[str, Json]:
        """A conversation that Ana has taken, and its card."""
        conversation = await self.opened(text)
        card = self.card(conversation)
        await self.ana.click(SUPPORT, card["ts"], "take")
        await self.settle()
        return conversation, self.card(conversation)

    async def bot_answers(self, conversation: str, text: str, *citations: Citation, turn: int = 1) -> None:
        """The bot's answer to everything that waits, as a turn would write it."""
        to = tuple(m.id for m in (await self.desk.conversation(conversation)).unanswered)
        events: tuple[Event, ...] = (
            Answered(turn=turn, to=to, text=text, citations=citations, confidence=0.8, answered=True, model="test"),
            Done(turn=turn),
        )
        await self.desk.store.accept(conversation, Write(events, key=f"turn{turn}", digest=text))
        await self.settle()

    def card(self, conversation: str) -> Json:
        """The newest card of a conversation."""
        found = [
            m
            for m in self.slack.workspace.channels[SUPPORT].messages.values()
            if m.get("metadata", {}).get("event_payload") == {"conversation": conversation}
        ]
        return found[-1]

    def thread(self, conversation: str) -> list[Json]:
        """The posts below the card."""
        ts = self.card(conversation)["ts"]
        return [m for m in self.slack.workspace.thread(SUPPORT, ts) if m["ts"] != ts]

    def says(self, conversation: str) -> list[str]:
        """Who said what in the thread, as it reads."""
        return [f"{m.get('username') or m['user']}: {text_of(m)}" for m in self.thread(conversation)]

    async def customer_sees(self, conversation: str) -> list[Event]:
        """What the customer's stream shows, from the start."""
        at = await self.desk.at(conversation)
        seen: list[Event] = []
        async for event_id, event in self.desk.follow(conversation):
            if event.event not in STAFF_EVENTS:
                seen.append(event)
            if event_id >= at:
                break
        return seen

    async def customer_reads(self, conversation: str) -> list[str]:
        """The words of agents that the customer's stream showed."""
        events = await self.customer_sees(conversation)
        return [e.text for e in events if isinstance(e, Message) and e.sender == "agent"]

    async def ask(self, question: str, pictures: Sequence[bytes], about: Facets) -> AsyncIterator[Words | Answer]:
        """The bot's one turn for an agent."""
        self.about.append(about)
        self.asked.append((question, len(pictures)))
        await self.gate.wait()
        for piece in self.pieces or (self.answer.text,):
            yield Words(piece)
        yield self.answer

    async def picture(self, attachment: Attachment, points: Sequence[Point]) -> bytes | None:
        """The copy of a picture for Slack."""
        return png("ringed" if points else "plain") if self.safe else None


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[str]:
    """The app over HTTP; yields the address that Slack would call."""
    runner = web.AppRunner(service.app.web_app("/slack/events"), shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def built(url: str, folder: Path, place: Place | None = None, *, replicas: int = 1) -> AsyncIterator[House]:
    """A house on an empty store."""
    clock = HandClock()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Sandbox(clock))
        store = await stack.enter_async_context(Store(url, mirror=True))
        beside = await stack.enter_async_context(Beside(url))
        intake = await stack.enter_async_context(Intake())
        precedents = Precedents(store)
        desk = HelpDesk(store, intake, Storage(str(folder)), marks=precedents.marks)
        incidents = Incidents(await stack.enter_async_context(Sightings(url)))
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        house = House(slack, desk, None, None, clock)  # type: ignore[arg-type]
        house.gate.set()
        house.incidents = incidents
        slots = OwnSlots(clock)

        async def serve_another(signing_secret: str = SIGNING_SECRET) -> str:
            service = Service.build(
                client=client,
                signing_secret=signing_secret,
                place=place or Place(SUPPORT, desk_url="http://localhost:8080/desk#{id}"),
                desk=desk,
                memory=beside,
                slots=slots,
                picture=house.picture,
                ask=house.ask,
                internal=lambda articles: bool(set(articles) & set(house.internal)),
                incidents=incidents,
                precedents=precedents,
                clock=clock,
            )
            url = await stack.enter_async_context(serving(service))
            await stack.enter_async_context(service.started())
            await service.agents.start()
            house.services.append(service)
            return url

        house.serve_another = serve_another
        for _ in range(replicas):
            slack.delivery.replicas.append(await serve_another())
        slack.delivery.events_url = slack.delivery.replicas.pop()
        house.service = house.services[-1]
        house.worker = Worker(store, {"slack": house.service.mirror})
        running = asyncio.create_task(clock.run())
        stack.callback(running.cancel)
        yield house


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Returns when the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  it looks at somebody else's state
            await asyncio.sleep(0.01)


def png(words: str = "Payment failed", size: tuple[int, int] = (320, 200)) -> bytes:
    """A small screenshot of our own."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 80), words, fill="black")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def text_of(message: Json) -> str:
    """All words of a message, as it is drawn."""
    return "\n".join(words_of(message.get("blocks") or [])) or str(message.get("text", ""))


def words_of(blocks: list[Json]) -> list[str]:
    """All texts in blocks, buttons included."""
    found = []
    for block in blocks:
        texts = [block.get("text"), *block.get("fields", []), *block.get("elements", []), block.get("accessory")]
        for text in texts:
            inner = text.get("text") if isinstance(text, dict) else text
            inner = inner.get("text") if isinstance(inner, dict) else inner
            if isinstance(inner, str):
                found.append(inner)
    return found


def buttons_of(message: Json) -> list[str]:
    """The action ids on a message."""
    return [e["action_id"] for b in message["blocks"] for e in b.get("elements", []) if "action_id" in e]
