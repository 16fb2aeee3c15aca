"""How much one visitor and one address may ask for: small buckets in Redis, shared by all web processes.

Each limit is a bucket of a size that fills again over a minute or an hour. Several limits are taken together or not
at all. Not here: the bound of a conversation's own log, which the store holds.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from importlib.resources import files

from redis.asyncio import Redis

from handlers.web.problems import Problem


@dataclass(frozen=True)
class Limit:
    """At most `size` at once, and `size` again per `seconds`."""

    name: str
    size: int
    seconds: float


@dataclass(frozen=True)
class Rates:
    """The limits of the web channel. An office behind one address has room; one visitor in a loop has not."""

    open_address: Limit = Limit("open:address", 30, 60)
    follow_address: Limit = Limit("follow:address", 600, 60)
    guess_address: Limit = Limit("guess:address", 20, 60)
    say_visitor: Limit = Limit("say:visitor", 20, 60)
    say_address: Limit = Limit("say:address", 120, 60)
    attach_visitor: Limit = Limit("attach:visitor", 20, 60)
    attach_address: Limit = Limit("attach:address", 60, 60)
    reach_visitor: Limit = Limit("reach:visitor", 5, 600)
    reach_address: Limit = Limit("reach:address", 30, 3600)
    sign_in_address: Limit = Limit("sign-in:address", 10, 60)


class Limits:
    """Counts in Redis. `prefix` keeps its keys apart; each key expires by itself."""

    def __init__(self, redis: Redis, rates: Rates | None = None, prefix: str = "{limits}:") -> None:
        self.rates = rates or Rates()
        self._prefix = prefix
        self._take = redis.register_script(files(__package__).joinpath("limit.lua").read_text("utf-8"))

    async def take(self, *buckets: tuple[Limit, str]) -> None:
        """Take one from the bucket of each (limit, who). Raises Problem "too_fast", with the seconds to wait."""
        keys = [f"{self._prefix}{limit.name}:{_digest(who)}" for limit, who in buckets]
        arguments = [n for limit, _ in buckets for n in (limit.size, limit.seconds * 1000 / limit.size)]
        wait = int(await self._take(keys=keys, args=arguments))
        if wait:
            seconds = math.ceil(wait / 1000)
            raise Problem("too_fast", retry=seconds, seconds=seconds)


def network(address: str) -> str:
    """The part of an address that belongs to one connection: IPv4 whole, IPv6 its first 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _digest(who: str) -> str:
    """Keys are short and equal in length, and no user id stands in one."""
    return hashlib.sha256(who.encode()).hexdigest()[:24]
