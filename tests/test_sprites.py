"""Sprites: are they told apart by shape, without colours too, and does what shares a cell show?"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import rollout

from mesa_gym.grid import AGENT, BLUE, KEY, RED, WALL, YELLOW, Plane
from mesa_gym.rendering import mark, render_rgb, sprite
from mesa_gym.rendering.canvas import Canvas
from mesa_gym.rendering.sprites import MARKS, SPRITES
from mesa_gym.traps import Split, all_traps

GREY = (130, 130, 130)
# In linear RGB. Greyscale: ITU-R BT.709, section 3. The others: severity 1 in Machado, Oliveira
# and Fernandes 2009, A Physiologically-based Model for Simulation of Color Vision Deficiency.
VIEWS = {
    "greyscale": [[0.2126, 0.7152, 0.0722]] * 3,
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
# Of 255, mean over a cell of 32 pixels. A pip is 6 pixels wide and a colour's mark 9.
KINDS_DIFFER, CONTENTS_DIFFER = 12, 4


def seen(pictures: NDArray[np.uint8], view: str) -> NDArray[np.float64]:
    """The pictures as somebody with that sight sees them."""
    encoded = pictures / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VIEWS[view]).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def gap(a: NDArray[np.float64], b: NDArray[np.float64], slack: int = 0) -> float:
    """Mean difference of two pictures, the least over shifts of up to ``slack`` pixels."""
    size, shifts = len(a), range(-slack, slack + 1)
    core = a[slack : size - slack, slack : size - slack]
    moved = [
        b[slack + y : size - slack + y, slack + x : size - slack + x]
        for y, x in itertools.product(shifts, shifts)
    ]
    return min(float(np.abs(core - other).mean()) for other in moved)


def cell(*present: Plane, tile: int = 32) -> NDArray[np.uint8]:
    return render_rgb(present, np.ones((1, 1, len(present)), dtype=np.uint8), tile)


def each_alone(tile: int) -> NDArray[np.uint8]:
    """Every sprite in the same grey, each in a cell of its own."""
    planes = [Plane(name, "x", GREY, name) for name in SPRITES]
    return render_rgb(planes, np.eye(len(planes), dtype=np.uint8)[:, None, None], tile)


def lookalikes(tile: int, view: str) -> set[frozenset[str]]:
    """Pairs of sprites that a shift of a sixteenth of a cell makes nearly the same."""
    pictures = dict(zip(SPRITES, seen(each_alone(tile), view), strict=True))
    return {
        frozenset((a, b))
        for a, b in itertools.combinations(SPRITES, 2)
        if gap(pictures[a], pictures[b], tile // 16) < KINDS_DIFFER
    }


@pytest.mark.parametrize("tile", [8, 16, 32, 64])
def test_every_sprite_shows_on_the_floor(tile: int) -> None:
    floor = render_rgb([KEY], np.zeros((1, 1, 1), dtype=np.uint8), tile).astype(float)
    for name, picture in zip(SPRITES, each_alone(tile), strict=True):
        assert gap(picture.astype(float), floor) > CONTENTS_DIFFER, name


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("tile", [16, 32])
def test_every_two_sprites_differ_by_shape(tile: int, view: str) -> None:
    assert lookalikes(tile, view) == set()


def test_a_sprite_that_is_another_one_moved_is_found(monkeypatch) -> None:
    def moved_key(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        SPRITES["key"](canvas.part(0.06, 0.03, 1), colour)

    monkeypatch.setitem(SPRITES, "moved_key", moved_key)
    assert lookalikes(32, "greyscale") == {frozenset(("key", "moved_key"))}


@functools.cache
def contents_met(name: str) -> tuple[list[Plane], NDArray[np.uint8]]:
    """A trap's planes, and each set of them that shares a cell in some state, (n, planes)."""
    trap = all_traps()[name]()
    planes = list(trap.schema.channels)
    channels = [trap.schema.channels[plane][0] for plane in planes]
    bits = np.arange(len(planes))  # a set of planes as a number: rows take long to sort
    met = {
        number
        for split in Split
        for state in rollout(trap, split, n=32, steps=20)
        for number in np.unique(state.planes[..., channels] @ (1 << bits)).tolist()
    }
    return planes, (np.array(sorted(met))[:, None] >> bits & 1).astype(np.uint8)


@pytest.mark.parametrize("name", all_traps())
@pytest.mark.parametrize("view", VIEWS)
def test_cells_that_hold_different_things_look_different(name: str, view: str) -> None:
    """Where the agent stands it may hide what is beneath; all else must show."""
    planes, contents = contents_met(name)
    contents = contents[contents[:, planes.index(AGENT)] == 0]
    pictures = seen(render_rgb(planes, contents[:, None, None], 32), view)
    names = [
        " ".join(p.name for p, there in zip(planes, c, strict=True) if there) for c in contents
    ]
    for (a, one), (b, other) in itertools.combinations(zip(names, pictures, strict=True), 2):
        assert gap(one, other) > CONTENTS_DIFFER, (
            f"{a!r} and {b!r} look alike; a plane is painted over those that stand before it"
        )


def test_colours_are_told_apart_by_their_marks() -> None:
    for view in VIEWS:
        for a, b in itertools.combinations((RED, BLUE, YELLOW), 2):
            corner = [seen(cell(KEY, colour), view)[-9:, :9] for colour in (a, b)]
            assert gap(*corner, slack=1) > 40


def test_colours_without_marks_are_not(monkeypatch) -> None:
    """A red and a green of which a deuteranope cannot know which is which."""
    pair = Plane("crimson", "r", (214, 50, 48)), Plane("moss", "b", (142, 123, 36))
    keys = [cell(KEY, colour) for colour in pair]
    assert gap(*(key.astype(float) for key in keys)) > CONTENTS_DIFFER
    assert gap(*(seen(key, "deuteranopia") for key in keys)) < CONTENTS_DIFFER
    for name, plane in zip(("red", "blue"), pair, strict=True):
        monkeypatch.setitem(MARKS, plane.name, MARKS[name])
    assert gap(*(seen(cell(KEY, colour), "deuteranopia") for colour in pair)) > CONTENTS_DIFFER


def test_two_marks_in_a_cell_are_both_seen() -> None:
    both = cell(KEY, RED, BLUE).astype(float)
    assert gap(both[-9:, :9], cell(KEY, RED)[-9:, :9].astype(float)) < 5
    assert gap(both[-9:, 9:18], cell(KEY, RED)[-9:, 9:18].astype(float)) > 40


@pytest.mark.parametrize("name", sorted(SPRITES.keys() - {"agent", "wall", "floor"}))
def test_what_is_held_stays_in_its_niche(name: str) -> None:
    held = cell(WALL, Plane(name, "x", GREY, name), RED, tile=64)
    rim = np.ones((64, 64), dtype=bool)
    rim[3:-3, 3:-3] = False
    np.testing.assert_array_equal(held[rim], cell(WALL, tile=64)[rim])


@pytest.fixture
def _registries_restored() -> Iterator[None]:
    before = dict(SPRITES), dict(MARKS)
    yield
    for registry, entries in zip((SPRITES, MARKS), before, strict=True):
        registry.clear()
        registry.update(entries)


@pytest.mark.usefixtures("_registries_restored")
def test_anybody_can_register_a_sprite_and_a_mark() -> None:
    @sprite
    def teapot(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        canvas.paint(canvas.circle(0.5, 0.5, 0.4), colour)

    @mark
    def green(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        canvas.paint(canvas.box(0, 0, 1, 1), (1, 2, 3))

    kind, attribute = Plane("teapot", "t", GREY, "teapot"), Plane("green", "g", (20, 200, 20))
    assert cell(kind)[16, 16].tolist() == list(GREY)
    picture = cell(kind, attribute)
    assert picture[16, 16].tolist() == [20, 200, 20]
    assert picture[30, 1].tolist() == [1, 2, 3]


def test_a_name_that_is_taken_is_refused() -> None:
    def key(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        raise NotImplementedError

    with pytest.raises(ValueError, match=r"a sprite 'key' already, in mesa_gym.*another name"):
        sprite(key)
