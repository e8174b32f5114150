"""Observations of each kind: their spaces, pixels and windows."""

import numpy as np
import pytest

from mesa_gym.engine import ACTIONS
from mesa_gym.engine.maps import from_map
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.rendering import render_rgb
from mesa_gym.testing.sample import change_unseen
from mesa_gym.traps import Split, find_trap, package_traps
from mesa_gym.traps.red_blue_doors import RedBlueDoors
from tests.support.parameters import quick_apart
from tests.support.reference import cut_window, rollout, wandered

PACKAGE = package_traps()


class HeldKeys(RedBlueDoors):
    """A trap with several doors whose keys can be held."""

    things = {"key": 4, "door": 3}
    held = {"key": 2}


MAP = """
    held.key = 1
    #1#####
    #.k.D.#
    #23#.4#
    #.....#
    #######
    #######
    #######
    1 = wall
    2 = agent, door red
    3 = key, door
    4 = key blue
"""


@pytest.mark.parametrize("name", quick_apart(PACKAGE))
def test_observations_reshape_the_planes(name):
    height, width = PACKAGE[name].min_size
    salience = dict.fromkeys(PACKAGE[name].salience, 3)
    trap = PACKAGE[name](size=(height, width + 4), **salience)
    encoders = {kind: make_observation(trap, kind) for kind in OBSERVATIONS}
    repeated = [trap.channel[plane] for plane in trap.channels]
    for state in rollout(trap, Split.TRAIN, n=8, steps=20):
        arrays = {kind: entry.encode(state) for kind, entry in encoders.items()}
        np.testing.assert_array_equal(arrays["planes"], trap.observe(state)[..., repeated])
        np.testing.assert_array_equal(arrays["flat"], arrays["planes"].reshape(state.n, -1))
        names = {kind: entry.dtype.name for kind, entry in arrays.items()}
        assert names == {**dict.fromkeys(names, "uint8"), "flat": "float32"}
        np.testing.assert_array_equal(arrays["chw"].transpose(0, 2, 3, 1), arrays["planes"])
        np.testing.assert_array_equal(arrays["rgb"], render_rgb(trap, state, 8))
        for row in range(state.n):
            side = 2 * (width + 4) - 5
            window = cut_window(arrays["planes"][row], side)
            np.testing.assert_array_equal(arrays["centred"][row], window)


def test_centred_window_is_cut_from_the_whole():
    trap = PACKAGE["MonsterWorld-v0"]()
    for side in (5, 7, 13):
        small = make_observation(trap, "centred", side)
        assert small.space.shape == (side + 1, side, len(trap.channels))
        for state in rollout(trap, Split.TRAIN, n=8, steps=10):
            windows = [cut_window(planes, side) for planes in trap.observe(state)]
            np.testing.assert_array_equal(small.encode(state), windows)


TEXT = """\
map, a line for each row; spaces part the cells; signs that touch are in the same cell:
#   #k  #   #   #   #   #
#   .   k   .   D   .   #
#   ADr kD  #   .   kb  #
#   .   .   .   .   .   #
#   #   #   #   #   #   #
#   #   #   #   #   #   #
#   #   #   #   #   #   #
signs:
. = nothing
A = agent
# = wall
k = key
D = door
r = red
b = blue
held, in the top row: key
actions: left, down, right, up, act"""


@pytest.mark.parametrize("copies", [1, 3])
def test_text_observation_equals_hand_written_text(copies):
    trap = HeldKeys(7, colour_planes=copies)
    observation, state = make_observation(trap, "text"), from_map(trap, MAP)
    assert observation.encode(state) == (TEXT,)
    assert TEXT in observation.space
    empty = MAP.replace("held.key = 1", "").replace("#1#####", "#######")
    (text,) = observation.encode(from_map(trap, empty))
    assert "\nheld, in the top row: nothing\n" in text
    assert "#k" not in text


# Of these a text tells not all that the level is: marks follow from hidden numbers, or two things
# have one sign.
UNTOLD = {"CueOrPay", "DustVacuum", "FlashOrPay", "FollowMe", "NeverPaid", "PaidBefore"}
UNTOLD |= {"PointedGoal", "Probation", "SimplerOfTwo"}


@pytest.mark.parametrize("name", quick_apart(PACKAGE))
def test_text_put_back_is_shown_again(name):
    trap = find_trap(name)()
    observation, states = make_observation(trap, "text"), wandered(trap, 20)
    for text in observation.encode(states):
        try:
            again = observation.encode(from_map(trap, f"Examples: {TEXT}\n\n{text}\nYour answer:"))
        except ValueError:
            assert trap.name().removesuffix("-v0") in UNTOLD
        else:
            assert again == (text,)


def read_text(text):
    """The names in each cell, and the names of the actions, as the text itself explains them."""
    lines = text.splitlines()
    middle = lines.index("signs:")
    signs = dict(line.split(" = ") for line in lines[middle + 1 :] if " = " in line)
    rows = [row.split() for row in lines[1:middle]]
    places = {(y, x): cell for y, row in enumerate(rows) for x, cell in enumerate(row)}
    cells = {at: {signs[sign] for sign in cell} - {"nothing"} for at, cell in places.items()}
    return cells, lines[-1].removeprefix("actions: ").split(", ")


@pytest.mark.parametrize("name", quick_apart(PACKAGE))
def test_text_says_exactly_what_planes_show(name):
    """A parser recovers the planes from the text; hidden things, time and split do not show."""
    trap = PACKAGE[name]()
    observation, texts = make_observation(trap, "text"), {}
    for split in (Split.TRAIN, Split.SHIFT):
        for state in rollout(trap, split, n=8, steps=20):
            other = change_unseen(trap, state)._replace(clock=state.clock + 1)
            hidden = {plane for plane in trap.traits if trap.shown_as.get(plane, plane) is None}
            traits = {
                trait: {kind: ~has for kind, has in kinds.items()} if trait in hidden else kinds
                for trait, kinds in state.level.traits.items()
            }
            other = other._replace(level=other.level._replace(traits=traits, number=other.clock))
            answers = observation.encode(state)
            assert observation.encode(other) == answers
            for row, (planes, text) in enumerate(zip(trap.observe(state), answers, strict=True)):
                held = [x for x, number in state.held.items() for _ in range(number[row])]
                line = f"held, in the top row: {', '.join(held) or 'nothing'}"
                assert (line in text.splitlines()) == bool(trap.held)
                assert text in observation.space
                assert texts.setdefault(planes.tobytes(), text) == text
                cells, actions = read_text(text)
                assert actions == list(ACTIONS)
                assert len(cells) == trap.cells
                for cell, names in cells.items():
                    drawn = {p for p, there in zip(trap.planes, planes[cell], strict=True) if there}
                    assert names == drawn
    assert len({*texts.values()}) == len(texts) > 20
