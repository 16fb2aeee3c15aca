"""A port to listen on a moment later, and again after a restart."""

import contextlib
import secrets
import socket


def free_port() -> int:
    """One that is free now, below those that the system gives to outgoing connections: among these somebody else could
    have taken it before it is listened on."""
    while True:
        port = 16_000 + secrets.randbelow(16_000)
        with socket.socket() as trying, contextlib.suppress(OSError):
            trying.bind(("127.0.0.1", port))
            return port
