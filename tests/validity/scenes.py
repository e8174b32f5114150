"""Scenes: the contents of start states; and policies that plan at them."""

from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b

import numpy as np

from mesa_gym.engine import FAR, State, distances
from mesa_gym.policies import Memoryless
from mesa_gym.solver import targets
from mesa_gym.traps import Trap

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
            cell, more = left.argmax(axis=1), left.any(axis=1, keepdims=True)
            steps = distances(self.open_cells, cell)
            best = np.where((steps >= 0) & more, np.minimum(best, steps), best)
            left[np.arange(len(left)), cell] = False
        return best

    def steps_from_start(self, objective):
        """Return the steps from the agent to the nearest target, int64 (n,); FAR for none."""
        return self.steps_to(objective)[np.arange(self.state.n), self.state.agent]


class StartPolicy(Memoryless):
    """A policy that plans at start states, and follows its plans.

    Args:
        trap: whose levels.
        begin: called with the scene and the settings; returns what acts, planes and state ->
            action probabilities, float64 (n, 5).
        looks: whether it acts on planes.
    """

    memory = True

    def __init__(self, trap, begin, looks=False, **settings):
        self.trap, self.looks, self._begin = trap, looks, partial(begin, **settings)

    def act(self, planes, state=None):
        """Return action probabilities, float64 (n, 5)."""
        if (state.clock == 0).all():
            self._go = self._begin(Scene(self.trap, state))
        return self._go(planes, state)
