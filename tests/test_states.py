"""Which menu entry or tab is active, and what is greyed out, is told from how it is drawn among its like."""

import pytest
from drawn import Drawn

from bot.screenshots import grounding, marks
from bot.screenshots.controls import Control

MENU = ("Overview", "Orders", "Customers", "Reports", "Settings")


def controls(drawn: Drawn) -> tuple[Control, ...]:
    return grounding.controls(drawn.lines, drawn.picture)


def active(drawn: Drawn) -> list[str]:
    return [control.label for control in controls(drawn) if control.active]


def page(ground: str = "#ffffff") -> Drawn:
    drawn = Drawn((900, 600), ground)
    ink = "#222222" if ground == "#ffffff" else "#dddddd"
    for row, text in enumerate(("Invoices of this month are sent on Monday.", "Nothing else is planned for now.")):
        drawn.write(text, 320, 300 + 40 * row, colour=ink)
    return drawn


def menu(drawn: Drawn, fill: str = "", on: str = "#222222", off: str = "#222222", bar: str = "") -> Drawn:
    for row, name in enumerate(MENU):
        y = 40 + 44 * row
        here = name == "Customers"
        if here and fill:
            drawn.pen.rectangle((10, y - 10, 210, y + 30), fill=fill)
        if here and bar:
            drawn.pen.rectangle((10, y - 10, 14, y + 30), fill=bar)
        drawn.write(name, 40, y, colour=on if here else off)
    return drawn


def tabs(drawn: Drawn, bar: str = "", on: str = "#222222", off: str = "#222222") -> Drawn:
    x = 320.0
    for name in MENU:
        here = name == "Reports"
        box = drawn.write(name, x, 40, colour=on if here else off)
        if here and bar:
            drawn.pen.rectangle((box[0] - 10, 76, box[2] + 10, 78), fill=bar)
        x = box[2] + 44
    return drawn


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        (menu(page(), fill="#ede7f6"), ["Customers"]),
        (menu(page("#1e1e1e"), fill="#0a60ff", on="#ffffff", off="#dddddd"), ["Customers"]),
        (menu(page(), bar="#7c3aed"), ["Customers"]),
        (menu(page(), on="#1d4ed8", off="#777777"), ["Customers"]),
        (tabs(page(), bar="#dc2626"), ["Reports"]),
        (tabs(page("#0d1117"), bar="#f78166", on="#ffffff", off="#8b949e"), ["Reports"]),
        (tabs(page(), on="#111111", off="#888888"), ["Reports"]),
        (menu(page()), []),
        (tabs(page()), []),
    ],
    ids=[
        "filled",
        "filled, dark",
        "bar at its left",
        "ink",
        "underlined",
        "underlined, dark",
        "ink of a tab",
        "none",
        "no tab",
    ],
)
def test_the_entry_that_stands_out_once_is_active(drawn: Drawn, expected: list[str]) -> None:
    assert active(drawn) == expected


def test_an_entry_and_the_one_that_it_is_under_are_both_active() -> None:
    drawn = page("#343a40")
    for row, name in enumerate((*MENU, "Members", "Roles")):
        y = 40 + 44 * row
        fill = {"Settings": "#007bff", "Members": "#ebebec"}.get(name)
        if fill:
            drawn.pen.rounded_rectangle((10, y - 10, 210, y + 30), radius=4, fill=fill)
        drawn.write(name, 40, y, colour="#343a40" if name == "Members" else "#dddddd")
    assert active(drawn) == ["Settings", "Members"]


def test_a_first_action_is_no_tab() -> None:
    drawn = page()
    drawn.button("Save changes", 320, 200)
    drawn.write("Preview", 480, 208)
    drawn.write("Discard", 600, 208)
    assert active(drawn) == []


def test_a_red_entry_is_dangerous_not_active() -> None:
    drawn = page()
    for row, name in enumerate(("Rename", "Move", "Share", "Delete")):
        drawn.write(name, 40, 40 + 44 * row, colour="#dc2626" if name == "Delete" else "#444444")
    assert active(drawn) == []


@pytest.mark.parametrize(
    ("fill", "ink"), [("#e0e0e0", "#9a9a9a"), ("#a9c6fb", "#eaf1fe")], ids=["grey", "paler than its like"]
)
def test_greyed_buttons_are_marked(fill: str, ink: str) -> None:
    drawn = page()
    drawn.button("Save changes", 320, 200)
    drawn.button("Verify", 520, 200, fill=fill, colour=ink)
    found = controls(drawn)
    assert [c.label for c in found if not c.enabled] == ["Verify"]
    stressed = marks.find(drawn.picture, drawn.lines, [], found)
    assert [mark.kind for mark in stressed] == ["disabled"]
