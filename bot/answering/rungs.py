"""A rung named by a string in the settings -> a rung that answers. The one place where models are made.

Not here: what such a string says (`spec`), which rung is asked when (`fallback`), what a rung may send (`privacy`).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import aiohttp
import structlog
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from bot.answering import capacity
from bot.answering.agent import ModelRung
from bot.answering.brief import Rung
from bot.answering.openai_chat import OpenAICompatible
from bot.answering.privacy import Exit, Gate, exit_to
from bot.answering.render import Eyes, Load, Sight
from bot.answering.spec import USERINFO, Spec, parse
from bot.answering.tools import Search, owners
from bot.answering.tracing import Traces, open_traces, trace_exit
from bot.routing import Asked
from bot.screenshots.redaction import text as redacted

log = structlog.get_logger()

SEES = re.compile(
    r"(?:^|[^a-z])(?:vl|vlm|vision|omni)(?:[^a-z]|$)|smolvlm|llava|pixtral|internvl|gpt-[45]|gemma-?[3-9]", re.I
)
"""Names of models behind OpenAI's interface that take pictures; an owner who knows better says `sight=`."""
GRID = 28
"""Pixels each way of one token where nothing better is known: Qwen2.5-VL's; Qwen3-VL's is 32."""
WITHOUT_RETRIES: Mapping[str, dict[str, Any]] = {
    "anthropic": {"max_retries": 0},
    "openai": {"max_retries": 0},
    "google_genai": {"max_retries": 1},
}
"""The ladder is the only place that retries; Google's client counts the first try as one."""
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google_genai": "GOOGLE_API_KEY"}
"""Where the keys of providers lie that answer nobody without one."""


@dataclass(frozen=True)
class Parts:
    """What rungs are made of, handed in by the composition root."""

    search: Search
    load: Load
    extractive: Rung
    text_to_models: bool = False
    """The owner's switch: may customers' words, redacted, go to a model of a third party?"""
    pictures_to_models: bool = False
    own_hosts: Collection[str] = ()
    """Hosts that the owner vouches for: models there get everything as it is."""
    private_patterns: Sequence[str] = ()
    owners_tools: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """Where keys are looked up."""
    sure: float = 0.5
    """Confidence from which a screen's words are enough without its pixels."""
    traces: str | None = None
    """Where what models are asked and say is traced to, see `tracing.trace_exit`."""
    text_to_traces: bool = False
    """The owner's switch: may it go there, redacted, when that is not his own?"""


def exits(
    names: Sequence[str],
    *,
    text: bool = False,
    pictures: bool = False,
    own_hosts: Collection[str] = (),
    traces: str | None = None,
    text_to_traces: bool = False,
) -> tuple[Exit, ...]:
    """What may leave to each model that the settings name, and to traces: for `helplens doctor`. Opens nothing."""
    specs = [parse(name) for name in names]
    models = [_exit(spec, text, pictures, own_hosts) for spec in specs if spec.provider != "extractive"]
    return (*models, *([trace_exit(traces, own_hosts=own_hosts, text=text_to_traces)] if traces else ()))


def _exit(spec: Spec, text: bool, pictures: bool, own_hosts: Collection[str]) -> Exit:
    if spec.provider == "vlm":
        return Exit(name=spec.name)
    url = spec.url if spec.provider == "openai" else None
    return exit_to(spec.name, url, own_hosts=own_hosts, text=text, pictures=pictures)


async def complaint(
    name: str,
    session: aiohttp.ClientSession,
    *,
    text: bool = False,
    own_hosts: Collection[str] = (),
    environment: Mapping[str, str],
) -> str:
    """What keeps a rung from answering, and what to do about it: for `helplens doctor`. Empty when nothing is seen.

    Loads no weights and asks no model anything: a server is asked for its list of models, nobody else for anything.
    """
    try:
        spec = parse(name)
        if spec.provider in ("extractive", "vlm"):
            return ""
        if not _exit(spec, text, pictures=False, own_hosts=own_hosts).text:
            return "no words may go there: set HELPLENS_TEXT_TO_MODELS=true, or HELPLENS_OWN_HOSTS if the host is yours"
        async with AsyncExitStack() as stack:
            await _model(spec, environment, session, stack)
    except ValueError as error:
        return str(error)
    return await _silence(spec.url, session) if spec.url else ""


async def _silence(url: str, session: aiohttp.ClientSession) -> str:
    """Why a server says nothing; empty when it says anything at all."""
    try:
        async with asyncio.timeout(5), session.get(f"{url.rstrip('/')}/models", allow_redirects=False):
            return ""
    except (aiohttp.ClientError, OSError) as error:
        return f"no answer from {USERINFO.sub('//', url)} ({type(error).__name__}): start it, or correct the address"


@asynccontextmanager
async def open_rungs(
    names: Sequence[str], parts: Parts, session: aiohttp.ClientSession | None = None
) -> AsyncIterator[tuple[Rung, ...]]:
    """The rungs that `names` name, in order, closed at the end. A model to which no text may go is left out, aloud.

    Raises ValueError, with what to do, when a name makes no sense or its package is not installed.
    """
    async with AsyncExitStack() as stack:
        shared = await stack.enter_async_context(http()) if session is None else session
        traces = await stack.enter_async_context(
            open_traces(
                parts.traces,
                own_hosts=parts.own_hosts,
                text=parts.text_to_traces,
                own_patterns=parts.private_patterns,
                environment=parts.environment,
            )
        )
        rungs: list[Rung] = []
        for spec in map(parse, names):
            if spec.provider == "extractive":
                rungs.append(parts.extractive)
                continue
            leads = _exit(spec, parts.text_to_models, parts.pictures_to_models, parts.own_hosts)
            if not leads.text:
                log.warning("left out: no text may go to a third party", rung=spec.name, setting="text_to_models")
                continue
            rungs.append(await _rung(spec, leads, parts, shared, stack, traces))
        yield tuple(rungs)


def http() -> aiohttp.ClientSession:
    """A session for models: no limit of its own on connections or time, since the ladder has both."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=3.0),
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
    )


async def _rung(
    spec: Spec,
    leads: Exit,
    parts: Parts,
    session: aiohttp.ClientSession,
    stack: AsyncExitStack,
    traces: Traces | None,
) -> ModelRung:
    model = await _model(spec, parts.environment, session, stack)
    gate = Gate(leads, partial(redacted, own_patterns=tuple(parts.private_patterns)))
    grid = spec.grid or getattr(model, "grid", None) or GRID
    eyes = Eyes(spec.sight or _sight(spec, model), gate, parts.load, grid, spec.room, parts.sure)
    return ModelRung(
        spec.name,
        model,
        eyes,
        parts.search,
        calls=spec.calls,
        tools=spec.tools and (model.profile or {}).get("tool_calling", True),
        owners_tools=owners(parts.owners_tools),
        traces=traces,
        asked=_asked(spec, leads, eyes.sight),
    )


def _asked(spec: Spec, leads: Exit, sight: Sight) -> Asked:
    """What a plan may know of a model. By the token, nothing is paid for one on a host of the owner's."""
    listed = None if leads.ours else capacity.listed(spec.model, capacity.read())
    paid = spec.price or ((0.0, 0.0) if leads.ours else (listed.input, listed.output) if listed else (None, None))
    return Asked(name=spec.name, sees=sight == "pixels", small=spec.small, input=paid[0], output=paid[1])


def _sight(spec: Spec, model: BaseChatModel) -> Sight:
    known = (model.profile or {}).get("image_inputs")
    sees = bool(SEES.search(spec.model)) if known is None else known
    return "pixels" if sees else "screen"


async def _model(
    spec: Spec, environment: Mapping[str, str], session: aiohttp.ClientSession, stack: AsyncExitStack
) -> BaseChatModel:
    if spec.provider == "vlm":
        return await _vision(spec, stack)
    usual = f"{spec.provider.upper()}_API_KEY"
    variables = (spec.key,) if spec.key else (KEYS.get(spec.provider, usual), usual)
    key = next((environment[name] for name in variables if environment.get(name)), None)
    if key is None and (spec.key or (spec.provider in KEYS and not spec.url)):
        raise ValueError(f"{spec.name} needs a key: set {variables[0]}, or name another variable with key=NAME")
    if spec.provider == "openai" and spec.url and not spec.stock:
        secret = SecretStr(key) if key and (spec.key or "api.openai.com" in spec.url) else None
        return OpenAICompatible(
            session=session,
            url=spec.url,
            model=spec.model,
            key=secret,
            max_tokens=spec.tokens,
            logprobs=spec.small,
        )
    settings: dict[str, Any] = {"temperature": 0, "max_tokens": spec.tokens, **WITHOUT_RETRIES.get(spec.provider, {})}
    if spec.url:
        settings["base_url"] = spec.url
    if key:
        settings["api_key"] = key
    try:
        return cast(BaseChatModel, init_chat_model(spec.model, model_provider=spec.provider, **settings))
    except (ImportError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error).splitlines()[0]
        raise ValueError(f"{spec.name}: {why}") from error


async def _vision(spec: Spec, stack: AsyncExitStack) -> BaseChatModel:
    """A model in this process; torch is loaded here and nowhere before, since most installations have none."""
    try:
        from bot.answering.vlm.chat import VisionChat
        from bot.answering.vlm.engine import Engine
    except ImportError as error:
        raise ValueError(f"{spec.name} needs torch and transformers: pip install 'helplens[models]'") from error
    engine = stack.enter_context(await asyncio.to_thread(Engine.load, spec.model, rows=spec.calls))
    return VisionChat(engine=engine, max_tokens=spec.tokens)
