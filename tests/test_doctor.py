"""`helplens doctor` finds what keeps a model from answering before a customer does."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

from bot.knowledge.index import build
from tests.centre import write
from tests.stand_in import stand_in

HELPLENS = Path(sys.executable).with_name("helplens")


async def test_each_model_that_cannot_be_asked_is_found_with_what_to_do(tmp_path: Path) -> None:
    async with stand_in() as server:
        wrong = {
            "openai:gone@http://127.0.0.1:9/v1": "start it, or correct the address",
            "openai:gpt-5-mini": "needs a key: set OPENAI_API_KEY",
            "openai:typo@http://127.0.0.1:9/v1 call=8": "no option ['call']",
            "nobody:model": "Unsupported provider",
        }
        good = f"openai:here@{server.url} small=yes"
        environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")} | {
            "HELPLENS_MODELS": ",".join([good, *wrong, "extractive"]),
            "HELPLENS_TEXT_TO_MODELS": "true",
            "HELPLENS_TRACES": "otlp:https://collector.example:4318",
            "HELPLENS_DATA": str(tmp_path),
        }
        done = await run(environment, tmp_path)
    assert done.returncode == 1
    findings = {row["what"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert findings[f"model {good.split()[0]}"]["health"] == "ok"
    for name, remedy in wrong.items():
        finding = findings[f"model {name.split()[0]}"]
        assert finding["health"] == "broken"
        assert remedy in finding["remedy"]
    assert findings["traces"]["remedy"] == "Set HELPLENS_TEXT_TO_TRACES=true."
    assert {what: findings[what]["health"] for what in ("mail", "Slack")} == {"mail": "off", "Slack": "off"}


async def run(environment: dict[str, str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    """The command, beside the stand-in's event loop."""
    return await asyncio.to_thread(
        subprocess.run,
        [str(HELPLENS), "doctor", "--json"],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_articles_that_no_customer_can_reach_are_found(tmp_path: Path) -> None:
    """Closed, and no key with which the site could sign whom they are for; and a name that closes nothing."""
    articles = {"a.md": "# A\n\nFor all.\n", "b.md": "---\naudience: staff\n---\n# B\n\nFor staff.\n"}
    await build(write(tmp_path / "centre", articles), tmp_path / "kb")
    key = "a key of the site with thirty-two bytes or more"
    for settings, health, said in (
        ({}, "missing", "1 of them are closed to every customer"),
        ({"HELPLENS_JWT_KEY": key}, "ok", "2 articles"),
        ({"HELPLENS_CLOSED": "none"}, "ok", "2 articles"),
        ({"HELPLENS_CLOSED": "staff"}, "broken", "HELPLENS_CLOSED: 'staff' cannot be closed"),
    ):
        environment = (
            dict(os.environ) | {"HELPLENS_KB": str(tmp_path / "kb"), "HELPLENS_DATA": str(tmp_path)} | settings
        )
        findings = {row["what"]: row for row in map(json.loads, (await run(environment, tmp_path)).stdout.splitlines())}
        assert (findings["help centre"]["health"], said in findings["help centre"]["detail"]) == (health, True), (
            findings
        )
