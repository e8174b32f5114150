"""Policies with a known goal do what they are said to do."""

from __future__ import annotations

import numpy as np
import pytest
from reference import earned, wandered

from agents.scripted import Mixture, Noisy, Oscillating, ThenStay
from mesa_gym.policies import Oracle, constant
from mesa_gym.solver import Solution
from mesa_gym.traps import Split, Trap, all_traps, find_trap

TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items() if cls.solvable]


def test_noise_mixes_probabilities() -> None:
    policy = Noisy(constant(2), 0.05)
    expected = [[0.01, 0.01, 0.96, 0.01, 0.01]]
    np.testing.assert_allclose(policy.act(np.zeros((1, 9, 9, 3), "u1")), expected)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Noisy(constant(2), 5)


def test_mixture_decides_by_level() -> None:
    trap = find_trap("KeysChests")()
    policy = Mixture(constant(0), constant(1))
    state = trap.levels(Split.TEST, np.arange(1000))
    half = policy.act(state.planes, state)
    assert 450 < half[:, 0].sum() < 550
    assert (half[:, :2].sum(axis=1) == 1).all()
    later = wandered(trap, 1000)
    np.testing.assert_array_equal(policy.act(later.planes, later), half)


@pytest.mark.parametrize("cls", TRAPS)
def test_then_stay_earns_the_optimum_and_stops(cls: type[Trap]) -> None:
    trap = cls()
    for objective in trap.objectives:
        policy = ThenStay(trap, objective, trap.horizon(Split.SHIFT))
        levels = trap.levels(Split.SHIFT, np.arange(30))
        optimum = Solution(trap, levels, trap.horizon(Split.SHIFT)).optimum(objective)
        np.testing.assert_allclose(earned(trap, policy, objective, 30), optimum, atol=1e-6)


def test_then_stay_leaves_the_cheese_that_the_oracle_goes_on_to() -> None:
    trap = find_trap("CheeseCorner")()
    stops, goes_on = (make(trap, "corner", 64) for make in (ThenStay, Oracle))
    base = [earned(trap, policy, "cheese", 30).mean() for policy in (stops, goes_on)]
    assert base[0] < 0.5 * base[1]


def test_oscillating_goes_left_and_right() -> None:
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.TEST, np.arange(3))
    for action in (0, 2, 0):
        acts = Oscillating().act(state.planes, state)
        assert (acts.argmax(axis=1) == action).all()
        trap.advance(state, acts.argmax(axis=1))
