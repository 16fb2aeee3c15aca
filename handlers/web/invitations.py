"""Who was invited to the desk by name, and whose invitation was taken back: two small hashes in Redis, the second read
at each call of an invited agent, so that taking one back holds at once, on every process.

An invitation itself is a signed token and stands nowhere; what is kept is whom it names and until when, and apart from
that, so that neither can undo the other, since when a name's links no longer count. Not here: how a token is made and
checked (`identity`).
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError

from handlers.web.identity import INVITED, SignedIn, shown

NOTED = "{desk}:invited"
REVOKED = "{desk}:revoked"
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
        """Somebody was invited; again is fine, and the later end of links that hold counts."""
        before = {_key(one.name): one for one in await self.all()}.get(_key(name))
        until = max(until, before.until if before and before.holds(made) else 0.0)
        await self._redis.hset(NOTED, _key(name), orjson.dumps([shown(name), made, until]))

    async def revoke(self, name: str, now: float) -> bool:
        """Ends all of a name's links made until now; whether an invitation of that name is noted. Links of a name that
        is not, older than this list or than Redis' data, end as well."""
        await self._redis.hset(REVOKED, _key(name), repr(now))
        return bool(await self._redis.hexists(NOTED, _key(name)))

    async def all(self) -> list[Invitation]:
        """Everybody, by name."""
        noted, revoked = await asyncio.gather(self._redis.hgetall(NOTED), self._redis.hgetall(REVOKED))
        found = [
            Invitation(name, made, until, float(revoked.get(key, 0.0)))
            for key, (name, made, until) in ((key, orjson.loads(raw)) for key, raw in noted.items())
        ]
        return sorted(found, key=lambda one: one.name.casefold())

    async def ended(self, agent: SignedIn) -> bool:
        """Whether this agent came by a link that was taken back since."""
        if not agent.id.startswith(INVITED):
            return False
        revoked = await self._redis.hget(REVOKED, agent.id.removeprefix(INVITED))
        return revoked is not None and agent.invited <= float(revoked)

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


def _key(name: str) -> str:
    """What an invited agent's id says of the name."""
    return shown(name).casefold()
