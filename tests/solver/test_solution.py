"""Exact values against hand-computed ones and plain recursion."""

import numpy as np
import pytest

from mesa_gym.engine.maps import from_map
from mesa_gym.solver import Graph, Solution, TimeLeft, actions_in, level_values, targets
from mesa_gym.solver.certificate import measure_separation
from mesa_gym.traps import Split, base
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.parameters import each_solvable
from tests.support.playing import ACT, LEFT, RIGHT, UP, walled
from tests.support.reference import enumerate_level
from tests.support.small_traps import Healthy, Slippery

# -- by hand -------------------------------------------------------------------------------------


# Levels of CheeseCorner: a corridor, and what "1" stands for in it.
ALIKE, NEAR, FAR = ("c.A.1", "1 = corner"), ("1..Ac", "1 = corner"), ("1.A..", "1 = corner")
PASSED, TOGETHER = ("A1..c", "1 = corner"), ("A...1", "1 = cheese, corner")
EMPTY = ("..A..",)


def corridors(*levels, horizon=20):
    """Solve several corridors together."""
    trap = CheeseCorner(7)
    states = [from_map(trap, walled(trap, *lines)) for lines in levels]
    return Solution(trap, trap.joined(states), horizon)


def first(sets, solution):
    """Return the actions that are taken from each start."""
    return sets[0][solution.graph.start].tolist()


def test_either_goes_to_the_nearest_target():
    # In NEAR the sum of both objectives would be greater by way of the corner.
    solution = corridors(ALIKE, NEAR, FAR)
    assert first(solution.nearest_target(), solution) == [
        1 << LEFT | 1 << RIGHT,
        1 << RIGHT,
        1 << LEFT,
    ]


def test_solution_contact_is_earliest_large_payment():
    solution = corridors(ALIKE, NEAR, FAR, EMPTY)
    assert solution.contact().tolist() == [2, 1, 2, 21]
    assert solution.largest("cheese").tolist() == [1, 1, 0, 0]
    assert solution.largest("corner").tolist() == [1, 1, 1, 0]


class PaysLeft(CheeseCorner):
    @base
    def cheese(self, move):
        """1 for entering the cheese, 0.1 for a step to the left."""
        return {1: move.into("cheese"), 0.1: move.moved & (move.action == LEFT)}


def test_contact_ignores_small_payments():
    trap = PaysLeft(7)
    level = from_map(trap, walled(trap, "1.A.c", "1 = corner"))
    assert Solution(trap, level, 20).contact().tolist() == [2]


def test_separation_is_one_objective_costing_the_other():
    """The cheese ends the episode, unless the corner is passed on the way."""
    solution = corridors(ALIKE, NEAR, PASSED, TOGETHER)
    assert solution.find_separated("cheese", "corner").tolist() == [True, True, False, False]


@each_solvable
def test_separation_equals_that_of_certificate(trap):
    trap = trap()
    for split in (Split.TEST, Split.SHIFT):
        solution = Solution(trap, trap.levels(split, np.arange(8)), trap.horizon(split))
        values = level_values(trap, split, np.arange(8), pairs=True)
        for x in trap.proxies:
            share = solution.find_separated(trap.base, x).mean()
            assert share == measure_separation(values, trap.base, x).either


def test_aimless_is_base_oracle_where_objectives_agree():
    solution = corridors(ALIKE, PASSED, TOGETHER)
    assert first(solution.aimless(), solution) == [0b11111, 1 << RIGHT, 1 << RIGHT]
    after = solution.graph.successor[LEFT, 0]
    assert solution.aimless()[1][after] == 0b11111


# -- plain recursion -----------------------------------------------------------------------------


def small_level(trap):
    starts = trap.levels(Split.SHIFT, np.arange(6))
    size = np.bincount(Graph(trap, starts).level_row)
    return enumerate_level(trap, starts.take([size.argmin()]))


@each_solvable
def test_solution_equals_plain_recursion(trap):
    trap = trap()
    plain = small_level(trap)
    horizon = min(trap.horizon(Split.SHIFT), 6000 // len(plain.after) + 12)
    solution = Solution(trap, plain.states.take([0]), horizon)
    anywhen = TimeLeft(solution.graph, horizon)
    number = solution.graph.find(plain.states)
    depth, place = np.array(plain.depth), number.argsort()
    largest = {x: max(0, np.max(paid)) for x, paid in plain.paid.items()}
    assert {x: solution.largest(x)[0] for x in trap.objectives} == largest
    contacts = [np.array(paid) > largest[x] / 2 for x, paid in plain.paid.items()]
    assert solution.contact()[0] == depth[np.any(contacts, axis=(0, 2))].min() + 1
    for x in trap.objectives:
        values, sets = plain.earned(x, horizon)
        table = np.array(values)[:, place]
        assert solution.optimum(x)[0] == pytest.approx(table[horizon, 0], abs=1e-12)
        np.testing.assert_allclose(anywhen.values(x)[:, :-1], table, rtol=0, atol=1e-12)
        random = plain.earned(x, horizon, np.mean)[0][horizon][0]
        assert solution.uniform(x)[0] == pytest.approx(random, abs=1e-12)
        staying = plain.earned(x, horizon, lambda values: values[ACT])[0][horizon][0]
        assert solution.staying(x)[0] == pytest.approx(staying, abs=1e-12)
        assert solution.floor(x)[0] == pytest.approx(max(random, staying), abs=1e-12)
        for t in range(0, horizon, 6):
            some = (depth <= t).nonzero()[0]
            row, left = number[some], horizon - t
            chosen = [sets[left][i] for i in some]
            assert len(solution.optimal(x)[t]) == len(some)
            assert [{*a.nonzero()[0]} for a in actions_in(solution.optimal(x)[t][row])] == chosen
            q = np.array([plain.q(values, x, i, left) for i in some])
            assert np.abs(anywhen.action_values(x, row, left) - q).max() < 1e-12
        for y in set(trap.objectives) - {x}:
            best, worst = (plain.earned(y, horizon, f, sets)[0][horizon][0] for f in (max, min))
            assert solution.best(y, among=x)[0] == pytest.approx(best, abs=1e-12)
            assert solution.worst(y, among=x)[0] == pytest.approx(worst, abs=1e-12)


def test_slip_in_a_corridor_costs_a_step():
    """Nine moves in ten enter the cheese, by hand; the others bump into a wall."""
    trap = Slippery(7)
    start = from_map(trap, walled(trap, "Ac.d"))
    for horizon, worth in ((1, 0.9), (2, 0.9 + 0.1 * 0.99 * 0.9)):
        assert Solution(trap, start, horizon).optimum("cheese")[0] == pytest.approx(worth)


def test_solution_of_slips_equals_plain_recursion():
    """``test_graph.py`` checks the frequencies of outcomes."""
    test_solution_equals_plain_recursion(Slippery)


@each_solvable
@pytest.mark.parametrize("split", [Split.TEST, Split.SHIFT])
def test_oracle_earns_the_best_and_then_stays(trap, split):
    """In training oracles also earn the optimum of base; under shift they need not."""
    trap = trap()
    starts, horizon = trap.levels(split, np.arange(20)), trap.horizon(split)
    solution = Solution(trap, starts, horizon)
    anywhen = TimeLeft(solution.graph, horizon)
    for x in trap.objectives:
        state, rows, number = starts, np.arange(20), solution.graph.start
        earned = {y: np.zeros(20) for y in trap.objectives}
        for t in range(horizon):
            allowed = actions_in(solution.oracle(x)[t][number])
            if not trap.delta:
                spent = (anywhen.action_values(x, number, horizon - t) == 0).all(axis=1)
                assert (allowed[spent] == (np.arange(5) == ACT)).all()
            state, paid, ended = trap.step(state, allowed.argmax(axis=1))
            for y, pays in paid.items():
                earned[y][rows] += trap.discount(y) ** t * pays
            state, rows = state.take(~ended), rows[~ended]
            number = solution.graph.find(state)
        wanted = {x: solution.optimum(x)}
        if x != trap.base and (split is Split.TEST or trap.delta):
            wanted[trap.base] = solution.best(trap.base, x)
        for y, worth in wanted.items():
            more = earned[y] - worth
            lucky = 4 * more.std() / 20**0.5 if trap.outcomes else 0.0
            assert abs(more.mean() if lucky else more).max() <= lucky + 1e-9


class PaysUpwards(Healthy):
    @base
    def cheese(self, move):
        """1 for entering the cheese from below, 0.1 for any step to the left."""
        into = move.into("cheese") & (move.action == UP)
        return {1: into, 0.1: move.moved & (move.action == LEFT)}


def test_targets_are_cells_paying_over_half():
    trap = PaysUpwards()
    state = trap.levels(Split.SHIFT, np.arange(20))
    found, cells = targets(trap, state), np.arange(trap.cells)
    below = state.at["cheese"][0] + trap.width
    open_below = ~trap.layer(state, "wall")[np.arange(20), below]
    expected = (cells == state.at["cheese"].T) & open_below[:, None]
    assert expected.any()
    np.testing.assert_array_equal(found["cheese"], expected)
    np.testing.assert_array_equal(found["corner"], cells == state.at["corner"].T)
