"""What a turn needs is decided by one pure function that says why."""

import pytest

from bot.routing import Asked, Route, route
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Mark, Screen

LINES = tuple(Line(text=f"line {n}", box=(0, n, 9, n + 1), score=1) for n in range(10))
BIG = Asked(name="big", input=2.5, output=15)
SMALL = Asked(name="small", sees=False, small=True)
SCREEN = Screen(sha256="1", width=10, height=10, lines=LINES)


def with_model(confidence: float, **changes: object) -> Route:
    return route("why?", (SCREEN.model_copy(update=changes),), confidence=confidence, sure=0.5, asked=(BIG,))


def test_words_alone_need_no_pixels() -> None:
    assert route("why?", (), asked=(BIG,)).plan == "words"
    assert route("why?", ()).tokens == 0
    assert route("why?", ()).price == 0


def test_a_screen_whose_text_leads_to_an_article_is_not_shown() -> None:
    enough = with_model(0.9)
    assert enough.plan == "screen"
    assert "10 lines" in enough.reason


@pytest.mark.parametrize(
    ("changes", "confidence", "word"),
    [
        ({}, 0.2, "for sure"),
        ({"marks": (Mark(kind="drawn", box=(0, 0, 1, 1)),)}, 0.9, "drew"),
        ({"kind": "photo"}, 0.9, "no screenshot"),
        ({"outcome": "partly"}, 0.9, "part"),
        ({"outcome": "unreadable", "lines": ()}, 0.9, "part"),
    ],
)
def test_pixels_are_needed_where_the_text_is_not_enough_and_it_is_said_why(
    changes: dict[str, object], confidence: float, word: str
) -> None:
    shown = with_model(confidence, **changes)
    assert shown.plan == "pixels"
    assert word in shown.reason
    assert shown.tokens > with_model(0.9).tokens


def test_without_a_model_nobody_needs_pixels() -> None:
    drawn = SCREEN.model_copy(update={"marks": (Mark(kind="drawn", box=(0, 0, 1, 1)),)})
    assert route("", (drawn,), confidence=0.1).plan == "screen"
    blurred = SCREEN.model_copy(update={"outcome": "unreadable"})
    assert route("", (blurred,)).plan == "unreadable"


def test_a_model_that_is_shown_no_pixels_is_not_planned_for_them() -> None:
    blind = route("why?", (SCREEN,), confidence=0.1, asked=(SMALL.model_copy(update={"small": False}),))
    assert blind.plan == "screen"
    assert "no model here is shown pixels" in blind.reason


def test_a_small_model_is_asked_first_and_it_is_said() -> None:
    plan = route("why?", (SCREEN,), confidence=0.9, asked=(SMALL, BIG))
    assert plan.asks == ("small", "big")
    assert "small model is asked first" in plan.reason


def test_a_small_model_without_eyes_is_passed_over_where_no_text_can_do() -> None:
    photo = SCREEN.model_copy(update={"kind": "photo"})
    assert route("why?", (photo,), confidence=0.9, asked=(SMALL, BIG)).asks == ("big",)


def test_the_price_is_that_of_the_models_up_to_the_first_that_is_not_small() -> None:
    paid = Asked(name="paid small", small=True, input=0.25, output=2)
    alone, both = (route("why?", (), asked=asked).price for asked in ((BIG,), (paid, BIG, BIG)))
    assert alone == pytest.approx((600 * 2.5 + 250 * 15) / 1e6)
    assert both == pytest.approx(alone + (600 * 0.25 + 250 * 2) / 1e6)
    assert route("why?", (), asked=(SMALL, BIG)).price == alone
    assert route("why?", (), asked=(Asked(name="?", input=None, output=None),)).price is None


def test_pictures_of_an_earlier_turn_are_reused_and_it_is_said() -> None:
    assert "read before" in route("and then?", (SCREEN,), known=True).reason
    assert "read before" not in route("and then?", (), known=True).reason
