"""Few outcomes: the solver's expectation by hand, and refusals."""

import numpy as np
import pytest
from playing import walled
from small_traps import Slippery, SmallDish

from mesa_gym.engine import ACTIONS, Move
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import Graph, Solution
from mesa_gym.traps import Split
from mesa_gym.traps.tree_farm import TreeFarm


def test_slip_in_a_corridor_costs_a_step():
    """Nine moves in ten enter the cheese, by hand; the others bump into a wall."""
    trap = Slippery(7)
    start = from_map(trap, walled(trap, "Ac.d"))
    for horizon, worth in ((1, 0.9), (2, 0.9 + 0.1 * 0.99 * 0.9)):
        assert Solution(trap, start, horizon).optimum("cheese")[0] == pytest.approx(worth)


# -- the graph ------------------------------------------------------------------------------------


@pytest.mark.parametrize("trap", [Slippery(7), TreeFarm(7)])
def test_graph_steps_equal_the_trap_with_chance(trap):
    starts = trap.levels(Split.SHIFT, np.arange(30))
    graph, horizon = Graph(trap, starts), 12
    actions = np.random.default_rng(0).integers(0, len(ACTIONS), (30, horizon)).astype(np.int8)
    state, rows = starts, np.arange(30)
    wanted = np.full((horizon, 30), -1)
    for t in range(horizon):
        wanted[t, rows] = graph.find(state)
        state, _, ended = trap.step(state, actions[rows, t].astype(np.int64))
        actions[rows[ended], t + 1 :] = -1
        state, rows = state.take(~ended), rows[~ended]
    assert np.array_equal(graph.follow(actions), wanted)


# -- mistakes -------------------------------------------------------------------------------------


class Unasked(SmallDish):
    """Declares outcomes and never draws them."""

    outcomes = {"slip": 2}


class Negative(SmallDish):
    """Has a weight below 0."""

    outcomes = {"slip": 2}

    def redirect(self, move):
        return move.action + 0 * move.outcome("slip", 2, -1)


@pytest.mark.parametrize("cls", [Unasked, Negative])
def test_outcomes_drawn_never_or_negative_are_refused(cls):
    with pytest.raises(ValueError, match=f"outcomes of {cls.__name__}.*once a step"):
        Graph(cls(7), cls(7).levels(Split.SHIFT, [0]))


def test_outcomes_of_a_single_value_are_refused():
    with pytest.raises(TypeError, match="'sure' in `outcomes` has 1; expected two"):
        type("Sure", (SmallDish,), {"outcomes": {"sure": 1}})


def test_outcomes_follow_their_weights():
    trap, n = Slippery(7), 60_000
    state = trap.levels(Split.TRAIN, [0]).take(np.zeros(n, dtype=np.int64))
    state = state._replace(clock=np.arange(n))
    drawn = np.bincount(Move(trap, state, np.full(n, 2)).outcome("slip", 18, 1, 1), minlength=3)
    expected = n * np.array([0.9, 0.05, 0.05])
    assert (abs(drawn - expected) < 4 * np.sqrt(expected)).all()
    weights = np.where(np.arange(n) % 2, 1, 0)  # of each row its own
    split = Move(trap, state, np.full(n, 2)).outcome("slip", weights, 0, 1)
    assert set(split[weights == 0].tolist()) == {2}
    assert abs((split[weights == 1] == 0).mean() - 0.5) < 0.02
