"""Pictures show the contents of cells, and bad requests are refused."""

import numpy as np
import pytest

from mesa_gym.engine import Look, World
from mesa_gym.engine.maps import from_map
from mesa_gym.rendering import render_look, render_rgb
from mesa_gym.traps import Split, all_traps
from tests.support.worlds import ITEMS, LOOKS, SHELF, cell

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
    bare = MAP.replace(", ghost", "").replace("1 = ", "1 = -chest, ")
    np.testing.assert_array_equal(shelf(), shelf(bare))


def test_held_things_hang_in_the_top_row():
    picture = shelf("held.key = 1\n" + MAP, tile=16)
    np.testing.assert_array_equal(picture[:16, 16:32], cell("wall, key", 16))
    np.testing.assert_array_equal(picture[:16, 32:48], cell("wall", 16))
    both = cell("wall, door, key", 64)
    assert min(difference(both, cell(f"wall, {item}", 64)) for item in ("door", "key")) > 5


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_render_rgb_places_cells_in_any_batch(cls):
    trap = cls()
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
    looks = {
        **{x: Look(x[0], (70, 130, 180)) for x in ("toll", "gate", "earth")},
        **{x: Look(x[1], (200, 40, 160)) for x in ("shut", "ice", "hot")},
    }


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


REFUSED = [(SHELF, tile, rf"tile {tile}.*at least 4") for tile in (3, 0, -8, 8.0)]
REFUSED += [(crowd(62), 8, "64 planes: a picture shows at most 63")]


@pytest.mark.parametrize(("world", "tile", "message"), REFUSED)
def test_render_of_a_bad_request_is_refused(world, tile, message):
    with pytest.raises(ValueError, match=message):
        cell("", tile, world)


def test_smallest_tile_is_drawn():
    assert shelf(tile=4).shape == (4 * 4, 4 * 5, 3)
