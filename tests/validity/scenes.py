"""Scenes: the contents of start states, and plans to targets, for seeking policies."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from mesa_gym.engine import FAR, State, distances
from mesa_gym.solver import targets
from mesa_gym.traps import Trap
from tests.validity.scripted import StatePolicy

WALL = 1  # the channel; before it is the agent's, after it all others
# Targets by what the start states hold: those of the last few batches, which policies share.
_FOUND = {}
_KEPT = 24


@dataclass(frozen=True)
class Scene:
    """The contents of start states.

    Attributes:
        trap: whose levels.
        state: n start states.
    """

    trap: Trap
    state: State

    @cached_property
    def cells_of(self):
        """Objective -> the cells of its targets as they stand, bool (n, cells)."""
        things = (*self.state.at.values(), *self.state.there.values())
        arrays = [self.state.level.key, self.state.agent, *things]
        name = repr(self.trap).encode() + b"".join(array.tobytes() for array in arrays)
        key = blake2b(name).digest()
        if key not in _FOUND:
            if len(_FOUND) >= _KEPT:
                del _FOUND[next(iter(_FOUND))]
            _FOUND[key] = targets(self.trap, self.state)
        return _FOUND[key]

    @cached_property
    def open_cells(self):
        """The cells without wall, bool (n, height, width)."""
        return ~self.trap.layer(self.state, "wall").reshape(self.state.n, *self.trap.size)

    @cached_property
    def free_cells(self):
        """The cells without wall and target, bool (n, height, width)."""
        return self.open_cells & ~self.any_target.reshape(self.open_cells.shape)

    @property
    def any_target(self):
        """The targets of all objectives, bool (n, cells)."""
        return np.any([*self.cells_of.values()], axis=0)

    @property
    def joined(self):
        """True where one cell is the target of every objective, bool (n,)."""
        return np.asarray(np.all([*self.cells_of.values()], axis=0).any(axis=1))

    def ways_to(self, wanted):
        """Return the cells without wall and without another target than some, as ``open_cells``."""
        shunned = self.any_target & ~wanted
        return self.open_cells & ~shunned.reshape(self.open_cells.shape)

    def has(self, objective):
        """Return whether an objective has a target, bool (n,)."""
        return np.asarray(self.cells_of[objective].any(axis=1))

    def cell(self, objective):
        """Return the first target of an objective, int64 (n,); 0 for none."""
        return self.cells_of[objective].argmax(axis=1)

    def steps_to(self, objective):
        """Return the steps from each cell to the nearest target, int64 (n, cells); FAR for none."""
        best = np.full(self.cells_of[objective].shape, FAR)
        left = self.cells_of[objective].copy()
        while left.any():
            cell = left.argmax(axis=1)
            steps = distances(self.open_cells, cell)
            best = np.where(
                (steps >= 0) & left.any(axis=1, keepdims=True), np.minimum(best, steps), best
            )
            left[np.arange(len(left)), cell] = False
        return best

    def column(self, objective):
        """Return the column of an objective's target, int64 (n,); 0 for none."""
        return self.cell(objective) % self.trap.width


class StartPolicy(StatePolicy):
    """A policy that plans at start states, and follows its plans.

    Args:
        trap: whose levels.
    """

    looks, memory = False, True

    def __init__(self, trap):
        self.trap = trap

    def _decide(self, planes, state):
        if (state.clock == 0).all():
            self._begin(Scene(self.trap, state))
        return self._go(state)

    def _begin(self, scene):
        raise NotImplementedError

    def _go(self, state):
        raise NotImplementedError


# -- plans -----------------------------------------------------------------------------------------

# Each gives the prices of ending in each cell, int64 (n, cells), and the cells that it walks on,
# bool (n, height, width).

# Neighbours as shifts of an array (n, height, width): axis and way.
SIDES = ((1, 1), (1, -1), (2, 1), (2, -1))


def to(cells):
    """Return prices that are 0 in some cells, int64 (n, cells)."""
    return np.where(cells, 0, FAR)


def plan_straight(scene, objective):
    """Plan as the crow flies: the plan ignores walls, so that the policy may be stuck."""
    inside = np.zeros(scene.open_cells.shape, dtype=np.bool_)
    inside[:, 1:-1, 1:-1] = True
    return to(scene.cells_of[objective]), inside


def plan_around(scene, objective):
    """Plan a way to a target that enters none of its rivals."""
    wanted = scene.cells_of[objective]
    return to(wanted), scene.ways_to(wanted)


def plan_short_of(scene, objective):
    """Plan a way to the cells beside a target, which it does not enter."""
    wanted = scene.cells_of[objective].reshape(scene.open_cells.shape)
    near = np.any([np.roll(wanted, way, axis) for axis, way in SIDES], axis=0)
    near &= ~scene.any_target.reshape(near.shape)
    return to(near.reshape(len(near), -1)), scene.free_cells


def find_lines(cells, open_cells):
    """Return the cells in line with some cells, without a wall between, bool (n, cells)."""
    start = cells.reshape(open_cells.shape)
    seen = start.copy()
    for axis, way in SIDES:
        ray = start
        while ray.any():
            ray = np.roll(ray, way, axis) & open_cells
            seen |= ray
    return seen.reshape(cells.shape)
