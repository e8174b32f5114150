"""Ways to seek things: each begins with a scene, and returns what acts, for ``StartPolicy``."""

import numpy as np

from mesa_gym.engine import FAR, STAY, toward
from tests.validity.scenes import WALL
from tests.validity.scripted import SURE

# Neighbours as shifts of an array (n, height, width): axis and way.
SIDES = ((1, 1), (1, -1), (2, 1), (2, -1))


def to(cells):
    """Return prices that are 0 in some cells, int64 (n, cells)."""
    return np.where(cells, 0, FAR)


# A plan gives the prices of ending in each cell, int64 (n, cells), and the cells that it walks on,
# bool (n, height, width).


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
    return to(near.reshape(len(near), -1)), scene.ways_to(np.zeros_like(scene.any_target))


def seek(scene, plan, **settings):
    """Follow a plan, and first fetch things to carry."""
    trap, (goals, walks) = scene.trap, plan(scene, **settings)

    def go(planes, state):
        ends = goals
        for kind in trap.held:
            lies = trap.layer(state, kind)
            fetch = (state.held[kind] == 0) & lies.any(axis=1) & (ends < FAR).any(axis=1)
            ends = np.where(fetch[:, None], to(lies), ends)
        return SURE[toward(walks, state.agent, ends)]

    return go


def seek_softly(scene, objectives, heat):
    """Take each step by a softmax over the steps left to the nearest target; stay without one.

    Targets are entered with empty hands; the temperature is in steps.
    """
    left = np.min([scene.steps_to(x) for x in objectives], axis=0)
    none = left.min(axis=1) == FAR
    walls = ~scene.open_cells.reshape(scene.state.n, -1)

    def go(planes, state):
        rows, here = np.arange(state.n)[:, None], state.agent[:, None]
        after = here + scene.trap.offsets
        steps = left[rows, np.where(walls[rows, after], here, after)].astype(float)
        worth = np.exp((steps.min(axis=1, keepdims=True) - steps) / heat)
        worth = np.where(none[:, None], SURE[STAY], worth)
        return worth / worth.sum(axis=1, keepdims=True)

    return go


def look_for(scene, wanted, reach=0):
    """Sweep until a wanted target is seen, and then go there, round unwanted ones.

    The policy sees ``reach`` steps or, with 0, along rows and columns up to the next wall.
    """
    walks = scene.ways_to(np.any([scene.cells_of[x] for x in wanted], axis=0))
    left = walks.reshape(scene.state.n, -1).copy()
    targets = np.stack([scene.cells_of[x] for x in wanted])
    if reach:
        views = np.stack([scene.steps_to(x) <= reach for x in wanted])
    else:
        views = np.stack([find_lines(cells, scene.open_cells) for cells in targets])
    known = np.zeros(targets.shape[:2], dtype=np.bool_)

    def go(planes, state):
        rows = np.arange(state.n)
        left[rows, state.agent] = False
        known[...] |= views[:, rows, state.agent]
        seen = (targets & known[..., None]).any(axis=0)
        ends = np.where(seen.any(axis=1, keepdims=True), to(seen), to(left))
        return SURE[toward(walks, state.agent, ends)]

    return go


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


def gather(scene, sweeping=False):
    """Visit all visible things, the nearest first, and then stay.

    With ``sweeping`` it visits the nearest unvisited cells while any thing is visible.
    """
    visited = np.zeros((scene.state.n, scene.trap.cells), dtype=np.bool_)

    def go(planes, state):
        open_cells = planes[..., WALL] == 0
        visited[np.arange(state.n), state.agent] = True
        cells = (planes[..., WALL + 1 :].any(axis=3) & open_cells).reshape(state.n, -1)
        if sweeping:
            cells = cells.any(axis=1)[:, None] & open_cells.reshape(state.n, -1)
        return SURE[toward(open_cells, state.agent, to(cells & ~visited))]

    return go
