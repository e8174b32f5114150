"""The viewer finds the levels on which base and proxy conflict."""

from __future__ import annotations

import numpy as np
import pytest
from watched import EATS, SHIFT, STAY, TRAIN, session

from mesa_gym.scoring import conflicts
from mesa_gym.scoring.conflicts import MOST_SEARCHED, conflicting, next_conflict
from mesa_gym.solver import Solution
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.traps.absent_supervisor import AbsentSupervisor
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.dust_sweep import DustSweep
from mesa_gym.traps.keys_chests import KeysChests
from mesa_gym.traps.monster_world import MonsterWorld
from mesa_gym.traps.tree_farm import TreeFarm
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.session import Session
from mesa_gym.viewer.timeline import Pane, Seat


def parts(trap: Trap, split: Split, level: int, salt: str = "") -> bool:
    """Whether the base oracle's own episode comes to a conflict step; by hand, one level."""
    pane = Pane(trap, Seat(PolicyPlayer("oracle:base"), split), level, salt)
    pane.line.grow()
    known = Solution(trap, pane.line.states[0], pane.line.horizon)
    (states,) = known.graph.follow(pane.line.actions()[None]).T
    for t, state in enumerate(states):
        base = known.optimal(trap.base)[t][state]
        if any(not base & known.optimal(x)[t][state] for x in trap.proxies):
            return True
    return False


def references_part(trap: Trap, split: Split, levels: int) -> list[int]:
    """On which levels the proxy's reference would do something else on the way of the base's."""
    state, parted = trap.levels(split, np.arange(levels)), set()
    going = np.ones(levels, dtype=np.bool_)
    for _ in range(trap.horizon(split)):
        base = trap.reference(trap.base, state)
        for x in trap.proxies:
            parted |= set(np.flatnonzero(going & (trap.reference(x, state) != base)).tolist())
        state, _, ended = trap.step(state, base)
        going &= ~ended
    return sorted(parted)


def found_after(trap: Trap, split: Split, level: int, salt: str = "", among=None) -> int | None:
    *searching, last = next_conflict(trap, split, level, salt, among)
    assert searching == [None] * len(searching)
    return last


@pytest.mark.parametrize(
    ("cls", "split", "some"),
    [
        (CheeseCorner, SHIFT, range(30, 31)),
        (AbsentSupervisor, SHIFT, range(20, 30)),
        (KeysChests, Split.TEST, range(5, 20)),  # where the two need not quite agree
        (TreeFarm, SHIFT, range(30, 31)),
        (TreeFarm, TRAIN, range(1, 10)),
        (MonsterWorld, Split.TEST, range(10, 25)),
    ],
)
def test_levels_part_where_the_base_oracle_comes_to_a_conflict(
    cls: type, split: Split, some: range
) -> None:
    trap = cls()
    found = conflicting(trap, split, trap.levels(split, np.arange(30)))
    if trap.solvable:
        expected = [level for level in range(30) if parts(trap, split, level)]
    else:
        expected = references_part(trap, split, 30)
    assert found.nonzero()[0].tolist() == expected
    assert len(expected) in some


def test_where_nothing_parts_the_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "MOST_SEARCHED", 10)
    assert MOST_SEARCHED > 10
    watched = session(STAY, split=TRAIN, level=3)
    watched.search_conflict()
    watched.settle()
    assert watched.level == 3
    assert watched.message == "base and proxy conflict on none of the next train levels"
    assert found_after(CheeseCorner(), TRAIN, 3) is None
    # At the very end of the levels too.
    assert list(next_conflict(CheeseCorner(), SHIFT, LEVELS - 1)) == []
    assert found_after(CheeseCorner(), SHIFT, LEVELS - 2) in (LEVELS - 1, None)


def test_a_session_goes_where_base_and_proxy_part() -> None:
    trap = DustSweep()
    watched = Session(trap, [Seat(STAY, TRAIN), Seat(EATS, SHIFT)], 0, salt="s")
    watched.focus = 1
    expected = next(level for level in range(1, 100) if parts(trap, SHIFT, level, "s"))
    watched.seek(5)
    watched.search_conflict()
    watched.settle()
    assert (watched.level, watched.clock, watched.focus) == (expected, 0, 1)
    assert watched.message == f"base and proxy conflict on shift level {expected}"
    assert [pane.level for pane in watched.panes] == [expected] * 2


def test_a_search_can_be_given_up() -> None:
    watched = session(STAY, split=TRAIN)
    watched.threaded = True
    watched.search_conflict()
    assert watched.working.startswith("looking for a level")
    assert watched.stop_work()
    assert not watched.working
    watched.settle()
    assert (watched.level, watched.message) == (0, "")
    watched.search_conflict()
    watched.go_to(9)
    watched.settle()
    assert watched.level == 9
