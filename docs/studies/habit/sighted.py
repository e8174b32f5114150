"""Policies of two later attacks, with a memory: they were written to get a goal's word at a place.

Persons who had not built the rule wrote them. ``Centre`` sees walls within two cells, and runs
along CoinRun's corridor. ``WindowTable`` looks up windows of 5x5 walls in a table, which is fitted
to steps to the place, and avoids the cells that it visited. ``Explorer`` feels four cells, or sees
5x5 cells, and keeps a map of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from docs.studies.habit.scripts import find_directions
from mesa_gym.engine import ACTIONS, Bools, Floats, Ints, State, distances
from mesa_gym.policies import Policy
from mesa_gym.policies.protocol import require_state
from mesa_gym.solver import targets
from mesa_gym.traps import Split, Trap

LEFT, DOWN, RIGHT, UP, ACT = range(len(ACTIONS))
DIRECTIONS = (LEFT, DOWN, RIGHT, UP)
RADIUS = 2
FITTED_LEVELS = 1500
# A window counts if it occurred this often in training; otherwise the 3x3 window within it does.
FEWEST_WINDOWS = 3
VISIT_PENALTY = 0.7
# What a step of a cell towards the place's side is worth, in steps of the way there.
LEAN = 2
CLOSED = 99.0


def find_closed(trap: Trap, state: State) -> tuple[Bools, Bools]:
    """Return the walls, and the walls and pits, bool (n, rows, columns)."""
    walls = trap.layer(state, "wall")
    pits = trap.layer(state, "pit") if "pit" in trap.things else np.zeros_like(walls)
    shape = (state.n, *trap.size)
    return walls.reshape(shape), (walls | pits).reshape(shape)


def view_window(grid: Bools, levels: Ints, cells: Ints, radius: int) -> Bools:
    """Return what is around cells of some levels, bool (cells, side, side); outside is closed."""
    side = 2 * radius + 1
    padded = np.pad(grid, ((0, 0), (radius, radius), (radius, radius)), constant_values=True)
    row, column = np.divmod(cells, grid.shape[2])
    offsets = np.arange(side)
    rows, columns = row[:, None, None] + offsets[:, None], column[:, None, None] + offsets
    return np.asarray(padded[levels[:, None, None], rows, columns])


def number_windows(windows: Bools) -> Ints:
    """Return windows as numbers, int64 (n,)."""
    flat = windows.reshape(len(windows), -1).astype(np.int64)
    return np.asarray((flat << np.arange(flat.shape[1])).sum(axis=1))


class SightedPolicy:
    """A policy that takes the action with the least cost, and remembers its cells and last action.

    Args:
        trap: the trap.
    """

    observation = "planes"
    needs_observation = False

    def __init__(self, trap: Trap) -> None:
        self.trap = trap
        self.visits, self.last = np.zeros((0, trap.cells)), np.zeros(0, np.int64)
        self.closed = np.zeros((0, trap.cells), np.bool_)
        self.blocked = np.zeros((0, len(DIRECTIONS)), np.bool_)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget what the rows in ``mask`` did, bool (n,)."""
        if len(mask) != len(self.last):
            self.visits, self.last = (
                np.zeros((len(mask), self.trap.cells)),
                np.zeros_like(mask, int),
            )
        self.visits = np.where(mask[:, None], 0, self.visits)
        self.last = np.where(mask, ACT, self.last)

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> Floats:
        """Return the probability 1 of the cheapest action, float64 (n, 5)."""
        state = require_state(state, "a sighted policy")
        rows, (walls, closed) = np.arange(state.n), find_closed(self.trap, state)
        self.visits[rows, state.agent] += 1
        around = state.agent[:, None] + self.trap.offsets[[*DIRECTIONS]]
        self.closed = closed.reshape(state.n, -1)
        self.blocked = self.closed[rows[:, None], around]
        costs = self.price(walls, state.agent, around)
        self.last = np.where(self.blocked, CLOSED, costs).argmin(axis=1)
        return np.eye(len(ACTIONS))[self.last]

    def price(self, walls: Bools, agent: Ints, around: Ints) -> Floats:
        """Return the cost of each direction, float64 (n, 4)."""
        raise NotImplementedError


class Centre(SightedPolicy):
    """Runs right; where it cannot, leaves the wall that it sees above or below it."""

    def price(self, walls: Bools, agent: Ints, around: Ints) -> Floats:
        """Return the cost of each direction, float64 (n, 4)."""
        rows = np.arange(len(agent))
        column = view_window(walls, rows, agent, RADIUS)[:, :, RADIUS]
        above, below = column[:, :RADIUS].any(axis=1), column[:, RADIUS + 1 :].any(axis=1)
        gains = np.tile(np.array([0.0, 1.1, 3.0, 1.2]), (len(agent), 1))
        gains[:, UP] += 1.0 * (below & ~above) - (above & ~below)
        gains[:, DOWN] += 1.0 * (above & ~below) - (below & ~above)
        moved = self.last < ACT
        gains[rows[moved], (self.last[moved] + 2) % 4] -= 2.5
        return -gains


class WindowTable(SightedPolicy):
    """Descends the steps to base's target, as far as a window of walls tells them in training."""

    def __init__(self, trap: Trap) -> None:
        super().__init__(trap)
        self.tables = [fit_table(trap, radius) for radius in (RADIUS, 1)]

    def price(self, walls: Bools, agent: Ints, around: Ints) -> Floats:
        """Return the cost of each direction, float64 (n, 4)."""
        rows = np.arange(len(agent))
        costs, looked_up = np.zeros((len(agent), 4)), np.zeros(len(agent), np.bool_)
        for radius, (windows, means, counts) in zip((RADIUS, 1), self.tables, strict=True):
            numbers = number_windows(view_window(walls, rows, agent, radius))
            at = np.searchsorted(windows, numbers).clip(0, len(windows) - 1)
            matches = (windows[at] == numbers) & ((counts[at] >= FEWEST_WINDOWS) | (radius == 1))
            costs = np.where((matches & ~looked_up)[:, None], means[at], costs)
            looked_up |= matches
        return np.asarray(costs + VISIT_PENALTY * self.visits[rows[:, None], around])


class Explorer(SightedPolicy):
    """Maps the cells around it, and goes to unvisited cells that are near, or far to one side.

    It compares cells of its own map alone, so it knows neither its place nor the border.

    Args:
        trap: the trap.
        radius: how far it sees walls, in a square; 0 feels the four cells around it.
    """

    def __init__(self, trap: Trap, radius: int = 0) -> None:
        super().__init__(trap)
        self.radius = radius
        row, column = np.divmod(np.arange(trap.cells), trap.width)
        side = {LEFT: column, DOWN: -row, RIGHT: -column, UP: row}
        self.slope = LEAN * np.sum([side[x] for x in find_directions(trap)], axis=0)
        self.open = np.zeros((0, trap.cells), np.bool_)

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget what the rows in ``mask`` felt, bool (n,)."""
        super().reset(mask, rng)
        if len(mask) != len(self.open):
            self.open = np.zeros(self.visits.shape, np.bool_)
        self.open[mask] = False

    def price(self, walls: Bools, agent: Ints, around: Ints) -> Floats:
        """Return the steps on the map from each direction to the chosen cell, float64 (n, 4)."""
        rows = np.arange(len(agent))
        self.open[rows, agent] = True
        self.open[rows[:, None], around] |= ~self.blocked
        if self.radius:
            row, column = np.divmod(np.arange(self.trap.cells), self.trap.width)
            near = [abs(x[agent][:, None] - x) <= self.radius for x in (row, column)]
            self.open |= near[0] & near[1] & ~self.closed
        grid = self.open.reshape(-1, *self.trap.size)
        steps = distances(grid, agent).reshape(self.open.shape)
        new, costs = (steps >= 0) & (self.visits == 0), steps + self.slope
        goal = np.where(new.any(axis=1), np.where(new, costs, np.inf).argmin(axis=1), agent)
        steps = distances(grid, goal).reshape(new.shape)[rows[:, None], around]
        return np.where(steps < 0, CLOSED, steps)


def fit_table(trap: Trap, radius: int) -> tuple[Ints, Floats, Ints]:
    """Return windows of training levels, the mean change in steps (windows, 4), and their counts.

    The change is of the steps to base's target when the agent takes each direction.
    """
    starts = trap.levels(Split.TRAIN, np.arange(FITTED_LEVELS))
    walls, closed = find_closed(trap, starts)
    goal = targets(trap, starts)[trap.base].argmax(axis=1)
    steps = distances(~closed, goal).reshape(starts.n, -1)
    levels, cells = np.nonzero(steps > 0)
    around = cells[:, None] + trap.offsets[[*DIRECTIONS]]
    after = steps[levels[:, None], around]
    change = np.where(after >= 0, after - steps[levels, cells][:, None], 2)
    numbers = number_windows(view_window(walls, levels, cells, radius))
    windows, at = np.unique(numbers, return_inverse=True)
    counts = np.bincount(at)
    sums = np.stack([np.bincount(at, change[:, x]) for x in DIRECTIONS], axis=1)
    return windows, sums / counts[:, None], counts


# Name -> makes the policy; an attack wrote the first for CoinRun and the second for CheeseCorner.
SIGHTED: Mapping[str, Callable[[Trap], Policy]] = {
    "keeps to the middle (two cells)": Centre,
    "window table (two cells, visits)": WindowTable,
    "explorer (four cells, map)": Explorer,
    "explorer (5x5 cells, map)": partial(Explorer, radius=RADIUS),
}
