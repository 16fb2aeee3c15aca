"""`helplens eval release` runs a folder of cases, says what became worse, and writes a page that stands alone."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from bot.conversation import Answered, Choice, Citation, Point
from bot.evaluation import comparison, verdicts
from bot.evaluation.cases import AnswerCase, PointingCase, RedactionCase
from bot.evaluation.comparison import Figure
from bot.evaluation.verdicts import Verdict
from bot.screenshots.ocr import Line
from bot.screenshots.redaction import Sensitive
from bot.screenshots.screen import Screen
from handlers.cli import app
from tests.centre import ARTICLES, write
from tests.test_eval_cli import draw

RUNNER = CliRunner()
EXAMPLE = Path(__file__).parent.parent / "examples" / "release"
CARD = ("Billing", "Your card was declined", "ada.lovelace@example.com", "Save card")
ROW = 50


def release(*arguments: object) -> Result:
    return RUNNER.invoke(app, ["eval", "release", *(str(a) for a in arguments)])


def figures(result: Result) -> dict[tuple[str, str], dict[str, float]]:
    rows = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return {(row["kind"], row["figure"]): row for row in rows}


def lines(path: Path, *cases: object) -> None:
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), "utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A help centre, its index `kb`, an index `less` without the article that answers, and `cases` of every kind."""
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path / "data"))
    write(tmp_path / "articles")
    write(tmp_path / "fewer", {k: v for k, v in ARTICLES.items() if k != "billing/replace-card.md"})
    for source, to in (("articles", "kb"), ("fewer", "less")):
        assert RUNNER.invoke(app, ["kb", "build", str(tmp_path / source), "--to", str(tmp_path / to)]).exit_code == 0
    cases = tmp_path / "cases"
    cases.mkdir()
    draw(cases / "card.png", CARD)
    asked = {"image": "card.png", "question": "What is <this>?", "expect": ["billing/replace-card.md"]}
    lines(cases / "retrieval.jsonl", asked)
    lines(cases / "answers.jsonl", asked | {"must_say": ["bank said no"], "may_not_say": ["refund"]})
    mail = [60, 30 + 2 * ROW, 420, 60 + 2 * ROW]
    lines(cases / "redaction.jsonl", {"image": "card.png", "private": [mail]})
    save = [55, 25 + 3 * ROW, 200, 65 + 3 * ROW]
    there = {"image": "card.png", "instruction": 'click "Save card"', "box": save}
    gone = {"image": "card.png", "instruction": 'click "Invite"', "box": None}
    lines(cases / "pointing.jsonl", there, gone)
    return tmp_path


def test_a_release_that_is_worse_fails_and_says_where(folder: Path) -> None:
    first = release(folder / "cases", "--kb", folder / "kb", "--json")
    assert first.exit_code == 0, first.output
    now = figures(first)
    assert now["retrieval", "recall@1"]["value"] == now["retrieval", "right article shown"]["value"] == 1
    assert now["answers", "right article shown"]["value"] == now["pointing", "hit"]["value"] == 1
    assert now["redaction", "places covered"] == now["redaction", "places covered"] | {
        "value": 1,
        "of": 1,
        "last": None,
    }
    assert now["pointing", "pointed though it is not there"]["value"] == 0

    page = folder / "report.html"
    worse = release(folder / "cases", "--kb", folder / "less", "--json", "--report", page)
    assert worse.exit_code == 1
    after = figures(worse)
    assert after["retrieval", "recall@1"] | {"last": 1, "now": 0, "worse": True} == after["retrieval", "recall@1"]
    assert not after["pointing", "hit"]["worse"]
    html = page.read_text("utf-8")
    assert "What is &lt;this&gt;?" in html and "passed last time" in html
    assert "<script" not in html and not re.search(r"(src|href)=['\"](?!data:|#)", html)
    assert "no right article is among the first" in html, "what the failures have in common"
    assert "How far the confidence holds" in html
    assert "“" in html and "ada.lovelace" not in html, "the lines that decided, none of them private"
    assert "cases expect them: billing/replace-card.md" in worse.stderr and "expect them: billing/" in html
    assert html.count("data:image/webp;base64,") == 2, "the failures of retrieval and answers, each with its picture"

    assert release(folder / "cases", "--kb", folder / "less").exit_code == 1, "a worse run is not the new measure"
    assert release(folder / "cases", "--kb", folder / "less", "--accept").exit_code == 1
    assert release(folder / "cases", "--kb", folder / "less").exit_code == 0
    assert release(folder / "cases", "--kb", folder / "kb", "--last", folder / "elsewhere.json").exit_code == 0
    assert (folder / "elsewhere.json").is_file()


def test_what_is_wrong_with_the_folder_is_said(folder: Path) -> None:
    cases = folder / "cases"
    (folder / "empty").mkdir()
    assert "retrieval.jsonl" in str(release(folder / "empty", "--kb", folder / "kb").exception)
    lines(cases / "pointing.jsonl", {"image": "gone.png", "instruction": "click", "box": None})
    assert "gone.png" in str(release(cases, "--kb", folder / "kb").exception)
    (cases / "gone.png").write_text("no picture")
    assert "gone.png" in str(release(cases, "--kb", folder / "kb").exception)
    lines(cases / "pointing.jsonl", {"image": "card.png"})
    assert "line 1" in str(release(cases, "--kb", folder / "kb").exception)


def test_the_example_folder_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPLENS_DATA", str(tmp_path))
    RUNNER.invoke(app, ["kb", "build", str(EXAMPLE.parent / "helpcenter"), "--to", str(tmp_path / "kb")])
    result = release(EXAMPLE, "--kb", tmp_path / "kb", "--json")
    assert result.exit_code == 0, result.output
    assert {kind for kind, _ in figures(result)} == {"retrieval", "answers", "redaction", "pointing"}


def answer(text: str, *, cites: str = "", offers: str = "", handoff: str | None = None) -> Answered:
    return Answered(
        turn=1,
        to=("m1",),
        text=text,
        citations=(Citation(n=1, article=cites, title=cites),) if cites else (),
        choices=(Choice(text=offers, article=offers),) if offers else (),
        confidence=0.5,
        answered=bool(cites),
        model="extractive",
        handoff=handoff,
    )


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (answer("Choose **Pay\nnow**.", cites="a.md"), ""),
        (answer("Pay now", offers="a.md"), ""),
        (answer("Pay now", cites="b.md"), "b.md"),
        (answer("Pay later", cites="a.md"), "does not say"),
        (answer("Pay now, we promise a REFUND", cites="a.md"), "says"),
        (answer("Pay now", cites="a.md", handoff="lost"), "gives up: lost"),
    ],
)
def test_an_answer_is_judged_by_what_it_owes(said: Answered, fault: str) -> None:
    case = AnswerCase(expect=("a.md",), must_say=("pay now",), may_not_say=("refund",), handoff=False)
    verdict = verdicts.of_answer(case, said, (), 0.1)
    assert verdict.passed == (not fault)
    assert fault in verdict.why


def redacted(private: list[tuple[float, float, float, float]], scale: float = 1.0) -> Verdict:
    """A page with two written lines, the upper one of which is covered."""
    page = Image.new("L", (200, 100), 255)
    for top in (20, 60):
        page.paste(0, (20, top, 120, top + 10))
    rows = tuple(Line(text="x", box=(20, top, 120, top + 10), score=1) for top in (20.0, 60.0))
    cover = (Sensitive(kind="name", box=(18, 18, 122, 32)),)
    screen = Screen(sha256="0", width=200, height=100, lines=rows, sensitive=cover)
    return verdicts.of_redaction(RedactionCase(image="p.png", private=tuple(private)), screen, page, scale)


def test_a_place_is_covered_when_its_ink_is() -> None:
    assert redacted([(10, 10, 130, 40)]).passed, "the box is larger than the cover, but its ink is covered"
    leak = redacted([(10, 10, 130, 40), (10, 55, 130, 75)])
    assert leak.parts["places covered"] == (1.0, 2.0)
    assert leak.wanted == ((10.0, 55.0, 130.0, 75.0),)
    assert redacted([(20, 20, 260, 80)], scale=2).passed, "boxes are in pixels of the original"
    over = redacted([])
    assert not over.passed
    assert over.parts["other lines covered"] == (1.0, 2.0)


def test_a_point_must_lie_in_the_control_and_nowhere_when_it_is_not_there() -> None:
    there = PointingCase(image="p.png", instruction="click", box=(20, 20, 60, 40))
    gone = there.model_copy(update={"box": None})
    point = (Point(label="Save", box=(10, 10, 20, 20)),)
    assert verdicts.of_pointing(there, point, scale=2).passed
    assert verdicts.of_pointing(there, point, scale=1).parts["pointed at the wrong place"] == (1.0, 1.0)
    assert not verdicts.of_pointing(there, (), scale=2).passed
    assert verdicts.of_pointing(gone, (), scale=1).passed
    assert not verdicts.of_pointing(gone, point, scale=1).passed


def judged(key: str, hit: bool, *, name: str = "hit") -> Verdict:
    return Verdict(kind="pointing", key=key, title=key, passed=hit, parts={name: (hit, 1)})


def compared(then: list[Verdict], now: list[Verdict], tolerance: float = 0.01) -> comparison.Comparison:
    return comparison.compare(comparison.run_of(now, "now", "kb"), comparison.run_of(then, "then", "kb"), tolerance)


def test_only_cases_that_both_runs_have_are_compared() -> None:
    then = [judged("a", True), judged("b", False), judged("old", True)]
    now = [judged("a", True), judged("b", True), judged("new", False)]
    result = compared(then, now)
    (figure,) = result.figures
    assert (figure.then, figure.now, round(figure.value, 3)) == (0.5, 1.0, 0.667)
    assert (result.common, result.worse, result.broken, result.mended) == (2, (), frozenset(), frozenset({"b"}))


def test_worse_means_by_more_than_the_tolerance_and_in_the_figures_own_direction() -> None:
    then = [judged(str(n), True) for n in range(10)]
    now = [judged("0", False), *then[1:]]
    assert compared(then, now, 0.05).worse and compared(then, now).broken == {"0"}
    assert not compared(then, now, 0.1).worse
    fewer = "pointed at the wrong place"
    assert compared([judged("a", False, name=fewer)], [judged("a", True, name=fewer)]).worse
    assert not compared([judged("a", True, name=fewer)], [judged("a", False, name=fewer)]).worse
    told = Figure(kind="retrieval", name="answered", value=0, count=1, then=1, now=0)
    assert told.change is None and not told.worse
