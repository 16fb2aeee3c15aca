"""Logs: one JSON object a line whoever writes it, and nothing private in any of them."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CARD, ADDRESS = "4242 4242 4242 4242", "mara.fenwick@example.com"
PROGRAM = f"""
import logging, structlog
from bot.settings import Settings
from handlers.wiring import set_up_logs
set_up_logs(Settings(log_level="info"), as_json=True)
ours, theirs = structlog.get_logger(), logging.getLogger("uvicorn.error")
ours.debug("seen"), ours.info("said", text="my card is {CARD}", turn=3)
theirs.info("asked"), theirs.warning("refused %s", "{ADDRESS}")
for log in (ours, theirs):
    try:
        raise ValueError("cannot send to {ADDRESS}")
    except ValueError:
        log.exception("failed for {CARD}")
"""


def written() -> list[dict[str, object]]:
    """The lines on stderr of a process that logs, private things among it."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert done.stdout == ""
    for private in (CARD, ADDRESS, ADDRESS.partition("@")[0]):
        assert private not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_and_nothing_private_is_in_it() -> None:
    logged = written()
    assert [line["level"] for line in logged] == ["info", "warning", "error", "error"]
    assert all("timestamp" in line for line in logged)
    assert [line.get("logger") for line in logged] == [None, "uvicorn.error", None, "uvicorn.error"]
    assert all("ValueError" in str(line["exception"]) for line in logged[-2:])
