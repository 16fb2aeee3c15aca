"""Traces of what models were asked and what they said: to LangSmith, or to any collector that speaks OpenTelemetry.

LangChain would trace by itself as soon as some environment variable says so. Here it traces only what `open_traces`
opened, and everything on its way out passes a gate: words are redacted whoever the receiver is, pictures never leave,
and to a receiver that is not the owner's own nothing goes unless the owner has switched it on.
Not here: what a gate lets through (`privacy`), logs and metrics (`bot.telemetry`).
"""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from langsmith import Client, set_runtime_overrides
from langsmith.run_helpers import get_tracing_context, tracing_context

from bot.answering.privacy import WITHHELD, Exit, Gate, MustNotLeave, exit_to
from bot.screenshots.redaction import text as redacted

Traces = tuple[Gate, Client]
"""What is traced passes the gate, and goes where the client sends it."""
LANGSMITH = "https://api.smith.langchain.com"
FLUSH_S = 5.0
"""How long the last traces may take to leave at the end."""


def trace_exit(where: str, *, own_hosts: Collection[str] = (), text: bool = False) -> Exit:
    """The exit that `where` names: `langsmith`, `langsmith:URL`, or `otlp:URL` of a collector (OTLP over HTTP).

    `text` is the owner's switch for receivers that are not his own. Raises ValueError, saying what would be right.
    """
    kind, _, url = where.partition(":")
    url = url or (LANGSMITH if kind == "langsmith" else "")
    if kind not in ("langsmith", "otlp") or not urlsplit(url).hostname:
        raise ValueError(f"traces go to langsmith, langsmith:https://HOST or otlp:http://HOST:4318, not to {where!r}")
    name = {"langsmith": "LangSmith", "otlp": "OpenTelemetry"}[kind]
    leads = exit_to(name, url, own_hosts=own_hosts, text=text)
    # Not even our own collector gets secrets: what is written down is redacted, as in logs.
    return leads.model_copy(update={"ours": False, "pictures": False})


@asynccontextmanager
async def open_traces(
    where: str | None,
    *,
    own_hosts: Collection[str] = (),
    text: bool = False,
    own_patterns: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Traces | None]:
    """Traces to `where` for as long as this is open; None when nothing may go there, or `where` is None.

    Raises ValueError, with what to do, when `where` makes no sense or OpenTelemetry's packages are missing.
    """
    set_runtime_overrides(aio_to_thread=_at_once)
    try:
        leads = trace_exit(where, own_hosts=own_hosts, text=text) if where else None
        if where is None or leads is None or not leads.text:
            yield None
            return
        gate = Gate(leads, lambda value: redacted(value, own_patterns=tuple(own_patterns)))
        client, *others = _client(where, gate, environment or {})
        try:
            yield gate, client
        finally:
            await asyncio.to_thread(client.flush, FLUSH_S)
            for one in (client.close, *others):
                await asyncio.to_thread(one)
    finally:
        set_runtime_overrides()


def _client(where: str, gate: Gate, environment: Mapping[str, str]) -> tuple[Client, *tuple[Callable[[], None], ...]]:
    """The client that sends to `where`, and what closes what it sends with."""
    kind, _, url = where.partition(":")
    if kind == "langsmith":
        key = environment.get("LANGSMITH_API_KEY") or environment.get("LANGCHAIN_API_KEY")
        return (trace_client(gate, api_url=url or LANGSMITH, api_key=key),)
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ValueError(f"traces to {where} need OpenTelemetry: pip install 'helplens[traces]'") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "helplens"}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/').removesuffix('/v1/traces')}/v1/traces", timeout=FLUSH_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    client = trace_client(
        gate, api_url="http://127.0.0.1:9", api_key="unused", tracing_mode="otel", otel_tracer_provider=provider
    )
    return client, provider.shutdown


def traced(traces: Traces | None) -> AbstractContextManager[None]:
    """Around everything that LangChain would trace. Without a gate that lets text pass, nothing is traced at all.

    LangSmith is switched on by environment variables that an owner may have set for something else; here they alone
    switch on nothing.
    """
    if traces is None or not traces[0].exit.text:
        return tracing_context(enabled=False)
    return tracing_context(enabled=True, client=traces[1])


def trace_client(gate: Gate, **settings: Any) -> Client:
    """A LangSmith client that sends only what passes `gate`."""

    def passed(payload: dict[str, Any]) -> dict[str, Any]:
        try:
            value = gate.payload(payload)
        except MustNotLeave:
            return {"value": WITHHELD}
        return value if isinstance(value, dict) else {"value": value}

    # The anonymizer sees inputs, outputs and errors; what is left to see is metadata.
    return Client(anonymizer=passed, hide_metadata=passed, **settings)


async def _at_once(
    in_a_thread: Callable[..., Awaitable[Any]],
    context: contextvars.Context,
    work: Callable[..., Any],
    /,
    *given: Any,
    **named: Any,
) -> Any:
    """LangSmith's bookkeeping around each middleware: in a thread while it traces, at once when there is nothing to do.

    Untraced, the way to a thread and back would be all that it costs, several times in each turn.
    """
    if context.run(get_tracing_context)["enabled"]:
        return await in_a_thread(context, work, *given, **named)
    return context.run(work, *given, **named)
