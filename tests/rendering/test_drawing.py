"""Drawings against plane geometry: the canvas, PNG files, words, drawings of one's own."""

import math
import re

import numpy as np
import pytest
from PIL import Image
from worlds import cell

from mesa_gym.engine import Look, World
from mesa_gym.rendering import Canvas, mark, sprite, write_png
from mesa_gym.rendering.drawing import FLOOR, INK, MARKS, SPRITES, WHITE, _make_drawings
from mesa_gym.rendering.sprites import KINDS, MARKED

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


def test_canvas_edges_are_smooth_and_grow():
    canvas = Canvas(32, BLACK)
    canvas.paint(canvas.circle(0.5, 0.5, 0.3), WHITE, grow=0.1)
    assert len(np.unique(canvas.picture())) > 8
    assert canvas.picture().mean() / 255 == pytest.approx(math.pi * 0.16, abs=4e-3)


def test_write_png_is_read_back_by_pillow(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "frames" / "0.png", picture)
    with Image.open(tmp_path / "frames" / "0.png") as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize(
    ("kind", "shape"), [("uint8", (9, 9, 6)), ("uint8", (9, 9)), ("float64", (9, 9, 3))]
)
def test_write_png_of_no_picture_is_refused(kind, shape, tmp_path):
    with pytest.raises(ValueError, match=rf"got {kind} \({', '.join(map(str, shape))}\)"):
        write_png(tmp_path / "frame.png", np.zeros(shape, dtype=kind))
    assert not list(tmp_path.iterdir())


MAIN = (200, 100, 40)


def test_words_paint_what_the_canvas_paints():
    by_words, by_hand = Canvas(48, FLOOR), Canvas(48, FLOOR)
    _make_drawings("""
thing: all the words
  fill white box 10,10 20,14 2 >20,0*2 >0,10 + disc 80,80 10
  inked main+50 line 4 10,90 40,60 60,90 & disc 35,75 20
  fill main-50 poly 60,10 90,10 75,40 grow 3
  fill wood it grow -3 rim 2
  part 50,50 40
  fill main+50-50 star 50,50 40 20 2
""")["thing"](by_words, MAIN)
    at = [(x, y) for x in (0.1, 0.3, 0.5) for y in (0.1, 0.2)]
    boxes = [by_hand.box(x, y, x + 0.1, y + 0.04, 0.02) for x, y in at]
    by_hand.paint(np.minimum.reduce([*boxes, by_hand.circle(0.8, 0.8, 0.1)]), WHITE)
    line = by_hand.line([(0.1, 0.9), (0.4, 0.6), (0.6, 0.9)], 0.04)
    line = np.maximum(line, by_hand.circle(0.35, 0.75, 0.2))
    by_hand.paint(line, INK, grow=0.035)
    by_hand.paint(line, (228, 178, 148))  # halfway to white; Python rounds halves to even
    triangle = by_hand.polygon([(0.6, 0.1), (0.9, 0.1), (0.75, 0.4)])
    by_hand.paint(triangle, (117, 67, 42), grow=0.03)
    by_hand.paint(abs(triangle), (140, 98, 62), grow=0.01)
    part = by_hand.part(0.5, 0.5, 0.4)
    part.paint(part.polygon([(0.5, 0.1), (0.7, 0.5), (0.5, 0.9), (0.3, 0.5)]), (131, 106, 96))
    difference = np.abs(by_words.picture().astype(int) - by_hand.picture())
    assert difference.max() < 12  # a sample on an edge may fall to either side
    assert difference.mean() < 0.01


def test_each_name_is_described_once():
    for text, drawings in ((KINDS, SPRITES), (MARKED, MARKS)):
        names = re.findall(r"^(\w+): \w", text, re.MULTILINE)
        assert len({*names}) == len(names)
        # Behind them come those that users, and examples, register.
        assert names == list(drawings)[: len(names)]


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
    code = "def teapot(canvas, colour):\n    canvas.paint(canvas.circle(0.5, 0.5, 0.3), colour)\n"
    copies = [{"__name__": name} for name in ("one", "two", "other", "key")]
    texts = (code, "\n" + code, code.replace("0.3", "0.4"), code.replace("teapot", "key"))
    for module, text in zip(copies, texts, strict=True):
        exec(text, module)
    try:
        sprite(copies[0]["teapot"])
        sprite(copies[1]["teapot"])
        with pytest.raises(ValueError, match="'teapot' already, in two"):
            sprite(copies[2]["teapot"])
        with pytest.raises(ValueError, match=r"'key' already, in mesa_gym.*another name"):
            sprite(copies[3]["key"])
    finally:
        del SPRITES["teapot"]
