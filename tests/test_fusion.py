"""Each way of ranking has a name; the best one finds the article of a screen, says what decided, and how sure it is."""

from pathlib import Path

import pytest
from PIL import Image

from bot.answering.brief import Brief
from bot.answering.extractive import Extractive
from bot.knowledge.deciding import places
from bot.knowledge.fusion import FUSIONS, Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank, threshold
from bot.screenshots.light import light
from bot.screenshots.screen import Mark
from tests.centre import screen, write

DECLINED = screen("Settings", "Billing", "Your card was declined", "Card number", "Save card")


@pytest.fixture
async def index(tmp_path: Path) -> Index:
    await build(write(tmp_path / "centre"), tmp_path / "kb")
    return Index.open(tmp_path / "kb")


@pytest.mark.parametrize("fusion", sorted(set(FUSIONS) - {"text"}))
async def test_every_way_finds_the_article_of_a_clear_screen(index: Index, fusion: str) -> None:
    ranking = rank(index, Query(question="What is this?", screens=(DECLINED,)), fusion)
    assert ranking.hits[0].passage.article == "billing/replace-card.md"
    scores = [hit.score for hit in ranking.hits]
    assert scores == sorted(scores, reverse=True)
    assert len({hit.passage.article for hit in ranking.hits}) == len(ranking.hits)


async def test_words_alone_are_enough(index: Index) -> None:
    for fusion in ("text", "best"):
        ranking = rank(index, Query(question="How do I invite a colleague to my team?"), fusion)
        assert ranking.hits[0].passage.article == "team/invite.md"


@pytest.mark.parametrize("fusion", ["best", "cross"])
async def test_the_lines_that_decided_are_named_as_they_stand_on_the_screen_and_can_be_lit(
    index: Index, fusion: str
) -> None:
    hit = rank(index, Query(screens=(DECLINED,)), fusion).hits[0]
    assert "Your card was declined" in hit.decided_by
    assert set(hit.decided_by) <= {line.text for line in DECLINED.lines}
    lit = places(hit.decided_by, DECLINED)
    assert [line.text for box in lit for line in DECLINED.lines if line.box == box] == list(hit.decided_by)
    picture = Image.new("RGB", (DECLINED.width, DECLINED.height), "white")
    shown = light(picture, {"#f59e0b": lit})
    left, top, right, bottom = (round(v) for v in lit[0])
    assert shown.getpixel(((left + right) // 2, (top + bottom) // 2)) == pytest.approx((252, 233, 197), abs=4), "lit"
    assert picture.getpixel((left, top)) == (255, 255, 255), "a copy"


async def test_a_word_that_the_crop_cut_is_completed(index: Index) -> None:
    cut, whole = screen("upon code", "pply", left=0.0), screen("upon code", "pply", left=200.0)
    assert rank(index, Query(screens=(cut,))).hits[0].passage.article == "billing/coupons.md"
    assert rank(index, Query(screens=(cut,))).confidence > rank(index, Query(screens=(whole,))).confidence


async def test_a_clear_question_moves_the_ranking_and_a_vague_one_does_not(tmp_path: Path) -> None:
    articles = {f"n{n}.md": f"# Page {n}\n\nOpen **Panel {n}** and click **Button{n}**.\n" for n in range(60)}
    articles |= {
        "print.md": "# Print the ledger\n\nOpen **Ledger overview** and choose **Quarterly printout stationery**.\n",
        "export.md": "# Export the ledger\n\nOpen **Ledger overview** and choose **Spreadsheet download**.\n",
    }
    await build(write(tmp_path / "centre", articles), tmp_path / "kb")
    index = Index.open(tmp_path / "kb")
    both = screen("Ledger overview")
    clear = Query(question="quarterly printout stationery for the ledger", screens=(both,))
    other = Query(question="spreadsheet download of the ledger", screens=(both,))
    vague = rank(index, Query(question="I'm stuck on this screen, can you help?", screens=(both,)))
    assert rank(index, clear).hits[0].passage.article == "print.md"
    assert rank(index, other).hits[0].passage.article == "export.md"
    assert [h.passage.article for h in vague.hits] == [
        h.passage.article for h in rank(index, Query(screens=(both,))).hits
    ]


async def test_what_did_not_help_is_not_ranked_again(index: Index) -> None:
    query = Query(screens=(DECLINED,), avoid=frozenset({"billing/replace-card.md"}))
    ranking = rank(index, query)
    assert "billing/replace-card.md" not in {hit.passage.article for hit in ranking.hits}
    assert ranking.confidence < rank(index, Query(screens=(DECLINED,))).confidence


async def test_what_the_customer_picked_is_found_first(index: Index) -> None:
    """A button may say a single word, for which other articles rank higher."""
    picked = Query(question="Upload", screens=(DECLINED,), chosen="sync/conflicts.md")
    ranking = rank(index, picked)
    assert ranking.hits[0].passage.article == "sync/conflicts.md"
    assert len({hit.passage.article for hit in ranking.hits}) == len(ranking.hits)
    plain = rank(index, picked.model_copy(update={"chosen": ""}))
    assert plain.hits[0].passage.article != "sync/conflicts.md"
    assert rank(index, picked.model_copy(update={"chosen": "gone.md"})).hits == plain.hits


async def test_a_screen_that_the_help_centre_hardly_knows_is_doubted(index: Index) -> None:
    strange = ("Node pools", "Rollout history", "Ingress rules", "Namespace quota", "Pod restarts", "Image registry")
    known = rank(index, Query(screens=(screen("Billing", "Settings", "Save card"),)))
    foreign = rank(index, Query(screens=(screen("Billing", *strange),)))
    assert known.hits[0].passage.article == foreign.hits[0].passage.article
    assert foreign.confidence < threshold(index, 0.8) < known.confidence


async def test_confidence_tells_a_clear_screen_from_nothing(index: Index) -> None:
    clear = rank(index, Query(screens=(DECLINED,))).confidence
    unclear = rank(index, Query(screens=(screen("number", "code", "open"),))).confidence
    assert clear > unclear
    assert rank(index, Query(screens=(screen("Wetterbericht", "Regen"),))) == rank(index, Query())
    assert rank(index, Query()).confidence == 0


async def test_words_that_hardly_fit_anything_are_not_asked_back_about(tmp_path: Path) -> None:
    """That orders and plans are for somebody is no reason to ask a gardener which of the two they mean."""
    await build(Path(__file__).parent.parent / "examples" / "helpcenter", tmp_path / "kb")
    question = "which wood is best for a garden bench?"
    ranking = rank(Index.open(tmp_path / "kb"), Query(question=question))
    answer = Extractive().decide(Brief(question=question, ranking=ranking))
    assert len(ranking.hits) > 1
    assert answer.handoff and not answer.choices


async def test_a_higher_precision_needs_more_confidence(index: Index) -> None:
    wanted = [threshold(index, precision) for precision in (0.5, 0.7, 0.8, 0.9, 0.99)]
    assert wanted == sorted(wanted)
    assert wanted[0] < wanted[-1]


async def test_what_the_picture_stresses_counts_more(index: Index) -> None:
    plain = screen("Coupon code", "Apply", "Team members")
    marked = plain.model_copy(update={"marks": (Mark(kind="drawn", box=(0.0, 75.0, 400.0, 105.0)),)})
    scores = [
        {h.passage.article: h.score for h in rank(index, Query(screens=(s,)), "aligned").hits} for s in (plain, marked)
    ]
    assert scores[1]["team/invite.md"] > scores[0]["team/invite.md"]
    assert scores[1]["billing/coupons.md"] == pytest.approx(scores[0]["billing/coupons.md"])


async def test_an_unknown_way_says_which_there_are(index: Index) -> None:
    with pytest.raises(ValueError, match="best"):
        rank(index, Query(question="x"), "magic")
