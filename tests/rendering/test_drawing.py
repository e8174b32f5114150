"""Drawing: the raster, sprites, whole pictures, and pygame's window."""

import functools
import itertools
import math
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import gymnasium as gym
import numpy as np
import pytest
from PIL import Image

from mesa_gym.cli import main
from mesa_gym.engine import Look, World
from mesa_gym.engine.maps import from_map
from mesa_gym.rendering import Canvas, mark, render_look, render_rgb, sprite, write_png
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS
from mesa_gym.rendering.drawing import MARKS, SPRITES, WHITE
from mesa_gym.rendering.window import load_pygame
from mesa_gym.traps import Split, all_traps
from tests.support.parameters import each_trap, quick_apart
from tests.support.reference import rollout
from tests.support.refusals import refusals
from tests.support.worlds import ITEMS, LOOKS, SHELF, cell, contrast, to_linear

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


# -- raster ----------------------------------------------------------------------------------------
MAP = """
    #####
    #1.A#
    #..2#
    #####
    1 = key red
    2 = chest, ghost
"""


def shelf(text=MAP, tile=8):
    return render_rgb(SHELF, from_map(SHELF, text), tile)[0]


def difference(a, b):
    """Return the mean absolute difference of two pictures, 0 to 255."""
    return float(np.abs(a.astype(int) - b).mean())


def colours(picture):
    return picture.reshape(-1, 3).tolist()


def test_thing_has_own_colour_or_its_attributes():
    door, red, blue = (LOOKS[name].colour for name in ("door", "red", "blue"))
    assert colours(cell("door", 64)).count(list(door)) > 0.1 * 64 * 64
    mean = [round((a + b) / 2) for a, b in zip(red, blue, strict=True)]
    assert mean in colours(cell("door red blue", 64))
    both = colours(cell("chest red, key", 64))
    assert list(red) in both
    assert not any(list(LOOKS[item].colour) in both for item in ("chest", "key"))
    for other in ("wall", "agent"):  # never tinted
        tinted = colours(cell(f"{other}, key red", 64))
        assert tinted.count(list(LOOKS[other].colour)) > 0.02 * 64 * 64


@pytest.mark.parametrize("item", ITEMS)
def test_agent_is_drawn_over_its_cell(item):
    alone, together, floor = (cell(content, 64) for content in ("agent", f"agent, {item}", ""))
    robot = (alone != floor).any(axis=-1)
    same = (alone == together).all(axis=-1)
    assert same[robot].mean() > 0.9  # all except the soft edge, through which the item shows
    assert not same[~robot].all()


@pytest.mark.parametrize("tile", [16, 32, 64])
@pytest.mark.parametrize("item", ITEMS)
def test_thing_in_wall_differs_from_either_alone(item, tile):
    hung = cell(f"wall, {item}", tile)
    assert min(difference(hung, cell(x, tile)) for x in ("wall", item)) > 25
    for other in set(ITEMS) - {item}:
        assert difference(hung, cell(f"wall, {other}", tile)) > 10


def test_hidden_and_missing_things_are_not_drawn():
    without_chest = MAP.replace(", ghost", "").replace("1 = ", "1 = -chest, ")
    np.testing.assert_array_equal(shelf(), shelf(without_chest))


def test_held_things_hang_in_the_top_row():
    picture = shelf("held.key = 1\n" + MAP, tile=16)
    np.testing.assert_array_equal(picture[:16, 16:32], cell("wall, key", 16))
    np.testing.assert_array_equal(picture[:16, 32:48], cell("wall", 16))
    both = cell("wall, door, key", 64)
    assert min(difference(both, cell(f"wall, {item}", 64)) for item in ("door", "key")) > 5


@each_trap
def test_render_rgb_places_cells_in_any_batch(trap):
    cls, trap = trap, trap()
    state = trap.levels(Split.SHIFT, np.arange(6))
    frames = render_rgb(trap, state, 8)
    assert frames.shape == (6, 8 * trap.height, 8 * trap.width, 3)
    assert frames.dtype == np.uint8
    np.testing.assert_array_equal(render_rgb(trap, state.take(np.arange(6)[::-1]), 8)[::-1], frames)
    for single in (trap, trap.bound(batched=False)):
        np.testing.assert_array_equal(render_rgb(single, state.single(4), 8), frames[4])
    assert render_rgb(trap, state.take(slice(0)), 8).shape == (0, *frames.shape[1:])
    loud = cls(**dict.fromkeys(cls.salience, 3))
    np.testing.assert_array_equal(render_rgb(loud, state, 8), frames)
    # The same planes give the same tile, and other planes give another one.
    tiles = frames.reshape(6, trap.height, 8, trap.width, 8, 3).swapaxes(2, 3).reshape(-1, 192)
    cells = trap.observe(state).reshape(len(tiles), -1)
    pairs = np.unique(np.concatenate([cells, tiles], axis=1), axis=0)
    assert len(pairs) == len(np.unique(cells, axis=0)) == len(np.unique(tiles, axis=0))


class Spriteless(World):
    """Kinds of one colour that no sprite draws, and ground and a mark that tint."""

    things = {"toll": 1, "gate": 1, "red": 1, "soil": 1}
    traits = {"shut": ("gate",)}
    ground = ("ice",)
    marks = ("hot",)
    shown_as = {"soil": "earth"}
    looks = {x: Look(x[0], (70, 130, 180)) for x in ("toll", "gate", "earth")}
    looks |= {x: Look(x[1], (200, 40, 160)) for x in ("shut", "ice", "hot")}


@pytest.mark.parametrize("tile", [8, 16, 32])
def test_spriteless_thing_is_a_disc_with_glyph(tile):
    plain = Spriteless((4, 5))
    names = ("", "toll", "gate", "red", "soil", "wall", "wall, toll", "wall, gate", "agent")
    drawn = [cell(name, tile, plain) for name in names]
    for i, one in enumerate(drawn):
        assert all((one != other).any() for other in drawn[:i]), names[i]
    disc = (drawn[1] == Spriteless.looks["toll"].colour).all(axis=-1)
    assert disc.mean() > 0.1
    unlike = (drawn[1] != drawn[2]).any(axis=-1)
    assert 0 < unlike.mean() < 0.3  # the glyph alone
    np.testing.assert_array_equal(render_look(Spriteless.looks["gate"], tile), drawn[2])


def crowd(count):
    names = [f"p{i}" for i in range(count)]
    looks = {name: Look(chr(0x100 + i), (4 * i, 9, 128), "door") for i, name in enumerate(names)}
    return type("Crowd", (World,), {"things": dict.fromkeys(names, 1), "looks": looks})((4, 5))


def test_smallest_tile_is_drawn():
    assert shelf(tile=4).shape == (4 * 4, 4 * 5, 3)


# -- sprites ---------------------------------------------------------------------------------------
GREY = (130, 130, 130)
VIEWS = ("greyscale", "protanopia", "deuteranopia")
# Of 255, mean over a cell of 32 pixels. A pip is 6 pixels wide and a colour's mark 9.
KINDS_DIFFER, CONTENTS_DIFFER = 12, 4
in_every_view = pytest.mark.parametrize("view", VIEWS)


def seen(pictures, view):
    """The pictures as a person with that sight sees them."""
    linear = to_linear(pictures, view)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def gap(a, b, slack=0):
    """Mean difference of two pictures, the least over shifts of up to ``slack`` pixels."""
    size = len(a) - 2 * slack
    core, shifts = a[slack : slack + size, slack : slack + size], range(2 * slack + 1)
    moved = (b[y : y + size, x : x + size] for y, x in itertools.product(shifts, shifts))
    return min(float(np.abs(core - other).mean()) for other in moved)


def lookalikes(tile, view):
    """Pairs of sprites that a shift of a sixteenth of a cell makes nearly the same."""
    pictures = {name: seen(render_look(Look("x", GREY, name), tile), view) for name in SPRITES}
    pairs = itertools.combinations(SPRITES, 2)
    close = (p for p in pairs if gap(pictures[p[0]], pictures[p[1]], tile // 16) < KINDS_DIFFER)
    return set(map(frozenset, close))


@pytest.mark.thorough
@in_every_view
@pytest.mark.parametrize("tile", [16, 32])
def test_every_two_sprites_differ_by_shape(tile, view):
    assert lookalikes(tile, view) == set()


@functools.cache
def contents_met(name):
    """Sets of planes that share a cell in some state, without the agent -> the cell's picture."""
    trap, pictures = all_traps()[name](), {}
    for state in itertools.chain.from_iterable(rollout(trap, s, n=8, steps=20) for s in Split):
        codes = trap.observe(state) @ (1 << np.arange(len(trap.planes)))
        frames = render_rgb(trap, state, 32)
        for code, first in zip(*np.unique(codes, return_index=True), strict=True):
            row, y, x = np.unravel_index(first, codes.shape)
            held = tuple(p for i, p in enumerate(trap.planes) if code >> i & 1)
            pictures[held] = frames[row, 32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
    return {held: picture for held, picture in pictures.items() if "agent" not in held}


@in_every_view
@pytest.mark.parametrize("name", quick_apart(all_traps()))
def test_cells_that_hold_different_things_look_different(name, view):
    """The agent may hide things below it; everything else must be visible."""
    pictures = {held: seen(picture, view) for held, picture in contents_met(name).items()}
    for a, b in itertools.combinations(pictures, 2):
        assert gap(pictures[a], pictures[b]) > CONTENTS_DIFFER, (
            f"{a} and {b} look alike; a plane is painted over those declared before it"
        )


@in_every_view
def test_colours_are_told_apart_by_their_marks(view):
    for pair in itertools.combinations(("red", "green", "blue", "yellow"), 2):
        corners = [seen(cell(f"key {colour}"), view)[-9:, :9] for colour in pair]
        assert gap(*corners, slack=1) > 40


@pytest.mark.parametrize("colour", [BASE_COLOUR, *PROXY_COLOURS, NONE_COLOUR])
@pytest.mark.parametrize("page", [(255, 255, 255), (0x14, 0x17, 0x1A)])
def test_colours_stand_out_from_light_and_dark(colour, page):
    assert contrast(colour, page) >= 3


# -- pygame ----------------------------------------------------------------------------------------
def old_pygame():
    old = ModuleType("pygame")  # the files of pygame-ce, overwritten by pygame's: no IS_CE
    old.__spec__ = ModuleSpec("pygame", None)
    return old


def broken_pygame():
    broken = old_pygame()  # what the uninstalling of one leaves of the other
    broken.__path__ = []
    return broken


@pytest.mark.parametrize("left", [old_pygame, broken_pygame])
def test_pygame_other_than_ce_is_refused(left, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pygame", left())
    commands = r"pip uninstall -y pygame pygame-ce.*pip install pygame-ce"
    with pytest.raises(ImportError, match=commands):
        load_pygame()
    env = gym.make("MesaGym/CheeseCorner-v0", render_mode="human")
    with pytest.raises(gym.error.DependencyNotInstalled, match=commands):
        env.reset()
    assert main(["watch", "CheeseCorner"]) == 2
    assert "pip uninstall -y pygame pygame-ce" in capsys.readouterr().err


test_drawing_refuses_bad_requests = refusals("rendering", "drawing", globals())
