"""A PDF is an article with headings, steps and labels; one without text, locked or damaged is said to be so."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from bot.knowledge.articles import Article
from bot.knowledge.index import Index, build
from bot.knowledge.sources import UnreadableArticle, read_article

Run = tuple[str, bool]
Placed = tuple[float, float, Sequence[Run]]
"""(distance from the page's foot, font size, runs: text and whether it is bold)."""


def pdf(pages: Sequence[Sequence[Placed]], outline: Sequence[tuple[str, int]] = (), password: str = "") -> bytes:
    """A PDF with these lines on its pages, and an outline of (title, page)."""
    writer = PdfWriter()
    fonts = DictionaryObject()
    for name, base in (("/F1", "/Helvetica"), ("/F2", "/Helvetica-Bold")):
        font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": base}
        fonts[NameObject(name)] = DictionaryObject({NameObject(k): NameObject(v) for k, v in font.items()})
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        drawn = []
        for y, size, runs in lines:
            shown = " ".join(f"/F{2 if bold else 1} {size} Tf ({text}) Tj" for text, bold in runs)
            drawn.append(f"BT 1 0 0 1 60 {y} Tm {shown} ET")
        stream.set_data("\n".join(drawn).encode("latin-1"))
        page[NameObject("/Contents")] = writer._add_object(stream)
    for title, number in outline:
        writer.add_outline_item(title=title, page_number=number)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def read(folder: Path, data: bytes) -> Article:
    (folder / "manual.pdf").write_bytes(data)
    return read_article(folder / "manual.pdf", folder)


PAGE = (
    (780.0, 20.0, [("Lamp manual", False)]),
    (740.0, 14.0, [("Dim a lamp", False)]),
    (715.0, 10.0, [("Lamps can be made darker, which saves elec-", False)]),
    (703.0, 10.0, [("tricity at night.", False)]),
    (685.0, 10.0, [("1. Open ", False), ("Lamps > Brightness", True), (".", False)]),
    (673.0, 10.0, [("2. Drag ", False), ("Dimmer", True), (" to the left until the", False)]),
    (661.0, 10.0, [("lamp is dark.", False)]),
)


def test_headings_by_font_steps_labels_and_words_over_the_end_of_a_line(tmp_path: Path) -> None:
    article = read(tmp_path, pdf([PAGE]))
    assert article.title == "Lamp manual"
    (passage,) = [p for p in article.passages if p.headings == ("Dim a lamp",)]
    assert passage.steps == ("Open **Lamps > Brightness**.", "Drag **Dimmer** to the left until the lamp is dark.")
    assert "saves electricity at night" in passage.text
    assert {"Lamps", "Brightness", "Dimmer"} <= set(passage.labels)
    assert passage.anchor == "page=1"


def test_the_outline_says_what_is_a_heading_where_there_is_one(tmp_path: Path) -> None:
    loud = (640.0, 14.0, [("CALL NOW", False)])
    article = read(tmp_path, pdf([[*PAGE, loud]], [("Lamp manual", 0), ("Dim a lamp", 0)]))
    assert {h for p in article.passages for h in p.headings} == {"Dim a lamp"}
    assert any("CALL NOW" in p.text for p in article.passages)


def test_what_stands_on_every_page_is_left_out(tmp_path: Path) -> None:
    pages = [
        [
            (800.0, 10.0, [("Lamps Inc. confidential", False)]),
            *((y, size, [(f"{text} {n}", bold) for text, bold in runs]) for y, size, runs in PAGE[:4]),
            (30.0, 10.0, [(f"Page {at} of 4", False)]),
        ]
        for at, n in enumerate(("one", "two", "three", "four"), 1)
    ]
    article = read(tmp_path, pdf(pages))
    text = str(article.passages)
    assert "confidential" not in text
    assert "of 4" not in text
    assert text.count("at night. ") == 4
    assert {p.anchor for p in article.passages if p.text} == {"page=1", "page=2", "page=3", "page=4"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pdf([[], []]), "without text, probably a scan"),
        (pdf([PAGE], password="secret"), "locked by a password"),
        (b"%PDF-1.7\nnothing of the kind", "a damaged PDF"),
        (b"", "a damaged PDF"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(UnreadableArticle, match=f"manual.pdf: .*{why}"):
        read(tmp_path, data)


async def test_a_pdf_stands_in_the_index_beside_other_articles(tmp_path: Path) -> None:
    centre = tmp_path / "centre"
    centre.mkdir()
    (centre / "manual.pdf").write_bytes(pdf([PAGE]))
    (centre / "scan.pdf").write_bytes(pdf([[]]))
    (centre / "a.md").write_text("# A\n\nText.\n", "utf-8")
    report = await build(centre, tmp_path / "kb")
    assert Index.open(tmp_path / "kb").articles == ("a.md", "manual.pdf")
    assert [reason.split(":")[0] for reason in report.unreadable] == ["scan.pdf"]
