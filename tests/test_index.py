"""An index is files: opens at once, can be copied, reads only what changed, is replaced under running searches."""

import asyncio
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, NoArticles, build
from bot.knowledge.pictures import Said
from bot.knowledge.ranking import rank
from bot.knowledge.retriever import HelpRetriever
from bot.knowledge.versions import NoIndex, NotWritten, current
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


async def test_a_source_without_articles_says_why_and_leaves_the_index_alone(tmp_path: Path) -> None:
    empty, kb = tmp_path / "centre", tmp_path / "kb"
    empty.mkdir()
    with pytest.raises(NoArticles, match="holds no article that can be read: give a folder with Markdown"):
        await build(empty, kb)
    assert not kb.exists(), "an index that finds nothing is none"
    await build(write(tmp_path / "other"), kb)
    (empty / "scan.txt").write_bytes(b"\0\0")
    with pytest.raises(NoArticles, match=r"\(scan.txt: not a text file\).*; the index at .* stays as it was"):
        await build(empty, kb)
    assert rank(Index.open(kb), Query(question="coupon expired")).hits


@pytest.mark.parametrize("damage", [b"", b"{", b'{"layout": 0, "articles": []}', b"[]"])
async def test_a_damaged_index_and_one_of_another_layout_are_named_and_built_anew(
    tmp_path: Path, damage: bytes
) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    await build(source, kb)
    (current(kb) / "index.json").write_bytes(damage)
    with pytest.raises(NoIndex, match="build it again"):
        Index.open(kb)
    assert (await build(source, kb)).read == 6
    (current(kb) / "tokens.npy").write_bytes((current(kb) / "tokens.npy").read_bytes()[:100])
    with pytest.raises(NoIndex, match="damaged"):
        Index.open(kb)


async def test_where_nothing_can_be_written_one_line_says_so_before_the_work(tmp_path: Path) -> None:
    source = write(tmp_path / "centre")
    (tmp_path / "file").write_text("x", "utf-8")
    for place in ("file", "file/kb"):
        with pytest.raises(NotWritten, match=f"cannot be written to .*{place}: not a directory; name another folder"):
            await build(source, tmp_path / place, lambda *_: pytest.fail("work was begun"))


FILLED = """
import asyncio, resource, sys
from pathlib import Path
from bot.knowledge.index import build
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
asyncio.run(build(Path(sys.argv[1]), Path(sys.argv[2])))
"""


async def test_a_full_disk_is_said_and_the_index_before_stays(tmp_path: Path) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    await build(source, kb)
    (source / "long.md").write_text(" ".join(f"word{n}" for n in range(20_000)), "utf-8")
    filled = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FILLED, source, kb], capture_output=True, text=True, check=False
    )
    last = filled.stderr.strip().splitlines()[-1]
    assert "there is no room left on that disk; the one before stays as it was" in last
    assert rank(Index.open(kb), Query(question="coupon expired")).hits
    assert not list(kb.glob("writing-*"))


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from bot.knowledge.index import build
from bot.knowledge.journal import Journal
from bot.knowledge.pictures import Said, remembered

source, kb, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])

def read(data):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    print(data.decode())
    return Said(data.decode())

report = asyncio.run(build(source, kb, None, remembered(read, Journal(kb / ".pictures" / "read.jsonl"))))
print(report.articles, "articles")
"""


async def test_a_killed_build_leaves_the_index_and_the_next_goes_on_where_it_was(tmp_path: Path) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    await build(source, kb)
    for n in range(6):
        (source / f"p{n}.png").write_text(f"screen number {n}", "utf-8")
    (source / "shown.md").write_text("# Shown\n\n" + "\n\n".join(f"![](p{n}.png)" for n in range(6)), "utf-8")

    def run(left: int) -> tuple[int, list[str]]:
        command = [sys.executable, "-c", KILLED, source, kb, str(left)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines()

    code, _ = await asyncio.to_thread(run, 4)
    assert code == -signal.SIGKILL
    assert "shown.md" not in Index.open(kb).articles
    assert rank(Index.open(kb), Query(question="coupon expired")).hits
    code, said = await asyncio.to_thread(run, 99)
    assert (code, said) == (0, ["screen number 4", "screen number 5", "7 articles"]), "four were read before the kill"
    assert rank(Index.open(kb), Query(question="screen number 2")).hits[0].passage.article == "shown.md"


async def test_builds_at_the_same_time_wait_for_each_other_and_what_a_killed_one_left_is_cleared(
    tmp_path: Path,
) -> None:
    source, kb = write(tmp_path / "centre"), tmp_path / "kb"
    (kb / "writing-left").mkdir(parents=True)
    reports = await asyncio.gather(*(build(source, kb) for _ in range(4)))
    assert [report.articles for report in reports] == [6] * 4
    assert len(Index.open(kb).articles) == 6
    assert not list(kb.glob("writing-*"))


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
