"""Intake: any bytes become a clean picture or a refusal in words, and a child that dies takes nothing with it."""

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import pytest_asyncio
from hostile_files import SECRET, Named, bombs, damaged, honest, not_pictures, png, polyglots, saved, screen
from PIL import Image

from bot.screenshots.intake import Intake, Refused

FILES: list[Named] = [*honest(), *bombs(large=False), *polyglots(), *not_pictures(), *damaged(flips=3)]


@pytest_asyncio.fixture(scope="module")
async def intake() -> AsyncIterator[Intake]:
    async with Intake() as ready:
        yield ready


async def outcome(intake: Intake, data: bytes, name: str) -> str:
    """ "clean" when the stored copy is upright, flat and without anything of the original's but its pixels."""
    try:
        picture = await intake.clean(data, name)
    except Refused as refused:
        assert refused.reason
        assert str(refused).endswith(".")
        return "refused"
    opened = Image.open(io.BytesIO(picture.data))
    opened.load()
    assert opened.size == (picture.width, picture.height)
    assert opened.mode == "RGB"
    assert SECRET not in picture.data
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(opened.info)
    return "clean"


@pytest.mark.parametrize(("name", "data", "expected"), FILES, ids=[name for name, _, _ in FILES])
async def test_each_file_is_a_clean_picture_or_a_clear_refusal(
    intake: Intake, name: str, data: bytes, expected: str
) -> None:
    got = await outcome(intake, data, name)
    assert expected in ("either", got)


async def test_a_photo_that_lies_on_its_side_is_turned_upright(intake: Intake) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = screen().transpose(Image.Transpose.ROTATE_90)
    picture = await intake.clean(saved(lying, "PNG", exif=exif))
    assert (picture.width, picture.height) == screen().size
    assert Image.open(io.BytesIO(picture.data)).tobytes() == screen().tobytes()


async def test_light_words_on_nothing_stay_visible(intake: Intake) -> None:
    clear = Image.new("RGBA", (200, 80), (0, 0, 0, 0))
    clear.paste((255, 255, 255, 255), (40, 30, 160, 50))
    picture = Image.open(io.BytesIO((await intake.clean(saved(clear, "PNG"))).data))
    assert picture.getpixel((100, 40)) != picture.getpixel((5, 5))


async def test_a_large_jpeg_is_kept_smaller_and_says_by_how_much(intake: Intake) -> None:
    picture = await intake.clean(saved(Image.new("L", (7_000, 5_000), 200), "JPEG"))
    assert picture.width * picture.height <= 24_000_000
    assert picture.width * picture.scale == pytest.approx(7_000)


async def test_the_same_picture_has_the_same_name_and_another_name_changes_nothing(intake: Intake) -> None:
    data = saved(screen(), "PNG")
    first, second = await asyncio.gather(intake.clean(data, "a.png"), intake.clean(data, "../../etc/passwd"))
    assert first == second


async def test_a_file_over_the_limit_is_refused_unopened() -> None:
    async with Intake(megabytes=1) as small:
        with pytest.raises(Refused, match="larger than 1 MB"):
            await small.clean(saved(screen(), "PNG") + bytes(2**20))


async def test_a_child_that_is_killed_is_replaced() -> None:
    async with warm() as (fragile, child):
        os.kill(child, signal.SIGKILL)
        picture = await fragile.clean(saved(screen(), "PNG"))
        assert picture.width == screen().width


async def test_a_child_that_hangs_refuses_its_file_and_is_replaced() -> None:
    async with warm(patience=2) as (fragile, child):
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(Refused) as refused:
            await fragile.clean(saved(screen(), "PNG"))
        assert refused.value.reason == "too_hard"
        assert (await fragile.clean(saved(screen(), "PNG"))).height == screen().height


async def test_a_request_that_is_given_up_leaves_no_answer_for_the_next_one() -> None:
    async with warm() as (fragile, child):
        os.kill(child, signal.SIGSTOP)  # however quick it is, it has not answered yet
        slow = asyncio.create_task(fragile.clean(png(600, 400, depth=8, colour=2)))
        await asyncio.sleep(0.05)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert (await fragile.clean(saved(screen(), "PNG"))).width == screen().width


@asynccontextmanager
async def warm(**limits: float) -> AsyncIterator[tuple[Intake, int]]:
    """An intake of the test's own, and the process that opened a picture for it."""
    others = children()
    async with Intake(**limits) as fragile:  # type: ignore[arg-type]
        await fragile.clean(saved(screen(), "PNG"))
        [child] = children() - others
        yield fragile, child


def children() -> set[int]:
    """The processes of this one that open pictures."""
    found = set()
    for pid in [pid for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split()]:
        with suppress(OSError):  # it has ended meanwhile
            if b"decoding.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(int(pid))
    return found
