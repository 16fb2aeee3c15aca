"""An instruction leads to the control it names, never to a heading or a sentence, and nowhere when it is not there."""

import pytest
from drawn import Drawn

from bot.conversation import Box
from bot.screenshots import grounding
from bot.screenshots.instructions import targets


def centre_in(box: Box, place: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return place[0] <= x <= place[2] and place[1] <= y <= place[3]


def pointed(drawn: Drawn, instruction: str) -> Box | None:
    points = grounding.point(instruction, drawn.lines, grounding.controls(drawn.lines, drawn.picture))
    return points[0].box if points else None


THEMES = [("#ffffff", "#222222", "#f1f5f9"), ("#0f172a", "#e2e8f0", "#1e293b")]
MENU = ("Overview", "Orders", "Billing", "Reports", "Settings", "Members")


def product(ground: str, ink: str, side: str) -> tuple[Drawn, dict[str, Box]]:
    """A settings page: a menu at the side, a heading with a menu entry's name, a card, a form and two buttons."""
    drawn = Drawn((1200, 760), ground)
    places: dict[str, Box] = {}
    drawn.pen.rectangle((0, 0, 220, 760), fill=side)
    for n, name in enumerate(MENU):
        y = 90 + 40 * n
        drawn.pen.ellipse((22, y + 3, 38, y + 19), outline=ink, width=2)
        places[f"menu {name}"] = (0, y - 8, 220, y + 30)
        drawn.write(name, 50, y, colour=ink)
    drawn.write("Billing", 260, 60, 30, ink)
    drawn.write("To see older invoices, open Reports first.", 260, 120, colour=ink)
    drawn.write("Delete account", 260, 200, 20, ink)
    drawn.write("This cannot be undone, so export your data before you go on.", 260, 232, colour=ink)
    places["Delete account"] = drawn.button("Delete account", 260, 270, "#dc2626")
    drawn.write("Company", 260, 380, colour=ink)
    places["Company"] = (260, 408, 640, 446)
    drawn.outline(places["Company"])
    drawn.write("Company name", 272, 416, colour="#888888")
    places["Save changes"] = drawn.button("Save changes", 260, 480)
    places["Cancel"] = drawn.button("Cancel", 430, 480, side, ink)
    places["Learn more"] = drawn.write("Learn more", 560, 488, colour="#3b82f6")
    return drawn, places


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("instruction", "place"),
    [
        ('click "Save changes"', "Save changes"),
        ("Press the Cancel button", "Cancel"),
        ('click "Billing"', "menu Billing"),
        ('click "Reports"', "menu Reports"),
        ("Open **Settings** and choose **Billing**", "menu Settings"),
        ("Open **Preferences** and choose **Billing**.", "menu Billing"),
        ("Go to Orders > Refunds", "menu Orders"),
        ('Click on "delete account"', "Delete account"),
        ("Tap `Learn more`", "Learn more"),
        ('type it into "Company name"', "Company"),
        ("Klicken Sie auf „Save changes“", "Save changes"),
    ],
)
def test_the_control_is_meant(theme: tuple[str, str, str], instruction: str, place: str) -> None:
    drawn, places = product(*theme)
    box = pointed(drawn, instruction)
    assert box is not None
    assert centre_in(box, places[place])


@pytest.mark.parametrize(
    "name", ["Export CSV", "Save draft", "Billing address", "All reports", "Log out", "Delete project", "Help"]
)
def test_nothing_is_given_for_what_is_not_there(name: str) -> None:
    drawn, _ = product(*THEMES[0])
    assert pointed(drawn, f'click "{name}"') is None


def test_a_name_on_two_rows_and_one_with_a_badge() -> None:
    drawn = Drawn()
    upper = drawn.write("Paweł Kuna", 600, 20, 14)
    lower = drawn.write("UI Designer", 600, 40, 12)
    drawn.write("Inbox", 40, 200)
    drawn.button("12", 180, 192)
    drawn.write("Inbox", 40, 20, 28)
    box = pointed(drawn, 'click "Paweł Kuna UI Designer"')
    assert box is not None
    assert centre_in(box, (600, upper[1], upper[2] + 30, lower[3]))
    box = pointed(drawn, 'click "Inbox 12"')
    assert box is not None
    assert centre_in(box, (40, 190, 120, 240))


def test_the_end_of_a_path_is_where_one_is() -> None:
    drawn = Drawn()
    drawn.write("Home / Orders", 40, 20)
    drawn.write("Overview", 40, 200)
    entry = drawn.write("Orders", 40, 240)
    drawn.write("Products", 40, 280)
    box = pointed(drawn, 'click "Orders"')
    assert box is not None
    assert centre_in(box, entry)


@pytest.mark.parametrize("read", ["5ave changes", "Savechanges", "Save chanqes", "SAVE CHANGES"])
def test_what_ocr_misread_is_still_found(read: str) -> None:
    drawn = Drawn()
    place = drawn.button(read, 100, 100)
    drawn.write("Unrelated words about something else", 100, 300)
    box = pointed(drawn, 'click "Save changes"')
    assert box is not None
    assert centre_in(box, place)


def test_labels_that_share_a_line_are_apart() -> None:
    drawn = Drawn()
    drawn.write("Home", 40, 20)
    contact = drawn.write("Contact", 140, 20)
    words = tuple(w for line in drawn.lines for w in line.words)
    joined = drawn.lines[0].model_copy(
        update={"text": "Home Contact", "box": (40.0, 20.0, contact[2], contact[3]), "words": words}
    )
    controls = grounding.controls([joined], drawn.picture)
    points = grounding.point('click "Contact"', [joined], controls)
    assert centre_in(points[0].box, contact)


def test_controls_are_buttons_links_and_entries_but_no_sentences() -> None:
    drawn, _ = product(*THEMES[0])
    controls = {c.label: c for c in grounding.controls(drawn.lines, drawn.picture)}
    assert {"Save changes", "Learn more", "Settings", "Cancel"} <= controls.keys()
    assert not any("undone" in label for label in controls)
    assert controls["Save changes"].kind == "button"


def test_an_empty_picture_has_no_controls() -> None:
    drawn = Drawn()
    assert grounding.controls([], drawn.picture) == ()
    assert grounding.point('click "Save"', [], ()) == ()


@pytest.mark.parametrize(
    ("instruction", "names"),
    [
        ('click "Save changes"', ["Save changes"]),
        ("Open **Settings** and choose **Billing**", ["Settings", "Billing"]),
        ("Go to **Settings > Billing**", ["Settings", "Billing"]),
        ("Select the Notifications tab and press Save", ["Notifications", "Save"]),
        ("Choose [Export](https://x.example) from the menu", ["Export"]),
        ('Click "Don\'t save"', ["Don't save"]),
        ("Save changes", ["Save changes"]),
        ("Öffnen Sie die Einstellungen", ["Einstellungen"]),
        ("", []),
    ],
)
def test_names_in_instructions(instruction: str, names: list[str]) -> None:
    assert [t.name for t in targets(instruction)] == names


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ("Under **Payment method**, choose **Replace card**.", ["Replace card", "Payment method"]),
        ("In the **Billing** section, click **Pay now**", ["Pay now", "Billing"]),
        ("In **Email**, enter your address and choose **Save**", ["Email", "Save"]),
        ("Open **Settings** and choose **Billing**", ["Settings", "Billing"]),
        ("Click on **File** and choose **Export**", ["File", "Export"]),
    ],
)
def test_where_to_look_is_not_what_to_use(step: str, names: list[str]) -> None:
    assert [target.name for target in targets(step)] == names
