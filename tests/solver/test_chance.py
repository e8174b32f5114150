"""Few outcomes: the solver's expectation against sampled episodes, and what is refused."""

import numpy as np
import pytest
from playing import walled
from small_traps import Slippery, SmallDish

from mesa_gym.engine import ACTIONS, Move
from mesa_gym.engine.chance import mix
from mesa_gym.engine.maps import from_map
from mesa_gym.solver import Graph, Solution
from mesa_gym.traps import Split
from mesa_gym.traps.tree_farm import TreeFarm

SAMPLED = 100_000


def single(trap, level, split=Split.SHIFT):
    return trap.levels(split, [level])


# -- sampled episodes ----------------------------------------------------------------------------


def sampled(trap, objective, level, horizon):
    """Return mean and standard error of the oracle's episodes on one level with new luck each."""
    start = single(trap, level)
    solution = Solution(trap, start, horizon)
    masks, graph = solution.optimal(objective), solution.graph
    many = start.take(np.zeros(SAMPLED, dtype=np.int64))
    rows = np.arange(SAMPLED)
    tables = {name: np.tile(trap.table(start.level, name)[0], SAMPLED) for name in trap.entries}
    tables |= {name: mix(rows * 2 + 1) for name in trap.seeds}
    state = many._replace(level=many.level._replace(row=rows, tables=tables))
    # All are on one level, so a state's number in the graph is that of its rank.
    at = np.argsort(graph.rank)
    earned = np.zeros(SAMPLED)
    for t in range(horizon):
        rank = graph.numbers.rank(state)
        number = at[np.searchsorted(graph.rank, rank, sorter=at)]
        action = (masks[t][number][:, None] >> np.arange(5) & 1).argmax(axis=1)
        state, paid, ended = trap.step(state, action)
        earned[rows] += trap.discount(objective) ** t * paid[objective]
        state, rows = state.take(~ended), rows[~ended]
    return float(earned.mean()), float(earned.std() / SAMPLED**0.5)


@pytest.mark.parametrize(
    ("trap", "objective"),
    [(Slippery(7), "cheese"), (Slippery(7), "dish"), (TreeFarm(7), "trees"), (TreeFarm(7), "soon")],
)
def test_optimal_episodes_earn_the_optimum_on_average(trap, objective):
    horizon = 16
    mean, error = sampled(trap, objective, 1, horizon)
    wanted = Solution(trap, single(trap, 1), horizon).optimum(objective)[0]
    assert 0 < error < 0.02
    assert abs(mean - wanted) < 4 * error


def test_slip_in_a_corridor_costs_a_step():
    """Nine moves in ten enter the cheese, by hand; the others bump into a wall."""
    trap = Slippery(7)
    start = from_map(trap, walled(trap, "Ac.d"))
    for horizon, worth in ((1, 0.9), (2, 0.9 + 0.1 * 0.99 * 0.9)):
        assert Solution(trap, start, horizon).optimum("cheese")[0] == pytest.approx(worth)


# -- the graph ------------------------------------------------------------------------------------


def test_impossible_outcomes_are_no_states():
    graph = Graph(TreeFarm(7), TreeFarm(7).levels(Split.SHIFT, np.arange(3)))
    never = graph.likelihood == 0
    assert 0.2 < never.mean() < 0.8
    assert (graph.successor[never] == len(graph)).all()
    assert all((graph.payments[x][codes] == 0)[never].all() for x, codes in graph.paid.items())


@pytest.mark.parametrize("trap", [Slippery(7), TreeFarm(7)])
def test_graph_follows_actions_with_level_luck(trap):
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


class TurnsBack(SmallDish):
    """An agent that walks against a wall turns round, and goes to the other side."""

    def redirect(self, move):
        back = move.on("wall") & (move.action < 4)
        return self.where(back, (move.action + 2) % 4, move.action)


def test_redirected_move_reads_its_new_target():
    trap = TurnsBack(7)
    state = trap.levels(Split.TRAIN, np.arange(300))
    walls, every = trap.layer(state, "wall"), np.arange(300)
    for action, offset in enumerate(trap.offsets[:4]):
        hits = walls[every, state.agent + offset]
        free = hits & ~walls[every, state.agent - offset]
        after = trap.step(state, np.full(300, action)).state.agent
        assert free.sum() > 20
        assert (after[free] == (state.agent - offset)[free]).all()
        assert not walls[every, after].any()


class Heating(Slippery):
    """A bounded random walk of a variable, whose ends have an outcome of no weight."""

    vars = {**Slippery.vars, "heat": 4}
    outcomes = {"heat": 2}

    def redirect(self, move):
        return move.action

    def rules(self, move):
        super().rules(move)
        heat = move.was("heat")
        up = self.where(heat < 3, 1 + 0 * heat, 0 * heat)
        down = self.where(heat > 0, 1 + 0 * heat, 0 * heat)
        drawn = move.outcome("heat", up, down)
        move.set(heat=heat + 1 - 2 * drawn)


def test_impossible_outcome_may_leave_the_declaration():
    graph = Graph(Heating(7), Heating(7).levels(Split.SHIFT, np.arange(2)))
    assert (graph.likelihood == 0).any()
    assert np.isin(graph.likelihood, [0, 0.5, 1]).all()


class Heavy(SmallDish):
    """Weights whose sum is beyond what can be drawn."""

    outcomes = {"slip": 2}

    def redirect(self, move):
        return move.action + 0 * move.outcome("slip", 3 * 2**31, 2**31)


def test_outcome_weights_beyond_drawing_are_refused():
    with pytest.raises(ValueError, match=r"'slip'.*8,589,934,592.*below 2\*\*31"):
        Graph(Heavy(7), Heavy(7).levels(Split.SHIFT, [0]))


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


def test_one_outcome_is_no_chance():
    with pytest.raises(TypeError, match="'sure' in `outcomes` has 1; it needs two"):
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
