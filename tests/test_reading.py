"""Reading: what is drawn is read, each word's box lies on its ink, and what cannot be read is said."""

import asyncio
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from rapidfuzz import fuzz

from bot.screenshots import legibility
from bot.screenshots.language import language
from bot.screenshots.ocr import Line, Reader, Reading, Word
from bot.screenshots.places import changes
from bot.screenshots.screen import look, understand

LINES = (
    "Account settings",
    "Your changes could not be saved",
    "Invoice INV-20418 of $1,249.00 is due on 1 December 2026",
    "Enter the code from your phone",
    "Last change by Jonas Adler, version 14",
    "Order 10423 was sent to the warehouse",
)


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    ready = Reader(2)
    ready.prepare()
    yield ready
    ready.close()


def drawn(
    lines: tuple[str, ...] = LINES, size: int = 16, ground: str = "white", ink: str = "#222222", font: str | None = None
) -> Image.Image:
    picture = Image.new("RGB", (44 * size, size * (2 + 3 * len(lines))), ground)
    pen = ImageDraw.Draw(picture)
    face = ImageFont.truetype(font, size) if font else ImageFont.load_default(size)
    for row, line in enumerate(lines):
        pen.text((2 * size, size * (1 + 3 * row)), line, fill=ink, font=face)
    return picture


def jpeg(picture: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return Image.open(out).convert("RGB")


def known(lines: tuple[str, ...], size: int = 16) -> list[Line]:
    """The lines that a reader would find in `drawn(lines)`."""
    out = []
    for row, text in enumerate(lines):
        box = (2.0 * size, size * (1 + 3.0 * row), 2.0 * size + 9 * len(text), size * (2.2 + 3.0 * row))
        out.append(Line(text=text, box=box, score=0.99, words=(Word(text=text, box=box, score=0.99),)))
    return out


def words(reading: Reading) -> list[str]:
    return " ".join(line.text for line in reading.lines).split()


def test_a_page_with_a_changed_line_is_read_as_if_it_were_new(reader: Reader) -> None:
    before = drawn((*LINES, "Two of five seats are in use"))
    after = drawn((*LINES, "Three of five seats are now taken"))
    longer = drawn((*LINES[:2], "This one is new and somewhat longer", *LINES[3:], "Two of five seats are in use"))
    reader.examine(before)
    for picture, gone in ((after, "Two"), (longer, "Invoice")):
        read = reader.examine(picture)
        assert gone not in words(read)
        other = Reader(2)
        assert [line.text for line in read.lines] == [line.text for line in other.examine(picture).lines]
        other.close()


def photographed(picture: Image.Image) -> tuple[Image.Image, np.ndarray]:
    """The picture as a telephone sees it on a screen: in perspective, soft, grainy; and the matrix that did it."""
    width, height = picture.size
    at = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    to = at * 1.2 + np.array([[20, 40], [-30, 8], [-6, 30], [30, -14]], np.float32)
    matrix = cv2.getPerspectiveTransform(at, to)
    size = (round(1.25 * width), round(1.3 * height))
    turned = cv2.warpPerspective(np.asarray(picture), matrix, size, borderValue=(60, 60, 60))
    grain = np.random.default_rng(5).normal(0, 4, turned.shape)
    soft = cv2.GaussianBlur(turned, (0, 0), 0.7) + grain
    return Image.fromarray(soft.clip(0, 255).astype(np.uint8)), matrix


def test_a_photograph_of_a_screen_is_read_and_its_words_placed(reader: Reader) -> None:
    straight = drawn()
    photo, matrix = photographed(straight)
    read = reader.examine(photo)
    wanted = " ".join(LINES).split()
    assert fuzz.ratio("".join(wanted), "".join(words(read))) >= 96  # spaces are lost in the grain
    there = {word.text: word.box for line in read.lines for word in line.words}
    for line in reader.examine(straight).lines:
        for word in line.words:
            if word.text in there and wanted.count(word.text) == 1:
                middle = [[[(word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2]]]
                x, y = cv2.perspectiveTransform(np.array(middle, np.float32), matrix)[0, 0]
                box = there[word.text]
                assert box[0] - 3 <= x <= box[2] + 3 and box[1] - 3 <= y <= box[3] + 3


def test_changes_are_found_where_they_are() -> None:
    before = np.asarray(drawn())
    after = before.copy()
    assert changes(before, after) == []
    after[100:104, 200:230] = 0
    [place] = changes(before, after) or []
    assert place[0] <= 200 and place[1] <= 100 and place[2] >= 230 and place[3] >= 104
    assert (place[2] - place[0]) * (place[3] - place[1]) < 0.1 * before.shape[0] * before.shape[1]
    assert changes(before, np.random.default_rng(1).integers(0, 255, before.shape).astype(np.uint8)) != []


@pytest.mark.parametrize(
    "picture",
    [
        drawn(),
        drawn(size=13),
        drawn(size=32),
        drawn(ground="#151a22", ink="#d8dee9"),
        drawn(ground="#0f5132", ink="#ffffff"),
        jpeg(drawn(), 60),
    ],
    ids=["plain", "small", "twice the size", "dark", "light on green", "JPEG at 60"],
)
def test_every_word_is_read(reader: Reader, picture: Image.Image) -> None:
    wanted = " ".join(LINES).split()
    read = words(reader.examine(picture))
    assert len(set(wanted) - set(read)) <= 1
    assert len(read) <= len(wanted) + 1


def test_boxes_lie_on_the_ink_of_their_words(reader: Reader) -> None:
    picture = drawn()
    ink = np.asarray(picture.convert("L")) < 140
    rest = ink.copy()
    for line in reader.examine(picture).lines:
        for word in line.words:
            left, top, right, bottom = (round(v) for v in word.box)
            part = ink[top:bottom, left:right]
            assert part[:, : max(2, part.shape[1] // 6)].any(), f"{word.text}: nothing is drawn where its box begins"
            assert part[:, -max(2, part.shape[1] // 6) :].any(), f"{word.text}: nothing is drawn where its box ends"
            rest[top:bottom, left:right] = False
    assert rest.sum() <= 0.01 * ink.sum()


def test_words_that_stand_apart_are_lines_of_their_own(reader: Reader) -> None:
    picture = Image.new("RGB", (700, 60), "white")
    for at, text in ((20, "Quantity"), (240, "Price"), (460, "Total amount")):
        ImageDraw.Draw(picture).text((at, 20), text, fill="#222222", font_size=16)
    assert [line.text for line in reader.examine(picture).lines] == ["Quantity", "Price", "Total amount"]


def test_text_that_runs_upwards_is_read(reader: Reader) -> None:
    label = drawn(lines=("Monthly revenue",), size=18).crop((0, 0, 260, 60))
    picture = Image.new("RGB", (400, 320), "white")
    picture.paste(label.transpose(Image.Transpose.ROTATE_90), (20, 30))
    assert [line.text for line in reader.examine(picture).lines] == ["Monthly revenue"]


def test_a_second_look_is_the_same_and_costs_little(reader: Reader) -> None:
    picture = drawn(lines=tuple(f"{line} {n}" for n in range(3) for line in LINES))
    started = time.perf_counter()
    first = reader.examine(picture)
    between = time.perf_counter()
    seconds = []
    for _ in range(3):
        again = time.perf_counter()
        assert reader.examine(picture).lines == first.lines
        seconds.append(time.perf_counter() - again)
    assert min(seconds) < (between - started) / 5


async def test_pictures_that_are_read_at_once_do_not_mix(reader: Reader) -> None:
    pictures = [drawn(lines=(f"Ticket number {n}0{n}", "Settings")) for n in range(1, 5)]
    readings = await asyncio.gather(*(reader.read(picture) for picture in pictures))
    assert [words(r)[2] for r in readings] == ["101", "202", "303", "404"]


def test_what_there_was_no_time_for_is_said(reader: Reader) -> None:
    picture = drawn(lines=tuple(f"Unhurried line {n} of many" for n in range(6)))
    reading = reader.examine(picture, budget=0)
    assert not reading.lines
    assert len(reading.unread) >= 6
    screen = understand(picture, "0", reading)
    assert (screen.outcome, screen.reason != "") == ("skipped", True)
    assert len(reader.examine(picture).lines) >= 6, "a hurried reading is not remembered as the whole"


def blurred(by: float) -> Image.Image:
    return drawn().filter(ImageFilter.GaussianBlur(by))


def noise() -> Image.Image:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0:400, 0:600]
    waves = 120 + 60 * np.sin(x / 70) + 40 * np.cos(y / 50)
    return Image.fromarray((waves[..., None] + rng.normal(0, 8, (400, 600, 3))).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("picture", "kind", "outcome", "says"),
    [
        (drawn(), "screen", "read", ""),
        (Image.new("RGB", (640, 400), "white"), "empty", "unreadable", "one colour"),
        (Image.new("RGB", (640, 400), "black"), "empty", "unreadable", "black"),
        (blurred(5), "screen", "unreadable", "blurred"),
        (drawn(size=20).reduce(3), "screen", "partly", "small"),
        (noise(), "photo", "unreadable", "photo"),
        (Image.new("RGB", (1, 1), "white"), "empty", "unreadable", "one colour"),
        (noise().crop((0, 0, 1, 90)), "empty", "unreadable", "no text"),
    ],
    ids=["plain", "white", "black", "blurred", "small", "photo", "one pixel", "one pixel wide"],
)
async def test_every_picture_has_one_outcome_and_a_reason(
    reader: Reader, picture: Image.Image, kind: str, outcome: str, says: str
) -> None:
    screen = await look(picture, "0", reader)
    assert (screen.outcome, says in screen.reason) == (outcome, True), screen.reason
    assert screen.kind in (kind, "picture")
    assert bool(screen.reason) == (outcome != "read")


FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
with_font = pytest.mark.skipif(not FONT.exists(), reason="Pillow's own font has neither accents nor Cyrillic letters")


@with_font
@pytest.mark.parametrize(
    ("lines", "language"),
    [
        (("Änderungen für Sie nicht übernommen", "Die Größe der Datei prüfen", "Zurück zu den Einstellungen"), "de"),
        (("Le mot de passe est oublié", "Échec de la connexion à votre compte", "Paramètres avancés"), "fr"),
        (("La contraseña no es correcta", "Inténtelo con otra dirección", "Configuración de la sesión"), "es"),
    ],
    ids=["German", "French", "Spanish"],
)
async def test_accents_are_read_and_the_language_is_told(reader: Reader, lines: tuple[str, ...], language: str) -> None:
    screen = await look(drawn(lines=lines, font=str(FONT)), "0", reader)
    assert len(set(" ".join(lines).split()) - set(screen.text.split())) <= 1
    assert screen.language == language


@with_font
def test_a_script_that_the_weights_lack_is_noticed(reader: Reader) -> None:
    lines = ("Настройки профиля", "Не удалось сохранить изменения", "Пароль слишком короткий")
    picture = drawn(lines=lines, font=str(FONT))
    verdict = legibility.judge(picture, reader.examine(picture))
    assert verdict.outcome == "unreadable"
    assert "script" in verdict.reason


def test_the_engine_sends_no_reports_and_leaves_none(tmp_path: Path) -> None:
    code = (
        "from bot.screenshots.engine import session\nfrom bot.screenshots.ocr import weights\n"
        "session(weights() / 'PP-OCRv6_det_small.onnx', 1)"
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=240)
    assert list(tmp_path.rglob("*")) == []


def test_guessed_letters_of_a_sharp_picture_are_a_script_that_is_not_known() -> None:
    texts = ("an nothing", "D none Door", "2l number")
    guessed = tuple(
        line.model_copy(update={"words": tuple(w.model_copy(update={"score": 0.65}) for w in line.words)})
        for line in known(texts)
    )
    verdict = legibility.judge(drawn(texts), Reading(lines=guessed))
    assert verdict.outcome == "unreadable"
    assert "script" in verdict.reason


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Nie udało się zapisać zmian", "pl"),
        ("Změny se nepodařilo uložit", "cs"),
        ("Değişiklikler kaydedilemedi", "tr"),
        ("Ändringarna kunde inte sparas på ditt konto", "sv"),
        ("Änderungen konnten nicht gespeichert werden", "de"),
        ("Your changes could not be saved for this account", "en"),
        ("10423", ""),
    ],
)
def test_the_language_of_a_screen(text: str, code: str) -> None:
    assert language([text]) == code
