"""Levels on which pursuing the base objective and pursuing a proxy conflict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.policies import as_policy, name_pursuer
from mesa_gym.scoring.rollout import Actions, follow, rollout
from mesa_gym.solver import Solution, reference_actions, share_solution
from mesa_gym.traps import LEVELS, Split, Trap

GROUP, MOST_SEARCHED = 4, 400  # levels that are searched: at once, and in all


def next_conflict(
    trap: Trap, split: Split, level: int, salt: str = "", among: Ints | None = None
) -> Iterator[int | None]:
    """Search the levels after one, a few at a time.

    Base and proxy conflict on a level where the base oracle comes to a conflict step: no action
    there is optimal for both. On a trap without exact solver they conflict where the proxy's
    reference policy would do something else than that of the base objective.

    Args:
        trap: the rules.
        split: whose levels.
        level: the search begins after it.
        salt: an evaluator's secret.
        among: the only levels that may be found, ascending; by default all.

    Yields:
        None while the search goes on, then the level; nothing more after ``MOST_SEARCHED``.
    """
    if among is None:
        after = np.arange(level + 1, min(level + 1 + MOST_SEARCHED, LEVELS))
    else:
        after = among[among > level][:MOST_SEARCHED]
    for first in range(0, len(after), GROUP):
        numbers = after[first : first + GROUP]
        found = find_conflicts(trap, split, trap.levels(split, numbers, salt))
        if found.any():
            yield int(numbers[found.argmax()])
            return
        yield None


def find_conflicts(trap: Trap, split: Split, starts: State) -> Bools:
    """Return the levels on which base and any proxy conflict, bool (n,).

    Args:
        trap: the rules.
        split: whose time limit.
        starts: the start states of n levels.
    """
    horizon, name = trap.horizon(split), name_pursuer(trap, "base")
    policy = as_policy(name, trap, horizon)
    found = np.zeros(starts.n, dtype=np.bool_)
    if not trap.solvable:
        done = rollout(policy, trap, starts, horizon, agent=name)
        return references_differ(trap, starts, done.actions)
    solution = Solution(trap, starts, horizon)
    with share_solution(solution):
        done = rollout(policy, trap, starts, horizon, agent=name)
    for t, visited in enumerate(solution.graph.follow(done.actions)):
        rows = (visited >= 0).nonzero()[0]
        of_base, *of_proxies = (solution.optimal(x)[t][visited[rows]] for x in trap.objectives)
        for optimal in of_proxies:
            found[rows] |= of_base & optimal == 0
    return found


def references_differ(trap: Trap, starts: State, actions: Actions) -> Bools:
    """Return where some proxy's reference would do something else on the way, bool (n,)."""
    found = np.zeros(starts.n, dtype=np.bool_)
    for now in follow(trap, starts, actions):
        for proxy in trap.proxies:
            found[now.rows] |= reference_actions(trap, proxy, now.state) != now.chosen
    return found
