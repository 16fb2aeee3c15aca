"""What is private is found and covered, in text and in pictures; what only looks private stays readable."""

import random
import string
import time

import numpy as np
import pytest
from drawn import Drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.conversation import Box
from bot.screenshots import redaction
from bot.screenshots.redaction import RedactionFailed, Sensitive

RANDOM = "qsy1wg34yUfcwrRkQm8GmsGmT7bN4kLz0aXe9hVd"

PLANTED = {
    "email": [
        "Write to anna.kowalska@posteo.de today",
        "anna . kowalska @ gmail . com",
        "mail: j.doe+bills@sub.example.co.uk.",
        "anna.kowalska32gmail.com",
        "anna.kowalska@gmail com",
        "o'neill@example.org",
    ],
    "card": [
        "Paid with 4111 1111 1111 1111",
        "3782-822463-10005",
        "code sent to4111111111111111.",
        "5555555555554444Next",
        "4111 1111 1111 1112",  # grouped as a card is, one digit misread
        "4lll 1111 1111 1111",
    ],
    "iban": [
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "IBAN: NL91 ABNA 0417 1643 00",
        "FR14 2004 1010 0505 0001 3M02 606 Last 7 days",
        "DE89 3704 0044 0532 0130 00Last 7 days",
        "DE89 37O4 0044 0532 0130 00",
    ],
    "phone": [
        "+1 (415) 555-2671",
        "+44 20 7946 0958",
        "call +4930901820 now",
        "(415) 555-2671",
        "415-555-2671",
        "030 1234567",
        "0171 / 2345678",
        "01 42 68 53 00",
        "+49 152 5755467",
        "44 20 8955 3167",
    ],
    "secret": [
        "AKIAXHX8CQV4YS8FEPHB",
        "AKlAXHX8CQV4YS8FEPHB",
        "sk_" + f"live_{RANDOM[:24]}",
        "key ghp_" + RANDOM[:36],
        "xoxb" + f"-878420254992-{RANDOM[:24]}",
        f"Authorization: Bearer {RANDOM[:30]}",
        f"eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkwIiwi.{RANDOM[:32]}",
        f"postgres://app:{RANDOM[:12]}@db.internal:5432/main",
        "Password: Tr0ub4dor&3",
        f"API key = {RANDOM[:20]}",
        f"https://x.example/?token={RANDOM[:20]}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{RANDOM}\n-----END RSA PRIVATE KEY-----",
    ],
    "ip": [
        "from 37.188.192.90",
        "72.235.13. 109",
        "43.89.120.1770%",
        "2001:db8:85a3::8a2e:370:7334",
        "fe80::1ff:fe23:4567:890a",
    ],
    "ssn": [
        "202-38-3150",
        "National insurance AB 12 34 56 C",
        "111.444.777-35",
        "12345678Z",
        "RSSMRA85T10A562S",
        "1 85 12 75 108 123 95",
        "756.9217.0769.85",
        "SSN: 202383150",
        "811228-9874",
    ],
    "name": [
        "Hi Anna, welcome",
        "Welcome back, Sören!",
        "Dear Mr. Okafor,",
        "Signed in as João O'Neill",
        "Name: Anna Kowalska",
        "SIGNED IN AS ANNA FERNÁNDEZ",
    ],
    "address": [
        "12 Maple Street",
        "Lindenstraße 14",
        "14 rue de Rivoli",
        "Calle Goya 40",
        "Springfield, IL 62704",
        "Billing address: 5 Mill Road, Leeds LS1 4DY",
    ],
    "other": ["Date of birth: 12/03/1980", "00:1A:2B:3C:4D:5E"],
}

KEPT = [
    "Order #104-2938471 of 24.11.2026 at 14:12:07",
    "Request 550e8400-e29b-41d4-a716-446655440000",
    "ERR_4021: payment declined (code 0x80070005)",
    "Invoice INV-2026-00412, total €1,234.56",
    "Version 1.2.3.4, build 10.0.19045.3803, Chrome/120.0.6099.109",
    "commit 6562e636addb1ce2ed3ca23b3c8aa916c6a69d7b",
    "2026-11-24T10:20:11Z 12:30:45",
    "697 of 1,000 requests, 98.5 %, 1 920 x 1 080",
    "Tracking 1Z999AA10123456784",
    "Ticket SUP-104293, serial SN383699821021",
    "Password must have 8 characters",
    "Forgot your password? Reset password",
    "The prefix sk_live_ marks a live key",
    "Hi there, welcome to the dashboard",
    "Created by the team on Monday",
    "localhost 127.0.0.1 and mask 255.255.255.0",
    "Period 02/2026 – 12/2026",
    "icon@2x.png and git@github",
    "Save changes Cancel Settings Billing",
]


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, texts in PLANTED.items() for t in texts])
def test_private_text_is_replaced_by_its_kind(kind: str, text: str) -> None:
    assert f"[{kind}]" in redaction.text(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_private_stays(text: str) -> None:
    assert redaction.text(text) == text


def luhn_digit(body: str) -> str:
    doubled = [int(d) * (2 if n % 2 == 0 else 1) for n, d in enumerate(reversed(body))]
    return str(-sum(d // 10 + d % 10 for d in doubled) % 10)


@given(
    st.text(string.digits, min_size=14, max_size=14), st.sampled_from((" ", "-", "")), st.sampled_from(("", "no", ":"))
)
@settings(max_examples=200, deadline=None)
def test_any_card_is_covered_whole_wherever_it_is_stuck(rest: str, separator: str, before: str) -> None:
    number = "4" + rest + luhn_digit("4" + rest)
    shown = separator.join(number[n : n + 4] for n in range(0, 16, 4))
    assert not any(c.isdigit() for c in redaction.text(f"{before}{shown} end"))


@given(st.text(string.digits, min_size=18, max_size=18), st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_german_iban_is_covered_whole(body: str, grouped: bool) -> None:
    check = 98 - int(body + "131400") % 97
    value = f"DE{check:02}{body}"
    shown = " ".join(value[n : n + 4] for n in range(0, 22, 4)) if grouped else value
    assert redaction.text(shown) == "[iban]"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_goes_through_and_again_unchanged(text: str) -> None:
    once = redaction.text(text)
    assert redaction.text(once) == redaction.text(redaction.text(once))


def test_a_pathological_text_takes_no_time() -> None:
    for piece in ("1 ", "a.", "A" * 50 + " ", "0-", "12:", "@", "Aa ", "x_"):
        started = time.process_time()
        redaction.text(piece * (6000 // len(piece)))
        assert time.process_time() - started < 2, piece


def covered_share(places: tuple[Sensitive, ...], drawn: Drawn, box: Box) -> float:
    """The share of the ink in `box` that lies in the sensitive places."""
    grey = np.asarray(drawn.picture.convert("L"), np.int16)
    left, top, right, bottom = (round(v) for v in box)
    ink = np.abs(grey[top:bottom, left:right] - np.median(grey[top:bottom, left:right])) > 60
    mask = np.zeros(grey.shape, bool)
    for place in places:
        a, b, c, d = (max(0, round(v)) for v in place.box)
        mask[b:d, a:c] = True
    return float(mask[top:bottom, left:right][ink].mean())


def test_the_box_covers_the_value_and_little_else() -> None:
    drawn = Drawn()
    whole = drawn.write("Send it to anna.kowalska@posteo.de before noon", 40, 60)
    places = redaction.find(drawn.lines, drawn.picture)
    words = {w.text: w.box for w in drawn.lines[0].words}
    assert [p.kind for p in places] == ["email"]
    assert covered_share(places, drawn, words["anna.kowalska@posteo.de"]) == 1.0
    assert covered_share(places, drawn, words["to"]) == 0.0
    assert covered_share(places, drawn, words["before"]) == 0.0
    assert places[0].box[2] - places[0].box[0] < 0.7 * (whole[2] - whole[0])


def test_a_value_stuck_to_its_neighbour_is_cut_at_the_gap() -> None:
    drawn = Drawn()
    drawn.write("DE89 3704 0044 0532 0130 00Last 7 days", 40, 60)
    drawn.write("DE89 3704 0044 0532 0130 00", 40, 200)
    places = redaction.find(drawn.lines, drawn.picture)
    end = drawn.lines[1].box[2]
    assert [p.kind for p in places] == ["iban", "iban"]
    assert abs(places[0].box[2] - end) <= 3


def test_values_in_pieces_are_found() -> None:
    drawn = Drawn()
    for text, x in (("+1", 40), ("(888)", 64), ("669-3167", 112)):
        drawn.write(text, x, 40)
    drawn.write("4111 1111", 40, 100)
    drawn.write("1111 1111", 40, 122)
    drawn.write("ghp_qsy1wg34yUfcwrRkQm8G", 40, 200)
    drawn.write("msGmT7bN4kLz0aXe", 40, 222)
    places = redaction.find(drawn.lines, drawn.picture)
    for line in drawn.lines:
        assert covered_share(places, drawn, line.box) > 0.99, line.text


def test_names_and_addresses_by_their_labels() -> None:
    drawn = Drawn((1000, 700))
    drawn.write("Customer", 40, 40, 14)
    drawn.write("E-mail", 300, 40, 14)
    drawn.write("Status", 600, 40, 14)
    for n, (name, mail) in enumerate((("Anna Kowalska", "anna@posteo.de"), ("Chidi Okafor", "chidi@posteo.de"))):
        drawn.write(name, 40, 80 + 40 * n)
        drawn.write(mail, 300, 80 + 40 * n)
        drawn.write("Active", 600, 80 + 40 * n)
    drawn.write("Billing address", 40, 260)
    drawn.write("14 Queens Lane", 240, 260)
    drawn.write("Leeds LS1 4DY", 240, 284)
    drawn.write("Plan", 40, 320)
    drawn.write("Business", 240, 320)
    drawn.write("First name", 40, 420)
    drawn.outline((36, 445, 400, 480))
    drawn.write("Ingrid", 46, 452)
    drawn.write("ingrid.weber@posteo.de", 40, 560)
    drawn.write("Ingrid Weber", 600, 560)
    places = redaction.find(drawn.lines, drawn.picture)
    private = ("Anna Kowalska", "Chidi Okafor", "14 Queens Lane", "Leeds LS1 4DY", "Ingrid", "Ingrid Weber")
    for line in drawn.lines:
        share = covered_share(places, drawn, line.box)
        assert share == (pytest.approx(1, abs=0.02) if line.text in private or "@" in line.text else 0), line.text


def test_a_mirrored_form_is_read_from_right_to_left() -> None:
    drawn = Drawn()
    for y, label, value in (
        (40, "Account holder", "Anna Kowalska"),
        (80, "Plan", "Business"),
        (120, "Updated", "24.11.2026"),
    ):
        font_right = 800 - 8.2 * len(label)
        drawn.write(label, font_right, y)
        drawn.write(value, 420 - 8.2 * len(value), y)
    right = [(800 - line.box[2], line) for line in drawn.lines]
    assert right
    aligned = [
        line.model_copy(update={"box": (line.box[0] + d, line.box[1], line.box[2] + d, line.box[3]), "words": ()})
        for line in drawn.lines
        for d in [(800 if line.box[0] > 500 else 420) - line.box[2]]
    ]
    kinds = [p.kind for p in redaction.find(aligned)]
    assert kinds == ["name"]


def test_the_owners_own_patterns_are_covered() -> None:
    drawn = Drawn()
    drawn.write("Contract K-77123 of today", 40, 60)
    places = redaction.find(drawn.lines, drawn.picture, [r"K-\d{5}"])
    assert [p.kind for p in places] == ["other"]
    assert redaction.text("Contract K-77123", [r"K-\d{5}"]) == "Contract [other]"


@pytest.mark.parametrize("ground", ["#ffffff", "#0f172a"])
def test_covering_leaves_one_colour_and_no_metadata(ground: str) -> None:
    drawn = Drawn(ground=ground)
    drawn.write("anna.kowalska@posteo.de", 40, 60, colour="#888888")
    drawn.picture.info["comment"] = "anna"
    places = redaction.find(drawn.lines, drawn.picture)
    covered = redaction.cover(drawn.picture, places)
    left, top, right, bottom = (round(v) for v in places[0].box)
    inside = np.asarray(covered)[top + 2 : bottom - 1, left + 2 : right - 1].reshape(-1, 3)
    assert len(np.unique(inside, axis=0)) == 1
    assert not covered.info
    assert np.array_equal(np.asarray(covered)[200:], np.asarray(drawn.picture)[200:])


def test_nothing_comes_back_when_covering_fails() -> None:
    picture = Image.new("RGB", (100, 100))
    with pytest.raises(RedactionFailed):
        redaction.cover(picture, [Sensitive(kind="card", box=(float("nan"), 0, 10, 10))])
    with pytest.raises(RedactionFailed):
        redaction.cover(picture, [Sensitive(kind="card", box=(300, 300, 400, 320))])


def test_every_letter_of_a_random_key_is_covered() -> None:
    rng = random.Random(5)
    for _ in range(50):
        key = "AKIA" + "".join(rng.choices(string.ascii_uppercase + string.digits, k=16))
        assert redaction.text(f"use {key} once") == "use [secret] once"
