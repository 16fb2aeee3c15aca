"""Logs, metrics and how both stay clean: everything written passes the redactor that is handed in.

Not here: what is private (`bot.screenshots.redaction`), who serves `/metrics` (`handlers.web`).
"""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from structlog.typing import EventDict, Processor

from bot.turn_end import TurnEnd

Redactor = Callable[[str], str]

TURN = "turn"
"""The event of the line that is written when a turn ends."""
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)


def set_up_logs(level: str, redact: Redactor, *, as_json: bool) -> None:
    """Structured logs to stderr: JSON lines in production, coloured text in a terminal; every value redacted. What
    libraries log from a warning on goes the same way (from their information on at level debug)."""

    def clean(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {key: redact(value) if isinstance(value, str) else value for key, value in event.items()}

    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Processor] = [
        structlog.processors.format_exc_info,
        clean,
        *([structlog.processors.JSONRenderer()] if as_json else [_in_a_sentence, structlog.dev.ConsoleRenderer()]),
    ]
    structlog.configure(
        processors=[*before, *written],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    theirs = logging.StreamHandler(sys.stderr)
    theirs.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *written],
        )
    )
    logging.basicConfig(level={"debug": "INFO", "error": "ERROR"}.get(level, "WARNING"), handlers=[theirs], force=True)


def _in_a_sentence(_: Any, __: str, event: EventDict) -> EventDict:
    """What a turn's line says, for a reader at a terminal."""
    if event.get("event") != TURN:
        return event
    names = TurnEnd.__dataclass_fields__
    end = TurnEnd(**{name: event[name] for name in names})
    return {name: value for name, value in event.items() if name not in names} | {"event": end.sentence()}


class Metrics:
    """What is counted. One per process, with a registry of its own, so that two apps in one test do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.turns = Counter(
            "helplens_turns", "Turns ended, by model and outcome", ("model", "outcome"), registry=self.registry
        )
        self.tokens = Counter(
            "helplens_turn_tokens", "Tokens of models that answered, by way", ("way",), registry=self.registry
        )
        self.dollars = Counter(
            "helplens_turn_dollars", "What models that answered have cost, where that is known", registry=self.registry
        )
        self.pictures = Counter(
            "helplens_pictures", "Pictures, by what became of them", ("outcome",), registry=self.registry
        )
        self.rung_calls = Counter(
            "helplens_rung_calls", "Calls of rungs, by how they ended", ("rung", "outcome"), registry=self.registry
        )
        self.turn_seconds = Histogram(
            "helplens_turn_seconds", "From claim to done", buckets=SECONDS, registry=self.registry
        )
        self.first_word_seconds = Histogram(
            "helplens_first_word_seconds", "From claim to the first word", buckets=SECONDS, registry=self.registry
        )

    def ended(self, end: TurnEnd) -> None:
        """Counts a turn that ended with words for the customer."""
        if end.outcome not in ("answered", "open", "given_up"):
            return
        self.turns.labels(end.model or "none", end.outcome).inc()
        self.turn_seconds.observe(end.whole)
        self.first_word_seconds.observe(end.look + end.search + end.first_word)
        self.tokens.labels("read").inc(end.tokens_read)
        self.tokens.labels("written").inc(end.tokens_written)
        self.dollars.inc(end.price or 0.0)
