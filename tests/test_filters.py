"""Language, version, plan and audience narrow a search; a language in which nothing is found widens it again."""

from pathlib import Path
from typing import Any

import pytest

from bot.knowledge.filters import closing, readable
from bot.knowledge.fusion import FUSIONS, Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
from bot.knowledge.releases import fits
from bot.knowledge.retriever import HelpRetriever
from tests.centre import ARTICLES as CENTRE
from tests.centre import screen, write

BODY = "# Dimmer {}\n\nDrag **Dimmer** in **Lamp panel** to the left.\n"
ARTICLES = {
    "en.md": BODY.format("one"),
    "old.md": "---\nversion: [7, 8]\n---\n" + BODY.format("old"),
    "pro.md": "---\nplan: Pro, Business\naudience: admin\n---\n" + BODY.format("pro"),
    "de/lampe.md": BODY.format("Lampe"),
    "page.html": '<!doctype html>\n<html lang="fr-FR"><body><h1>Dimmer</h1><p>Le <b>Dimmer</b>.</p></body></html>',
}
SCREEN = screen("Lamp panel", "Dimmer")


@pytest.fixture
async def kb(tmp_path: Path) -> Path:
    await build(write(tmp_path / "centre", ARTICLES), tmp_path / "kb")
    return tmp_path / "kb"


def found(kb: Path, fusion: str = "best", **filters: Any) -> set[str]:
    query = Query(question="Where is the dimmer?", screens=(SCREEN,), **filters)
    return {hit.passage.article for hit in rank(Index.open(kb), query, fusion).hits}


@pytest.mark.parametrize("fusion", list(FUSIONS))
async def test_every_way_of_searching_keeps_to_the_filters(kb: Path, fusion: str) -> None:
    assert found(kb, fusion) == set(ARTICLES)
    assert found(kb, fusion, language="de") == {"de/lampe.md"}
    assert found(kb, fusion, version="9") == set(ARTICLES) - {"old.md"}
    assert found(kb, fusion, version="8", plan="pro", audience="admin") == set(ARTICLES)
    assert found(kb, fusion, plan="free") == found(kb, fusion, audience="guest") == set(ARTICLES) - {"pro.md"}


async def test_a_language_without_articles_means_all(kb: Path) -> None:
    assert found(kb, language="fr") == {"page.html"}
    assert found(kb, language="en-GB") == found(kb, language="EN_us") == {"en.md", "old.md", "pro.md"}
    assert found(kb, language="en", plan="free") == {"en.md", "old.md"}
    for unknown in ("it", "klingon", "english", "-", "x" * 100):
        assert found(kb, language=unknown) == set(ARTICLES), unknown


async def test_nothing_found_in_a_language_is_looked_for_in_all(kb: Path) -> None:
    index = Index.open(kb)
    assert rank(index, Query(question="Lampe", language="fr")).hits[0].passage.article == "de/lampe.md"
    assert not rank(index, Query(question="Lampe", language="fr", plan="free", audience="guest")).hits[1:]


@pytest.fixture
async def bilingual(tmp_path: Path) -> Path:
    """Two languages; one answer is written in English alone. The product's screens are in English."""
    articles = {f"en/{name}": text for name, text in CENTRE.items()} | {
        "de/billing/replace-card.md": "# Karte ersetzen\n\n1. Öffnen Sie **Settings > Billing**.\n2. Klicken Sie auf "
        "**Replace card**, dann auf **Save card**.\n\nDie Bank hat Nein gesagt.\n",
        "de/team/invite.md": "# Jemanden einladen\n\nKlicken Sie auf **Send invitation** und wählen die **Role**.\n",
    }
    await build(write(tmp_path / "centre", articles), tmp_path / "kb")
    return tmp_path / "kb"


async def test_what_only_another_language_answers_is_answered_in_it(bilingual: Path) -> None:
    """A search in German finds weak matches; the one sure answer stands in English."""
    index = Index.open(bilingual)
    coupon = screen("Checkout", "Coupon code", "Apply", "This coupon has expired")
    german = rank(index, Query(question="Was heißt das?", screens=(coupon,), language="de"))
    assert german.hits[0].passage.article == "en/billing/coupons.md"
    assert german.confidence > 0.5


async def test_a_screen_in_another_language_is_explained_by_the_translation(bilingual: Path) -> None:
    """The English article says what the screen says, word for word; who reads German gets its German twin, once."""
    index = Index.open(bilingual)
    declined = screen("Billing", "Replace card", "Your card was declined", "Save card", "Card number")
    for question in ("", "Was soll ich tun?"):
        ranking = rank(index, Query(question=question, screens=(declined,), language="de"))
        articles = [hit.passage.article for hit in ranking.hits]
        assert articles[0] == "de/billing/replace-card.md"
        assert len(set(articles)) == len(articles)
        assert ranking.hits[0].passage.title == "Karte ersetzen"
    english = rank(index, Query(screens=(declined,), language="en")).hits[0]
    assert english.passage.article == "en/billing/replace-card.md"
    avoided = Query(screens=(declined,), language="de", avoid=frozenset({"de/billing/replace-card.md"}))
    assert rank(index, avoided).hits[0].passage.article != "de/billing/replace-card.md"


@pytest.mark.parametrize(("more", "doubted"), [(1, True), (5, False)])
async def test_an_article_in_their_language_is_doubted_where_another_language_explains_the_screen(
    tmp_path: Path, more: int, doubted: bool
) -> None:
    """Names tell nothing of translations: the right one may never have been translated, unless all of them are."""
    german = {f"de/a{n}.md": "# Anderes\n\nDas ist für Sie und nicht von hier.\n" for n in range(more)} | {
        "de/b.md": "# Jemanden einladen\n\nKlicken Sie auf **Send invitation** und wählen die **Role**.\n"
    }
    await build(write(tmp_path / "centre", {f"en/{n}": text for n, text in CENTRE.items()} | german), tmp_path / "kb")
    seen = screen("Coupon code", "Apply", "Send invitation", "Role")
    ranking = rank(Index.open(tmp_path / "kb"), Query(screens=(seen,), language="de"))
    assert ranking.hits[0].passage.article == "de/b.md"
    assert (ranking.confidence < 0.5) is doubted


async def test_one_language_ranks_as_if_none_were_asked_for(tmp_path: Path) -> None:
    await build(write(tmp_path / "centre", CENTRE), tmp_path / "kb")
    index = Index.open(tmp_path / "kb")
    for query in (Query(question="expired coupon"), Query(screens=(screen("Team members", "Send invitation"),))):
        plain = rank(index, query)
        for asked in ("en", "de"):
            assert rank(index, query.model_copy(update={"language": asked})) == plain
        assert rank(index, query.model_copy(update={"plan": "pro", "version": "8"})) == plain


CLOSED = frozenset({"audience:staff", "plan:internal"})


@pytest.fixture
async def closed(tmp_path: Path) -> Path:
    articles = {
        "all.md": BODY.format("all"),
        "staff.md": "---\naudience: Staff\n---\n" + BODY.format("staff"),
        "both.md": "---\naudience: [staff, admin]\n---\n" + BODY.format("both"),
        "internal.md": "---\nplan: internal\naudience: admin\n---\n" + BODY.format("internal"),
    }
    await build(write(tmp_path / "centre", articles), tmp_path / "kb")
    return tmp_path / "kb"


@pytest.mark.parametrize("fusion", list(FUSIONS))
async def test_what_is_closed_is_found_by_nobody_who_merely_asks_for_it(closed: Path, fusion: str) -> None:
    assert found(closed, fusion) == {"all.md", "staff.md", "both.md", "internal.md"}
    assert found(closed, fusion, closed=CLOSED) == {"all.md", "both.md"}
    for said in ("staff", "STAFF", " staff ,", "admin,staff", "audience:staff", "*", "all"):
        assert found(closed, fusion, closed=CLOSED, audience=said) <= {"all.md", "both.md"}, said
    vouched = CLOSED - {"audience:staff"}
    assert found(closed, fusion, closed=vouched, audience="staff") == {"all.md", "staff.md", "both.md"}
    assert found(closed, fusion, closed=vouched, audience="guest") == {"all.md"}
    assert found(closed, fusion, closed=frozenset({"audience", "plan"})) == {"all.md"}


async def test_only_what_is_closed_may_not_be_read_by_name(closed: Path) -> None:
    index = Index.open(closed)
    may = {n: readable(index, i, "", "admin", CLOSED) for i, n in enumerate(index.articles)}
    assert may == {"all.md": True, "both.md": True, "staff.md": False, "internal.md": False}
    assert readable(index, index.articles.index("staff.md"), "free", "STAFF, admin", CLOSED)
    assert readable(index, index.articles.index("internal.md"), "internal", "", CLOSED)


def test_an_owner_hears_what_cannot_be_closed() -> None:
    assert closing([" Audience: Staff ", "plan"]) == {"audience:staff", "plan"}
    assert closing(["None"]) == frozenset()
    for wrong in ("staff", "version:8", "language:de", ""):
        with pytest.raises(ValueError, match="cannot be closed"):
            closing([wrong])


@pytest.mark.parametrize(
    ("has", "said", "fit"),
    [
        ("8.2.1", "8", True),
        ("8.2.1", "8.2", True),
        ("8.2.1", "8.x", True),
        ("v8.2.1-beta3", "Version 8", True),
        ("8", "8.2", True),
        ("8.10", "8.1", False),
        ("18", "8", False),
        ("9", "8", False),
        ("9.1", "8+", True),
        ("9.1", ">=8.5", True),
        ("8.4", ">=8.5", False),
        ("8.4", ">= 8 <9", True),
        ("9.0", ">=8 <9", False),
        ("8.5", "7 - 9", True),
        ("7.3", "8–9", False),
        ("cloud", "Cloud", True),
        ("cloud", "8", False),
        ("8", "cloud", False),
        ("8", ">=cloud", False),
        ("9" * 5000, "9", False),
        (".", "8", False),
    ],
)
def test_a_release_is_one_that_an_article_is_for(has: str, said: str, fit: bool) -> None:
    assert fits(has, said) is fit


async def test_a_filter_leaves_the_confidence_of_what_it_leaves(kb: Path) -> None:
    index = Index.open(kb)
    alone = rank(index, Query(screens=(SCREEN,), language="de")).confidence
    assert alone > rank(index, Query(screens=(SCREEN,))).confidence, "one of five alike is unsure, the only one is not"


async def test_a_retriever_holds_filters_for_all_its_queries(kb: Path) -> None:
    retriever = HelpRetriever(kb=kb, language="de")
    assert [d.metadata["article"] for d in retriever.invoke("dimmer")] == ["de/lampe.md"]
    ranking = await retriever.search(Query(question="dimmer", language="fr"))
    assert [h.passage.article for h in ranking.hits] == ["page.html"]
