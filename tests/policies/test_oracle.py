"""Oracles: what they earn, states that they meet unsolved, what they refuse."""

import numpy as np
import pytest
from parameters import thorough
from reference import wandered

from mesa_gym.engine import STAY
from mesa_gym.engine.maps import from_map
from mesa_gym.policies import Oracle, Reference, as_policy, oracle
from mesa_gym.policies.oracle import Aimless, Either
from mesa_gym.solver import Solution, share_solution
from mesa_gym.traps import Split, Whole, base, find_trap
from mesa_gym.traps.cheese_dish import CheeseDish

TRAP = find_trap("RedBlueDoors")()
HORIZON = TRAP.horizon(Split.SHIFT)
SIGHT = np.zeros((0, 9, 9, 6), dtype=np.uint8)  # oracles read the state alone


def test_states_that_are_met_later_are_solved_as_if_from_the_start():
    met = wandered(TRAP, 60)
    starts = TRAP.levels(Split.TEST, np.arange(60))
    for name in ("oracle:door", "oracle:red", "either"):
        prepared, fresh = (as_policy(name, TRAP, HORIZON) for _ in range(2))
        assert isinstance(prepared, Oracle)
        prepared.learn(Solution(TRAP, starts, HORIZON))
        expected = prepared.act(SIGHT, met)
        np.testing.assert_array_equal(fresh.act(SIGHT, met), expected)
        assert set(np.unique(expected.sum(axis=1)).round(9)) == {1.0}
        rows = np.arange(60)[::-7]  # in other company, and asked again
        np.testing.assert_array_equal(fresh.act(SIGHT, met.take(rows)), expected[rows])


def test_levels_of_the_same_number_may_differ():
    """As the viewer edits them: the door is to the right on the one, to the left on the other."""
    trap, rows = find_trap("RedBlueDoors")(7), "#######\n#{}.A.{}#\n" + "#######\n" * 5
    legend = "\n1 = key red\n2 = door blue"
    states = [from_map(trap, rows.format(*ends) + legend) for ends in ("12", "21")]
    oracle = Oracle(trap, "door", 8)
    actions = [oracle.act(SIGHT, state).argmax() for state in (*states, *states)]
    assert actions == [2, 0, 2, 0]
    both = trap.joined(states)
    assert oracle.act(SIGHT, both).argmax(axis=1).tolist() == [2, 0]


def test_the_time_that_is_left_counts_and_after_it_the_last_step():
    start = TRAP.levels(Split.SHIFT, np.arange(40))
    late = start._replace(clock=start.clock + HORIZON - 1)
    oracle = Oracle(TRAP, "base", HORIZON)
    assert (oracle.act(SIGHT, late)[:, STAY] > 0).mean() > 0.9  # hardly a door is one step away
    beyond = start._replace(clock=start.clock + 2 * HORIZON)
    np.testing.assert_array_equal(oracle.act(SIGHT, beyond), oracle.act(SIGHT, late))
    other = Oracle(TRAP, "base", HORIZON + 1)
    other.learn(Solution(TRAP, start, HORIZON))
    assert not other._solved


def test_a_solution_that_is_shared_is_not_made_again(monkeypatch):
    def refused(*_):
        raise AssertionError("solved again")

    start = TRAP.levels(Split.SHIFT, np.arange(9))
    expected = Oracle(TRAP, "red", HORIZON).act(SIGHT, start)
    monkeypatch.setattr(oracle, "solutions", refused)
    with share_solution(Solution(TRAP, start, HORIZON)):
        np.testing.assert_array_equal(Oracle(TRAP, "red", HORIZON).act(SIGHT, start), expected)
        with pytest.raises(AssertionError, match="solved again"):
            Oracle(TRAP, "red", HORIZON + 1).act(SIGHT, start)
    with pytest.raises(AssertionError, match="solved again"):
        Oracle(TRAP, "red", HORIZON).act(SIGHT, start)


@pytest.mark.parametrize("name", ["CheeseDish", "RedBlueDoors", "Attributes", "ChuteOrFire"])
def test_a_level_without_its_targets_is_another_one_under_the_same_key(name):
    """The full level's solution is shared, and was used: no answer is taken from it."""
    trap = find_trap(name)()
    full, horizon = trap.levels(Split.SHIFT, np.arange(12)), trap.horizon(Split.SHIFT)
    oracles = {x: Oracle(trap, x, horizon) for x in trap.objectives}
    with share_solution(Solution(trap, full, horizon)):
        expected = {x: oracle.act(SIGHT, full) for x, oracle in oracles.items()}
        for x, oracle in oracles.items():
            for other in trap.objectives:
                alone, earned = trap.isolate(full, other), np.zeros(12)
                np.testing.assert_array_equal(alone.level.key, full.level.key)
                state = alone
                for _ in range(horizon):
                    shares = oracle.act(SIGHT, state)
                    state, paid, _ = trap.step(state, shares.argmax(axis=1))
                    earned += paid[x]
                    if x != other:
                        np.testing.assert_array_equal(shares, np.eye(5)[[STAY] * 12])
                    elif earned.all():
                        break
                assert earned.all() == (x == other), (x, other)
            bare = trap.isolate(full)
            np.testing.assert_array_equal(oracle.act(SIGHT, bare), np.eye(5)[[STAY] * 12])
            np.testing.assert_array_equal(oracle.act(SIGHT, full), expected[x])


@pytest.mark.parametrize("name", ["CheeseDish", "RedBlueDoors"])
def test_either_takes_the_nearest_target_and_neither_objective_more_often(name):
    trap = find_trap(name)()
    state, horizon = trap.levels(Split.SHIFT, np.arange(300)), trap.horizon(Split.SHIFT)
    either, rng = Either(trap, horizon), np.random.default_rng(0)
    nearest, of_base = Solution(trap, state, horizon).contact(), 0
    for t in range(1, nearest.max() + 1):
        shares = either.act(SIGHT, state)
        state, paid, _ = trap.step(state, (shares.cumsum(1) > rng.random((state.n, 1))).argmax(1))
        met = np.any([pay > 0 for pay in paid.values()], axis=0)
        np.testing.assert_array_equal(met, nearest == t)
        of_base += int((paid[trap.base] > 0).sum())
        state, nearest = state.take(~met), nearest[~met]
    assert abs(of_base - 150) < 4 * np.sqrt(300) / 2


@pytest.mark.parametrize("name", ["CheeseDish", thorough("KeysChests")])
def test_aimless_is_competent_on_test_and_lost_where_objectives_conflict(name):
    trap = find_trap(name)()
    starts, horizon = trap.levels(Split.TEST, np.arange(20)), trap.horizon(Split.TEST)
    best, aimless = Oracle(trap, "base", horizon), Aimless(trap, horizon)
    np.testing.assert_array_equal(aimless.act(SIGHT, starts), best.act(SIGHT, starts))
    shifted = trap.levels(Split.SHIFT, np.arange(20))
    np.testing.assert_array_equal(Aimless(trap, horizon).act(SIGHT, shifted), np.full((20, 5), 0.2))


class Pays(CheeseDish):
    """Which thing is the cheese is an option, which no level shows."""

    options = {"turned": Whole(0, 0, 1)}

    @base
    def cheese(self, move):
        """1 for the cheese, or for the dish."""
        return move.into("dish" if self.parameters["turned"] else "cheese")


def test_an_oracle_takes_no_solution_of_another_trap():
    """Both have the same levels under the same keys."""
    trap, other = Pays(7), Pays(7, turned=1)
    starts, horizon = trap.levels(Split.SHIFT, np.arange(20)), 30
    oracle = Oracle(trap, "cheese", horizon)
    wanted = Oracle(trap, "cheese", horizon).act(SIGHT, starts)
    with share_solution(Solution(other, starts, horizon)):
        np.testing.assert_array_equal(oracle.act(SIGHT, starts), wanted)
    oracle.forget()
    oracle.learn(Solution(other, starts, horizon))
    np.testing.assert_array_equal(oracle.act(SIGHT, starts), wanted)


@pytest.mark.parametrize(
    ("name", "use", "message"),
    [
        ("RedBlueDoors", lambda trap: Oracle(trap, "bleu", 64), "of RedBlueDoors-v0 'bleu'"),
        ("RedBlueDoors", lambda trap: Oracle(trap, "red", 64).act(SIGHT), "needs the state"),
        ("RedBlueDoors", lambda trap: Reference(trap, "red"), "no 'reference:red'; use one of"),
        ("MonsterWorld", lambda trap: Reference(trap, "base").act(SIGHT), "needs the state"),
        ("MonsterWorld", lambda trap: Oracle(trap, "shields", 64), "no 'oracle:shields'; use"),
        ("MonsterWorld", lambda trap: as_policy("either", trap, 64), "no 'either'; use one of"),
        ("MonsterWorld", lambda trap: as_policy("aimless", trap, 64), "no 'aimless'; use one of"),
    ],
)
def test_what_is_refused(name, use, message):
    with pytest.raises(ValueError, match=message):
        use(find_trap(name)())
