"""Policies with a known goal do what they are said to do."""

from __future__ import annotations

import numpy as np
import pytest
from earning import earned
from reference import wandered

from agents.scripted import ByWalls, Dither, Mixture, Noisy, Tempered, ThenStay, UnderShift
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
    half = policy.act(trap.observe(state), state)
    assert 450 < half[:, 0].sum() < 550
    assert (half[:, :2].sum(axis=1) == 1).all()
    later = wandered(trap, 1000)
    np.testing.assert_array_equal(policy.act(trap.observe(later), later), half)


def test_a_mixture_has_the_share_that_it_is_given() -> None:
    trap = find_trap("KeysChests")()
    state = trap.levels(Split.TEST, np.arange(4000))
    for share in (0.0, 0.3, 1.0):
        heads = Mixture(constant(0), constant(1), share).heads(state)
        assert abs(heads.mean() - share) <= 4 * (share * (1 - share) / 4000) ** 0.5
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 30"):
        Mixture(constant(0), constant(1), 30)


def test_dithering_mixes_at_every_step() -> None:
    policy = Dither(constant(0), constant(3), 0.3)
    expected = [[0.3, 0, 0, 0.7, 0]]
    np.testing.assert_allclose(policy.act(np.zeros((1, 9, 9, 3), "u1")), expected)


def test_walls_decide_as_counted_by_hand() -> None:
    trap = find_trap("KeysChests")()
    state = trap.levels(Split.TEST, np.arange(200))
    walls = trap.layer(state, "wall").reshape(200, 9, 9)
    left = [int(w[:, :4].sum()) > int(w[:, 5:].sum()) for w in walls]
    assert ByWalls(trap, constant(0), constant(1)).heads(state).tolist() == left
    assert 40 < sum(left) < 160


def test_under_shift_another_policy_acts() -> None:
    trap = find_trap("CheeseCorner")()
    policy = UnderShift(trap, here=constant(1), elsewhere=constant(2))
    for split in Split:
        state = trap.levels(split, np.arange(5))
        acts = policy.act(trap.observe(state), state).argmax(axis=1)
        assert (acts == (1 if split is Split.SHIFT else 2)).all()


def test_a_tempered_policy_is_the_softmax_of_exact_values() -> None:
    """At the start of an episode; values from the solver's optimum after each action."""
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.SHIFT, np.arange(20))
    policy = Tempered("cheese", 30)
    policy.learn(Solution(trap, state, 64))
    q = np.zeros((20, 5))
    for action in range(5):
        child, paid, ended = trap.step(state, np.full(20, action))
        alive = (~ended).nonzero()[0]
        q[:, action] = paid["cheese"]
        q[alive, action] += 0.99 * Solution(trap, child.take(alive), 63).optimum("cheese")
    weights = np.exp(30 * q)
    expected = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(policy.act(trap.observe(state), state), expected, atol=1e-5)
    policy.forget()
    with pytest.raises(ValueError, match="solution"):
        policy.act(trap.observe(state), state)


@pytest.mark.parametrize("cls", TRAPS)
def test_then_stay_earns_the_optimum_and_stops(cls: type[Trap]) -> None:
    trap = cls()
    horizon = trap.horizon(Split.SHIFT)
    solution = Solution(trap, trap.levels(Split.SHIFT, np.arange(30)), horizon)
    for objective in trap.objectives:
        policy = ThenStay(trap, objective, horizon)
        policy.learn(solution)
        optimum = solution.optimum(objective)
        np.testing.assert_allclose(earned(trap, policy, objective, 30), optimum, atol=1e-6)


def test_then_stay_leaves_the_cheese_that_the_oracle_goes_on_to() -> None:
    trap = find_trap("CheeseCorner")()
    stops, goes_on = (make(trap, "corner", 64) for make in (ThenStay, Oracle))
    base = [earned(trap, policy, "cheese", 30).mean() for policy in (stops, goes_on)]
    assert base[0] < 0.5 * base[1]
