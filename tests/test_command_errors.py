"""What a person mistypes is one line that says what to do, and what is a convenience stops no work."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from handlers.cli import app
from handlers.cli.errors import explained
from tests.centre import write
from tests.drawn import Drawn

RUNNER = CliRunner()


def said(*arguments: object) -> str:
    """The one line of a command that fails."""
    result = RUNNER.invoke(app, [str(a) for a in arguments])
    assert result.exit_code != 0, result.output
    (line,) = explained(result.exception) if isinstance(result.exception, (OSError, ValueError)) else [result.output]
    return line


def test_a_model_that_is_not_there_is_named_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert said("model", "serve", tmp_path / "empty").endswith("holds no model: its config.json is missing")
    for name in (tmp_path / "none", "./none", "a/b/c", "none"):
        assert said("model", "serve", name).startswith(f"there is no folder {name}: give one with config.json")


def test_a_folder_where_a_file_belongs_and_a_file_that_is_missing_are_named(tmp_path: Path) -> None:
    write(tmp_path / "centre")
    assert RUNNER.invoke(app, ["kb", "build", str(tmp_path / "centre"), "--to", str(tmp_path / "kb")]).exit_code == 0
    assert (
        said("eval", "retrieval", tmp_path / "centre", "--kb", tmp_path / "kb") == f"{tmp_path}/centre: is a directory"
    )
    told = said("learn", "ranking", tmp_path / "centre", "--to", tmp_path / "w.json")
    assert told == f"{tmp_path}/centre/cases.jsonl: no such file or directory"
    assert "helplens kb build" in said("kb", "search", "--kb", tmp_path / "none", "--question", "x")
    assert said("kb", "build", tmp_path / "none", "--to", tmp_path / "kb").endswith("none is not a folder or a file")


def test_a_picture_is_searched_for_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "file" / "data"))
    write(tmp_path / "centre")
    picture = Drawn()
    picture.write("This coupon has expired", 60, 60, 24)
    picture.picture.save(tmp_path / "shot.png")
    assert RUNNER.invoke(app, ["kb", "build", str(tmp_path / "centre"), "--to", str(tmp_path / "kb")]).exit_code == 0
    found = RUNNER.invoke(
        app, ["kb", "search", "--kb", str(tmp_path / "kb"), "--image", str(tmp_path / "shot.png"), "--json"]
    )
    assert json.loads(found.stdout.splitlines()[0])["article"] == "billing/coupons.md"
