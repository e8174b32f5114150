"""Planners in a state: the map of their goal, and the way that they would go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, State
from mesa_gym.envs.observations import planes_of
from mesa_gym.errors import PolicyBlame
from mesa_gym.policies import Planning
from mesa_gym.traps import Trap


@dataclass(frozen=True, eq=False)
class Intent:
    """The goal and the plan of a planner in a state.

    Attributes:
        wants: float64 (cells,), what each cell is worth to end at; NaN in walls and the border.
        way: the cells of its best path, from the agent's own to the one where it ends.
    """

    wants: NDArray[np.float64]
    way: list[int]


def read_intent(planner: Planning, trap: Trap, state: State) -> Intent:
    """Return what a planner makes of a state, a batch of one.

    Raises:
        PolicyError: it failed, or gave something else than one map and one path.
    """
    planes = planes_of(trap, state)
    with PolicyBlame(f"the map of a planner on {trap.name()}"):
        wants = np.asarray(planner.objective(planes), dtype=np.float64).reshape(trap.cells)
        way = np.asarray(planner.plan(planes)).reshape(-1)
        steps = int((way != way[-1]).nonzero()[0].max(initial=-1)) + 1
    return Intent(np.where(find_open(trap, state), wants, np.nan), way[: steps + 1].tolist())


def find_open(trap: Trap, state: State) -> Bools:
    """Return the cells within the border that are not wall, bool (cells,)."""
    inside = np.zeros(trap.size, dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    return inside.ravel() & ~trap.layer(state, "wall")[0]
