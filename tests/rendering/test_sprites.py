"""Sprites: are they told apart by shape, without colours too, and does what shares a cell show?"""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from reference import rollout
from shelf import cell

from mesa_gym.engine import Look, World
from mesa_gym.rendering import Canvas, mark, render_look, render_rgb, sprite
from mesa_gym.rendering.drawing import MARKS, SPRITES
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
Seen = NDArray[np.float64]


def seen(pictures: NDArray[np.uint8], view: str) -> Seen:
    """The pictures as a person with that sight sees them."""
    encoded = pictures / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(VIEWS[view]).T, 0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def gap(a: Seen, b: Seen, slack: int = 0) -> float:
    """Mean difference of two pictures, the least over shifts of up to ``slack`` pixels."""
    size, shifts = len(a), range(-slack, slack + 1)
    core = a[slack : size - slack, slack : size - slack]
    moved = [
        b[slack + y : size - slack + y, slack + x : size - slack + x]
        for y, x in itertools.product(shifts, shifts)
    ]
    return min(float(np.abs(core - other).mean()) for other in moved)


def lookalikes(tile: int, view: str) -> set[frozenset[str]]:
    """Pairs of sprites that a shift of a sixteenth of a cell makes nearly the same."""
    pictures = {name: seen(render_look(Look("x", GREY, name), tile), view) for name in SPRITES}
    return {
        frozenset((a, b))
        for a, b in itertools.combinations(SPRITES, 2)
        if gap(pictures[a], pictures[b], tile // 16) < KINDS_DIFFER
    }


@pytest.mark.parametrize("tile", [8, 16, 32, 64])
def test_every_sprite_shows_on_the_floor(tile: int) -> None:
    floor = cell("", tile).astype(float)
    for name in SPRITES:
        picture = render_look(Look("x", GREY, name), tile)
        assert gap(picture.astype(float), floor) > CONTENTS_DIFFER, name


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("tile", [16, 32])
def test_every_two_sprites_differ_by_shape(tile: int, view: str) -> None:
    assert lookalikes(tile, view) == set()


def test_a_sprite_that_is_another_one_moved_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def moved_key(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        SPRITES["key"](canvas.part(0.06, 0.03, 1), colour)

    monkeypatch.setitem(SPRITES, "moved_key", moved_key)
    assert lookalikes(32, "greyscale") == {frozenset(("key", "moved_key"))}


@functools.cache
def contents_met(name: str) -> dict[tuple[str, ...], NDArray[np.uint8]]:
    """The planes that share a cell in some state, without the agent -> the picture of the cell."""
    trap, met = all_traps()[name](), {}
    for split in Split:
        for state in rollout(trap, split, n=8, steps=20):
            codes = trap.observe(state) @ (1 << np.arange(len(trap.planes)))
            frames = render_rgb(trap, state, 32)
            for code, first in zip(*np.unique(codes, return_index=True), strict=True):
                row, y, x = np.unravel_index(first, codes.shape)
                held = tuple(p for i, p in enumerate(trap.planes) if code >> i & 1)
                met[held] = frames[row, 32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
    return {held: picture for held, picture in met.items() if "agent" not in held}


@pytest.mark.parametrize("name", all_traps())
@pytest.mark.parametrize("view", VIEWS)
def test_cells_that_hold_different_things_look_different(name: str, view: str) -> None:
    """Where the agent stands it may hide what is beneath; all else must show."""
    pictures = [(held, seen(picture, view)) for held, picture in contents_met(name).items()]
    for (a, one), (b, other) in itertools.combinations(pictures, 2):
        assert gap(one, other) > CONTENTS_DIFFER, (
            f"{a} and {b} look alike; a plane is painted over those declared before it"
        )


@pytest.mark.parametrize("view", VIEWS)
def test_colours_are_told_apart_by_their_marks(view: str) -> None:
    for pair in itertools.combinations(("red", "blue", "yellow"), 2):
        corners = [seen(cell(f"key {colour}"), view)[-9:, :9] for colour in pair]
        assert gap(*corners, slack=1) > 40


def test_colours_without_marks_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A red and a green of which a deuteranope cannot know which is which."""

    class Autumn(World):
        things = {"key": 1}
        traits = {"crimson": ("key",), "moss": ("key",)}
        looks = {"crimson": Look("r", (214, 50, 48)), "moss": Look("b", (142, 123, 36))}

    def keys() -> list[NDArray[np.uint8]]:
        return [cell(f"key {colour}", world=Autumn((4, 5))) for colour in Autumn.traits]

    assert gap(*(key.astype(float) for key in keys())) > CONTENTS_DIFFER
    assert gap(*(seen(key, "deuteranopia") for key in keys())) < CONTENTS_DIFFER
    for colour, own in zip(("red", "blue"), Autumn.traits, strict=True):
        monkeypatch.setitem(MARKS, own, MARKS[colour])
    assert gap(*(seen(key, "deuteranopia") for key in keys())) > CONTENTS_DIFFER


def test_two_marks_in_a_cell_are_both_seen() -> None:
    both, red = (cell(f"key {colours}").astype(float)[-9:] for colours in ("red blue", "red"))
    assert gap(both[:, :9], red[:, :9]) < 5
    assert gap(both[:, 9:18], red[:, 9:18]) > 40


@pytest.mark.parametrize("name", sorted(SPRITES.keys() - {"agent", "wall", "floor"}))
def test_what_hangs_in_a_wall_stays_in_its_niche(name: str) -> None:
    looks = {"it": Look("i", GREY, name)}
    body = {"things": {"it": 1}, "traits": {"red": ("it",)}, "looks": looks}
    hung = cell("wall, it red", 64, type("Hung", (World,), body)((4, 5)))
    rim = np.ones((64, 64), dtype=bool)
    rim[3:-3, 3:-3] = False
    np.testing.assert_array_equal(hung[rim], cell("wall", 64)[rim])


def test_a_sprite_and_a_mark_of_ones_own_are_drawn() -> None:
    @sprite
    def teapot(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        canvas.paint(canvas.circle(0.5, 0.5, 0.4), colour)

    @mark
    def green(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        canvas.paint(canvas.box(0, 0, 1, 1), (1, 2, 3))

    class Kitchen(World):
        things = {"pot": 1}
        traits = {"green": ("pot",)}
        looks = {"pot": Look("t", GREY, "teapot"), "green": Look("g", (20, 200, 20))}

    try:
        assert cell("pot", world=Kitchen((4, 5)))[16, 16].tolist() == list(GREY)
        picture = cell("pot green", world=Kitchen((4, 5)))
        assert picture[16, 16].tolist() == [20, 200, 20]
        assert picture[30, 1].tolist() == [1, 2, 3]
    finally:
        del SPRITES["teapot"], MARKS["green"]


def test_a_name_that_is_taken_is_refused() -> None:
    def key(canvas: Canvas, colour: tuple[int, int, int]) -> None:
        raise NotImplementedError

    with pytest.raises(ValueError, match=r"a sprite 'key' already, in mesa_gym.*another name"):
        sprite(key)
