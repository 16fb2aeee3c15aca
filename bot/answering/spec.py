"""What the string says that names a rung in the settings.

`vlm:FOLDER` (transformers in this process), `openai:MODEL@URL` (any server that speaks OpenAI's chat completions, by
our own client; `stock=yes` takes LangChain's), `anthropic:MODEL`, `google_genai:MODEL` and whatever else
`init_chat_model` knows, `extractive`. Options follow after spaces: `openai:qwen@http://gpu:8000/v1 calls=16`.
Not here: what is made of it (`rungs`).
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from bot.answering.render import Sight
from bot.conversation import Noun

USERINFO = re.compile(r"//[^/@\s]*@")
"""Who logs in at an address, and with what."""


def _dollars(value: object) -> object:
    return tuple(value.split("/")) if isinstance(value, str) else value


Dollars = Annotated[tuple[float, float], BeforeValidator(_dollars)]
"""Per million tokens read and written."""


class Spec(Noun):
    """What a rung's string says."""

    name: str
    """The string without its options and without a password: the rung's name in logs, metrics and answers."""
    provider: str
    model: str = ""
    url: str | None = None
    calls: int = Field(default=8, ge=1, description="Answers written at once.")
    sight: Sight | None = Field(default=None, description="pixels, screen or passages; by default what is known of it.")
    grid: int | None = Field(default=None, ge=1, description="Pixels each way that the model counts as one token.")
    room: int = Field(default=1600, ge=16, description="Most tokens of one view of a picture.")
    tokens: int = Field(default=700, ge=16, description="Longest answer, in tokens.")
    tools: bool = Field(default=True, description="Whether the model is told of tools.")
    key: str | None = Field(default=None, description="Environment variable that holds the key.")
    stock: bool = Field(default=False, description="LangChain's own client for OpenAI's interface.")
    small: bool = Field(default=False, description="Asked first, held back, and passed over when it is not sure.")
    price: Dollars | None = Field(default=None, description="Dollars per million tokens read/written: 0.25/2.00.")


def parse(text: str) -> Spec:
    """The spec in `text`. Raises ValueError, saying what is wrong and what would be right."""
    name, *options = text.split()
    text = USERINFO.sub("//", text)
    provider, _, rest = name.partition(":")
    model, _, url = rest.partition("@http")
    more = dict(option.partition("=")[::2] for option in options)
    if unknown := more.keys() - OPTIONS:
        raise ValueError(f"{text!r}: no option {sorted(unknown)}; there are {sorted(OPTIONS)}")
    if provider != "extractive" and not model:
        raise ValueError(f"{text!r} names no model: write for example openai:qwen3-vl@http://127.0.0.1:8000/v1")
    try:
        return Spec.model_validate(
            {
                "name": USERINFO.sub("//", name),
                "provider": provider,
                "model": model,
                "url": f"http{url}" if url else None,
                **more,
            }
        )
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{text!r}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error


OPTIONS = frozenset(Spec.model_fields) - {"name", "provider", "model", "url"}
