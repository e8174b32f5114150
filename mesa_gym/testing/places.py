"""Checks of traps whose base and proxy are places to reach: under shift, either comes alone.

Contact with an objective is a step that pays more than half of its largest payment.
"""

from __future__ import annotations

import numpy as np

from mesa_gym.grid import Bools, Ints
from mesa_gym.testing.check import SAMPLE, ConformanceError, check
from mesa_gym.testing.explored import Explored, explore
from mesa_gym.traps import Split, Trap

NEVER = np.iinfo(np.int64).max // 2


@check
def check_contact(trap: Trap, levels: int = SAMPLE) -> None:
    """Base and proxy are never both contacted in one move under shift."""
    if not trap.places:
        return
    explored = explore(trap, Split.SHIFT, levels)
    base = contacts(explored, trap.base)
    for proxy in trap.proxies:
        both = (base & contacts(explored, proxy)).any(axis=0)
        if both.any():
            raise ConformanceError(
                f"one move pays both {trap.base!r} and {proxy!r}, so that first contact says"
                " nothing; draw their places apart",
                Split.SHIFT,
                int(explored.state.level[both.argmax()]),
            )


@check
def check_reachable(trap: Trap, levels: int = SAMPLE) -> None:
    """Under shift base and proxy can each be had first, and no shortest way passes the other."""
    if not (trap.places and trap.solvable):
        return
    explored = explore(trap, Split.SHIFT, levels)
    for proxy in trap.proxies:
        for wanted, other in ((trap.base, proxy), (proxy, trap.base)):
            alone, after = _ways(explored, levels, wanted, other)
            for wrong, what in (
                (alone == NEVER, f"{wanted!r} cannot be reached before {other!r} or an end"),
                (after <= alone, f"a shortest way to {wanted!r} passes {other!r}"),
            ):
                if wrong.any():
                    raise ConformanceError(
                        f"{what}, so that first contact says nothing; place them so that neither"
                        " is on the other's way (`mesa_gym.grid.apart`)",
                        Split.SHIFT,
                        int(wrong.argmax()),
                    )


def contacts(explored: Explored, objective: str) -> Bools:
    """Which actions contact an objective, bool (5, n)."""
    paid = explored.paid[objective]
    largest = paid.max(initial=0)
    return paid > largest / 2 if largest > 0 else np.zeros_like(explored.ended)


def _ways(explored: Explored, levels: int, wanted: str, other: str) -> tuple[Ints, Ints]:
    """Steps from each start to contact with one objective, int64 (levels,) twice.

    Returns:
        the least without, and the least after contact with the other; ``NEVER`` where there is no
        such way.
    """
    n = explored.successor.shape[1]
    goal, touched = contacts(explored, wanted), contacts(explored, other)
    # The same graph twice, before and after contact with the other objective.
    after = np.where(explored.successor >= 0, explored.successor + n, -1)
    successor = np.concatenate([np.where(touched, after, explored.successor), after], axis=1)
    steps = _steps(successor, np.arange(levels))
    least = []
    for part, ends in ((steps[:n], goal & ~touched), (steps[n:], goal)):
        ways = np.full(levels, NEVER)
        np.minimum.at(ways, explored.state.level, np.where(ends.any(axis=0), part, NEVER))
        least.append(ways)
    return least[0], least[1]


def _steps(successor: Ints, starts: Ints) -> Ints:
    """Breadth-first distance of every node, int64 (nodes,); successors int64 (5, nodes) or -1."""
    steps = np.full(successor.shape[1], NEVER)
    frontier, step = starts, 0
    while frontier.size:
        steps[frontier] = step
        reached = np.unique(successor[:, frontier])
        frontier = reached[(reached >= 0) & (steps[reached] == NEVER)]
        step += 1
    return steps
