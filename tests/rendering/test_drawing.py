"""Drawings against plane geometry: the canvas, PNG files, words, drawings of one's own."""

import math

import numpy as np
import pytest
from PIL import Image

from mesa_gym.engine import Look, World
from mesa_gym.rendering import Canvas, mark, sprite, write_png
from mesa_gym.rendering.drawing import MARKS, SPRITES, WHITE
from tests.support.worlds import cell

BLACK = (0, 0, 0)


@pytest.mark.parametrize(
    ("shape", "arguments", "area"),
    [
        ("circle", (0.5, 0.4, 0.3), math.pi * 0.09),
        ("box", (0.1, 0.2, 0.8, 0.5), 0.21),
        ("box", (0.1, 0.2, 0.8, 0.5, 0.1), 0.21 - (4 - math.pi) * 0.01),
        # A 3-4-5 slope, and two half discs.
        ("line", ([(0.2, 0.3), (0.6, 0.6)], 0.2), 0.5 * 0.2 + math.pi * 0.01),
        ("polygon", ([(0.1, 0.1), (0.9, 0.5), (0.1, 0.9), (0.4, 0.5)],), 0.2),  # not convex
    ],
)
def test_shapes_cover_the_areas_of_geometry(shape, arguments, area):
    canvas = Canvas(64, BLACK)
    canvas.paint(getattr(canvas, shape)(*arguments), WHITE)
    assert canvas.picture().mean() / 255 == pytest.approx(area, abs=2e-3)


def test_canvas_part_paints_inside_its_square():
    canvas = Canvas(64, BLACK)
    part = canvas.part(0.25, 0.5, 0.25)
    part.paint(part.box(0.5, -3, 3, 3), WHITE)
    expected = np.zeros((64, 64), dtype=bool)
    expected[32:48, 24:32] = True
    np.testing.assert_array_equal(canvas.picture()[..., 0] > 128, expected)


def test_write_png_is_read_back_by_pillow(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "frames" / "0.png", picture)
    with Image.open(tmp_path / "frames" / "0.png") as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize(
    ("kind", "shape"), [("uint8", (9, 9, 6)), ("uint8", (9, 9)), ("float64", (9, 9, 3))]
)
def test_write_png_of_another_array_is_refused(kind, shape, tmp_path):
    with pytest.raises(ValueError, match=rf"got {kind} \({', '.join(map(str, shape))}\)"):
        write_png(tmp_path / "frame.png", np.zeros(shape, dtype=kind))
    assert not list(tmp_path.iterdir())


MAIN = (200, 100, 40)


def test_own_sprite_and_mark_are_drawn():
    def teapot(canvas, colour):
        canvas.paint(canvas.circle(0.5, 0.5, 0.4), colour)

    def lime(canvas, colour):
        canvas.paint(canvas.box(0, 0, 1, 1), (1, 2, 3))

    looks = {"pot": Look("t", MAIN, "teapot"), "lime": Look("g", (20, 200, 20))}
    body = {"things": {"pot": 1}, "traits": {"lime": ("pot",)}, "looks": looks}
    kitchen = type("Kitchen", (World,), body)((4, 5))
    try:
        assert (sprite(teapot), mark(lime)) == (teapot, lime)
        assert cell("pot", world=kitchen)[16, 16].tolist() == list(MAIN)
        picture = cell("pot lime", world=kitchen)
        assert picture[16, 16].tolist() == [20, 200, 20]
        assert picture[30, 1].tolist() == [1, 2, 3]
    finally:
        del SPRITES["teapot"], MARKS["lime"]


def test_sprite_name_that_is_taken_is_refused():
    def key(canvas, colour): ...

    with pytest.raises(ValueError, match=r"'key' already, in mesa_gym.*another name"):
        sprite(key)
