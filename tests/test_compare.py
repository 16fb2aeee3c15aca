"""Before and after: what changed on a screen, and whether its error is gone."""

import pytest
from drawn import Drawn

from bot.screenshots.compare import compare
from bot.screenshots.entities import Entity
from bot.screenshots.screen import Screen

USUAL = ("Overview", "Orders", "Billing", "Settings", "Payment methods", "Visa ending in 4242", "Add card")
ERROR = "Payment failed: your card was declined (PAY-4021)"


def screen(*texts: str, down: float = 0, errors: tuple[str, ...] = ()) -> Screen:
    drawn = Drawn()
    for n, text in enumerate(texts):
        drawn.write(text, 40, 40 + 40 * n + down)
    found = tuple(
        Entity(kind="error", text=e, box=next((x.box for x in drawn.lines if x.text in e or e in x.text), (0, 0, 1, 1)))
        for e in errors
    )
    return Screen(sha256="0", width=900, height=600, lines=tuple(drawn.lines), entities=found)


def test_the_error_is_gone() -> None:
    seen = compare(screen(*USUAL, ERROR, errors=(ERROR,)), screen(*USUAL, "Payment received"))
    assert seen.verdict == "gone"
    assert seen.error_before == ERROR
    assert seen.common == pytest.approx(7 / 8, abs=0.001)
    assert {(c.kind, c.text) for c in seen.changes} == {("gone", ERROR), ("appeared", "Payment received")}


@pytest.mark.parametrize(
    "read", [ERROR, "Payment falled: your card was declined (PAY-4021)", "Payment failed: your card was"]
)
def test_the_error_is_still_there_however_it_was_read(read: str) -> None:
    assert compare(screen(*USUAL, ERROR, errors=(ERROR,)), screen(*USUAL, read)).verdict == "still"


def test_another_error_took_its_place() -> None:
    other = "Session expired, please sign in"
    seen = compare(screen(*USUAL, ERROR, errors=(ERROR,)), screen(*USUAL, other, errors=(other,)))
    assert (seen.verdict, seen.error_after) == ("another", other)


def test_another_screen_proves_nothing() -> None:
    seen = compare(screen(*USUAL, ERROR, errors=(ERROR,)), screen("Sign in", "E-mail", "Password", "Forgot it?"))
    assert seen.verdict == "elsewhere"
    assert seen.common == 0.0


def test_without_an_error_there_is_none() -> None:
    assert compare(screen(*USUAL), screen(*USUAL)).verdict == "none"
    assert compare(screen(*USUAL), screen(*USUAL)).changes == ()
    assert compare(screen(), screen()).changes == ()


def test_scrolling_is_no_change_and_an_edited_line_is_one() -> None:
    seen = compare(screen(*USUAL, "3 of 10 seats used"), screen(*USUAL, "4 of 10 seats used", down=60))
    assert [(c.kind, c.was, c.text) for c in seen.changes] == [("changed", "3 of 10 seats used", "4 of 10 seats used")]
