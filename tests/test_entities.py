"""What a screen says exactly: values in a line, the error among the lines, the place in the product."""

import pytest
from drawn import Drawn

from bot.screenshots.entities import find
from bot.screenshots.values import doubtful, values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Error TB-4021", [("code", "TB-4021")]),
        ("net::ERR_CONNECTION_REFUSED", [("code", "net::ERR_CONNECTION_REFUSED")]),
        ("Installation stopped with 0x8007045D.", [("code", "0x8007045D")]),
        ("Fehlercode: 1042", [("code", "1042")]),
        ("HTTP 503 Service Unavailable", [("code", "503")]),
        ("insufficient_funds or card_declined", [("code", "card_declined")]),
        ("Invoice INV-20418, due 2026-12-01", [("invoice", "INV-20418"), ("date", "2026-12-01")]),
        ("Order #10423 for €1.249,00", [("order", "10423"), ("amount", "€1.249,00")]),
        ("Bestellung Nr. 88231 vom 3. Dezember 2026", [("order", "88231"), ("date", "3. Dezember 2026")]),
        ("Ticket 5512 was closed", [("ticket", "5512")]),
        ("https://app.example.com/settings/billing?tab=2", [("url", "https://app.example.com/settings/billing?tab=2")]),
        ("localhost:8080/login", [("url", "localhost:8080/login")]),
        ("Version 2.14.1", [("version", "2.14.1")]),
        ("v3.0.0-beta", [("version", "v3.0.0-beta")]),
        ("Chrome 126.0 on Windows 11", [("browser", "Chrome 126.0"), ("os", "Windows 11")]),
        ("-49.90 EUR", [("amount", "-49.90 EUR")]),
        ("Nothing to see, 5 of 12 items, 3:45 PM, 100 %", []),
        ("Encoded as UTF-8, see RFC-2119", []),
        ("Order by date", []),
        ("In case you need help", []),
    ],
)
def test_values_of_a_line(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(v.kind, v.text) for v in values(text)] == expected


@pytest.mark.parametrize(
    ("kind", "text", "doubt"),
    [("code", "TB-4021", False), ("code", "Kx0O-1lI8", True), ("order", "A1B0C8", True), ("amount", "$10.00", False)],
)
def test_opaque_values_carry_their_doubt(kind: str, text: str, doubt: bool) -> None:
    assert doubtful(kind, text, 0.99) is doubt


def alert(ground: str, tint: str, ink: str, loud: str) -> Drawn:
    page = Drawn(ground=ground)
    page.write("Settings / Billing", 220, 30, 14, ink)
    page.write("Billing", 220, 60, 28, ink)
    page.write("Delete account", 640, 70, 16, loud)
    page.pen.rectangle((220, 130, 860, 210), fill=tint)
    page.write("Your card was declined", 250, 140, 16, loud)
    page.write("The bank refused $48.00. Error TB-4021", 250, 168, 15, ink)
    page.write("If a payment fails, ask your bank first.", 220, 300, 15, ink)
    return page


@pytest.mark.parametrize(
    "page",
    [alert("#ffffff", "#fdecea", "#222222", "#b3261e"), alert("#16191d", "#3a1d1d", "#e6e6e6", "#ff8a80")],
    ids=["light", "dark"],
)
def test_the_error_is_found_whole_and_nothing_else_is_taken_for_one(page: Drawn) -> None:
    facts = find(page.lines, page.picture)
    assert facts.error == "Your card was declined\nThe bank refused $48.00. Error TB-4021"
    assert facts.where == "Settings › Billing"
    assert facts.language == "en"
    assert {(e.kind, e.text) for e in facts.entities} == {
        ("error", "Your card was declined"),
        ("error", "The bank refused $48.00. Error TB-4021"),
        ("title", "Billing"),
        ("amount", "$48.00"),
        ("code", "TB-4021"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "Nie udało się zapisać przesyłki: błąd sieci",
        "Não foi possível guardar a morada",
        "Impossibile salvare l'indirizzo",
        "Adres opslaan mislukt, probeer het later",
        "Merge blocked: two checks have to pass first",
    ],
)
def test_errors_are_known_in_further_languages(text: str) -> None:
    page = Drawn()
    page.write("Team", 40, 40, 28)
    page.write(text, 40, 100, 16, "#b3261e")
    page.write("Members who have access", 40, 200)
    assert find(page.lines, page.picture).error == text


def test_a_red_line_of_a_page_stands_alone_and_a_dialogs_words_count_more() -> None:
    page = Drawn()
    page.write("Row 10402: the tax rate is missing", 40, 100, 16, "#aa0000")
    page.write("8 records on page 1 of 12", 40, 124, 16)
    assert find(page.lines, page.picture).error == "Row 10402: the tax rate is missing"
    dialog = Drawn()
    dialog.write("Sprint can't be started", 240, 160, 28)
    dialog.write("Two issues have no estimate.", 240, 240)
    dialog.write("Backlog of the team", 40, 400)
    assert find(dialog.lines, dialog.picture).error == ""
    assert find(dialog.lines, dialog.picture, dialogs=[(200, 120, 700, 300)]).error == "Sprint can't be started"


def test_a_button_is_no_title() -> None:
    page = Drawn()
    page.write("Team members", 300, 80, 24)
    page.write("Invite", 300, 140, 30)
    page.write("Members who have access", 40, 200)
    page.write("Members who had access", 40, 240)
    assert find(page.lines, page.picture).where == "Invite"
    assert find(page.lines, page.picture, controls=[(280, 130, 460, 190)]).where == "Team members"


@pytest.mark.parametrize(
    ("large", "where"),
    [
        ("Data processors are separate entities that process your data", ""),
        ("and bug fixes for everybody", ""),
        ("ana@example.com", ""),
        ("Choose a plan below.", ""),
        ("Billing", "Billing"),
        ("Set up two-step sign-in", "Set up two-step sign-in"),
    ],
)
def test_a_sentence_or_a_piece_of_one_is_no_title(large: str, where: str) -> None:
    page = Drawn()
    page.write(large, 60, 40, 24)
    for n in range(4):
        page.write("Members who have access", 60, 120 + 40 * n)
    assert find(page.lines, page.picture).where == where


def test_a_page_without_an_error_has_none() -> None:
    page = Drawn()
    page.write("Team", 40, 40, 28)
    page.write("Members who have access", 40, 100)
    page.write("Remove", 600, 100, 16, "#b3261e")
    page.write("Read how errors are reported", 40, 160)
    assert find(page.lines, page.picture).error == ""


def test_a_value_beside_its_label_has_the_labels_kind() -> None:
    page = Drawn()
    page.write("Order number", 40, 40)
    page.write("40117-B", 260, 40)
    page.write("Error code", 40, 90)
    page.write("X77", 40, 115)
    found = {(e.kind, e.text) for e in find(page.lines, page.picture).entities}
    assert {("order", "40117-B"), ("code", "X77")} <= found
