"""`helplens look`, as a program and as a person uses it: a real process, its output, its exit status."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    page = Image.new("RGB", (900, 420), "white")
    pen = ImageDraw.Draw(page)
    pen.text((40, 30), "Profile", fill="#222222", font_size=28)
    pen.rectangle((40, 90, 860, 150), fill="#fdecea")
    pen.text((60, 108), "Your changes could not be saved. Error TB-4021", fill="#b3261e", font_size=17)
    pen.text((40, 190), "Contact: jonas.adler@example.com", fill="#222222", font_size=16)
    pen.rounded_rectangle((40, 260, 200, 304), 6, fill="#2563eb")
    pen.text((62, 272), "Save changes", fill="white", font_size=17)
    page.save(folder / "profile.png")
    page.crop((0, 0, 900, 170)).save(folder / "part.webp", lossless=True)
    (folder / "notes.png").write_text("no picture")
    cases = [
        {"image": "profile.png", "instruction": 'click "Save changes"'},
        {"image": "gone.png", "instruction": 'click "Save changes"'},
        {"image": "profile.png", "instruction": 'click "Delete account"'},
    ]
    (folder / "cases.jsonl").write_text("\n".join(map(json.dumps, cases)) + "\n")
    return folder


def helplens(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from handlers.cli import app; app()", "look", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "HOME": str(Path.home()), "COLUMNS": "120"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def looked(pictures: Path) -> "subprocess.CompletedProcess[str]":
    names = ("profile.png", "notes.png", "gone.png", "part.webp")
    arguments = (*names, "--json", "--point", 'click "Save changes"', "--redact", "covered", "--annotate", "drawn")
    return helplens(*arguments, "--html", "seen.html", cwd=pictures)


@pytest.fixture(scope="module")
def rows(looked: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(row) for row in looked.stdout.splitlines()]


def test_one_object_a_picture_in_the_order_given(
    looked: "subprocess.CompletedProcess[str]", rows: list[dict[str, Any]]
) -> None:
    assert [row["image"] for row in rows] == ["profile.png", "notes.png", "gone.png", "part.webp"]
    assert ["error" in row for row in rows] == [False, True, True, False]
    assert looked.returncode == 1


def test_the_contract_of_a_row(rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    assert (row["width"], row["height"], row["kind"], row["legible"]) == (900, 420, "screen", True)
    assert "Save changes" in [line["text"] for line in row["lines"]]
    assert all(len(line["box"]) == 4 and 0 < line["score"] <= 1 for line in row["lines"])
    assert {"kind": "code", "text": "TB-4021"}.items() <= next(
        e for e in row["entities"] if e["kind"] == "code"
    ).items()
    assert [place["kind"] for place in row["sensitive"]] == ["email"]
    assert row["seconds"]["total"] > 0


def test_the_point_is_in_the_button(rows: list[dict[str, Any]]) -> None:
    left, top, right, bottom = rows[0]["points"][0]["box"]
    assert 40 <= (left + right) / 2 <= 200
    assert 260 <= (top + bottom) / 2 <= 304
    assert rows[3]["points"] == []


def test_copies_are_covered_and_drawn(rows: list[dict[str, Any]], pictures: Path) -> None:
    left, top, right, bottom = map(round, rows[0]["sensitive"][0]["box"])
    for folder in ("covered", "drawn"):
        copy = Image.open(pictures / folder / "profile.png").convert("L")
        assert max(copy.crop((left + 3, top + 3, right - 3, bottom - 3)).getextrema()) < 140, folder
    page = (pictures / "seen.html").read_text()
    assert "profile.png" in page
    assert "jonas.adler@example.com" not in page
    assert "http" not in page.replace("data:image", "")


def test_cases_come_back_in_order_with_their_instruction(pictures: Path) -> None:
    done = helplens("--point-cases", "cases.jsonl", "--json", cwd=pictures)
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert [row["instruction"] for row in rows] == [
        'click "Save changes"',
        'click "Save changes"',
        'click "Delete account"',
    ]
    assert [bool(row.get("points")) for row in rows] == [True, False, False]
    assert "error" in rows[1]
    assert done.returncode == 1


def test_a_person_gets_a_table(pictures: Path) -> None:
    done = helplens("profile.png", cwd=pictures)
    assert done.returncode == 0, done.stderr
    for words in ("Your changes could not be saved", "TB-4021", "1 email", "Profile"):
        assert words in done.stdout


def test_nothing_to_look_at_is_said() -> None:
    assert "name at least one picture" in helplens(cwd=ROOT).stderr
