"""The fixed set of conflict states of each trap, chosen once, and the states by stepping there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from mesa_gym.grid import State
from mesa_gym.solver import ConflictStates, conflict_states
from mesa_gym.traps import Split, Trap, all_traps

SOLVABLE = {name: cls for name, cls in all_traps().items() if cls.solvable}
each_solvable = pytest.mark.parametrize("cls", SOLVABLE.values(), ids=SOLVABLE)


@lru_cache
def chosen(cls: type[Trap]) -> ConflictStates:
    (states,) = conflict_states(cls()).values()
    return states


def led(states: ConflictStates) -> State:
    """The states at the ends of the paths, by stepping the trap from fresh levels."""
    state = states.trap.levels(Split.SHIFT, states.starts.level)
    for t in range(int(states.depth.max())):
        going = (states.depth > t).nonzero()[0]
        actions = states.path[going, t].astype(np.int64)
        after, outcome = states.trap.step(state.take(going), actions)
        assert not outcome.ended.any()
        state.put(going, after, np.arange(len(going)))
    return state
