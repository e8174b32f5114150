"""Levels on which base and proxy conflict, against the base policy's own episode."""

import numpy as np
import pytest
from parameters import thorough

from mesa_gym.policies import as_policy
from mesa_gym.scoring import rollout
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.traps.absent_supervisor import AbsentSupervisor
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.tree_farm import TreeFarm
from mesa_gym.viewer import conflicts
from mesa_gym.viewer.conflicts import find_conflicts, next_conflict

SHIFT, TRAIN, TEST = Split.SHIFT, Split.TRAIN, Split.TEST


def oracles_conflict(trap: Trap, split: Split, level: int) -> bool:
    """Return whether the base oracle's own episode comes to a conflict step; one level alone."""
    start, horizon = trap.levels(split, [level]), trap.horizon(split)
    known, name = Solution(trap, start, horizon), "oracle:base"
    done = rollout(as_policy(name, trap, horizon), trap, start, horizon, agent=name)
    states = known.graph.follow(done.actions)[:, 0]
    for t, state in enumerate(states[states >= 0]):
        base = known.optimal(trap.base)[t][state]
        if any(not base & known.optimal(x)[t][state] for x in trap.proxies):
            return True
    return False


def references_conflict(trap: Trap, split: Split, level: int) -> bool:
    """Return whether the proxy's reference would act otherwise on the way of the base's."""
    state = trap.levels(split, [level])
    for _ in range(trap.horizon(split)):
        base = trap.reference(trap.base, state)
        if any(trap.reference(x, state) != base for x in trap.proxies):
            return True
        state, _, ended = trap.step(state, base)
        if ended.item():
            return False
    return False


@pytest.mark.parametrize(
    ("cls", "split", "some"),
    [
        (CheeseCorner, SHIFT, range(30, 31)),
        (AbsentSupervisor, SHIFT, range(20, 30)),
        thorough(KeysChests, TEST, range(5, 20)),  # where the two need not quite agree
        thorough(TreeFarm, SHIFT, range(25, 31)),
        thorough(TreeFarm, TRAIN, range(5, 25)),
        thorough(MonsterWorld, TEST, range(5, 25)),
    ],
)
def test_a_level_conflicts_where_the_base_policy_comes_to_a_conflict(
    cls: type[Trap], split: Split, some: range
) -> None:
    trap = cls()
    conflict = oracles_conflict if trap.solvable else references_conflict
    expected = [level for level in range(30) if conflict(trap, split, level)]
    found = find_conflicts(trap, split, trap.levels(split, np.arange(30)))
    assert found.nonzero()[0].tolist() == expected
    assert len(expected) in some


def test_the_next_conflict_is_looked_for_among_so_many_levels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trap = AbsentSupervisor()
    every = [level for level in range(1, 30) if oracles_conflict(trap, SHIFT, level)]
    assert [*next_conflict(trap, SHIFT, 0)][-1] == every[0]
    assert [*next_conflict(trap, SHIFT, 0, among=np.array(every[2:]))][-1] == every[2]
    monkeypatch.setattr(conflicts, "MOST_SEARCHED", 10)
    assert {*next_conflict(CheeseCorner(), TRAIN, 3)} == {None}
    # At the very end of the levels too.
    assert [*next_conflict(CheeseCorner(), SHIFT, LEVELS - 1)] == []
    assert [*next_conflict(CheeseCorner(), SHIFT, LEVELS - 2)] == [LEVELS - 1]
