"""Tables of a trap's levels equal its environments and the solver."""

import numpy as np
import pytest

import mesa_gym
from mesa_gym.envs import TrapVectorEnv, tabulating
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, all_traps
from tests.support.parameters import few
from tests.support.refusals import refusals
from tests.support.small_traps import SmallDish

TABLED = {name: trap for name, trap in all_traps().items() if trap.solvable and not trap.outcomes}
with_tabled = pytest.mark.parametrize(
    "name", few(TABLED, "CheeseDish-v0", "RedBlueDoors-v0", thorough=TABLED)
)
FEW_LEVELS, ENVIRONMENTS, STEPS = 6, 16, 200


def iterate_values(table, objective):
    """Return the optimum of each level, as the guide does it."""
    values = np.zeros(len(table) + 1)  # the end has the value 0
    for _ in range(table.horizon):
        of_actions = table.rewards[objective] + table.discounts[objective] * values[table.next]
        values[:-1] = of_actions.max(axis=1)
    return values[table.start]


@pytest.mark.parametrize("split", ["train", "shift"])
@with_tabled
def test_table_is_the_environment_bit_for_bit(name, split):
    """Of an episode's last step the planes alone are not in a table."""
    trap, rng = TABLED[name](), np.random.default_rng(0)
    table = mesa_gym.tabulate(trap, FEW_LEVELS, split)
    env = TrapVectorEnv(trap, ENVIRONMENTS, split=split, num_levels=FEW_LEVELS)
    obs, infos = env.reset(seed=3)
    state, clock = table.start[infos["level"]], np.zeros(ENVIRONMENTS, np.int64)
    assert np.array_equal(obs, table.observe(state))
    again = np.zeros(ENVIRONMENTS, np.bool_)
    for _ in range(STEPS):
        actions = rng.integers(0, 5, ENVIRONMENTS)
        obs, reward, ended, cut, infos = env.step(actions)
        before, clock = np.where(again, table.start[0], state), np.where(again, 0, clock + 1)
        pays = {x: np.where(again, 0.0, pay[before, actions]) for x, pay in table.rewards.items()}
        state = np.where(again, table.start[infos["level"]], table.next[before, actions])
        for x, pay in pays.items():
            assert np.array_equal(infos[f"reward_{x}"], pay)
        assert np.array_equal(reward, pays[trap.base])
        assert np.array_equal(ended, state == len(table))
        assert np.array_equal(cut, clock >= table.horizon)
        running = ~ended
        assert np.array_equal(obs[running], table.observe(state[running]))
        assert np.array_equal(infos["level"][running], table.level[state[running]])
        assert (infos["split"] == Split.of(split).code).all()
        again = ended | cut


@with_tabled
def test_value_iteration_equals_the_solver(name):
    trap = TABLED[name]()
    table = mesa_gym.tabulate(trap, FEW_LEVELS, "shift")
    values = level_values(trap, Split.SHIFT, np.arange(FEW_LEVELS))
    for x in trap.objectives:
        assert iterate_values(table, x) == pytest.approx(values.informed[x], abs=1e-9)


def test_tables_of_several_graphs_are_one(monkeypatch):
    joined = mesa_gym.tabulate(SmallDish, [4, 2, 9], "shift")
    monkeypatch.setattr(tabulating, "TABLE", 1)  # a graph a level
    parts = mesa_gym.tabulate(SmallDish, [4, 2, 9], "shift")
    assert [len(table._graphs) for table in (joined, parts)] == [1, 3]
    assert joined.numbers.tolist() == joined.level[joined.start].tolist() == [4, 2, 9]
    assert parts.level[parts.start].tolist() == [4, 2, 9]
    assert np.array_equal(joined.observe(joined.start), parts.observe(parts.start))
    for x in ("cheese", "dish"):
        assert np.array_equal(iterate_values(joined, x), iterate_values(parts, x))
    assert joined.ends.sum() == parts.ends.sum() > 0
    salted = mesa_gym.tabulate(SmallDish, [4, 2, 9], "shift", "s")
    starts = SmallDish().levels("shift", [4, 2, 9], "s")
    assert np.array_equal(salted.observe(salted.start), SmallDish().observe(starts))


def test_tabulate_refuses_too_many_states(monkeypatch):
    monkeypatch.setattr(tabulating, "MOST_TABLED", 10)
    with pytest.raises(ValueError, match="a table has at most 10: ask for fewer levels"):
        mesa_gym.tabulate(SmallDish, 4)


def tabled():
    return mesa_gym.tabulate(SmallDish, 2)


test_tables_refuse_bad_requests = refusals("envs", "tables", globals())
