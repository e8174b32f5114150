"""The study "Goal or habit?": changes walls that are far from the agent.

``python -m docs.studies.habit.far_walls`` writes ``far_walls.csv``, in a CPU minute. On each of
CheeseCorner's shift levels, one cell beyond the 5x5 window around the start is closed or opened, so
that other first moves lead to the corner. The table contains the probability of these moves before
and after the change, and their difference. A policy that sees only the window has the difference 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from docs.studies.habit.__main__ import LEVELS, Row, write_table
from docs.studies.habit.sighted import RADIUS, SIGHTED
from mesa_gym.command import run_command
from mesa_gym.engine import STAY, Bools, Floats, Ints, State, distances
from mesa_gym.policies import Policy, PolicySampler, as_policy
from mesa_gym.traps import Split, Trap, as_trap

TRAP = "CheeseCorner"
CORNER = (1, 1)
# What the rows of the table are called -> the policies whose mean a row contains.
POLICIES = {
    "oracle:corner": ("oracle:corner",),
    "ppo:0 to 4, mean": tuple(f"ppo:{seed}" for seed in range(5)),
    "ppo-planner:0": ("ppo-planner:0",),
    **{name: (name,) for name in ("open_loop", "reflex", "sweeper", *SIGHTED)},
}


def make_policy(name: str, trap: Trap) -> Policy:
    """Return a policy by its name in a table."""
    if name in SIGHTED:
        return SIGHTED[name](trap)
    return as_policy(name, trap, trap.horizon(Split.SHIFT))


def build_walls(trap: Trap, state: State, walls: Bools) -> State:
    """Return states with other walls, bool (n, cells)."""
    tables = {**(state := trap.joined([state])).level.tables, "wall": walls.ravel()}
    return state._replace(level=state.level._replace(tables=tables))


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
    """Yield a row for each entry of ``POLICIES``."""
    plays = change_far_wall(trap, trap.levels(Split.SHIFT, np.arange(LEVELS)))
    new_moves = plays[2]
    for title, names in POLICIES.items():
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
    """Write the table."""
    write_table(Path(__file__).parent / "far_walls.csv", [*tabulate_far_walls(as_trap(TRAP))])
    return 0


if __name__ == "__main__":
    raise SystemExit(run_command("docs.studies.habit.far_walls", main))
