"""Observations: codes that decode, windows as a naive loop cuts them, nothing shared or leaked."""

import numpy as np
import pytest
from reference import rollout

from mesa_gym.engine import Look
from mesa_gym.engine.maps import from_map
from mesa_gym.envs.observations import OBSERVATIONS, decode, make_observation
from mesa_gym.rendering import render_rgb
from mesa_gym.traps import Split, Trap, base, package_traps, proxy

TRAPS = package_traps()


class Toy(Trap):
    """A trap whose cells hold things of several kinds and colours."""

    source, category = "none", ("none",)
    things = {"key": 4, "door": 3}
    traits = {"red": ("key", "door"), "blue": ("key", "door")}
    held = {"key": 2}
    salience = {"colour_planes": ("red", "blue")}
    looks = {"key": Look("k", (9, 9, 9), "key")}
    min_size = (5, 7)
    default_size = (5, 7)

    @base
    def still(self, move):
        """1 for standing still."""
        return ~move.moved

    @proxy
    def entering(self, move):
        """1 for entering a key."""
        return move.into("key")


class Crowded(Toy):
    symbolic = False


MAP = """
    held.key = 1
    #1#####
    #.k.D.#
    #.23.4#
    #.....#
    #######
    1 = key, wall
    2 = agent, door red
    3 = key, door
    4 = key blue
"""


@pytest.mark.parametrize("copies", [1, 3])
def test_symbolic_codes_are_those_worked_out_by_hand(copies):
    trap = Toy(colour_planes=copies)
    observation, state = make_observation(trap, "symbolic"), from_map(trap, MAP)
    agent, wall, key, door, red, blue = 1, 2, 3, 4, 1, 2
    want = np.zeros((5, 7, 3), dtype=np.uint8)
    want[[0, -1]] = want[:, [0, -1]] = wall, 0, 0
    want[0, 1] = key, 0, wall
    want[1, 2] = key, 0, 0
    want[1, 4] = door, 0, 0
    want[2, 2] = agent, red, door
    want[2, 3] = door, 0, key
    want[2, 5] = key, blue, 0
    np.testing.assert_array_equal(observation.encode(state)[0], want)
    assert np.unique(observation.space.high.reshape(-1, 3), axis=0).tolist() == [[4, 2, 4]]


@pytest.mark.parametrize("crowd", ["agent, key, door", "agent, door red blue"])
def test_symbolic_refuses_a_cell_that_it_cannot_show(crowd):
    trap = Toy()
    text = MAP.replace("agent, door red", crowd).replace("3 = key, door", "3 = door")
    states = trap.joined([from_map(trap, MAP), from_map(trap, text)])
    with pytest.raises(ValueError, match=r"row 1 of the batch has .* at row 2, column 2") as error:
        make_observation(trap, "symbolic").encode(states)
    assert all(name in str(error.value) for name in crowd.replace(",", "").split())


def test_what_is_not_offered_is_refused_by_name():
    things = {f"t{i}": 1 for i in range(15)}
    many = type("Many", (Toy,), {"things": things, "traits": {}, "held": {}, "salience": {}})
    for trap in (Crowded(), many()):
        with pytest.raises(ValueError, match=r"does not offer .*'symbolic'.* offers planes, rgb"):
            make_observation(trap, "symbolic")


def naive_window(trap, planes, agent):
    height, width, channels = planes.shape
    window = np.zeros((6, 5, channels), dtype=np.uint8)
    window[0] = planes[0, 1:6]
    y, x = divmod(int(agent), width)
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            inside = 0 <= y + dy < height and 0 <= x + dx < width
            wall = [plane == "wall" for plane in trap.channels]
            window[3 + dy, 2 + dx] = planes[y + dy, x + dx] if inside else wall
    return window


@pytest.mark.parametrize("name", TRAPS)
def test_other_observations_are_the_planes_in_another_shape(name):
    height, width = TRAPS[name].min_size
    salience = dict.fromkeys(TRAPS[name].salience, 3)
    trap = TRAPS[name](size=(height, width + 4), **salience)
    kinds = [kind for kind in OBSERVATIONS if kind != "symbolic" or trap.symbolic]
    made = {kind: make_observation(trap, kind) for kind in kinds}
    repeated = [trap.channel[plane] for plane in trap.channels]
    for state in rollout(trap, Split.TRAIN, n=8, steps=20):
        seen = {kind: each.encode(state) for kind, each in made.items()}
        np.testing.assert_array_equal(seen["planes"], trap.observe(state)[..., repeated])
        np.testing.assert_array_equal(seen["flat"], seen["planes"].reshape(state.n, -1))
        np.testing.assert_array_equal(seen["chw"].transpose(0, 2, 3, 1), seen["planes"])
        np.testing.assert_array_equal(seen["rgb"], render_rgb(trap, state, 8))
        if trap.symbolic:
            np.testing.assert_array_equal(decode(seen["symbolic"], trap), trap.observe(state))
        for row in range(state.n):
            window = naive_window(trap, seen["planes"][row], state.agent[row])
            np.testing.assert_array_equal(seen["local"][row], window)
