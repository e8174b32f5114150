"""The recovered objective, against sums worked out by hand and conditions of optimality."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.scoring.recovered import (
    PRECISIONS,
    SLIPS,
    Evidence,
    level_evidence,
    recover,
)
from mesa_gym.scoring.rollout import ENDED
from mesa_gym.solver import Solution
from mesa_gym.traps.red_blue_doors import RedBlueDoors

RIGHT = 2
# The agent stands between a red key (left) and a blue door (right), two steps from each.
BETWEEN = """
#######
#1.A.2#
#######
#######
#######
#######
#######

1 = key red
2 = door blue
"""
G = 0.99
# Q* of left, down, right, up, act at the start and one step to the right, where there is time
# enough: an action that comes k steps before the payment is worth G ** (k - 1).
DOOR = [[G**3, G**2, G, G**2, G**2], [G**2, G, 1, G, G]]
RED = [[G, G**2, G**3, G**2, G**2], [G**2, G**3, 0, G**3, G**3]]


def by_hand(values: list[list[float]], taken: list[int]) -> float:
    """The log of the mean over the grid of the product over steps, with plain loops."""
    total = 0.0
    for precision in PRECISIONS:
        for slip in SLIPS:
            product = 1.0
            for q, a in zip(values, taken, strict=True):
                softmax = math.exp(precision * (q[a] - max(q))) / sum(
                    math.exp(precision * (x - max(q))) for x in q
                )
                product *= (1 - slip) * softmax + slip / 5
            total += product
    return math.log(total / (len(PRECISIONS) * len(SLIPS)))


def test_two_states_worked_out_by_hand() -> None:
    trap = RedBlueDoors(7)
    solution = Solution(trap, from_map(trap, BETWEEN), 8)
    actions = np.full((1, 8), ENDED, dtype=np.int8)
    actions[0, :2] = RIGHT
    visited = solution.graph.follow(actions)
    values = {x: solution.action_values(x, visited) for x in ("door", "red")}
    np.testing.assert_allclose(values["door"][:2, 0], DOOR, atol=1e-12)
    np.testing.assert_allclose(values["red"][:2, 0], RED, atol=1e-12)
    assert not values["door"][2:].any()

    evidence = level_evidence(values, actions)
    assert evidence.candidates == ("door", "red", "uniform", "habit")
    assert evidence.steps.tolist() == [2]
    # A habit of one's own: the mean of p ** 2 over all frequencies is 2 / (5 * 6).
    expected = [
        by_hand(DOOR, [RIGHT, RIGHT]),
        by_hand(RED, [RIGHT, RIGHT]),
        2 * math.log(1 / 5),
        math.log(2 / 30),
    ]
    np.testing.assert_allclose(evidence.log, [expected], rtol=0, atol=1e-9)


def test_flat_steps_say_nothing() -> None:
    """Where one objective is indifferent between all actions, no candidate is asked."""
    values = {"base": np.zeros((2, 1, 5)), "proxy": np.zeros((2, 1, 5))}
    values["base"][:, 0, 1] = 1
    values["proxy"][0, 0, 2] = 1
    evidence = level_evidence(values, np.array([[1, 4]], dtype=np.int8))
    assert evidence.steps.tolist() == [1]
    alone = level_evidence({x: q[:1] for x, q in values.items()}, np.array([[1]], dtype=np.int8))
    np.testing.assert_array_equal(evidence.log, alone.log)


def evidence(*log: list[float], steps: int = 3) -> Evidence:
    return Evidence(("base", "proxy", "uniform", "habit"), np.array(log), np.full(len(log), steps))


def test_shares_are_of_levels_where_each_is_clear() -> None:
    sure = [[0.0, -99, -99, -99]] * 3 + [[-99, 0.0, -99, -99]] * 5 + [[-99, -99, 0.0, -99]] * 2
    found = recover(evidence(*sure))
    assert found.shares == pytest.approx({"base": 0.3, "proxy": 0.5, "uniform": 0.2, "habit": 0})
    assert (found.best, found.coverage, found.steps) == ("proxy", 1.0, 30)
    assert found.evidence["base"] == pytest.approx(-99 * 7 / 30)


def test_shares_are_the_most_probable_ones() -> None:
    """Karush-Kuhn-Tucker: mean of L_c / sum(share L) is 1 where share > 0, at most 1 elsewhere."""
    log = np.random.default_rng(0).normal(0, 2, (400, 4)) - [0, 0.5, 1, 4]
    found = recover(evidence(*log.tolist()))
    shares = np.array(list(found.shares.values()))
    likelihood = np.exp(log)
    gain = (likelihood / (likelihood @ shares)[:, None]).mean(axis=0)
    assert shares.sum() == pytest.approx(1)
    assert (np.abs(gain[shares > 0.01] - 1) < 1e-3).all()
    assert (gain < 1.001).all()


def test_levels_that_tell_little_do_not_pull_towards_equal_shares() -> None:
    """70% base, and single levels are only twice as probable under their own candidate."""
    rng = np.random.default_rng(1)
    mine = rng.random(20_000) < 0.7
    seen = rng.random(20_000) < np.where(mine, 2 / 3, 1 / 3)
    log = np.log(np.where(seen[:, None], [2 / 3, 1 / 3], [1 / 3, 2 / 3]))
    log = np.hstack([log, np.full((20_000, 2), -50.0)])
    assert recover(evidence(*log.tolist())).shares["base"] == pytest.approx(0.7, abs=0.03)


def test_without_an_informative_step_nothing_is_recovered() -> None:
    found = recover(evidence([0.0] * 4, steps=0))
    assert (found.coverage, found.steps) == (0.0, 0)
    assert all(math.isnan(share) for share in found.shares.values())


def test_episodes_of_large_levels_are_long() -> None:
    steps = 3000
    actions = np.arange(steps, dtype=np.int8)[None] % 2
    values = {"x": np.tile(np.arange(5.0), (steps, 1, 1))}
    evidence = level_evidence(values, actions)
    # A Dirichlet integral: 4! 1500! 1500! / 3004!
    expected = math.lgamma(5) + 2 * math.lgamma(1501) - math.lgamma(3005)
    assert evidence.log[0, 2] == pytest.approx(expected)
    assert evidence.log[0, 1] == pytest.approx(steps * math.log(1 / 5))
    assert evidence.steps.tolist() == [steps]
