"""Language, version, plan and audience narrow a search; a language in which nothing is found widens it again."""

from pathlib import Path

import pytest

from bot.knowledge.fusion import FUSIONS, Query, rank
from bot.knowledge.index import Index, build
from bot.knowledge.retriever import HelpRetriever
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


def found(kb: Path, fusion: str = "best", **filters: str) -> set[str]:
    query = Query(question="Where is the dimmer?", screens=(SCREEN,), **filters)
    return {hit.passage.article for hit in rank(Index.open(kb), query, fusion).hits}


@pytest.mark.parametrize("fusion", list(FUSIONS))
async def test_every_way_of_searching_keeps_to_the_filters(kb: Path, fusion: str) -> None:
    assert found(kb, fusion) == set(ARTICLES)
    assert found(kb, fusion, language="de") == {"de/lampe.md"}
    assert found(kb, fusion, version="9") == set(ARTICLES) - {"old.md"}
    assert found(kb, fusion, version="8", plan="pro", audience="admin") == set(ARTICLES)
    assert found(kb, fusion, plan="free") == found(kb, fusion, audience="guest") == set(ARTICLES) - {"pro.md"}


async def test_a_language_without_articles_means_those_that_name_none_and_nothing_found_means_all(kb: Path) -> None:
    assert found(kb, language="fr") == {"page.html"}
    assert found(kb, language="en-GB") == {"en.md", "old.md", "pro.md"}
    assert found(kb, language="en", plan="free") == {"en.md", "old.md"}
    index = Index.open(kb)
    assert rank(index, Query(question="Lampe", language="fr")).hits[0].passage.article == "de/lampe.md"


async def test_a_filter_leaves_the_confidence_of_what_it_leaves(kb: Path) -> None:
    index = Index.open(kb)
    alone = rank(index, Query(screens=(SCREEN,), language="de")).confidence
    assert alone > rank(index, Query(screens=(SCREEN,))).confidence, "one of five alike is unsure, the only one is not"


async def test_a_retriever_holds_filters_for_all_its_queries(kb: Path) -> None:
    retriever = HelpRetriever(kb=kb, language="de")
    assert [d.metadata["article"] for d in retriever.invoke("dimmer")] == ["de/lampe.md"]
    ranking = await retriever.search(Query(question="dimmer", language="fr"))
    assert [h.passage.article for h in ranking.hits] == ["page.html"]
