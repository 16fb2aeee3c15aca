"""Words peculiar to a help centre tell its product's screens from those of others, however many words these share."""

from pathlib import Path

import numpy as np
import pytest

from bot import training
from bot.answering.offer import Limits
from bot.evaluation.retrieval import Case
from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.peculiar import Usual, leading
from bot.knowledge.ranker import Ranker
from bot.knowledge.terms import hashes, terms
from bot.training.usual import Shares
from tests.centre import screen, write

PRODUCTS = {"ledger": "Quill posting", "harbour": "Berth manifest", "orchard": "Graft cutting", "kiln": "Glaze firing"}
PAGES = 10
EVERYDAY = ("Settings", "Save changes", "Users and roles")


def articles(own: str) -> dict[str, str]:
    """Articles of a product: all say what every product says, and each names a page of its own."""
    everyday = "\n".join(f"Open **{words}**." for words in EVERYDAY)
    return {f"n{n}.md": f"# {own} {n}\n\nOpen **{own} page{n}x**.\n\n{everyday}\n" for n in range(PAGES)}


async def product(folder: Path, name: str) -> tuple[training.Product, list[Query]]:
    own = PRODUCTS[name]
    await build(write(folder / name, articles(own)), folder / f"{name}-kb")
    cases = [Case(expect=(f"n{n}.md",)) for n in range(PAGES)]
    asked = [Query(screens=(screen(*EVERYDAY, f"{own} page{n}x"),)) for n in range(PAGES)]
    return training.measure(name, Index.open(folder / f"{name}-kb"), cases, asked), asked


@pytest.fixture
async def products(tmp_path: Path) -> list[training.Product]:
    measured = {name: await product(tmp_path, name) for name in PRODUCTS}
    others = {name: [(n, asked) for n, (_, asked) in measured.items() if n != name] for name in measured}
    return [training.with_strangers(p, others[name]) for name, (p, _) in measured.items()]


async def test_words_of_every_help_centre_are_usual_and_those_of_one_are_peculiar(
    products: list[training.Product], tmp_path: Path
) -> None:
    usual = Shares.of(products).told()
    assert usual.shares["setting"] == 1.0
    assert not {"quill", "berth", "graft", "glaze"} & usual.shares.keys(), "what one help centre says is not usual"
    index = products[0].index
    of_terms = dict(zip(index.arrays.terms.tolist(), usual.beside(index).tolist(), strict=True))
    own, everyday = (of_terms[terms(word)[0]] for word in ("quill", "settings"))
    assert everyday == pytest.approx(0, abs=0.01)
    assert own > 4
    assert leading(np.array([own, everyday])) > leading(np.array([everyday] * 30))


async def test_a_product_left_out_does_not_say_what_is_usual(products: list[training.Product]) -> None:
    shares = Shares.of(products[:2])
    ledger = hashes(terms("quill"))
    at = np.searchsorted(shares.words, ledger)
    assert shares.usual()[at] > 0, "of two help centres one is a third"
    assert shares.usual(frozenset({"ledger"}))[at] == 0


async def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Usual.of({"save": 1.5})


async def test_the_ranking_keeps_the_table_and_doubts_screens_of_other_products(
    products: list[training.Product], tmp_path: Path
) -> None:
    learned = training.learn(products, lambda line: None)
    learned.write(tmp_path / "ranking.json")
    ranker = Ranker.read((tmp_path / "ranking.json").read_bytes())
    assert ranker.usual and learned.usual and ranker.usual.shares == learned.usual.shares
    shown = (learned.card or {})["shown"]
    assert shown["products"].keys() == PRODUCTS.keys()
    assert shown["mean"]["right"] == 1
    assert shown["strangers"]["outright"] == 0 < shown["mean"]["outright"]


def test_what_is_shown_follows_the_confidence() -> None:
    limits = Limits(certain=0.9, sure=0.5, unsure=0.1, choices=3)
    names = ["Cards", "Coupons", "cards", "Roles", "Teams"]
    assert limits.offered(0.95, names).places == (0,)
    doubted, asked = limits.offered(0.6, names), limits.offered(0.3, names)
    assert doubted.outright and not asked.outright
    assert doubted.places == asked.places == (0, 1, 3), "a name twice would be no choice"
    assert limits.offered(0.05, names).places == limits.offered(0.3, ["Cards", "CARDS"]).places == ()
    assert limits.offered(0.9, ["Cards", "CARDS"]).outright
    assert not limits.offered(0.9, []).outright
