"""What a turn needs is decided by one pure function that says why."""

import pytest

from bot.routing import Route, route
from bot.screenshots.ocr import Line
from bot.screenshots.screen import Mark, Screen

LINES = tuple(Line(text=f"line {n}", box=(0, n, 9, n + 1), score=1) for n in range(10))
SCREEN = Screen(sha256="1", width=10, height=10, lines=LINES)


def with_model(confidence: float, **changes: object) -> Route:
    return route("why?", (SCREEN.model_copy(update=changes),), confidence=confidence, sure=0.5, models=True)


def test_words_alone_need_no_pixels() -> None:
    assert route("why?", (), models=True).plan == "words"
    assert route("why?", ()).tokens == 0


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
