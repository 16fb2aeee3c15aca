"""Settings: environment before file before default, frozen, and each value says where it came from."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, origin_of


def helplens(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HELPLENS_")}
    command = [str(Path(sys.executable).with_name("helplens")), *args]
    return subprocess.run(
        command, cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False, timeout=240
    )


def test_environment_before_file_before_default(tmp_path: Path) -> None:
    (tmp_path / "helplens.toml").write_text('port = 9001\nhost = "0.0.0.0"\nmodels = ["extractive"]\n')
    done = helplens("settings", "--json", cwd=tmp_path, HELPLENS_PORT="9002", HELPLENS_SECRET="do-not-print-me")
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (rows["HELPLENS_PORT"]["value"], rows["HELPLENS_PORT"]["from"]) == ("9002", "environment")
    assert (rows["HELPLENS_HOST"]["value"], rows["HELPLENS_HOST"]["from"]) == ("0.0.0.0", "helplens.toml")
    assert rows["HELPLENS_DATA"]["from"] == "default"
    assert all(row["meaning"] for row in rows.values())
    assert "do-not-print-me" not in done.stdout + done.stderr


def test_a_password_in_an_address_is_not_printed(tmp_path: Path) -> None:
    urls = {"HELPLENS_REDIS_URL": "redis://me:hunter2@127.0.0.1:1/0", "HELPLENS_MODELS": "openai:m@https://a:hunter2@h"}
    for command in ("settings", "doctor"):
        done = helplens(command, "--json", cwd=tmp_path, **urls)
        assert "redis://me:…@127.0.0.1:1/0" in done.stdout.replace("\\u2026", "…")
        assert "hunter2" not in done.stdout + done.stderr


def test_the_table_in_the_docs_is_what_the_settings_are(tmp_path: Path) -> None:
    docs = Path(__file__).parent.parent / "docs" / "settings.md"
    printed = helplens("settings", "--markdown", cwd=tmp_path).stdout
    assert docs.read_text() == printed, "run: .venv/bin/helplens settings --markdown > docs/settings.md"


def test_a_wrong_value_is_one_clear_line(tmp_path: Path) -> None:
    done = helplens("settings", cwd=tmp_path, HELPLENS_PORT="lots")
    assert done.returncode == 2
    assert done.stderr.startswith("error: HELPLENS_PORT: Input should be a valid integer")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [("prot = 1", "there is no setting prot: did you mean port?"), ("port =", "helplens.toml: Invalid value")],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "helplens.toml").write_text(text)
    done = helplens("settings", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {said}")
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    done = helplens("settings", cwd=tmp_path, HELPLENS_CONFIG="/nowhere.toml")
    assert done.returncode == 2
    assert "HELPLENS_CONFIG names /nowhere.toml, and there is no such file" in done.stderr


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPLENS_ORIGINS", "https://a.example, https://b.example")
    settings = Settings()
    assert settings.origins == ("https://a.example", "https://b.example")
    assert origin_of(settings, "origins") == "environment"


def test_a_setting_cannot_be_changed_after_it_was_read() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]
