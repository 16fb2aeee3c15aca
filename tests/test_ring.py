"""Rings are seen on any ground, hide nothing that they ring, and stay inside the picture."""

import numpy as np
import pytest
from drawn import Drawn
from PIL import Image

from bot.conversation import Box, Point
from bot.screenshots import ring


def changed(before: Image.Image, after: Image.Image) -> np.ndarray:
    return np.abs(np.asarray(before, np.int16) - np.asarray(after, np.int16)).sum(axis=2)


@pytest.mark.parametrize("ground", ["#ffffff", "#0f172a", "#ec255a", "#808080"])
def test_a_ring_stands_out_on_any_ground(ground: str) -> None:
    picture = Image.new("RGB", (1280, 800), ground)
    box = (400.0, 300.0, 520.0, 340.0)
    difference = changed(picture, ring.draw(picture, [Point(label="Save", box=box)]))
    assert difference.max() >= 250
    assert (difference > 150).sum() > 2 * (120 + 40) * 2


@pytest.mark.parametrize("box", [(400.0, 300.0, 520.0, 340.0), (0.0, 0.0, 90.0, 30.0), (1180.0, 770.0, 1280.0, 800.0)])
def test_what_is_ringed_is_not_hidden(box: Box) -> None:
    picture = Drawn((1280, 800)).picture
    after = ring.draw(picture, [Point(label="Save", box=box, step=1)])
    left, top, right, bottom = (round(v) for v in box)
    inside = changed(picture, after)[top + 8 : bottom - 8, left + 12 : right - 12]
    assert (inside > 60).mean() < 0.1
    assert after.size == picture.size


def test_numbers_hide_no_words() -> None:
    drawn = Drawn((1280, 800))
    drawn.write("Every word of this sentence stands right above the button", 380, 268)
    button = drawn.button("Save changes", 400, 300)
    drawn.write("Cancel", 560, 308)
    after = ring.draw(
        drawn.picture,
        [Point(label="Save changes", box=button, step=1), Point(label="Cancel", box=(560, 308, 610, 329), step=2)],
    )
    difference = changed(drawn.picture, after)
    grey = np.asarray(drawn.picture.convert("L"))
    for line in drawn.lines[1:]:
        left, top, right, bottom = (round(v) for v in line.box)
        ink = np.abs(grey[top:bottom, left:right].astype(np.int16) - int(np.median(grey[top:bottom, left:right]))) > 60
        assert (difference[top:bottom, left:right][ink] > 60).mean() < 0.05


def test_one_point_without_a_step_has_no_number_and_several_have() -> None:
    picture = Image.new("RGB", (1280, 800), "#ffffff")
    one = ring.draw(picture, [Point(label="a", box=(400, 300, 520, 340))])
    numbered = ring.draw(picture, [Point(label="a", box=(400, 300, 520, 340), step=3)])
    assert (changed(picture, numbered) > 60).sum() > (changed(picture, one) > 60).sum() + 200


def test_a_small_target_is_magnified_where_there_is_room() -> None:
    picture = Image.new("RGB", (1920, 1080), "#ffffff")
    picture.paste((20, 120, 220), (900, 500, 914, 514))
    after = ring.draw(picture, [Point(label="dot", box=(900, 500, 914, 514))])
    blue = (np.asarray(after)[:, :, 2].astype(int) - np.asarray(after)[:, :, 0] > 150).sum()
    assert blue > 3 * 14 * 14


def test_the_picture_given_is_not_touched() -> None:
    picture = Image.new("RGB", (640, 480), "#ffffff")
    before = picture.tobytes()
    ring.draw(picture, [Point(label="a", box=(10, 10, 60, 30), step=1)])
    assert picture.tobytes() == before


def test_no_points_change_nothing() -> None:
    picture = Drawn().picture
    assert ring.draw(picture, []).tobytes() == picture.tobytes()
