"""An article's picture is named when customers see something else on the same page, and only then."""

import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bot.conversation import Answered, Attachment, Citation, Message, Seen
from bot.knowledge.articles import Passage, Picture
from bot.knowledge.index import build
from bot.knowledge.outdated import Outdated, Witness, outdated
from bot.knowledge.pictures import Said
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage
from bot.state.records import Write
from bot.state.store import Store
from handlers.cli import app
from tests.centre import screen, write

PAGE = ("Kiln settings", "Firing curve", "Cone number", "Start firing", "Hold time", "Cooling", "Owner: Ida Marsh")
NOW = ("Kiln settings", "Firing curve", "Cone number", "Light the kiln", "Hold time", "Cooling", "Owner: Someone")


def article(title: str = "") -> Passage:
    picture = Picture(path="kiln.png", text="\n".join(PAGE), title=title)
    labels = ("Start firing", "Hold time", "Firing curve", "Cone number", "Cooling")
    return Passage(article="kiln.md", number=0, title="Fire", labels=labels, pictures=(picture,))


def told(
    *screens: tuple[str, ...], title: str = "", where: str = "", articles: tuple[str, ...] = ("kiln.md",)
) -> list[Outdated]:
    seen = [
        Witness(conversation=f"c{n}", attachment_id=f"c{n}/1", at=n, articles=articles, where=where, lines=lines)
        for n, lines in enumerate(screens)
    ]
    return outdated([article(title)], seen)


def test_a_label_in_anothers_place_is_named_with_both_and_data_is_not() -> None:
    [found] = told(NOW, NOW, NOW)
    assert (found.gone, found.new) == (("Start firing",), ("Light the kiln",))
    assert (found.article, found.conversations, found.attachments[0]) == ("kiln.md", 3, "c2/1")


def test_two_customers_a_crop_and_another_page_say_nothing() -> None:
    assert not told(NOW, NOW)
    assert not told(NOW, PAGE, PAGE, PAGE)
    assert not told(*[(*PAGE[:3], "Foot of the page")] * 3), "what the crop cut off is not gone"
    assert not told(*[("Glaze list", "Firing curve", "Stock", "Supplier", "Order more")] * 3)
    assert not told(NOW, NOW, NOW, articles=("other.md",))


def test_a_page_that_only_has_another_title_is_named() -> None:
    assert not told(PAGE, PAGE, PAGE, title="Kiln settings", where="Kiln settings")
    [found] = told(PAGE, PAGE, PAGE, title="Kiln settings", where="Oven room")
    assert (found.title_now, found.gone) == ("Oven room", ())


@pytest.mark.usefixtures("redis")
async def test_the_export_shows_both_pictures_side_by_side(store: Store, tmp_path: Path) -> None:
    source, kb = tmp_path / "centre", tmp_path / "kb"
    write(source, {"kiln.md": "# Fire\n\nPress **Start firing**.\n\n![The kiln](kiln.png)\n"})
    png = io.BytesIO()
    Image.new("RGB", (800, 400), "white").save(png, "PNG")
    (source / "kiln.png").write_bytes(png.getvalue())
    await build(source, kb, None, lambda data: Said("\n".join(PAGE), "Kiln settings"))
    storage = Storage(str(tmp_path / "pictures"))
    for _ in range(3):
        id_ = await store.open()
        path = f"{id_}/a"
        await storage.put(path, png.getvalue())
        await storage.put_screen(path, Screen(**(screen(*NOW).model_dump() | {"width": 800, "height": 400})))
        shot = Attachment(id=path, media_type="image/png", width=800, height=400, size=9)
        cited = (Citation(n=1, article="kiln.md", title="Fire"),)
        events = (
            Seen(attachment_id=path, outcome="read", where="Kiln settings"),
            Message(id="m1", sender="customer", text="?", attachments=(shot,)),
            Answered(turn=1, to=("m1",), text="…", answered=True, citations=cited),
        )
        await store.accept(id_, Write(events=events, key="k", digest="d"))

    to, env = tmp_path / "out", {"HELPLENS_REDIS_URL": store.url, "HELPLENS_STORAGE": str(tmp_path / "pictures")}
    arguments = ["gaps", "export", "--to", str(to), "--kb", str(kb), "--source", str(source)]
    result = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=env)
    assert result.exit_code == 0, result.output
    [row] = [json.loads(line) for line in (to / "outdated.jsonl").read_text().splitlines()]
    assert (row["article"], row["gone"], row["new"]) == ("kiln.md", ["Start firing"], ["Light the kiln"])
    for text in ((to / "gaps.md").read_text(), (to / "gaps.html").read_text()):
        assert "Start firing" in text and "pictures/was-001.png" in text and "pictures/now-001.png" in text
    assert (to / "pictures/was-001.png").read_bytes() == png.getvalue()
    with Image.open(to / "pictures/now-001.png") as now:
        assert (245, 158, 11) in {colour for _, colour in now.getcolors(1 << 20) or ()}, "what is new is lit"
