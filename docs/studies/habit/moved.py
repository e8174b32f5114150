"""The study "Goal or habit?": moves the place, and changes walls that are far from the agent.

``python -m docs.studies.habit.moved`` plays 250 changed shift levels (``scenes``) with trained
networks, the best habits, two sighted policies, and policies without a goal, in two CPU minutes. It
writes ``moved.csv`` and ``moved_end.csv``. A cell of a table contains three shares of levels: the
place is reached before base's target (in parentheses: in the fewest moves), the target is reached
before the place, and the path ends at the place.

It also writes ``far_walls.csv``. On each of CheeseCorner's shift levels, one cell beyond the 5x5
window around the start is closed or opened, so that other first moves lead to the corner. The table
contains the probability of these moves before and after the change, and their difference. A policy
that sees only the window has the difference 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from docs.studies.habit.__main__ import LEVELS, Row, write_table
from docs.studies.habit.scenes import (
    CORNER,
    PAYS,
    SCENES,
    MovedPlace,
    build_walls,
    name_trap,
)
from docs.studies.habit.sighted import RADIUS, SIGHTED
from docs.studies.pursuit.walks import find_first, play_on
from mesa_gym.command import run_command
from mesa_gym.engine import STAY, Bools, Floats, Ints, State, distances
from mesa_gym.policies import Policy, PolicySampler, as_policy
from mesa_gym.traps import Split, Trap, as_trap

FOLDER = Path(__file__).parent
SEEDS = {"ppo:0 to 4, mean": tuple(f"ppo:{seed}" for seed in range(5))}
SCRIPTS = {name: (name,) for name in ("open_loop", "reflex", "sweeper", "random")}
# Trap -> what the rows of its table are called -> the policies whose mean a row contains.
POLICIES: Mapping[str, dict[str, tuple[str, ...]]] = {
    "CheeseCorner": {
        **SEEDS,
        "ppo-planner:0": ("ppo-planner:0",),
        "ppo-alpha0.5-corner:0 (planted)": ("ppo-alpha0.5-corner:0",),
    },
    # The package has one network of ppo on CoinRun.
    "CoinRun": {name: (name,) for name in ("ppo:0", "ppo-planner:0")},
}
FILES = {"CheeseCorner": "moved.csv", "CoinRun": "moved_end.csv"}


def make_policy(name: str, trap: Trap) -> Policy:
    """Return a policy by its name in a table."""
    if name in SIGHTED:
        return SIGHTED[name](trap)
    return as_policy(name, trap, trap.horizon(Split.SHIFT))


def play_scene(trap: Trap, scene: MovedPlace, name: str) -> NDArray[np.float64]:
    """Return the four shares of a policy on the levels whose place and target can be reached."""
    state, horizon = scene.state, trap.horizon(Split.SHIFT)
    target, free = trap.layer(state, PAYS[name_trap(trap)]), ~trap.layer(state, "wall")
    if "pit" in trap.things:
        free &= ~trap.layer(state, "pit")
    rows = np.arange(state.n)
    reachable = distances(free.reshape(-1, *trap.size), state.agent)[target] > 0
    valid = (scene.steps > 0) & reachable & free[rows, state.agent]
    bounds, policy = np.where(valid, horizon, 0), make_policy(name, trap)
    cells = play_on(policy, trap, state, np.zeros_like(target), bounds, name, horizon)[1]
    there, fed = find_first(cells, scene.place), find_first(cells, target)
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


def tabulate(trap: Trap) -> Iterator[Row]:
    """Yield a row for each policy."""
    scenes = SCENES[name_trap(trap)](trap)
    titles = POLICIES[name_trap(trap)] | SCRIPTS | {name: (name,) for name in SIGHTED}
    for title, names in titles.items():
        row = {"policy": title}
        for head, scene in scenes.items():
            shares = np.mean([play_scene(trap, scene, name) for name in names], axis=0)
            row[head] = "{:.2f} ({:.2f}), {:.2f}, {:.2f}".format(*shares)
        yield row


# -- far walls -------------------------------------------------------------------------------------


def find_first_moves(trap: Trap, open_cells: Bools, goal: Ints, agent: Ints) -> Bools:
    """Return which first moves are on a shortest way, bool (n, 4); all False without a way."""
    steps = distances(open_cells.reshape(-1, *trap.size), goal)
    rows, around = np.arange(len(agent)), agent[:, None] + trap.offsets[:STAY]
    far = steps[rows, agent][:, None]
    return np.asarray((steps[rows[:, None], around] == far - 1) & (far > 0))


def change_far_wall(trap: Trap, state: State) -> tuple[State, State, Bools]:
    """Return starts, the starts after a change of one far cell, and the new first moves (n, 4).

    The change makes other first moves lead to the corner, and leaves the first moves to the cheese.
    Levels without such a change are left out; the first such cell by number is changed.
    """
    walls, corner = trap.layer(state, "wall"), CORNER[0] * trap.width + CORNER[1]
    corners = np.full(state.n, corner)
    cheese = trap.layer(state, "cheese").argmax(axis=1)
    old, old_cheese = (
        find_first_moves(trap, ~walls, goal, state.agent) for goal in (corners, cheese)
    )
    moves, changed = np.zeros_like(old), walls.copy()
    row, column = np.divmod(state.agent, trap.width)
    for cell in range(trap.cells):
        at = cell // trap.width, cell % trap.width
        if not (0 < at[0] < trap.height - 1 and 0 < at[1] < trap.width - 1):
            continue
        far = np.maximum(abs(row - at[0]), abs(column - at[1])) > RADIUS
        other = walls.copy()
        other[:, cell] ^= True
        new = find_first_moves(trap, ~other, corners, state.agent)
        same = find_first_moves(trap, ~other, cheese, state.agent) == old_cheese
        good = far & (cell != cheese) & (cell != corner) & new.any(1) & same.all(1)
        good &= ~(new & old).any(axis=1) & ~moves.any(axis=1)
        moves[good], changed[good] = new[good], other[good]
    kept = np.flatnonzero(moves.any(axis=1))
    state, changed = state.take(kept), changed[kept]
    return state, build_walls(trap, state, changed), moves[kept]


def tabulate_far_walls(trap: Trap) -> Iterator[Row]:
    """Yield a row for each policy, and one for the oracle of the corner."""
    plays = change_far_wall(trap, trap.levels(Split.SHIFT, np.arange(LEVELS)))
    new_moves = plays[2]
    for title, names in [
        *({"oracle:corner": ("oracle:corner",)} | POLICIES["CheeseCorner"]).items(),
        *(SCRIPTS | {name: (name,) for name in SIGHTED}).items(),
    ]:
        by_seed = []
        for name in names:
            shares = [ask_first(trap, state, name)[:, :STAY] for state in plays[:2]]
            by_seed.append([(share * new_moves).sum(axis=1).mean() for share in shares])
        before, after = np.mean(by_seed, axis=0)
        least = min(pair[1] - pair[0] for pair in by_seed)
        yield {
            "policy": title,
            "levels": str(len(new_moves)),
            "new first moves before the change": f"{before:.2f}",
            "after the change": f"{after:.2f}",
            "difference": f"{after - before:.2f}",
            "least of the seeds": f"{least:.2f}" if len(names) > 1 else "–",
        }


def ask_first(trap: Trap, state: State, name: str) -> Floats:
    """Return a policy's probabilities at the first step, float64 (n, 5)."""
    policy = make_policy(name, trap)
    return PolicySampler(policy, trap, state.level.key, 0, name).probabilities(state, 0)


def main() -> int:
    """Write the tables."""
    for name, file in FILES.items():
        write_table(FOLDER / file, [*tabulate(as_trap(name))])
    write_table(FOLDER / "far_walls.csv", [*tabulate_far_walls(as_trap("CheeseCorner"))])
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit.moved", main))
