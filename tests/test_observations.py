"""Observations: codes that decode, windows as a naive loop cuts them, nothing shared or leaked."""

from __future__ import annotations

import numpy as np
import pytest
from offered import each_offered
from reference import arrays, rollout

from mesa_gym.envs.observations import decode, make_observation
from mesa_gym.errors import UnknownNameError
from mesa_gym.grid import AGENT, BLUE, DOOR, KEY, RED, WALL, Bools, Move, Plane, State, from_map
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, Trap, all_traps, base, proxy

TRAPS = all_traps()
SYMBOLIC = [name for name, cls in TRAPS.items() if cls.symbolic]


class Toy(Trap):
    """Planes in an unusual order: the wall is neither first nor the agent last."""

    source = "none"
    kind = ("none",)
    planes = (KEY, RED, AGENT, DOOR, BLUE, WALL)
    held = {KEY: 2}
    salience = {"colour_planes": (RED, BLUE)}
    min_size = (5, 7)
    default_size = (5, 7)

    @base
    def still(self, move: Move) -> Bools:
        """1 for standing still."""
        return ~move.moved

    @proxy
    def key(self, move: Move) -> Bools:
        """1 for entering a key."""
        return move.into(KEY)


class Crowded(Toy):
    """A trap whose cells hold too much."""

    symbolic = False


MAP = """
    #1#####
    #.k.D.#
    #.23.4#
    #5....#
    #######
    1 = wall key
    2 = agent door red
    3 = key door
    4 = key blue
    5 = red
"""


@pytest.mark.parametrize("copies", [1, 3])
def test_symbolic_codes_are_those_worked_out_by_hand(copies: int) -> None:
    trap = Toy(colour_planes=copies)
    observation = make_observation(trap, "symbolic")
    codes = observation.encode(from_map(MAP, trap.schema))
    key, agent, door, wall = 1, 2, 3, 4
    red, blue = 1, 2
    expected = np.zeros((5, 7, 3), dtype=np.uint8)
    expected[[0, -1]] = expected[:, [0, -1]] = wall, 0, 0
    expected[0, 1] = key, 0, wall
    expected[1, 2] = key, 0, 0
    expected[1, 4] = door, 0, 0
    expected[2, 2] = agent, red, door
    expected[2, 3] = door, 0, key
    expected[2, 5] = key, blue, 0
    expected[3, 1] = 0, red, 0
    np.testing.assert_array_equal(codes[0], expected)
    assert np.unique(observation.space.high.reshape(-1, 3), axis=0).tolist() == [[4, 2, 4]]
    np.testing.assert_array_equal(decode(codes, trap), from_map(MAP, trap.schema).planes)


@pytest.mark.parametrize("crowd", ["agent key door", "agent red blue"])
def test_symbolic_refuses_a_cell_that_it_cannot_show(crowd: str) -> None:
    trap = Toy()
    state = from_map(MAP.replace("agent door red", crowd), trap.schema)
    state = state.take(np.zeros(3, dtype=np.int64))
    state.planes[:2] = from_map(MAP, trap.schema).planes
    with pytest.raises(ValueError, match=r"row 2 of the batch has .* at row 2, column 2") as error:
        make_observation(trap, "symbolic").encode(state)
    assert all(name in str(error.value) for name in crowd.split())


def test_a_trap_refuses_symbolic_by_name() -> None:
    message = "Crowded-v0 does not offer .*'symbolic'.* it offers planes, rgb, local"
    with pytest.raises(ValueError, match=message):
        make_observation(Crowded(), "symbolic")


def test_misspelt_observation_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"'symbolc'.*Did you mean 'symbolic'"):
        make_observation(Toy(), "symbolc")


@pytest.mark.parametrize("split", Split)
@pytest.mark.parametrize("name", SYMBOLIC)
def test_symbolic_decodes_to_the_planes_of_every_state_met(name: str, split: Split) -> None:
    trap = TRAPS[name]()
    observation = make_observation(trap, "symbolic")
    for state in rollout(trap, split):
        codes = observation.encode(state)
        np.testing.assert_array_equal(decode(codes, trap), state.planes)
        assert (codes <= observation.space.high).all()


@pytest.mark.parametrize("name", SYMBOLIC)
def test_symbolic_does_not_depend_on_salience(name: str) -> None:
    plain, salient = TRAPS[name](), TRAPS[name](**dict.fromkeys(TRAPS[name].salience, 4))
    state = salient.levels(Split.SHIFT, np.arange(20))
    codes = make_observation(salient, "symbolic").encode(state)
    channels = len(plain.schema.planes)
    np.testing.assert_array_equal(decode(codes, plain), state.planes[..., :channels])
    np.testing.assert_array_equal(decode(codes, salient), state.planes)


def naive_window(state: State, row: int) -> np.ndarray:
    height, width, channels = state.planes.shape[1:]
    wall = [plane == WALL for plane in state.schema.planes]
    y, x = divmod(int(state.cell[row]), width)
    window = np.zeros((6, 5, channels), dtype=np.uint8)
    for column in range(5):
        window[0, column] = state.planes[row, 0, 1 + column]
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            inside = 0 <= y + dy < height and 0 <= x + dx < width
            window[3 + dy, 2 + dx] = state.planes[row, y + dy, x + dx] if inside else wall
    return window


@pytest.mark.parametrize("name", TRAPS)
def test_local_is_what_a_naive_loop_cuts_out(name: str) -> None:
    height, width = TRAPS[name].min_size
    trap = TRAPS[name](size=(height, width + 4))
    observation = make_observation(trap, "local")
    for state in rollout(trap, Split.TRAIN, n=24):
        seen = observation.encode(state)
        for row in range(len(state)):
            np.testing.assert_array_equal(seen[row], naive_window(state, row))


@pytest.mark.parametrize("name", TRAPS)
def test_rgb_is_the_picture_at_eight_pixels_a_cell(name: str) -> None:
    trap = TRAPS[name]()
    for state in rollout(trap, Split.SHIFT, n=8, steps=5):
        seen = make_observation(trap, "rgb").encode(state)
        for row, cells in enumerate(state.planes):
            np.testing.assert_array_equal(seen[row], render_rgb(trap.schema.planes, cells, 8))


@each_offered
def test_observations_are_fresh_fit_their_space_and_hide_what_is_hidden(
    trap: type[Trap], observation: str
) -> None:
    shown = make_observation(trap(), observation)
    assert shown.name == observation
    state = trap().levels(Split.TRAIN, np.arange(7))
    before = state.copy()
    seen, again = shown.encode(state), shown.encode(state)
    assert seen.dtype == np.uint8
    assert seen.flags.c_contiguous
    assert all(row in shown.space for row in seen)
    assert not any(np.shares_memory(seen, other) for other in [again, *arrays(state).values()])
    kept = again.copy()
    seen[:] = 1 - seen
    state.hidden[:] = 1 - state.hidden
    state.clock[:] += 1
    np.testing.assert_array_equal(shown.encode(state), kept)
    np.testing.assert_array_equal(state.planes, before.planes)
    for row in range(7):
        alone = shown.encode(state.take(np.array([row])))
        np.testing.assert_array_equal(alone[0], kept[row])


def test_a_trap_of_too_many_planes_has_no_symbolic() -> None:
    class Many(Toy):
        planes = (AGENT, WALL, *(Plane(f"p{i}", chr(0xC0 + i), (0, 0, 0)) for i in range(15)))
        held = {}
        salience = {}

    with pytest.raises(ValueError, match=r"does not offer .*'symbolic'"):
        make_observation(Many(), "symbolic")
