"""What goes wrong on purpose: limits, outages, missing scopes, streams that end, deliveries doubled and shuffled.

A fresh `Faults()` is a Slack on a good day that still keeps its documented limits for posting.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.slack.clock import Clock

ALL_SCOPES = frozenset(
    (
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "channels:read",
        "channels:join",
        "chat:write",
        "chat:write.customize",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "reactions:read",
        "reactions:write",
        "users:read",
        "metadata.message:read",
    )
)


def once(payload: dict[str, Any]) -> Sequence[float]:
    """Every event is delivered once, at once."""
    return (0.0,)


def doubled(payload: dict[str, Any]) -> Sequence[float]:
    """Every event is delivered twice, the second time two seconds later."""
    return (0.0, 2.0)


def lost(payload: dict[str, Any]) -> Sequence[float]:
    """No event is delivered at all."""
    return ()


@dataclass
class Faults:
    """Set a field while the sandbox runs; each takes effect with the next request."""

    scopes: frozenset[str] = ALL_SCOPES
    post_interval: float = 0.0
    """Seconds between two posts in one channel, below which the answer is 429. 0: never."""
    refuse: Callable[[str, dict[str, Any]], float | None] = lambda method, args: None
    """Seconds for `Retry-After` when this call is to be refused with 429, else None."""
    swallow: Callable[[str, dict[str, Any]], bool] = lambda method, args: False
    """Whether this call is carried out and its answer lost on the way back."""
    page: int = 1_000
    """Most messages that a reading of a thread brings at once."""
    down: bool = False
    """Every call to the Web API fails as if Slack were away."""
    down_until: float = 0.0
    stream_seconds: float = 300.0
    stream_characters: int = 12_000
    login_page: bool = False
    """File downloads answer with the sign-in page, as Slack does when a scope is missing."""
    delivery: Callable[[dict[str, Any]], Sequence[float]] = once
    """When each copy of an event is sent, in seconds from now: () loses it, (0, 0) doubles it."""
    posted: dict[str, float] = field(default_factory=dict)

    def is_down(self, clock: Clock) -> bool:
        """Whether Slack is away at this moment."""
        return self.down or clock.now() < self.down_until

    def retry_after(self, method: str, args: dict[str, Any], clock: Clock) -> float | None:
        """Seconds to wait when this call comes too soon, None when it may go on."""
        refused = self.refuse(method, args)
        if refused is not None:
            return refused
        if method not in ("chat.postMessage", "files.completeUploadExternal") or not self.post_interval:
            return None
        channel = str(args.get("channel") or args.get("channel_id"))
        now = clock.now()
        if now - self.posted.get(channel, 0.0) < self.post_interval - 0.001:
            return 1.0
        self.posted[channel] = now
        return None


def shuffled(seed: int, copies: Sequence[int] = (0, 1, 2, 3), spread: float = 400.0) -> Callable[..., Sequence[float]]:
    """Deliveries that come 0 to 3 times within `spread` seconds, in random order, the same for the same seed."""
    dice = random.Random(seed)
    return lambda payload: [dice.uniform(0, spread) for _ in range(dice.choice(list(copies)))]
