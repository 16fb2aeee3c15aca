"""Who was invited to the desk by name, and whose invitation was taken back: a small hash in Redis, read at each call of
an invited agent, so that taking one back holds at once, on every process.

An invitation itself is a signed token and stands nowhere; what is kept is whom it names, until when, and since when it
no longer counts. Not here: how a token is made and checked (`identity`).
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError

from handlers.web.identity import INVITED, SignedIn, shown

KEY = "{desk}:invited"
LOOK_S = 2.0
"""How often it is asked whether the reader of an open page still may."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Invitation:
    """All links that one name was given; times in Unix seconds. Those made at `revoked` or earlier open nothing."""

    name: str
    made: float
    """The newest of them."""
    until: float
    revoked: float = 0.0

    def holds(self, now: float) -> bool:
        """Whether a link of theirs still opens the desk."""
        return self.until > now and self.made > self.revoked


class Invitations:
    """The invitations on one Redis, whose client the caller closes. All methods raise RedisError."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def note(self, name: str, made: float, until: float) -> None:
        """Somebody was invited; again is fine, and the later end counts."""
        before = await self._of(name)
        until = max(until, before.until if before and before.holds(made) else 0.0)
        await self._keep(Invitation(shown(name), made, until, before.revoked if before else 0.0))

    async def revoke(self, name: str, now: float) -> bool:
        """Ends all of a name's links made until now; False when nobody of that name was invited."""
        before = await self._of(name)
        if before is None:
            return False
        await self._keep(Invitation(before.name, before.made, before.until, now))
        return True

    async def all(self) -> list[Invitation]:
        """Everybody, by name."""
        kept = await self._redis.hgetall(KEY)
        return sorted((Invitation(**orjson.loads(raw)) for raw in kept.values()), key=lambda one: one.name.casefold())

    async def ended(self, agent: SignedIn) -> bool:
        """Whether this agent came by a link that was taken back since."""
        if not agent.id.startswith(INVITED):
            return False
        raw = await self._redis.hget(KEY, agent.id.removeprefix(INVITED))
        return raw is not None and agent.invited <= Invitation(**orjson.loads(raw)).revoked

    async def until_ended(self, agent: SignedIn) -> None:
        """Returns when this agent's link was taken back; of others, never."""
        if not agent.id.startswith(INVITED):
            await asyncio.Event().wait()
        while not await self._known_ended(agent):  # noqa: ASYNC110  it is taken back in another process
            await asyncio.sleep(LOOK_S)

    async def _known_ended(self, agent: SignedIn) -> bool:
        try:
            return await self.ended(agent)
        except RedisError as error:
            log.info("invitation not looked up", error=str(error))
            return False

    async def _of(self, name: str) -> Invitation | None:
        raw = await self._redis.hget(KEY, shown(name).casefold())
        return None if raw is None else Invitation(**orjson.loads(raw))

    async def _keep(self, invitation: Invitation) -> None:
        await self._redis.hset(KEY, invitation.name.casefold(), orjson.dumps(asdict(invitation)))
