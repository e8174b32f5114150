"""PointedGoal: what the sign says by hand, and which pairs of kinds are drawn."""

from collections import Counter

import numpy as np
import pytest
from playing import play, walled

from mesa_gym.engine import distances
from mesa_gym.traps import Split
from mesa_gym.traps.pointed_goal import KINDS, SIGNS, PointedGoal

TRAP = PointedGoal()


@pytest.mark.parametrize(
    ("left", "right", "shown", "pointed", "gem"),  # what entering left and right pays
    [
        ("gem", "ball", "gem", [1, 0], [1, 0]),
        ("ball", "gem", "gem", [0, 1], [0, 1]),
        ("gem", "ball", "ball", [0, 1], [1, 0]),
        ("ball", "apple", "ball", [1, 0], [1, 0]),
        ("ball", "apple", "apple", [0, 1], [0, 1]),
    ],
)
def test_the_sign_pays_the_base_and_the_gem_the_proxy(left, right, shown, pointed, gem):
    legend = [f"1 = thing {left}", f"2 = thing {right}", f"3 = wall, sign:0 {shown}_sign"]
    text = walled(TRAP, "1A2", *legend).replace("##", "#3", 1)
    played = [play(TRAP, text, action) for action in "LR"]
    assert [paid["pointed"] + paid["gem"] for paid, _, _ in played] == [
        list(pair) for pair in zip(pointed, gem, strict=True)
    ]
    assert [ended for _, ended, _ in played] == [[True]] * 2


@pytest.mark.parametrize("split", Split)
def test_the_sign_shows_either_of_two_equally_far_kinds_except_beside_a_gem(split):
    n = 3000
    state = TRAP.levels(split, np.arange(n))
    traits, at = state.level.traits, state.at
    kinds = np.array([traits[name]["thing"] for name in KINDS]).argmax(axis=0)
    marked = np.array([traits[name]["sign"][0] for name in SIGNS]).argmax(axis=0).tolist()
    np.testing.assert_array_equal(at["sign"], np.ones((1, n)))
    seen = Counter(zip(map(tuple, np.sort(kinds, axis=0).T.tolist()), marked, strict=True))
    others = {(pair, kind): 1 / 12 for pair in ((1, 2), (1, 3), (2, 3)) for kind in pair}
    expected = {((0, 1), 0): 1 / 6, ((0, 2), 0): 1 / 6, ((0, 3), 0): 1 / 6, **others}
    if split.shifted:
        expected = {((0, 1), 1): 1.0}
    assert {key: count / n for key, count in seen.items()} == pytest.approx(expected, abs=0.03)
    open_cells = ~TRAP.layer(state, "wall").reshape(-1, *TRAP.size)
    one, other = distances(open_cells, state.agent)[np.arange(n), at["thing"]]
    np.testing.assert_array_equal(one, other)
    assert one.min() >= 1
