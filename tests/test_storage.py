"""Pictures lie where they were put, until they are erased or expire; what was seen of one is kept beside it."""

import asyncio
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from bot.conversation import Attachment
from bot.screenshots.eye import Eye
from bot.screenshots.ocr import Reader
from bot.screenshots.screen import Screen
from bot.screenshots.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path / "pictures"))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    ready = Reader(1)
    yield ready
    ready.close()


async def test_what_was_put_is_there_and_what_was_not_is_said(storage: Storage) -> None:
    await storage.put("c1/aa", b"picture")
    assert await storage.get("c1/aa") == b"picture"
    with pytest.raises(LookupError, match="c1/bb"):
        await storage.get("c1/bb")


async def test_erasing_a_conversation_erases_all_of_it_and_no_other(storage: Storage) -> None:
    for path in ("c1/aa", "c1/bb", "c10/aa"):
        await storage.put(path, b"picture")
    await storage.put_screen("c1/aa", Screen(sha256="aa", width=1, height=1))
    assert await storage.delete("c1") == 3
    assert await storage.get("c10/aa") == b"picture"
    assert await storage.screen("c1/aa") is None
    assert await storage.delete("c1") == 0


async def test_what_is_old_expires(storage: Storage) -> None:
    await storage.put("c1/aa", b"picture")
    assert await storage.expire(timedelta(days=1)) == 0
    assert await storage.expire(timedelta(days=1), now=datetime.now(UTC) + timedelta(days=2)) == 1
    with pytest.raises(LookupError):
        await storage.get("c1/aa")


async def test_a_picture_is_looked_at_once(storage: Storage, reader: Reader) -> None:
    picture, out = Image.new("RGB", (400, 120), "white"), io.BytesIO()
    ImageDraw.Draw(picture).text((20, 40), "Upload failed", fill="#222222", font_size=20)
    picture.save(out, "PNG")
    await storage.put("c1/aa", out.getvalue())
    attachment = Attachment(id="c1/aa", media_type="image/png", width=400, height=120, size=len(out.getvalue()))
    first, same = await asyncio.gather(*(Eye(storage, reader).look(attachment) for _ in range(2)))
    assert first.text == same.text == "Upload failed"
    assert await Eye(storage, reader).look(attachment) == await storage.screen("c1/aa")


async def test_a_picture_that_is_gone_is_said(storage: Storage, reader: Reader) -> None:
    attachment = Attachment(id="c1/gone", media_type="image/png", width=1, height=1, size=1)
    with pytest.raises(LookupError):
        await Eye(storage, reader).look(attachment)


async def test_one_picture_is_removed_with_what_was_seen_of_it_and_no_other(storage: Storage) -> None:
    for name in ("c1/aa", "c1/ab"):
        await storage.put(name, b"picture")
        await storage.put_screen(name, Screen(sha256="0" * 64, width=1, height=1))
    for _ in range(2):  # one that is gone already is fine
        await storage.remove("c1/aa")
    with pytest.raises(LookupError):
        await storage.get("c1/aa")
    assert await storage.screen("c1/aa") is None
    assert await storage.get("c1/ab") == b"picture" and await storage.screen("c1/ab")
