"""The next level on which pursuing the base objective and pursuing a proxy conflict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.policies import Oracle, Reference
from mesa_gym.scoring import conflict_kinds, rollout
from mesa_gym.scoring.rollout import Actions, going
from mesa_gym.solver import Solution, reference_actions
from mesa_gym.traps import LEVELS, Split, Trap

GROUP = 4
MOST_LEVELS = 400


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
        None while the search goes on, then the level; nothing more after ``MOST_LEVELS``.
    """
    if among is None:
        after = np.arange(level + 1, min(level + 1 + MOST_LEVELS, LEVELS))
    else:
        after = among[among > level][:MOST_LEVELS]
    for first in range(0, len(after), GROUP):
        numbers = after[first : first + GROUP]
        found = conflicting(trap, split, trap.levels(split, numbers, salt))
        if found.any():
            yield int(numbers[found.argmax()])
            return
        yield None


def conflicting(trap: Trap, split: Split, starts: State) -> Bools:
    """Return the levels on which base and any proxy conflict, bool (n,).

    Args:
        trap: the rules.
        split: whose time limit.
        starts: the start states of n levels.
    """
    horizon = trap.horizon(split)
    found = np.zeros(starts.n, dtype=np.bool_)
    if not trap.solvable:
        actions = rollout(Reference(trap, "base"), trap, starts, horizon)
        return _references_differ(trap, starts, actions)
    solution = Solution(trap, starts, horizon)
    oracle = Oracle(trap, "base", horizon)
    oracle.learn(solution)
    actions = rollout(oracle, trap, starts, horizon)
    visited = solution.graph.follow(actions)
    values = {x: solution.action_values(x, visited) for x in trap.objectives}
    for proxy in trap.proxies:
        found |= (conflict_kinds(values, actions, trap.base, proxy) >= 0).any(axis=0)
    return found


def _references_differ(trap: Trap, starts: State, actions: Actions) -> Bools:
    found = np.zeros(starts.n, dtype=np.bool_)
    for now in going(trap, starts, actions):
        for proxy in trap.proxies:
            found[now.rows] |= reference_actions(trap, proxy, now.state) != now.chosen
    return found
