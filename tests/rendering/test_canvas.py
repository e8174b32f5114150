"""The canvas against plane geometry, and PNG files against another library."""

import math

import numpy as np
import pytest
from PIL import Image

from mesa_gym.rendering import Canvas, write_png

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


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


def test_a_part_is_painted_inside_its_square_only():
    canvas = Canvas(64, BLACK)
    part = canvas.part(0.25, 0.5, 0.25)
    part.paint(part.box(0.5, -3, 3, 3), WHITE)
    expected = np.zeros((64, 64), dtype=bool)
    expected[32:48, 24:32] = True
    np.testing.assert_array_equal(canvas.picture()[..., 0] > 128, expected)


def test_edges_are_smooth_and_growth_makes_an_outline():
    canvas = Canvas(32, BLACK)
    canvas.paint(canvas.circle(0.5, 0.5, 0.3), WHITE, grow=0.1)
    assert len(np.unique(canvas.picture())) > 8
    assert canvas.picture().mean() / 255 == pytest.approx(math.pi * 0.16, abs=4e-3)


def test_a_png_is_read_back_by_another_library(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "frames" / "0.png", picture)
    with Image.open(tmp_path / "frames" / "0.png") as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize(
    ("kind", "shape"), [("uint8", (9, 9, 6)), ("uint8", (9, 9)), ("float64", (9, 9, 3))]
)
def test_an_array_that_is_not_a_picture_is_refused(kind, shape, tmp_path):
    with pytest.raises(ValueError, match=rf"got {kind} \({', '.join(map(str, shape))}\)"):
        write_png(tmp_path / "frame.png", np.zeros(shape, dtype=kind))
    assert not list(tmp_path.iterdir())
