"""An index is files: opens at once, can be copied, reads only what changed, is replaced under running searches."""

import asyncio
import shutil
import threading
from pathlib import Path

import pytest

from bot.knowledge.fusion import Query, rank
from bot.knowledge.index import Index, build
from bot.knowledge.pictures import Said
from bot.knowledge.retriever import HelpRetriever
from bot.knowledge.versions import NoIndex
from tests.centre import write


async def test_only_what_changed_is_read_again_and_what_is_gone_vanishes(tmp_path: Path) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    first = await build(source, kb)
    assert (first.articles, first.read, first.unchanged, first.unreadable) == (6, 6, 0, ())
    before = Index.open(kb)
    (source / "team" / "invite.md").write_text("# Invite a colleague\n\nClick **Share the door code**.\n", "utf-8")
    (source / "sync" / "conflicts.md").unlink()
    (source / "broken.md").write_bytes(b"\0\0\0")
    seen: list[str] = []
    second = await build(source, kb, lambda done, total, name: seen.append(name))
    assert (second.articles, second.read, second.unchanged, second.removed) == (5, 1, 4, 1)
    assert second.unreadable == ("broken.md: not a text file",)
    assert seen[0] == "billing/coupons.md"
    after = Index.open(kb)
    assert rank(after, Query(question="share the door code")).hits[0].passage.article == "team/invite.md"
    assert not rank(after, Query(question="sync conflicts theirs")).hits
    assert "sync/conflicts.md" in before.articles, "an opened version does not change"


async def test_what_is_taken_over_equals_what_is_read(tmp_path: Path) -> None:
    source = write(tmp_path / "centre")
    await build(source, tmp_path / "kb")
    (source / "new.md").write_text("# New\n\nA **Zebra** appears.\n", "utf-8")
    await build(source, tmp_path / "kb")
    await build(source, tmp_path / "fresh")
    grown, fresh = Index.open(tmp_path / "kb"), Index.open(tmp_path / "fresh")
    for name, array in vars(fresh.arrays).items():
        assert (array == getattr(grown.arrays, name)).all(), name
    assert [grown.passage(n) for n in range(7)] == [fresh.passage(n) for n in range(7)]


async def test_a_changed_include_is_a_changed_article(tmp_path: Path) -> None:
    centre = {"a.md": "# A\n\nCall [!INCLUDE [n](includes/n.md)].\n", "includes/n.md": "Miriam", "b.md": "# B\n\nNo.\n"}
    source = write(tmp_path / "centre", centre)
    assert (await build(source, tmp_path / "kb")).articles == 2, "a fragment is no article of its own"
    (source / "includes" / "n.md").write_text("Konrad", "utf-8")
    await build(source, tmp_path / "kb")
    index = Index.open(tmp_path / "kb")
    assert rank(index, Query(question="Konrad")).hits[0].passage.text == "Call Konrad."


async def test_searching_never_fails_while_it_is_rebuilt_and_sees_the_new_version(tmp_path: Path) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    await build(source, kb)
    retriever = HelpRetriever(kb=kb)
    ended, failures, searches = threading.Event(), [], 0

    def search() -> None:
        nonlocal searches
        while not ended.is_set():
            try:
                assert retriever.invoke("replace card")[0].metadata["article"] == "billing/replace-card.md"
                assert Index.open(kb).articles
                searches += 1
            except Exception as error:  # noqa: BLE001 -- any failure is what the test looks for
                failures.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    for number in range(12):
        (source / "zebra.md").write_text(f"# Zebra {number}\n\nStripes{number} matter.\n", "utf-8")
        await build(source, kb)
    ended.set()
    await asyncio.to_thread(thread.join)
    assert failures == []
    assert searches > 5
    assert (await retriever.ainvoke("stripes11"))[0].metadata["article"] == "zebra.md"
    assert len(list(kb.glob("v*"))) == 2, "old versions are cleared away"


async def test_an_index_can_be_copied(tmp_path: Path) -> None:
    await build(write(tmp_path / "centre"), tmp_path / "kb")
    shutil.copytree(tmp_path / "kb", tmp_path / "elsewhere")
    shutil.rmtree(tmp_path / "kb")
    shutil.rmtree(tmp_path / "centre")
    assert rank(Index.open(tmp_path / "elsewhere"), Query(question="coupon expired")).hits


async def test_a_missing_index_and_a_missing_source_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoIndex, match="helplens kb build"):
        Index.open(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="not a folder"):
        await build(tmp_path / "none", tmp_path / "kb")


async def test_an_empty_help_centre_finds_nothing_and_does_not_fail(tmp_path: Path) -> None:
    (tmp_path / "centre").mkdir()
    report = await build(tmp_path / "centre", tmp_path / "kb")
    assert report.articles == 0
    assert rank(Index.open(tmp_path / "kb"), Query(question="anything")).hits == ()


async def test_pictures_of_articles_are_read_with_their_alt_text_and_again_when_they_change(tmp_path: Path) -> None:
    articles = {"a.md": "# Scanner\n\nLook:\n\n![The lamp panel](img/a.png)\n", "b.md": "# Printer\n\nNothing.\n"}
    source, kb = write(tmp_path / "centre", articles), tmp_path / "kb"
    (source / "img").mkdir()
    (source / "img" / "a.png").write_bytes(b"Calibrate glass")
    read: list[bytes] = []

    def reader(data: bytes) -> Said:
        read.append(data)
        return Said(data.decode())

    await build(source, kb, None, reader)
    await build(source, kb, None, reader)
    assert read == [b"Calibrate glass"]
    for words in ("calibrate glass", "lamp panel"):
        assert rank(Index.open(kb), Query(question=words)).hits[0].passage.article == "a.md"
    (source / "img" / "a.png").write_bytes(b"Empty drawer")
    await build(source, kb, None, reader)
    assert rank(Index.open(kb), Query(question="empty drawer")).hits[0].passage.article == "a.md"
    assert not rank(Index.open(kb), Query(question="calibrate glass")).hits
