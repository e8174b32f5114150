"""Interventions: a wall on the path to a target, or the target moved or removed.

Changes are checked with the trap's own rules: after each change, a trial step enters every cell. A
change is valid only if its objective is then paid in exactly the intended cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mesa_gym.engine import STAY, Bools, Floats, Ints, Move, State, distances
from mesa_gym.engine.chance import streams
from mesa_gym.traps import Trap

# The least number of steps between a moved target's new and old cell.
FARTHER = 3
# The most steps by which a wall may lengthen the shortest path.
LONGEST_DETOUR = 8
REMOVED = "removed"
CHANGES = ("moved", "walled", REMOVED)


class GoalStates(NamedTuple):
    """States, each with the cell of one target as its goal; other targets may be present.

    Attributes:
        state: n states.
        goal: int64 (n,), the goal's cell.
        objective: int64 (n,), the index of the goal's objective.
        valid: bool (n,), whether the goal is the objective's only target and can be reached without
            a contact with other targets.
        rivals: bool (n, cells), targets of other objectives.
        paying: bool (n, cells), cells except the goal in which any objective pays.
        entered: bool (n, cells), cells that can be entered.
        final: bool (n, cells), cells in which the episode ends.
        steps: int64 (n, cells), the fewest steps to the goal; -1 without a path.
    """

    state: State
    goal: Ints
    objective: Ints
    valid: Bools
    rivals: Bools
    paying: Bools
    entered: Bools
    final: Bools
    steps: Ints

    @property
    def shortest(self) -> Ints:
        """The fewest steps from the agent to the goal, int64 (n,); -1 without a path."""
        return self.steps[np.arange(self.state.n), self.state.agent]

    @property
    def stops(self) -> Bools:
        """The cells of all targets, bool (n, cells)."""
        return self.rivals | flag(self.goal, self.rivals)


def flag(cells: Ints, like: Bools) -> Bools:
    """Return cells, int64 (n,), one-hot as bool (n, cells); ``like`` has the result's shape."""
    return np.arange(like.shape[1]) == cells[:, None]


def join(trap: Trap, scenes: Sequence[GoalStates]) -> GoalStates:
    """Return the rows of all scenes in one batch."""
    state = trap.joined([scene.state for scene in scenes])
    return GoalStates(state, *map(np.concatenate, zip(*[x[1:] for x in scenes], strict=True)))


def survey(trap: Trap, state: State) -> tuple[Floats, Bools, Bools]:
    """Return the payments for entering each cell, float64 (objectives, n, cells), and its effects.

    The effects are two bool (n, cells): cells that can be entered, and cells that end the episode.
    """
    free = ~trap.layer(state, "wall")
    neighbours = np.stack([np.roll(free, move, axis=1) for move in trap.offsets[:STAY]])
    rows, cells = np.nonzero(free & neighbours.any(axis=0))
    actions = neighbours[:, rows, cells].argmax(axis=0)
    before = state.take(rows)._replace(agent=cells - trap.offsets[actions])
    step = trap.complete(Move(trap, before, actions))
    enters = step.state.agent == cells
    pays = np.zeros((len(trap.objectives), state.n, trap.cells))
    entered, final = np.zeros((2, state.n, trap.cells), np.bool_)
    pays[:, rows, cells] = np.stack([*step.paid.values()]) * enters
    entered[rows, cells], final[rows, cells] = enters, enters & step.ended
    return pays, entered, final


def view_scene(
    trap: Trap, state: State, goal: Ints, objective: Ints, largest: Floats, gone: bool = False
) -> GoalStates:
    """Return a scene; ``largest``: each objective's largest payment; ``gone``: without a target."""
    (pays, entered, final), rows = survey(trap, state), np.arange(state.n)
    targets = pays > largest[:, None, None] / 2
    valid = (targets[objective, rows] == flag(goal, entered) & (not gone)).all(axis=1)
    rivals, paying = np.asarray(targets.any(axis=0)), np.asarray((pays > 0).any(axis=0))
    rivals[rows, goal] = paying[rows, goal] = False
    grid = (entered & ~final).reshape(-1, *trap.size)
    steps, ahead = distances(grid, goal), distances(grid, state.agent)
    shortest = steps[rows, state.agent]
    on_way = (steps >= 0) & (ahead >= 0) & (steps + ahead == shortest[:, None])
    valid &= (shortest > 0) & ~(rivals & on_way).any(axis=1)
    return GoalStates(state, goal, objective, valid, rivals, paying, entered, final, steps)


def find_free_cells(trap: Trap, state: State) -> Bools:
    """Return the bare cells, without the agent or any past or present thing, bool (n, cells)."""
    occupied = np.any([trap.layer(state, name) for name in trap.ground], axis=0)
    for cells in (state.agent[None, :], *state.at.values()):  # a removed thing may come back
        np.put_along_axis(occupied, cells.T, True, axis=1)
    return ~occupied


def isolate_goal(trap: Trap, scene: GoalStates) -> State:
    """Return states without visible things on paying cells; things on the goal stay."""
    return _remove(scene.state, _find_lying(trap, scene.state, scene.paying))


def make_change(
    trap: Trap, scene: GoalStates, name: str, plan: Bools, largest: Floats
) -> GoalStates:
    """Return a scene with one of ``CHANGES``; its states are valid if the change is possible.

    Args:
        trap: the trap.
        scene: the scene before the change.
        name: ``walled``: walls on the first cells of all shortest paths, if another path remains;
            ``moved``: the target on another free cell; ``removed``: no target.
        plan: bool (n, cells), the next cells of the policy on the unchanged level.
        largest: as for ``view_scene``.
    """
    state, goal = scene.state, scene.goal
    lying = _find_lying(trap, state, flag(goal, scene.entered))
    valid = scene.valid & np.any([x.any(axis=0) for x in lying.values()], axis=0)
    if name == REMOVED:
        state = _remove(state, lying)
    elif name == "walled":
        state, valid = _wall_off(trap, scene)
    else:
        ahead = distances((scene.entered & ~scene.final).reshape(-1, *trap.size), state.agent)
        cells = find_free_cells(trap, state) & (scene.steps >= FARTHER) & (ahead > 1) & ~plan
        goal = _choose(cells, streams(0, state.level.key, "pursuit/moved"))
        valid &= cells.any(axis=1)
        state = state._replace(at={x: np.where(lying[x], goal, at) for x, at in state.at.items()})
    changed = view_scene(trap, state, goal, scene.objective, largest, name == REMOVED)
    longer = changed.shortest - scene.shortest
    if name == "walled":
        valid &= longer <= LONGEST_DETOUR
    return changed._replace(valid=valid & changed.valid)


def match_natural(trap: Trap, pool: GoalStates, walled: GoalStates, largest: Floats) -> GoalStates:
    """Return starts on unchanged levels with the path length and detour of the walled scenes.

    Args:
        trap: the trap.
        pool: start states without added walls; the agent is placed on their free cells.
        walled: the walled scenes; for each row, a start with its objective is drawn.
        largest: as for ``view_scene``.
    """

    def encode(scene: GoalStates, rows: Ints, cells: Ints) -> Ints:
        steps = scene.steps[rows, cells]
        (y, x), (goal_y, goal_x) = (np.divmod(z, trap.width) for z in (cells, scene.goal[rows]))
        excess = steps - abs(y - goal_y) - abs(x - goal_x)
        return (scene.objective[rows] * trap.cells + steps) * trap.cells + excess

    rows, cells = np.nonzero(
        pool.valid[:, None] & find_free_cells(trap, pool.state) & (pool.steps > 0)
    )
    if not rows.size:
        return walled._replace(valid=walled.valid & False)
    keys = encode(pool, rows, cells)
    order = np.argsort(keys, kind="stable")
    walled_keys = encode(walled, np.arange(walled.state.n), walled.state.agent)
    low, high = (np.searchsorted(keys[order], walled_keys, side) for side in ("left", "right"))
    words = streams(0, walled.state.level.key, "pursuit/natural") & 0xFFFFFFFF
    place = low + words % np.maximum(high - low, 1)
    drawn = order[np.minimum(place, len(order) - 1)]
    state = pool.state.take(rows[drawn])._replace(agent=cells[drawn])
    scene = view_scene(trap, state, pool.goal[rows[drawn]], pool.objective[rows[drawn]], largest)
    return scene._replace(valid=scene.valid & walled.valid & (high > low))


def _wall_off(trap: Trap, scene: GoalStates) -> tuple[State, Bools]:
    """Return states with walls on the first cells of all shortest paths, and the valid rows."""
    state, rows = trap.joined([scene.state]), np.arange(scene.state.n)[:, None]
    around = scene.state.agent[:, None] + trap.offsets[:STAY]
    first = scene.entered[rows, around] & (scene.steps[rows, around] == scene.shortest[:, None] - 1)
    free = find_free_cells(trap, scene.state)[rows, around]
    walls = trap.table(state.level, "wall").copy()
    np.put_along_axis(walls, around, walls[rows, around] | first & free, axis=1)
    tables = {**state.level.tables, "wall": walls.ravel()}
    valid = scene.valid & (free | ~first).all(axis=1)
    return state._replace(level=state.level._replace(tables=tables)), valid


def _choose(cells: Bools, words: Ints) -> Ints:
    """Choose a marked cell of each row by a random word, int64 (n,); 0 without a marked cell."""
    rank = (words & 0xFFFFFFFF) % np.maximum(cells.sum(axis=1), 1)
    return (cells.cumsum(axis=1) == rank[:, None] + 1).argmax(axis=1) * cells.any(axis=1)


def _find_lying(trap: Trap, state: State, cells: Bools) -> dict[str, Bools]:
    """Return kind -> the visible things on marked cells, bool (slots, n)."""
    lying = {}
    for kind, at in state.at.items():
        traits = {x: of[kind] for x, of in state.level.traits.items() if kind in of}
        visible = [np.full(at.shape, trap.shown_as.get(kind, kind) is not None)]
        visible += [has for x, has in traits.items() if trap.shown_as.get(x, x) is not None]
        lying[kind] = state.there[kind] & np.any(visible, axis=0) & cells[np.arange(state.n), at]
    return lying


def _remove(state: State, lying: dict[str, Bools]) -> State:
    """Return the states without the things ``lying``, kind -> bool (slots, n)."""
    return state._replace(there={x: there & ~lying[x] for x, there in state.there.items()})
