"""`aligned` with an image encoder: the picture itself, not only its words, speaks for an article."""

from pathlib import Path

import pytest
from PIL import Image

from bot.knowledge.fusion import Query
from bot.knowledge.index import Index, build
from bot.knowledge.ranking import rank
from bot.knowledge.sight import Sight, sight_of
from tests.centre import screen, write
from tests.tiny_encoder import make as text_encoder
from tests.tiny_sight import make

RED, BLUE = "#d02020", "#2040d0"
SAME = "Open **Settings** and click **Save**."
ARTICLES = {"red.md": f"# The alarm\n\n{SAME}\n", "blue.md": f"# The ocean\n\n{SAME}\n"}
"""A screen's words say the same of both."""
SAVE = screen("Settings", "Save")


@pytest.fixture
async def kb(tmp_path: Path) -> Path:
    await build(write(tmp_path / "centre", ARTICLES), tmp_path / "kb")
    return tmp_path / "kb"


@pytest.fixture
def taught(tmp_path: Path) -> Sight:
    words = "Open Settings and click Save"
    sight = sight_of(str(make(tmp_path / "clip", {f"The alarm {words}": RED, f"The ocean {words}": BLUE})))
    assert sight is not None
    return sight


async def test_what_the_picture_looks_like_decides_between_equal_words(kb: Path, taught: Sight, tmp_path: Path) -> None:
    index = Index.open(kb, sight=taught)
    for colour, article in ((RED, "red.md"), (BLUE, "blue.md")):
        picture = tmp_path / "screen.png" if colour == RED else tmp_path / "other.png"
        Image.new("RGB", (40, 30), colour).save(picture)
        ranking = rank(index, Query(screens=(SAVE,), pictures=(picture,)), "aligned")
        assert ranking.hits[0].passage.article == article
        assert len(ranking.hits) == 2


async def test_without_an_image_encoder_the_words_stand_alone(kb: Path, taught: Sight, tmp_path: Path) -> None:
    picture = tmp_path / "screen.png"
    Image.new("RGB", (40, 30), BLUE).save(picture)
    plain = rank(Index.open(kb), Query(screens=(SAVE,), pictures=(picture,)), "aligned")
    assert plain == rank(Index.open(kb, sight=taught), Query(screens=(SAVE,)), "aligned")
    assert plain.hits[0].score == pytest.approx(plain.hits[1].score, rel=0.05)


def test_a_folder_that_is_no_image_encoder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no image encoder"):
        sight_of(str(tmp_path))
    with pytest.raises(ValueError, match="says nothing of pictures"):
        sight_of(str(text_encoder(tmp_path / "text")))
    assert sight_of(None) is None
