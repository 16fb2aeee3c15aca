"""All of Slack in one object: what `wiring` builds, what the worker runs, what the web serves.

`Service.build` puts the parts together; `mirror` and `erase` are the worker's jobs for the kinds `slack` and `erase`;
`app` answers Slack over HTTP (`slack_bolt.adapter.starlette.async_handler`) or through `sockets()`. Not here: settings.
"""

import asyncio
import functools
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import structlog
from redis.exceptions import RedisError
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.announcing import Announcing
from bot.helpdesk import HelpDesk, StateError
from bot.hours import Hours
from bot.incidents import Incidents
from bot.precedents import Precedents
from bot.screenshots import redaction
from bot.state.lease import Lease
from handlers.slack.actions import Actions
from handlers.slack.agents import Agents, Threads
from handlers.slack.app import Listeners, Parts
from handlers.slack.asking import Ask, Asking, Internal
from handlers.slack.calls import Calls, ThreadGone
from handlers.slack.clock import Clock, WallClock
from handlers.slack.digest import Digest
from handlers.slack.files import Files
from handlers.slack.forget import forget
from handlers.slack.inbox import Inbox
from handlers.slack.memory import Memory
from handlers.slack.mirror import Mask, Mirror, Picture, Place
from handlers.slack.pacer import Slots
from handlers.slack.private import Background, Private
from handlers.slack.problems import Problems
from handlers.slack.questions import Questions
from handlers.slack.rereading import EVERY, Rereading
from handlers.slack.thread import place_of_card
from prompts import say

KIND = "slack."
SWEEP = 20.0
"""Seconds between two looks for questions that nobody answers any more; of the real time."""
LIVELY = 3_600.0
"""Seconds after its last fact during which a person's thread is read again for replies that were never delivered."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Service:
    """One process's Slack. `started` runs what has to run beside it."""

    app: AsyncApp
    client: AsyncWebClient
    desk: HelpDesk
    memory: Memory
    teller: Mirror
    inbox: Inbox
    agents: Agents
    rereading: Rereading
    private: Private
    background: Background
    questions: Questions
    digest: Digest | None
    clock: Clock

    @staticmethod
    def build(
        *,
        client: AsyncWebClient,
        signing_secret: str,
        place: Place,
        desk: HelpDesk,
        memory: Memory,
        slots: Slots,
        picture: Picture,
        ask: Ask,
        incidents: Incidents,
        precedents: Precedents,
        internal: Internal = lambda articles: False,
        mask: Mask = redaction.text,
        hours: Hours | None = None,
        clock: Clock | None = None,
    ) -> "Service":
        """The parts of one process. `client` holds the bot token and, for a sandbox, another base_url."""
        clock = clock or WallClock()
        # The SDK would repeat a call whose connection broke, posts among them; here that is decided after a look.
        client.retry_handlers = []
        background = Background()
        private = Private(client, background)
        agents, threads, files = Agents(client, clock), Threads(client), Files(client)
        calls = Calls(client, clock, slots)
        problems = Problems(Announcing(desk, incidents), desk, private)
        actions = Actions(desk, memory, private, clock, problems, alerts_only=place.alerts_only)
        inbox = Inbox(desk, memory, actions, agents, files, private, clock)
        asking = Asking(client, ask, desk, memory, files, private, clock, lambda: agents.bot_user, mask, internal)
        questions = Questions(memory, asking, background)
        app = AsyncApp(
            client=client,
            # Without a secret nobody can sign: an empty one would be everybody's, and sockets need none.
            signing_secret=signing_secret or secrets.token_hex(32),
            process_before_response=True,
            ignoring_self_events_enabled=False,  # or the deletion of a card would not be heard
        )
        parts = Parts(
            client=client,
            channel=place.channel,
            actions=actions,
            agents=agents,
            threads=threads,
            asking=asking,
            inbox=inbox,
            memory=memory,
            private=private,
            background=background,
            problems=problems,
            questions=questions,
        )
        listeners = Listeners(parts)
        listeners.join(app)
        teller = Mirror(client, calls, clock, place, picture, functools.lru_cache(maxsize=4096)(mask), precedents.like)
        rereading = Rereading(client, calls, memory, listeners.hear, clock)
        digest = Digest(client, calls, desk, memory, clock, hours, place.channel, mask) if hours else None
        return Service(
            app, client, desk, memory, teller, inbox, agents, rereading, private, background, questions, digest, clock
        )

    @asynccontextmanager
    async def started(self) -> AsyncIterator["Service"]:
        """Asks who the app is, posts the morning's digest, and ends with whatever is still under way."""
        tasks = [
            asyncio.create_task(self._know_itself()),
            asyncio.create_task(self._every_morning()),
            asyncio.create_task(self._never_lose_a_question()),
        ]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.background.close()

    @asynccontextmanager
    async def sockets(self, app_token: str, connections: int = 2) -> AsyncIterator[None]:
        """Socket Mode over several connections: while one is renewed, events come through another."""
        handlers = [AsyncSocketModeHandler(self.app, app_token, web_client=self.client) for _ in range(connections)]
        try:
            for handler in handlers:
                await handler.connect_async()  # type: ignore[no-untyped-call]
            yield
        finally:
            closing = [handler.close_async() for handler in handlers]  # type: ignore[no-untyped-call]
            await asyncio.gather(*closing, return_exceptions=True)

    async def mirror(self, lease: Lease) -> None:
        """The worker's job for the kind `slack`: messages left behind, then the thread."""
        claim = lease.claim
        beside = await self.memory.fields(claim.id)
        await self.inbox.sweep(claim.id, beside)
        own = {name.removeprefix(KIND): value for name, value in claim.fields.items() if name.startswith(KIND)}

        async def keep(fields: Mapping[str, str]) -> None:
            await lease.write(fields=fields)

        told = await self.teller.run(claim.id, claim.log, {**own, **beside}, keep)
        thread, seconds = told.thread, told.again
        if told.shut:
            await self._tell_owner(claim.id, claim.head.agent or "", told.shut)
        if thread.ts and place_of_card(beside) != (thread.channel, thread.ts):
            await self.memory.keep(claim.id, {"card": f"{thread.channel} {thread.ts}"})
        last = claim.log[-1][0] if claim.log else 0
        alive = claim.head.owner == "human" and claim.now - last < LIVELY * 1000
        if seconds is None and thread.ts and alive:
            try:
                await self.rereading.look(thread, beside)
                seconds = EVERY
            except ThreadGone:
                await keep(thread.moved().own_fields())
                seconds = 0.0
        if seconds is None:
            await lease.done()
        else:
            await lease.again(int(seconds * 1000))

    async def _tell_owner(self, conversation_id: str, agent: str, reason: str) -> None:
        """The channel is shut: whoever answers this customer from Slack is told once an hour, directly."""
        user = agent.removeprefix("slack:")
        if user != agent and await self.memory.once(f"shut:{conversation_id}", 3_600):
            where = self.teller.place.desk_url.replace("{id}", conversation_id) or say("slack.shut_out_desk")
            self.private.direct(user, say("slack.shut_out", reason=reason, where=where))

    async def erase(self, lease: Lease) -> None:
        """The part of the worker's job for the kind `erase` that is Slack's. Raises Later: the whole is run again."""
        claim = lease.claim
        own = {name.removeprefix(KIND): value for name, value in claim.fields.items() if name.startswith(KIND)}
        left = await forget(self.client, self.teller.calls, own)
        await self.memory.drop(claim.id)
        if left:
            log.warning("slack.people_wrote", conversation=claim.id, posts_left=left)

    async def _know_itself(self) -> None:
        """Asks Slack who the app is, for as long as it takes."""
        while True:
            try:
                await self.agents.start()
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                log.warning("slack.away", error=repr(error))
                await self.clock.sleep(5)
            else:
                return

    async def _never_lose_a_question(self) -> None:
        """Answers questions that a process which died has left."""
        while True:
            try:
                await self.questions.sweep()
            except (RedisError, OSError) as error:
                log.warning("slack.questions", error=repr(error))
            await asyncio.sleep(SWEEP)

    async def _every_morning(self) -> None:
        while self.digest is not None:
            try:
                await self.digest.post()
            except (ThreadGone, StateError) as error:
                log.warning("slack.digest", error=repr(error))
            await self.clock.sleep(60)
