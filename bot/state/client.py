"""How this house talks to Redis: one way to make a client, and one name for "it cannot be reached now"."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TimeoutError,
)

from bot.state.errors import Unconfirmed

CONNECTIONS = 32
TURN_S = 20.0
"""How long a call waits for a free connection."""
AWAY = (ConnectionError, TimeoutError, ReadOnlyError, MasterDownError, ClusterDownError, OutOfMemoryError)
"""The server cannot take the call now, though it may later."""


def connect(
    url: str, *, timeout_s: float = 5.0, connections: int = CONNECTIONS, retries: int = 6, decode: bool = False
) -> Redis:
    """A client that waits for a free connection, instead of refusing, when many ask at once. `decode`: replies as text.

    Whoever makes one closes it.
    """
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_timeout": timeout_s,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries),
        "decode_responses": decode,
        **keepalive,
    }
    pool = BlockingConnectionPool.from_url(url, max_connections=connections, timeout=TURN_S, **options)
    return Redis.from_pool(pool)


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turns redis' own errors of a server that cannot be reached into `Unconfirmed`; `what` names the call in it."""
    try:
        yield
    except AWAY as error:
        raise Unconfirmed(f"{what}: {error}") from error
