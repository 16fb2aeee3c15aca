"""Small signed values: what this server handed out comes back unchanged, for its purpose, and before it expires.

A seal is `<payload>.<mac>` in base64url; the key is derived per purpose, so that a value sealed for one purpose never
opens for another. Nothing is encrypted: put in no secrets. Not here: what the values mean (`identity`).
"""

import base64
import hashlib
import hmac
from collections.abc import Callable

import orjson

MAC_BYTES = 32
LONGEST = 4096
"""Characters of the longest seal that is looked at."""

Clock = Callable[[], float]
Value = list[str]


class Seals:
    """Seals and opens lists of strings for one purpose. `clock` gives seconds since the epoch."""

    def __init__(self, secret: bytes, purpose: str, clock: Clock) -> None:
        if len(secret) < MAC_BYTES:
            raise ValueError(f"the secret has {len(secret)} bytes; use at least {MAC_BYTES} random ones")
        self._key = hmac.digest(secret, f"helplens:{purpose}".encode(), hashlib.sha256)
        self._clock = clock

    def seal(self, value: Value, expires: float) -> str:
        """`value`, readable until `expires` (seconds since the epoch)."""
        payload = _encode(orjson.dumps([int(expires), *value]))
        return f"{payload}.{_encode(self._mac(payload))}"

    def open(self, sealed: str) -> tuple[float, Value] | None:
        """(expires, value), or None when `sealed` is not ours, was changed, or has expired."""
        payload, dot, mac = sealed.partition(".")
        if not dot or len(sealed) > LONGEST or not sealed.isascii():
            return None
        if not hmac.compare_digest(_encode(self._mac(payload)), mac):
            return None
        expires, *value = orjson.loads(_decode(payload))
        return (expires, value) if expires > self._clock() else None

    def _mac(self, payload: str) -> bytes:
        return hmac.digest(self._key, payload.encode(), hashlib.sha256)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
