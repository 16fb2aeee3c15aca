"""`helplens learn confidence`: how sure answers are is fitted to a help centre by the pictures in its own articles."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from bot.evaluation.retrieval import Pictures
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index
from bot.knowledge.ranker import likely, shipped
from bot.knowledge.ranking import rank
from bot.screenshots.screen import Screen
from bot.training import own
from handlers.cli import app
from tests.centre import screen, write

THINGS = ("billing", "coupon", "archive", "calendar", "mailbox", "printer", "webhook", "invoice", "backup", "theme")
PLACES = ("settings", "console", "report", "library", "workspace")
NAMES = [f"{place} {thing}" for place in PLACES for thing in THINGS]


def seen(steep: float, high: float, count: int = 400) -> own.Asked:
    """Cases whose log-odds are `steep` times and `high` more than what the shipped weights say."""
    rng = np.random.default_rng(1)
    weights = shipped().confidence_weights
    rows = np.zeros((count, len(weights) - 1), np.float32)
    rows[:, 0] = rng.normal(0, 2, count)
    odds = rows @ weights[:-1] + weights[-1]
    right = rng.random(count) < 1 / (1 + np.exp(-(steep * odds + high)))
    return own.Asked(rows, right, np.arange(count))


def test_what_was_said_too_surely_is_said_less_surely() -> None:
    found = own.fit(shipped(), seen(0.6, -1.0))
    assert found.better

    def off(bins: list[own.Bin]) -> float:
        return sum(b.cases * abs(b.confidence - b.right) for b in bins)

    assert off(found.after) < 0.5 * off(found.before)
    again = own.fit(own.unfitted(found.ranker), seen(0.6, -1.0))
    assert again.ranker.confidence_weights == pytest.approx(found.ranker.confidence_weights, abs=1e-3)


def test_few_pictures_change_little() -> None:
    weights = shipped().confidence_weights
    row = np.full((1, len(weights) - 1), 0.5, np.float32)
    few = own.fitted(weights, seen(0.6, -1.0, 8))
    many = own.fitted(weights, seen(0.6, -1.0))
    before = likely(row, weights)
    assert abs(likely(row, few) - before) < 0.5 * abs(likely(row, many) - before)


def test_a_crop_is_what_lies_in_it() -> None:
    whole = screen(*(f"Line {n}" for n in range(20)))
    for crop in own.crops(whole, np.random.default_rng(2)):
        assert {line.text for line in crop.lines} <= {line.text for line in whole.lines}
        assert (crop.width, crop.height) < (whole.width, whole.height)
        assert all(0 <= (line.box[1] + line.box[3]) / 2 <= crop.height for line in crop.lines)


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fifty articles with a picture each; half of the pictures show what another article explains."""
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "data"))
    says = "# The {0}\n\nOpen **{1}**, choose **Change {0}**, then **Store {0}**.\n\n![]({2}.png)\n"
    articles = {f"{n}.md": says.format(name, name.title(), n) for n, name in enumerate(NAMES)}
    folder = write(tmp_path / "articles", articles)
    for n in range(len(NAMES)):
        Image.new("RGB", (8, 8), (n, 0, 0)).save(folder / f"{n}.png")
        name = NAMES[n if n % 2 else (n + 7) % len(NAMES)]
        shown = screen(*[name.title(), f"Change {name}", f"Store {name}"] * 3)

        async def look(_: bytes, shown: Screen = shown) -> Screen:
            return shown

        asyncio.run(Pictures(look, tmp_path / "data" / "cache" / "screens").screen(folder / f"{n}.png"))
    return tmp_path


def test_an_index_is_as_sure_as_its_own_pictures_teach(centre: Path) -> None:
    source, kb = str(centre / "articles"), str(centre / "kb")
    assert CliRunner().invoke(app, ["kb", "build", source, "--to", kb, "--no-pictures"]).exit_code == 0
    query = Query(screens=(screen("Console Printer", "Change console printer", "Store console printer"),))
    before = rank(Index.open(Path(kb)), query).confidence
    result = CliRunner().invoke(app, ["learn", "confidence", source, "--kb", kb])
    assert result.exit_code == 0, result.output
    assert "by words" in result.stdout and "ranking.json" in result.stderr
    assert rank(Index.open(Path(kb)), query).confidence < before - 0.1, "half of its own pictures were not first"


def test_too_few_pictures_teach_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "data"))
    source, kb = str(write(tmp_path / "articles")), str(tmp_path / "kb")
    CliRunner().invoke(app, ["kb", "build", source, "--to", kb])
    assert "0 pictures" in str(CliRunner().invoke(app, ["learn", "confidence", source, "--kb", kb]).exception)
    assert not (tmp_path / "kb" / "ranking.json").exists()
