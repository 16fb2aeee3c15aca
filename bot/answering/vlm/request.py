"""What is asked of the engine, and what comes back: plain values, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Message = Mapping[str, Any]
"""`role` and `content`: a text, or parts of type `text` and `image` (with the picture under `image`).

An assistant's message may carry `tool_calls`, and a tool's its `tool_call_id`, both as OpenAI writes them, but with
the arguments as an object.
"""


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen: the likeliest at temperature 0, else by chance among the likeliest `top_p`."""

    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    """The same seed, the same answer, whoever else is answered at the time."""


@dataclass(frozen=True)
class Request:
    """One answer that is wanted."""

    messages: Sequence[Message]
    most: int = 700
    """Tokens."""
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends; they are not part of it."""
    tools: tuple[Mapping[str, Any], ...] = ()
    """As OpenAI writes them."""
    salt: str = ""
    """Keys and values are shared between requests of the same salt only; pictures' encodings by their pixels."""
    logprobs: bool = False
    """Whether each token comes with how likely it was."""


class Token(NamedTuple):
    """One token as it was chosen. `logprob` is the logarithm of its likelihood at temperature 1, where it was asked."""

    id: int
    logprob: float | None = None


@dataclass(frozen=True)
class Call:
    """A tool that the model wants called. `arguments` is JSON."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Piece:
    """Text as it comes; `reason` (`stop`, `length` or `tool_calls`) and the calls with the last one.

    `logprobs` are texts and logarithms of likelihood of the tokens since the piece before, where they were asked; what
    was thought aloud is not among them.
    """

    text: str
    tokens: int
    prompt_tokens: int
    reason: str | None = None
    calls: tuple[Call, ...] = ()
    logprobs: tuple[tuple[str, float], ...] = ()


class Full(Exception):
    """As many answers run and wait as can be written in time."""


class Broken(Exception):
    """The model could not go on with this answer."""
