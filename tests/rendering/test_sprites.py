"""Sprites and colours: told apart by shape, without colours too; what shares a cell shows."""

import functools
import itertools

import numpy as np
import pytest

from mesa_gym.engine import Look
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.rendering.colours import BASE_COLOUR, NONE_COLOUR, PROXY_COLOURS
from mesa_gym.rendering.drawing import SPRITES
from mesa_gym.traps import Split, all_traps
from tests.support.parameters import large_apart
from tests.support.reference import rollout
from tests.support.sight import contrast, to_linear
from tests.support.worlds import cell

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


@in_every_view
@pytest.mark.parametrize("tile", [16, 32])
def test_every_two_sprites_differ_by_shape(tile, view):
    assert lookalikes(tile, view) == set()


@functools.cache
def contents_met(name):
    """Sets of planes that share a cell in some state, without the agent -> the cell's picture."""
    trap, met = all_traps()[name](), {}
    for state in itertools.chain.from_iterable(rollout(trap, s, n=8, steps=20) for s in Split):
        codes = trap.observe(state) @ (1 << np.arange(len(trap.planes)))
        frames = render_rgb(trap, state, 32)
        for code, first in zip(*np.unique(codes, return_index=True), strict=True):
            row, y, x = np.unravel_index(first, codes.shape)
            held = tuple(p for i, p in enumerate(trap.planes) if code >> i & 1)
            met[held] = frames[row, 32 * y : 32 * y + 32, 32 * x : 32 * x + 32]
    return {held: picture for held, picture in met.items() if "agent" not in held}


@in_every_view
@pytest.mark.parametrize("name", large_apart(all_traps()))
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
