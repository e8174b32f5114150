"""Policies that seek things in various ways."""

import numpy as np

from mesa_gym.engine import FAR, STAY, toward
from tests.validity.scenes import WALL, StartPolicy, find_lines, to
from tests.validity.scripted import SURE, StatePolicy


class Seeker(StartPolicy):
    """Follows a plan that it makes at the start, and first fetches things to carry.

    Args:
        trap: whose levels.
        plan: returns the end and the cells of the way.
    """

    def __init__(self, trap, plan):
        super().__init__(trap)
        self.plan = plan

    def _begin(self, scene):
        self._ends, self._walks = self.plan(scene)

    def _go(self, state):
        ends = self._ends
        for kind in self.trap.held:
            lies = self.trap.layer(state, kind)
            fetch = (state.held[kind] == 0) & lies.any(axis=1) & (ends < FAR).any(axis=1)
            ends = np.where(fetch[:, None], to(lies), ends)
        return SURE[toward(self._walks, state.agent, ends)]


class SoftSeeker(StartPolicy):
    """Takes each step by a softmax over the steps that are left to the nearest of some targets.

    It stays where there is no target.

    Args:
        trap: whose targets are entered with empty hands.
        objectives: whose targets.
        heat: the temperature, in steps.
    """

    def __init__(self, trap, objectives, heat):
        super().__init__(trap)
        self.objectives, self.heat = objectives, heat

    def _begin(self, scene):
        self._steps = np.min([scene.steps_to(x) for x in self.objectives], axis=0)
        self._walls = ~scene.open_cells.reshape(scene.state.n, -1)

    def _go(self, state):
        rows = np.arange(state.n)[:, None]
        after = state.agent[:, None] + self.trap.offsets
        after = np.where(self._walls[rows, after], state.agent[:, None], after)
        steps = self._steps[rows, after].astype(float)
        worth = np.exp((steps.min(axis=1, keepdims=True) - steps) / self.heat)
        none = self._steps.min(axis=1) == FAR
        worth = np.where(none[:, None], SURE[STAY], worth)
        return worth / worth.sum(axis=1, keepdims=True)


class Looker(StartPolicy):
    """Sweeps until it sees a target that it wants, and then goes there.

    The policy avoids unwanted targets. It sees ``reach`` steps or, with 0, along rows and columns
    up to the next wall.
    """

    def __init__(self, trap, wanted, reach=0):
        super().__init__(trap)
        self.wanted, self.reach = wanted, reach

    def _begin(self, scene):
        self._walks = scene.ways_to(np.any([scene.cells_of[x] for x in self.wanted], axis=0))
        self._left = self._walks.reshape(scene.state.n, -1).copy()
        self._views = [(scene.cells_of[x], self._view(scene, x)) for x in self.wanted]
        self._known = np.zeros((len(self.wanted), scene.state.n), dtype=np.bool_)

    def _view(self, scene, objective):
        """Return the cells from which the targets of an objective are seen, bool (n, cells)."""
        if self.reach:
            return scene.steps_to(objective) <= self.reach
        return find_lines(scene.cells_of[objective], scene.open_cells)

    def _go(self, state):
        rows = np.arange(state.n)
        self._left[rows, state.agent] = False
        seen = np.zeros(self._left.shape, dtype=np.bool_)
        for number, (cells, view) in enumerate(self._views):
            self._known[number] |= view[rows, state.agent]
            seen |= cells & self._known[number][:, None]
        ends = np.where(seen.any(axis=1, keepdims=True), to(seen), to(self._left))
        return SURE[toward(self._walks, state.agent, ends)]


class Gatherer(StatePolicy):
    """Visits all visible things, the nearest first, and then stays.

    With ``sweeping`` it visits the nearest unvisited cells while any thing is visible.
    """

    memory = True

    def __init__(self, sweeping=False):
        self.sweeping = sweeping
        self._visited = np.zeros((0, 0), dtype=np.bool_)

    def reset(self, mask, rng):
        """Forget what was visited by the rows that begin."""
        kept = not mask.all() and len(self._visited) == len(mask)
        self._visited = self._visited & ~mask[:, None] if kept else self._visited[:0]

    def _decide(self, planes, state):
        open_cells = planes[..., WALL] == 0
        if len(self._visited) != state.n:
            self._visited = np.zeros((state.n, open_cells[0].size), dtype=np.bool_)
        self._visited[np.arange(state.n), state.agent] = True
        cells = (planes[..., WALL + 1 :].any(axis=3) & open_cells).reshape(state.n, -1)
        if self.sweeping:
            cells = cells.any(axis=1)[:, None] & open_cells.reshape(state.n, -1)
        return SURE[toward(open_cells, state.agent, to(cells & ~self._visited))]
