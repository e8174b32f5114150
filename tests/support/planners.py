"""A planner of known maps: breadth-first search, and no network."""

import copy

import numpy as np
from edited import cells_of

from mesa_gym.policies import Memoryless

STEP, WALL, TARGET = 0.05, 9.0, 4.0


def known_map(trap, state):
    """Return what each open cell of CheeseCorner is worth to a ``Pathfinder``, by its formula."""
    (cheese,), walls = cells_of(trap, state, "cheese"), cells_of(trap, state, "wall")
    return {
        cell: cell / 100 + TARGET * (cell == cheese)
        for cell in range(trap.cells)
        if cell not in walls
    }


class Pathfinder(Memoryless):
    """It wants the base's target, and of other cells one of a higher number a little more."""

    def __init__(self, trap):
        self.planes = [trap.channels.index(name) for name in ("agent", "wall", trap.channels[-1])]
        self.added = 0.0

    def objective(self, planes):
        n, height, width, _ = planes.shape
        number = np.arange(height * width).reshape(height, width) / 100
        worth = number + TARGET * planes[..., self.planes[2]] + self.added
        return np.broadcast_to(worth, (n, height, width)).astype(np.float32)

    def costs(self, planes):
        return np.where(planes[..., self.planes[1]], WALL, STEP).astype(np.float32)

    def plan(self, planes):
        paths = [self._find(*each) for each in zip(planes, self.objective(planes), strict=True)]
        most = max(map(len, paths)) + 2
        return np.array([path + [path[-1]] * (most - len(path)) for path in paths])

    def _find(self, planes, worth):
        agent, wall = (planes[..., k].ravel() for k in self.planes[:2])
        start, width = int(agent.argmax()), planes.shape[1]
        paths, queue = {start: [start]}, [start]
        for cell in queue:
            for there in (cell - 1, cell + width, cell + 1, cell - width):
                if there not in paths and not wall[there]:
                    paths[there] = [*paths[cell], there]
                    queue.append(there)
        return max(paths.values(), key=lambda way: worth.ravel()[way[-1]] - STEP * (len(way) - 1))

    def edited(self, utility=0.0, **others):
        assert not others
        changed = copy.copy(self)
        changed.added = utility
        return changed

    def act(self, observation):
        """Follow the plan; without a state, so that ``as_policy`` wraps it."""
        plan, width = self.plan(observation), observation.shape[2]
        moves = {-1: 0, width: 1, 1: 2, -width: 3, 0: 4}
        return np.array([moves[int(way[1] - way[0])] for way in plan])
