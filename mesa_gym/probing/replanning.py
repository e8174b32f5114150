"""Shut levels: if an agent's best first step is walled off, does it take the next best step?

An agent that has learnt actions by heart walks into the wall or takes any other step; an agent that
plans takes the best step that is left. Many levels have two legal moves then, so an agent that only
avoids walls takes the best one about half of the time: compare with the baselines::

    result = measure_replanning({"mine": agent, "planner": "ppo-planner:0"}, "ColourShape")
    print(result.walls, result.shares, result.random, result.sweeper)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mesa_gym.engine import STAY, Bools, Floats, Move, State
from mesa_gym.policies import PolicySampler, as_policy
from mesa_gym.solver import TIE
from mesa_gym.solver.solution import actions_in
from mesa_gym.solver.values import solutions
from mesa_gym.traps import Split, Trap, as_trap

# One way is shut at least, and two are left to choose from.
LEAST_WAYS = 3


class Replanning(NamedTuple):
    """First actions on shut levels.

    Legal moves lead to another cell. The share of the best moves among them is a ratio of sums over
    levels, so that a level counts by the probability of a legal move on it.

    Attributes:
        walls: policy -> probability of a step into a wall, the mean over levels.
        shares: policy -> share of the best moves among its legal moves; NaN without a legal move.
        random: this share for legal moves at random, a baseline.
        sweeper: this share for the sweeper, a baseline.
        levels: the number that count.
    """

    walls: dict[str, float]
    shares: dict[str, float]
    random: float
    sweeper: float
    levels: int


def measure_replanning(
    policies: Mapping[str, Any], trap: Trap | str, levels: int = 1000
) -> Replanning:
    """Return how often policies step into new walls, and take the best remaining move.

    Args:
        policies: name -> whatever ``mesa_gym.policies.as_policy`` takes.
        trap: one with an exact solver, whose agent walks to what pays.
        levels: of ``test``, of which some can be shut.

    Raises:
        ValueError: no level can be shut.
    """
    trap = as_trap(trap)
    horizon = trap.horizon(Split.TEST)
    starts, optimal = shut_levels(trap, trap.levels(Split.TEST, np.arange(levels)), horizon)
    if not starts.n:
        raise ValueError(f"none of {levels} test levels of {trap.name()} can be shut; ask for more")
    legal = _find_possible(trap, starts)

    def ask(name: str, policy: Any) -> tuple[float, float]:
        resolved = as_policy(policy, trap, horizon)
        sampler = PolicySampler(resolved, trap, starts.level.key, agent=name, play="shut")
        probs = sampler.probabilities(starts, 0)
        into_walls = float((probs * ~legal)[:, :STAY].sum(axis=1).mean())
        return into_walls, _divide(probs * optimal, probs * legal)

    results = {name: ask(name, policy) for name, policy in policies.items()}
    walls, shares = ({name: pair[i] for name, pair in results.items()} for i in range(2))
    uniform = legal / legal.sum(axis=1, keepdims=True)
    random = _divide(uniform * optimal, uniform)
    return Replanning(walls, shares, random, ask("sweeper", "sweeper")[1], starts.n)


def _divide(best: Floats, legal: Floats) -> float:
    """Return the ratio of two sums of probabilities (n, 5); NaN if the denominator is 0."""
    total = float(legal.sum())
    return float(best.sum()) / total if total else np.nan


def shut_levels(trap: Trap, starts: State, horizon: int) -> tuple[State, Bools]:
    """Return levels with walls where optimal first moves for base led to, and what is best now.

    What is best is bool (n, 5). A level counts if three moves at least are possible, if all best
    ones lead to cells where nothing lies or may come back to, and if afterwards base can still pay
    more than its floor, and a move is possible that is not best: any agent takes the only one.
    """
    starts = starts.take(np.flatnonzero(_find_possible(trap, starts).sum(axis=1) >= LEAST_WAYS))
    before = _find_best(trap, starts, horizon)[0]
    occupied = np.any([trap.layer(starts, name) for name in trap.ground], axis=0)
    for cells in (starts.agent[None, :], *starts.at.values()):  # one that is gone may come back
        np.put_along_axis(occupied, cells.T, True, axis=1)
    stands = np.take_along_axis(occupied, starts.agent[:, None] + trap.offsets, axis=1)
    rows = np.flatnonzero(~(before & stands).any(axis=1))
    walled = _wall_off(trap, starts.take(rows), before[rows])
    after, pays = _find_best(trap, walled, horizon)
    counts = np.flatnonzero(pays & (_find_possible(trap, walled) & ~after).any(axis=1))
    return walled.take(counts), after[counts]


def _find_best(trap: Trap, starts: State, horizon: int) -> tuple[Bools, Bools]:
    """Return the optimal first actions (n, 5), and where base pays more than its floor (n,)."""
    best, pays = np.zeros((starts.n, 5), np.bool_), np.zeros(starts.n, np.bool_)
    for chunk, solution in solutions(trap, starts, horizon) if starts.n else ():
        best[chunk] = actions_in(solution.optimal(trap.base)[0])
        pays[chunk] = solution.optimum(trap.base) > solution.floor(trap.base) + TIE
    return best, pays


def _find_possible(trap: Trap, starts: State) -> Bools:
    """Return which moves lead to another cell, bool (n, 5)."""
    possible = np.zeros((starts.n, 5), np.bool_)
    for action in range(STAY):
        possible[:, action] = ~trap.impassable(Move(trap, starts, np.full(starts.n, action)))
    return possible


def _wall_off(trap: Trap, starts: State, actions: Bools) -> State:
    """Return states with a wall where each of some actions leads, bool (n, 5)."""
    changed = trap.joined([starts])
    row, action = actions.nonzero()
    walls = trap.layer(changed, "wall")
    walls[row, starts.agent[row] + trap.offsets[action]] = True
    tables = {**changed.level.tables, "wall": walls.ravel()}
    return changed._replace(level=changed.level._replace(tables=tables))
