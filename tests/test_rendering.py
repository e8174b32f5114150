"""Rendering: do pictures say what is in the cells, and are they safe and quick to make?"""

from __future__ import annotations

import colorsys
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mesa_gym.grid.plane import AGENT, BLUE, CHEESE, CHEST, DOOR, KEY, RED, WALL, Plane
from mesa_gym.rendering import render_rgb, write_png
from mesa_gym.rendering.canvas import Canvas

PLANES = (AGENT, WALL, DOOR, KEY, CHEST, CHEESE, RED, BLUE)
ITEMS = (DOOR, KEY, CHEST, CHEESE)


def cell(*present: Plane, tile: int = 32) -> NDArray[np.uint8]:
    """Draw one cell that holds the given planes."""
    flags = [plane in present for plane in PLANES]
    return render_rgb(PLANES, np.array(flags, dtype=np.uint8).reshape(1, 1, -1), tile)


def level(n: int = 6, seed: int = 0) -> NDArray[np.uint8]:
    """Make n grids of 5x7 with at most one kind and one attribute a cell, plus the agent."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 6, (n, 5, 7))  # 0: floor, else a channel from 1 to 5
    tint = rng.integers(5, 8, (n, 5, 7))  # 5: none
    cells = np.zeros((n, 5, 7, 8), dtype=np.uint8)
    for channel in range(1, 6):
        cells[..., channel] = kind == channel
    for channel in (6, 7):
        cells[..., channel] = tint == channel
    cells[:, 2, 3, 0] = 1
    return cells


def difference(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two pictures, 0 to 255."""
    return float(np.abs(a.astype(int) - b).mean())


def mean_hue(picture: NDArray[np.uint8]) -> float:
    """Return the hue, in degrees, of the mean colour of what stands on the floor."""
    ink = picture[(picture != cell(tile=picture.shape[0])).any(axis=-1)]
    return 360 * colorsys.rgb_to_hsv(*(ink.mean(axis=0) / 255))[0]


def hue_gap(a: float, b: float) -> float:
    """Return how far apart two hues are, in degrees, around the circle."""
    return abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize("tile", [8, 16, 32, 64])
@pytest.mark.parametrize("item", ITEMS, ids=lambda plane: plane.name)
@pytest.mark.parametrize("colour", [RED, BLUE], ids=lambda plane: plane.name)
def test_attribute_tints_the_kind_in_its_cell(item: Plane, colour: Plane, tile: int) -> None:
    expected = 360 * colorsys.rgb_to_hsv(*colour.colour)[0]
    assert hue_gap(mean_hue(cell(item, colour, tile=tile)), expected) < 25


def test_untinted_kind_shows_its_own_colour() -> None:
    pixels = cell(DOOR, tile=64).reshape(-1, 3).tolist()
    assert pixels.count(list(DOOR.colour)) > 0.1 * len(pixels)


def test_agent_and_wall_are_never_tinted() -> None:
    for plane in (AGENT, WALL):
        painted = cell(plane, KEY, RED, tile=64).reshape(-1, 3).tolist()
        assert painted.count(list(plane.colour)) > 0.02 * len(painted)


def test_several_attributes_give_the_mean_colour() -> None:
    both = tuple(round((a + b) / 2) for a, b in zip(RED.colour, BLUE.colour, strict=True))
    assert list(both) in cell(DOOR, RED, BLUE, tile=64).reshape(-1, 3).tolist()


def test_all_kinds_in_a_cell_are_tinted() -> None:
    pixels = cell(CHEST, KEY, RED, tile=64).reshape(-1, 3).tolist()
    assert list(CHEST.colour) not in pixels
    assert list(KEY.colour) not in pixels


def test_every_content_of_a_cell_can_be_told_at_the_size_of_observations() -> None:
    contents = [(), (AGENT,), (WALL,)]
    contents += [(item, *tint) for item in ITEMS for tint in ((), (RED,), (BLUE,))]
    contents += [(WALL, item) for item in ITEMS] + [(AGENT, item) for item in ITEMS]
    for a, b in itertools.combinations(contents, 2):
        assert difference(cell(*a, tile=8), cell(*b, tile=8)) > 4, f"{a} and {b} look alike"


@pytest.mark.parametrize("item", ITEMS, ids=lambda plane: plane.name)
def test_agent_is_drawn_over_the_item_in_its_cell(item: Plane) -> None:
    alone, together, floor = cell(AGENT, tile=64), cell(AGENT, item, tile=64), cell(tile=64)
    robot = (alone != floor).any(axis=-1)
    same = (alone == together).all(axis=-1)
    assert same[robot].mean() > 0.9  # all but the soft edge, through which the item shows
    assert not same[~robot].all()


@pytest.mark.parametrize("tile", [16, 32, 64])
@pytest.mark.parametrize("item", ITEMS, ids=lambda plane: plane.name)
def test_held_item_looks_unlike_a_wall_and_unlike_the_item_on_the_floor(
    item: Plane, tile: int
) -> None:
    held = cell(WALL, item, tile=tile)
    assert difference(held, cell(WALL, tile=tile)) > 25
    assert difference(held, cell(item, tile=tile)) > 25
    for other in ITEMS:
        assert other == item or difference(held, cell(WALL, other, tile=tile)) > 10


def test_batch_equals_single_frames_and_cells_stand_where_they_belong() -> None:
    cells = level()
    frames = render_rgb(PLANES, cells, 16)
    assert frames.shape == (6, 80, 112, 3)
    assert frames.dtype == np.uint8
    for grid, frame in zip(cells, frames, strict=True):
        np.testing.assert_array_equal(render_rgb(PLANES, grid, 16), frame)
    for row, column in itertools.product(range(5), range(7)):
        alone = render_rgb(PLANES, cells[0, row : row + 1, column : column + 1], 16)
        there = frames[0, row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
        np.testing.assert_array_equal(there, alone)


def test_order_of_channels_does_not_matter() -> None:
    cells = level()
    cells[0, 0, 3] = [plane in (WALL, KEY) for plane in PLANES]
    expected = render_rgb(PLANES, cells, 8)
    np.testing.assert_array_equal(render_rgb(PLANES[::-1], cells[..., ::-1], 8), expected)
    order = np.random.default_rng(1).permutation(len(PLANES))
    shuffled = render_rgb([PLANES[i] for i in order], cells[..., order], 8)
    np.testing.assert_array_equal(shuffled, expected)


def test_two_kinds_in_a_wall_cell_are_both_seen() -> None:
    both = cell(WALL, DOOR, KEY, tile=64)
    assert difference(both, cell(WALL, DOOR, tile=64)) > 5
    assert difference(both, cell(WALL, KEY, tile=64)) > 5


def test_repeated_channels_draw_the_same() -> None:
    cells = level()
    cells[0, ..., 6:] = 1  # red and blue at once: the mean must not lean to the repeated one
    twice = np.concatenate([cells, cells], axis=-1)
    expected = render_rgb(PLANES, cells, 8)
    np.testing.assert_array_equal(render_rgb(PLANES + PLANES, twice, 8), expected)
    red_thrice = np.concatenate([cells, cells[..., 6:7], cells[..., 6:7]], axis=-1)
    np.testing.assert_array_equal(render_rgb((*PLANES, RED, RED), red_thrice, 8), expected)


@pytest.mark.parametrize("channel", [0, 7, 8, 31, 32, 33, 61])
def test_each_of_62_channels_is_drawn(channel: int) -> None:
    planes = [Plane(f"p{i}", "x", (4 * i, 255 - 4 * i, 128), "door") for i in range(62)]
    cells = np.zeros((1, 1, 62), dtype=np.uint8)
    cells[0, 0, channel] = 1
    pixels = render_rgb(planes, cells, 32).reshape(-1, 3).tolist()
    assert list(planes[channel].colour) in pixels


def test_output_is_fresh_and_writable_and_input_unchanged() -> None:
    cells = level()
    before = cells.copy()
    first = render_rgb(PLANES, cells, 8)
    kept = first.copy()
    first[:] = 7
    np.testing.assert_array_equal(render_rgb(PLANES, cells, 8), kept)
    np.testing.assert_array_equal(cells, before)
    single = render_rgb(PLANES, cells[0], 8)
    single[:] = 7
    np.testing.assert_array_equal(render_rgb(PLANES, cells[0], 8), kept[0])


def test_views_and_empty_batches_are_drawn() -> None:
    cells = level()
    mirrored = render_rgb(PLANES, cells[::-1, :, ::-1], 8)
    np.testing.assert_array_equal(mirrored, render_rgb(PLANES, cells[::-1, :, ::-1].copy(), 8))
    assert render_rgb(PLANES, cells[:0], 8).shape == (0, 40, 56, 3)


@pytest.mark.parametrize("tile", [3, 0, -8, 8.0])
def test_bad_tile_is_refused(tile: int) -> None:
    with pytest.raises(ValueError, match=rf"tile {tile}.*at least 4"):
        render_rgb(PLANES, level(), tile)


def test_bad_shapes_and_planes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(5, 7\).*expected \(h, w, c\) or \(n, h, w, c\)"):
        render_rgb(PLANES, level()[0, ..., 0])
    with pytest.raises(ValueError, match="8 channels: expected 7"):
        render_rgb(PLANES[1:], level())
    with pytest.raises(ValueError, match="63 planes: expected at most 62"):
        render_rgb([KEY] * 63, np.zeros((2, 2, 63), dtype=np.uint8))


def test_unknown_sprite_is_named_with_the_nearest_even_where_it_is_not_set() -> None:
    wrong = Plane("cheese", "c", (250, 200, 60), "chese")
    with pytest.raises(ValueError, match=r"unknown sprite 'chese'.* Did you mean 'cheese'"):
        render_rgb([wrong], np.zeros((2, 2, 1), dtype=np.uint8))


def coverage(shape_of: str, *arguments: object) -> float:
    """Return the share of a canvas that one shape covers."""
    canvas = Canvas(64, (0, 0, 0))
    canvas.paint(getattr(canvas, shape_of)(*arguments), (255, 255, 255))
    return float(canvas.picture().mean()) / 255


def test_shapes_cover_the_areas_of_plane_geometry() -> None:
    assert coverage("circle", 0.5, 0.4, 0.3) == pytest.approx(math.pi * 0.09, abs=2e-3)
    assert coverage("box", 0.1, 0.2, 0.8, 0.5) == pytest.approx(0.21, abs=2e-3)
    rounded = 0.21 - (4 - math.pi) * 0.01
    assert coverage("box", 0.1, 0.2, 0.8, 0.5, 0.1) == pytest.approx(rounded, abs=2e-3)
    stroke = 0.5 * 0.2 + math.pi * 0.01  # a 3-4-5 slope, and two half discs
    assert coverage("line", [(0.2, 0.3), (0.6, 0.6)], 0.2) == pytest.approx(stroke, abs=2e-3)
    arrow = [(0.1, 0.1), (0.9, 0.5), (0.1, 0.9), (0.4, 0.5)]  # not convex
    assert coverage("polygon", arrow) == pytest.approx(0.2, abs=2e-3)


def test_a_part_is_painted_inside_its_square_only() -> None:
    canvas = Canvas(64, (0, 0, 0))
    part = canvas.part(0.25, 0.5, 0.25)
    part.paint(part.box(0.5, -3, 3, 3), (255, 255, 255))
    expected = np.zeros((64, 64), dtype=bool)
    expected[32:48, 24:32] = True
    np.testing.assert_array_equal(canvas.picture()[..., 0] > 128, expected)


def test_edges_are_smooth_and_growth_makes_an_outline() -> None:
    canvas = Canvas(32, (0, 0, 0))
    canvas.paint(canvas.circle(0.5, 0.5, 0.3), (255, 255, 255))
    assert len(np.unique(canvas.picture())) > 8
    canvas.paint(canvas.circle(0.5, 0.5, 0.3), (255, 255, 255), grow=0.1)
    assert canvas.picture().mean() / 255 == pytest.approx(math.pi * 0.16, abs=4e-3)


def test_png_is_read_back_by_another_library(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_png(tmp_path / "frames" / "0.png", picture)
    with Image.open(tmp_path / "frames" / "0.png") as image:
        assert image.mode == "RGB"
        assert np.array_equal(np.asarray(image), picture)


@pytest.mark.parametrize(
    ("picture", "given"),
    [
        (np.zeros((9, 9, 6), dtype=np.uint8), r"uint8 \(9, 9, 6\)"),
        (np.zeros((9, 9, 3)), r"float64 \(9, 9, 3\)"),
        (np.zeros((9, 9), dtype=np.uint8), r"uint8 \(9, 9\)"),
    ],
)
def test_what_is_no_picture_is_refused(picture: NDArray[Any], given: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"got {given}"):
        write_png(tmp_path / "frame.png", picture)
    assert not list(tmp_path.iterdir())
