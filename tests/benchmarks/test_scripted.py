"""Policies with a known goal, or with none, do what they are said to do."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from earning import earned
from reference import wandered

from benchmarks.studies import scripted
from benchmarks.studies.scripted import Coin, Noisy, ThenStay, WallFollower
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Oracle, constant
from mesa_gym.solver import Solution, sharing, targets
from mesa_gym.traps import Split, Trap, all_traps, find_trap

LEFT, DOWN, RIGHT, UP, ACT = range(5)
TRAPS = [pytest.param(cls, id=name) for name, cls in all_traps().items() if cls.solvable]
PLANES = np.zeros((2, 9, 9, 3), "u1")
# One way round a pillar, with a dead end at the top right.
RING = """
#######
#...#.#
#.#...#
#...#A#
#######
#######
#######
"""


# -- devices, and goals that no trap has -----------------------------------------------------------


def test_oscillating_goes_left_and_right() -> None:
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.TEST, np.arange(3))
    for action in (LEFT, RIGHT, LEFT):
        acts = scripted.oscillating().act(trap.observe(state), state)
        assert (acts.argmax(axis=1) == action).all()
        state = trap.step(state, acts.argmax(axis=1)).state
    with pytest.raises(ValueError, match="needs the state"):
        scripted.oscillating().act(PLANES)


def test_a_wall_follower_keeps_its_right_hand_on_the_wall() -> None:
    """It looks down at first, finds the way barred to the right (west), ahead and left, turns."""
    trap, policy = find_trap("CheeseCorner")(7), WallFollower()
    state = from_map(trap, RING)
    policy.reset(np.ones(1, dtype=bool), np.random.default_rng(0))
    expected = [(2, 5), (1, 5), (2, 5), (2, 4), (2, 3), (1, 3), (1, 2), (1, 1), (2, 1), (3, 1)]
    for y, x in [*expected, (3, 2), (3, 3)]:
        state = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1)).state
        assert state.agent.tolist() == [7 * y + x]


GOALS = [scripted.some_cell, partial(scripted.some_cell, salt=1), scripted.last_cell]


@pytest.mark.parametrize("goal", GOALS)
def test_to_a_cell_and_then_stay(goal) -> None:
    trap, policy = find_trap("CheeseCorner")(), scripted.to_cell(goal)
    state = trap.levels(Split.SHIFT, np.arange(200))
    open_cells = ~trap.layer(state, "wall")
    cells = goal(open_cells, state)
    assert open_cells[np.arange(200), cells].all()
    for _ in range(64):
        state, _, ended = trap.step(state, policy.act(trap.observe(state), state).argmax(axis=1))
        assert not ended.any()  # it goes round the cheese
    assert (state.agent == cells).mean() > 0.9  # the others are walled in by objects
    assert len(set(cells.tolist())) > (0 if goal is scripted.last_cell else 1)


# -- policies that are made of others --------------------------------------------------------------


def test_noise_and_waiting_mix_probabilities() -> None:
    expected = [[0.01, 0.01, 0.96, 0.01, 0.01]] * 2
    np.testing.assert_allclose(Noisy(constant(2), 0.05).act(PLANES), expected)
    waiting = Noisy(constant(2), 0.4, scripted.STAYING)
    np.testing.assert_allclose(waiting.act(PLANES), [[0, 0, 0.6, 0, 0.4]] * 2)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Noisy(constant(2), 5)


def test_two_minds_decide_by_level_and_alike_on_twins() -> None:
    trap = find_trap("KeysChests")()
    policy = scripted.two_minds(constant(0), constant(1))
    state = trap.levels(Split.TEST, np.arange(1000))
    half = policy.act(trap.observe(state), state)
    assert 450 < half[:, 0].sum() < 550
    assert (half[:, :2].sum(axis=1) == 1).all()
    later = wandered(trap, 1000)
    np.testing.assert_array_equal(policy.act(trap.observe(later), later), half)
    doors = find_trap("RedBlueDoors")()
    starts = doors.levels(Split.SHIFT, np.arange(100))
    np.testing.assert_array_equal(policy.heads(starts), policy.heads(doors.twins(starts)[0]))


def test_a_mixture_has_the_share_that_it_is_given() -> None:
    state = find_trap("KeysChests")().levels(Split.TEST, np.arange(4000))
    for share in (0.0, 0.3, 1.0):
        heads = scripted.two_minds(constant(0), constant(1), share).heads(state)
        assert abs(heads.mean() - share) <= 4 * (share * (1 - share) / 4000) ** 0.5
    with pytest.raises(ValueError, match="share must be from 0 to 1, got 30"):
        scripted.two_minds(constant(0), constant(1), 30)


def test_a_coin_is_thrown_once_an_episode() -> None:
    trap = find_trap("KeysChests")()
    state, rng = trap.levels(Split.TEST, np.arange(1000)), np.random.default_rng(0)
    policy = Coin(constant(0), constant(1), 0.3)
    policy.reset(np.ones(1000, dtype=bool), rng)
    first = policy.heads(state)
    assert 250 < first.sum() < 350
    np.testing.assert_array_equal(policy.heads(wandered(trap, 1000)), first)
    policy.reset(np.arange(1000) < 500, rng)  # the others' episodes go on
    np.testing.assert_array_equal(policy.heads(state)[500:], first[500:])
    assert (policy.heads(state)[:500] != first[:500]).any()


def test_switching_counts_steps_and_under_shift_another_policy_acts() -> None:
    trap = find_trap("CheeseCorner")()
    state = trap.levels(Split.SHIFT, np.arange(2))._replace(clock=np.array([2, 3]))
    chosen = scripted.switching(constant(0), constant(1), 3).act(PLANES, state).argmax(axis=1)
    assert chosen.tolist() == [0, 1]
    policy = scripted.under_shift(constant(1), constant(2), trap)
    for split in Split:
        state = trap.levels(split, np.arange(5))
        acts = policy.act(trap.observe(state), state).argmax(axis=1)
        assert (acts == (1 if split is Split.SHIFT else 2)).all()


@pytest.mark.parametrize("order", [1, -1])
def test_a_place_is_preferred_whatever_stands_there(order: int) -> None:
    trap = find_trap("RedBlueDoors")()
    starts = trap.levels(Split.SHIFT, np.arange(60))
    policy = scripted.by_place(constant(0), constant(1), trap, "red", order)
    cells = {x: found.argmax(axis=1) for x, found in targets(trap, starts).items()}
    expected = cells["door"] * order < cells["red"] * order
    np.testing.assert_array_equal(policy.chosen(starts), expected)
    np.testing.assert_array_equal(policy.chosen(trap.twins(starts)[0]), ~expected)


def test_only_near_asks_the_solution_of_its_levels() -> None:
    trap = find_trap("CheeseCorner")()
    starts = trap.levels(Split.SHIFT, np.arange(40))
    policy, solution = scripted.only_near(constant(0), constant(1), 4), Solution(trap, starts, 64)
    with sharing(solution):
        near = policy.heads(starts)
    # The earliest contact is worth 0.99 to the steps before it, of cheese or corner.
    best = np.maximum(solution.optimum("cheese"), solution.optimum("corner"))
    np.testing.assert_array_equal(near, best >= 0.99**3 - 1e-9)
    with pytest.raises(ValueError, match="needs the solution of its levels"):
        policy.chosen(starts)


def test_walls_decide_as_counted_by_hand() -> None:
    trap = find_trap("KeysChests")()
    state = trap.levels(Split.TEST, np.arange(200))
    walls = trap.layer(state, "wall").reshape(200, 9, 9)
    left = [int(w[:, :4].sum()) > int(w[:, 5:].sum()) for w in walls]
    assert scripted.by_walls(constant(0), constant(1), trap).heads(state).tolist() == left
    assert 40 < sum(left) < 160


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
