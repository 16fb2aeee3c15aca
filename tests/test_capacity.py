"""The advice on capacity follows the computed cost, and flips exactly where it does."""

import pytest

from bot.answering.capacity import Demand, flips, listed, options, question_price, read


def test_the_advice_flips_exactly_where_the_cost_does() -> None:
    prices, demand = read(), Demand(users=1)
    changes = list(flips(demand, prices, most=30_000))
    assert changes[0] == (1, "GPT-5 mini") or changes[0][1].startswith("Gemini")
    assert len(changes) > 1
    for users, _ in changes[1:]:
        before = options(demand.model_copy(update={"users": users - 1}), prices)[0]
        after = options(demand.model_copy(update={"users": users}), prices)[0]
        assert before.kind != after.kind


def test_few_users_are_cheapest_at_an_api_and_many_on_cards_of_ones_own() -> None:
    prices = read()
    assert options(Demand(users=100), prices)[0].kind == "api"
    assert options(Demand(users=100_000), prices)[0].kind != "api"


def test_costs_are_what_the_price_file_says() -> None:
    text = """
date = "2030-01-01"
[[api]]
name = "A"
input = 1.0
output = 10.0
[[card]]
name = "C"
hour = 1.0
tflops = 1000
bandwidth = 1000
memory = 80
weight_bytes = 2
"""
    prices = read(text)
    demand = Demand(users=1000, questions=1, image_tokens=500, text_tokens=500, output_tokens=100)
    assert question_price(prices.api[0], demand) == pytest.approx(0.002)
    by_name = {option.name: option for option in options(demand, prices)}
    assert by_name["A"].day == pytest.approx(2.0)
    assert by_name["C"].day == pytest.approx(24.0)
    assert list(flips(demand, prices, most=50_000))[:2] == [(1, "A"), (12_001, "C")]
    assert options(demand.model_copy(update={"without_model": 0.5}), prices)[0].day == pytest.approx(1.0)


def test_what_is_too_much_for_the_cards_is_counted_in_every_hour() -> None:
    demand = Demand(users=1000, questions=24, peak=1 / 24)
    assert demand.beyond(900) == pytest.approx(2400), "all hours alike: each has a hundred too many"
    sharper = demand.model_copy(update={"peak": 0.12})
    assert sharper.beyond(0) == pytest.approx(24_000)
    assert 2880 - 2000 < sharper.beyond(2000) < 24_000


def test_a_providers_name_of_a_model_is_found_in_the_price_file() -> None:
    names = ("claude-haiku-4-5-20251001", "gpt-5.4-mini", "gpt-5.4-2026-03-01", "gemini-3.1-flash-lite", "qwen3-vl")
    found = [listed(name, read()) for name in names]
    assert [api.name if api else None for api in found] == [
        "Claude Haiku 4.5",
        "GPT-5.4 mini",
        "GPT-5.4",
        "Gemini 3.1 Flash-Lite",
        None,
    ]
