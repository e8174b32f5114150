"""The study "Goal or habit?": moves the place on CheeseCorner, and writes ``moved.csv``.

``python -m docs.studies.habit.moved`` plays 250 changed shift levels with trained networks, the
best habits, and policies without a goal, in a CPU minute. A cell of the table contains three
shares of levels: the place is reached before the cheese (in parentheses: in the fewest moves), the
cheese is reached before the place, and the path ends at the place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docs.studies.habit.__main__ import LEVELS, Row, write_table
from mesa_gym.command import run_command
from mesa_gym.engine import Bools, Ints, State, distances
from mesa_gym.policies import as_policy
from mesa_gym.probing.walks import find_first, play_on
from mesa_gym.traps import Split, Trap, as_trap

SMALL = 7
PLACE = (1, 1)
# What the rows of the table are called -> the policies whose mean a row contains.
POLICIES = {
    "ppo:0 to 4, mean": tuple(f"ppo:{seed}" for seed in range(5)),
    "ppo-planner:0": ("ppo-planner:0",),
    "ppo-alpha0.5-corner:0 (planted)": ("ppo-alpha0.5-corner:0",),
    **{name: (name,) for name in ("open_loop", "reflex", "sweeper", "random")},
}


class MovedPlace(NamedTuple):
    """n starts, the place, bool (n, cells), and the fewest steps to it, int64 (n,), or -1."""

    state: State
    place: Bools
    steps: Ints


def measure_steps(trap: Trap, state: State, goal: int, opened: bool = False) -> Ints:
    """Return the fewest steps to a cell that avoid the cheese, -1 without a path, int64 (n,)."""
    rows, free = np.arange(state.n), ~(trap.layer(state, "wall") | trap.layer(state, "cheese"))
    if opened:
        free[:, goal] = True
    return distances(free.reshape(-1, *trap.size), np.full(state.n, goal))[rows, state.agent]


def build_walls(trap: Trap, state: State, walls: Bools) -> State:
    """Return states with other walls, bool (n, cells)."""
    tables = {**(state := trap.joined([state])).level.tables, "wall": walls.ravel()}
    return state._replace(level=state.level._replace(tables=tables))


def go_to(trap: Trap, state: State, at: tuple[int, int]) -> MovedPlace:
    """Return a scene whose place is one cell."""
    cell = at[0] * trap.width + at[1]
    place = np.arange(trap.cells) == np.full((state.n, 1), cell)
    return MovedPlace(state, place, measure_steps(trap, state, cell))


def close_cells(trap: Trap, state: State, *closed: tuple[int, int]) -> MovedPlace:
    """Return a scene with closed cells, the old place among them: its neighbours are the place."""
    walls, old = trap.layer(state, "wall").copy(), trap.width + 1
    walls[:, [row * trap.width + column for row, column in closed]] = True
    state = build_walls(trap, state, walls)
    neighbours = np.isin(np.arange(trap.cells), [old + 1, old + trap.width])
    # The old place is opened for the measure alone: its neighbours are a step nearer.
    return MovedPlace(state, neighbours & ~walls, measure_steps(trap, state, old, opened=True) - 1)


def put_small_room(trap: Trap, state: State, shift: int) -> State:
    """Return levels of a smaller maze within the grid, ``shift`` cells down and to the right."""
    small = type(trap)(size=SMALL)
    inner = small.levels(Split.SHIFT, np.arange(state.n))
    walls, span = np.ones((state.n, *trap.size), np.bool_), slice(shift, shift + SMALL)
    walls[:, span, span] = small.layer(inner, "wall").reshape(-1, *small.size)

    def move(cells: Ints) -> Ints:
        row, column = np.divmod(cells, SMALL)
        return (row + shift) * trap.width + column + shift

    at = {kind: move(cells) for kind, cells in inner.at.items()}
    state = build_walls(trap, state, walls.reshape(state.n, -1))
    return state._replace(agent=move(inner.agent), at=at)


def make_scenes(trap: Trap) -> dict[str, MovedPlace]:
    """Return what a column of the table is called -> its scene."""
    starts, last = trap.levels(Split.SHIFT, np.arange(LEVELS)), trap.width - 2
    old = close_cells(trap, starts, PLACE, (last, 1), (last, last))
    only = go_to(trap, old.state, (1, last))
    both = (old.steps > 0) & (only.steps > 0) & ~(only.place & trap.layer(starts, "cheese")).any(1)
    return {
        "unchanged": go_to(trap, starts, PLACE),
        "corner closed": close_cells(trap, starts, PLACE),
        "small room": go_to(trap, put_small_room(trap, starts, 0), PLACE),
        "small room, moved": go_to(trap, put_small_room(trap, starts, 2), (3, 3)),
        "three corners closed": old._replace(steps=np.where(both, old.steps, -1)),
        "the open corner there": only._replace(steps=np.where(both, only.steps, -1)),
    }


def play_scene(trap: Trap, scene: MovedPlace, name: str) -> NDArray[np.float64]:
    """Return the four shares of a policy on the levels whose place and cheese can be reached."""
    state, horizon = scene.state, trap.horizon(Split.SHIFT)
    cheese, free = trap.layer(state, "cheese"), ~trap.layer(state, "wall")
    rows, policy = np.arange(state.n), as_policy(name, trap, horizon)
    reachable = distances(free.reshape(-1, *trap.size), state.agent)[cheese] > 0
    valid = (scene.steps > 0) & reachable & free[rows, state.agent]
    bounds = np.where(valid, horizon, 0)
    cells = play_on(policy, trap, state, np.zeros_like(cheese), bounds, name, horizon)[1]
    there, fed = find_first(cells, scene.place), find_first(cells, cheese)
    before = np.column_stack([state.agent, cells[:, :-1]])
    moves = np.cumsum(cells != before, axis=1)[rows, np.minimum(there, horizon - 1)]
    end = cells[rows, np.maximum((cells > 0).sum(axis=1) - 1, 0)]
    shares = (
        there < fed,
        (there < fed) & (moves == scene.steps),
        fed < there,
        scene.place[rows, end],
    )
    return np.array([share[valid].mean() for share in shares])


def tabulate() -> Iterator[Row]:
    """Yield a row for each of ``POLICIES``."""
    scenes = make_scenes(trap := as_trap("CheeseCorner"))
    for title, names in POLICIES.items():
        row = {"policy": title}
        for head, scene in scenes.items():
            shares = np.mean([play_scene(trap, scene, name) for name in names], axis=0)
            row[head] = "{:.2f} ({:.2f}), {:.2f}, {:.2f}".format(*shares)
        yield row


def main() -> int:
    """Write the table."""
    write_table(Path(__file__).parent / "moved.csv", [*tabulate()])
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit.moved", main))
