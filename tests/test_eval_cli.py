"""`helplens kb`, `eval retrieval` and `learn ranking` keep their contracts, on pictures that are really read."""

import json
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

from handlers.cli import app
from tests.centre import ARTICLES, write

RUNNER = CliRunner()
SCREENS = {
    "billing/replace-card.md": ("Billing", "Your card was declined", "Card number", "Save card"),
    "files/upload.md": ("Documents", "File is too large", "Upload document"),
    "team/invite.md": ("Team members", "Send invitation", "Role", "Administrator"),
}


def draw(path: Path, lines: tuple[str, ...]) -> None:
    picture = Image.new("RGB", (640, 60 + 50 * len(lines)), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=24)
    for number, line in enumerate(lines):
        pen.text((60, 30 + 50 * number), line, "black", font=font)
    picture.save(path)


def helped(*arguments: object, fails: bool = False) -> list[dict[str, object]]:
    result = RUNNER.invoke(app, [str(a) for a in arguments])
    assert (result.exit_code != 0) == fails, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with articles, cases and an index `kb`."""
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "data"))
    write(tmp_path / "articles")
    cases: list[dict[str, object]] = []
    for number, (article, lines) in enumerate(SCREENS.items()):
        draw(tmp_path / f"{number}.png", lines)
        cases.append({"image": f"{number}.png", "question": "What is this?", "expect": [article]})
    cases.append({"image": None, "question": "how do I use a coupon", "expect": ["billing/coupons.md"]})
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cases), "utf-8")
    return tmp_path


def test_build_search_and_evaluate(centre: Path) -> None:
    report = helped("kb", "build", centre / "articles", "--to", centre / "kb", "--json")[0]
    assert (report["articles"], report["unreadable"]) == (len(ARTICLES), [])

    hits = helped("kb", "search", "--kb", centre / "kb", "--image", centre / "0.png", "--json")
    assert hits[0].keys() == {"article", "passage", "score"}
    assert hits[0]["article"] == "billing/replace-card.md"
    lit = centre / "lit.png"
    options = ["--image", centre / "0.png", "--fusion", "cross", "--lit", lit]
    told = RUNNER.invoke(app, [str(a) for a in ("kb", "search", "--kb", centre / "kb", *options)])
    assert "“Your card was declined”" in told.stdout
    with Image.open(lit) as picture:
        assert (245, 158, 11) in {colour for _, colour in picture.getcolors(1 << 20) or ()}, "framed in amber"

    (centre / "kb" / "ranking.json").write_text("no ranking")
    broken = RUNNER.invoke(app, ["kb", "search", "--kb", str(centre / "kb"), "--question", "coupon"])
    assert "ranking.json is no ranking" in str(broken.exception)
    (centre / "kb" / "ranking.json").unlink()

    details = centre / "details.jsonl"
    options = ["--kb", centre / "kb", "--fusion", "screen", "--fusion", "best", "--json", "--details", details]
    screen, best = helped("eval", "retrieval", centre / "cases.jsonl", *options)
    assert (screen["fusion"], best["fusion"]) == ("screen", "best")
    assert best["cases"] == 4
    assert best["recall@1"] == best["recall@5"] == best["mrr"] == 1.0
    assert screen["recall@1"] == 0.75, "plain BM25 over the screen knows nothing of a question without a picture"
    assert 0 <= float(str(best["answered"])) <= 1
    rows = [json.loads(line) for line in details.read_text("utf-8").splitlines()]
    assert [row.keys() for row in rows] == [{"image", "question", "ranked", "confidence", "answered"}] * 4
    assert rows[1]["ranked"][0] == "files/upload.md"

    kept = list((centre / "data" / "cache" / "screens").glob("*.json"))
    assert len(kept) == 3, "each picture is read once and kept by its hash"


def test_the_wanted_precision_moves_what_is_answered(centre: Path) -> None:
    helped("kb", "build", centre / "articles", "--to", centre / "kb")
    options = ["--kb", centre / "kb", "--json", "--precision"]
    lax = helped("eval", "retrieval", centre / "cases.jsonl", *options, "0.5")[0]
    strict = helped("eval", "retrieval", centre / "cases.jsonl", *options, "0.99")[0]
    assert float(str(lax["answered"])) > float(str(strict["answered"]))


def test_learning_holds_each_product_out_and_its_weights_are_used(centre: Path) -> None:
    products = []
    for name in ("one", "two", "three"):
        folder = centre / name
        write(folder / "articles")
        (folder / "cases.jsonl").write_text(
            "".join(
                line.replace('"image": "', '"image": "../') + "\n"
                for line in (centre / "cases.jsonl").read_text().splitlines()
            ),
            "utf-8",
        )
        products.append(folder)
    helped("kb", "build", centre / "articles", "--to", centre / "kb")
    ranking = centre / "kb" / "ranking.json"
    told = RUNNER.invoke(app, ["learn", "ranking", *map(str, products), "--to", str(ranking)])
    assert told.exit_code == 0, told.output
    assert "right among it" in told.stdout and "screens of other products" in told.stdout
    card = json.loads(ranking.read_bytes())["card"]
    assert set(card["products"]) == {"one", "two", "three"}
    assert {"mean", "plain BM25", "gain at 1 over plain BM25", "reliability"} <= card.keys()
    assert all(row["strangers"] is not None for row in card["answered"].values())
    hits = helped("kb", "search", "--kb", centre / "kb", "--image", centre / "0.png", "--json")
    assert hits[0]["article"] == "billing/replace-card.md"


def test_what_is_wrong_is_said(centre: Path) -> None:
    helped("kb", "search", "--kb", centre / "kb", fails=True)
    (centre / "bad.jsonl").write_text('{"image": null}\n', "utf-8")
    helped("kb", "build", centre / "articles", "--to", centre / "kb")
    result = RUNNER.invoke(app, ["eval", "retrieval", str(centre / "bad.jsonl"), "--kb", str(centre / "kb")])
    assert isinstance(result.exception, ValueError)
    assert str(result.exception).endswith("bad.jsonl, line 1: expect: Field required")
