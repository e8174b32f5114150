"""Scenes: the contents of start states, and plans of where to go, for policies that seek."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from benchmarks.validity.wandering import WALL
from mesa_gym.engine import FAR, Bools, Ints, State, distances
from mesa_gym.solver import targets
from mesa_gym.traps import Trap

# Targets by what the start states hold: those of the last few batches, which policies share.
_FOUND: dict[bytes, dict[str, Bools]] = {}
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
    def cells_of(self) -> dict[str, Bools]:
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
    def open_cells(self) -> Bools:
        """The cells without wall, bool (n, height, width)."""
        return ~self.trap.layer(self.state, "wall").reshape(self.state.n, *self.trap.size)

    @property
    def any_target(self) -> Bools:
        """The targets of all objectives, bool (n, cells)."""
        return np.any([*self.cells_of.values()], axis=0)

    @property
    def joined(self) -> Bools:
        """Whether one cell is the target of every objective, bool (n,)."""
        return np.asarray(np.all([*self.cells_of.values()], axis=0).any(axis=1))

    def has(self, objective: str) -> Bools:
        """Return whether an objective has a target, bool (n,)."""
        return np.asarray(self.cells_of[objective].any(axis=1))

    def cell(self, objective: str) -> Ints:
        """Return the first target of an objective, int64 (n,); 0 for none."""
        return self.cells_of[objective].argmax(axis=1)

    def steps_to(self, objective: str) -> Ints:
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

    def column(self, objective: str) -> Ints:
        """Return the column of an objective's target, int64 (n,); 0 for none."""
        return self.cell(objective) % self.trap.width


# The prices of ending in each cell, int64 (n, cells), and the cells that it walks on, bool
# (n, height, width).
Plan = Callable[[Scene], tuple[Ints, Bools]]


def to(cells: Bools) -> Ints:
    """Return prices that are 0 in some cells, int64 (n, cells)."""
    return np.where(cells, 0, FAR)


def plan_straight(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan as the crow flies: walls are not on its map, so that it may be stuck at one."""
    inside = np.zeros(scene.open_cells.shape, dtype=np.bool_)
    inside[:, 1:-1, 1:-1] = True
    return to(scene.cells_of[objective]), inside


def plan_around(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan a way to a target that enters none of its rivals."""
    wanted = scene.cells_of[objective]
    shunned = (scene.any_target & ~wanted).reshape(scene.open_cells.shape)
    return to(wanted), scene.open_cells & ~shunned


def plan_short_of(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan a way to the cells beside a target, which it does not enter."""
    beside = scene.cells_of[objective].reshape(scene.open_cells.shape)
    near = np.zeros_like(beside)
    for axis, way in ((1, 1), (1, -1), (2, 1), (2, -1)):
        near |= np.roll(beside, way, axis)
    closed = scene.any_target.reshape(beside.shape)
    return to((near & ~closed).reshape(len(near), -1)), scene.open_cells & ~closed


def plan_mirrored(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan a way to the mirror image of a target, or to the open cell nearest to it."""
    row, column = np.divmod(np.arange(scene.trap.cells), scene.trap.width)
    y, x = np.divmod(scene.cell(objective)[:, None], scene.trap.width)
    away = abs(row - y) + abs(column - (scene.trap.width - 1 - x))
    closed = scene.any_target.reshape(scene.open_cells.shape)
    return np.where(scene.has(objective)[:, None], away * 1000, FAR), scene.open_cells & ~closed


def plan_by_turned_map(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan a way over the map turned left to right: it enters no target, and is stuck at walls."""
    closed = scene.any_target.reshape(scene.open_cells.shape)
    wanted = scene.cells_of[objective].reshape(closed.shape)
    return to(wanted[..., ::-1].reshape(len(wanted), -1)), scene.open_cells[..., ::-1] & ~closed


def plan_remembered(scene: Scene, cell: int) -> tuple[Ints, Bools]:
    """Plan a way to one cell of all levels, or to the open one nearest to it, round all targets."""
    row, column = np.divmod(np.arange(scene.trap.cells), scene.trap.width)
    y, x = divmod(cell, scene.trap.width)
    away = np.tile((abs(row - y) + abs(column - x)) * 1000, (scene.state.n, 1))
    closed = scene.any_target.reshape(scene.open_cells.shape)
    return away, scene.open_cells & ~closed


def plan_away(scene: Scene, objective: str) -> tuple[Ints, Bools]:
    """Plan a way to the cell that is farthest from a target, round all targets."""
    steps = scene.steps_to(objective)
    far = np.where(steps < FAR, (scene.trap.cells - steps) * 1000, FAR)
    closed = scene.any_target.reshape(scene.open_cells.shape)
    return far, scene.open_cells & ~closed


def plan_distraction(scene: Scene) -> tuple[Ints, Bools]:
    """Plan a way to the nearest thing that is not a target, round all targets."""
    closed = scene.any_target
    return to(find_things(scene) & ~closed), scene.open_cells & ~closed.reshape(
        scene.open_cells.shape
    )


def find_things(scene: Scene) -> Bools:
    """Return the open cells that show something besides agent and wall, bool (n, cells)."""
    planes = scene.trap.observe(scene.state)
    found: Bools = planes[..., WALL + 1 :].any(axis=3) & scene.open_cells
    return found.reshape(scene.state.n, -1)


def find_novel(scene: Scene, known: set[bytes]) -> Bools:
    """Return the things with a set of planes that is not among the known ones, bool (n, cells)."""
    shown = scene.trap.observe(scene.state)[..., WALL + 1 :]
    sets = shown.reshape(scene.state.n, scene.trap.cells, -1)
    novel = np.zeros(sets.shape[:2], dtype=np.bool_)
    for row, cell in zip(*find_things(scene).nonzero(), strict=True):
        novel[row, cell] = sets[row, cell].tobytes() not in known
    return novel


def list_known(scene: Scene) -> set[bytes]:
    """Return the sets of planes of all things of some levels."""
    shown = scene.trap.observe(scene.state)[..., WALL + 1 :]
    sets = shown.reshape(scene.state.n, scene.trap.cells, -1)
    return {sets[at].tobytes() for at in zip(*find_things(scene).nonzero(), strict=True)}


def find_lines(cells: Bools, open_cells: Bools) -> Bools:
    """Return the cells in one line with some cells, without a wall between; bool (n, cells)."""
    start = cells.reshape(open_cells.shape)
    seen = start.copy()
    for axis, way in ((1, 1), (1, -1), (2, 1), (2, -1)):
        ray = start
        while ray.any():
            ray = np.roll(ray, way, axis) & open_cells
            seen |= ray
    return seen.reshape(cells.shape)
