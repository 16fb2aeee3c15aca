"""How this house talks to Redis: one way to make a client, and one name for "it cannot be reached now"."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from redis.asyncio import BlockingConnectionPool, Connection, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ClusterDownError, MasterDownError, OutOfMemoryError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import TimeoutError as NoReply

from bot.state.errors import Unconfirmed
from bot.state.pipelined import Pipelined

CONNECTIONS = 32
CALL_S = 8.0
"""How long a call takes at most, however the server fails: waiting for a connection, repeating and reconnecting too."""
AWAY = (NoConnection, NoReply, ReadOnlyError, MasterDownError, ClusterDownError, OutOfMemoryError)
"""The server cannot take the call now, though it may later."""
REFUSING = ("MISCONF", "NOREPLICAS", "TRYAGAIN", "BUSY")
"""So begins what redis-py has no class for: a full disk, too few replicas, a slot that moves, a script that runs."""


def connect(
    url: str,
    *,
    timeout_s: float = 5.0,
    call_s: float = CALL_S,
    connections: int = CONNECTIONS,
    retries: int = 6,
    decode: bool = False,
    blocks: bool = False,
) -> Redis:
    """A client that waits for a free connection, instead of refusing, when many ask at once, and whose calls can be
    cancelled. `timeout_s`: how long one reply may take before the command is repeated; `call_s`: all that a call may
    take. `decode`: replies as text. `blocks`: for commands that wait at the server, each on a connection of its own
    and without `call_s`. What the URL says of these wins. Whoever makes a client closes it.
    """
    given: dict[str, Any] = dict(parse_url(url))
    kind: type[AbstractConnection] = given.pop("connection_class", Connection)
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_timeout": timeout_s,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries),
        "decode_responses": decode,
        **({} if kind is UnixDomainSocketConnection else {"socket_keepalive": True}),
        **given,
    }
    pool = BlockingConnectionPool(
        max_connections=options.pop("max_connections", connections),
        timeout=options.pop("timeout", call_s),
        connection_class=_KINDS[kind],
        **options,
    )
    if blocks:
        return Redis.from_pool(pool)
    client = cast(Pipelined, Pipelined.from_pool(pool))
    client.call_s = call_s
    return client


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turns redis' own errors of a server that cannot take the call now into `Unconfirmed`; `what` names the call."""
    try:
        yield
    except AWAY as error:
        raise Unconfirmed(f"{what}: {error}") from error
    except ResponseError as error:
        if str(error).startswith(REFUSING):
            raise Unconfirmed(f"{what}: {error}") from error
        raise


class _Cancellable(AbstractConnection):
    """redis-py sends under `asyncio.wait_for`, which up to Python 3.11 loses a cancellation that comes in the moment in
    which the send ends: about one in ten, and the caller goes on as if nobody had asked it to stop. Here the time limit
    is asyncio's own timeout, which loses none (and needs no task of its own for every command)."""

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        limit, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(limit):
                await super().send_packed_command(command, check_health)
        except TimeoutError as error:
            raise NoReply(f"not sent within {limit} s") from error
        finally:
            self.socket_timeout = limit


class _Tcp(_Cancellable, Connection):
    pass


class _Tls(_Cancellable, SSLConnection):
    pass


class _Unix(_Cancellable, UnixDomainSocketConnection):
    pass


_KINDS: dict[type[AbstractConnection], type[_Cancellable]] = {
    Connection: _Tcp,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Unix,
}
