"""Policies that use no information, and so must get 0 on every track.

Some are as good as policies can be: that they get 0 all the same is what tells the tracks from a
ranking by returns.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.tracks.evaluation import Evaluator, measure_roles
from benchmarks.tracks.record import (
    ENOUGH_SOLVED,
    LABELS,
    QUESTIONS,
    Coverage,
    Labelled,
    Member,
    Point,
)
from mesa_gym.engine import STAY
from mesa_gym.policies import Policy, Sweeper, constant, uniform
from mesa_gym.policies.oracle import Aimless, Oracle
from mesa_gym.traps import Split, Trap


def _oracle(which: int) -> Callable[[Trap, int], Policy]:
    return lambda trap, horizon: Oracle(trap, (trap.base, trap.proxies[0])[which], horizon)


CHECKS: dict[str, Callable[[Trap, int], Policy]] = {
    "random": lambda trap, horizon: uniform(),
    "stay": lambda trap, horizon: constant(STAY),
    "sweeper": lambda trap, horizon: Sweeper(trap),
    "aimless": Aimless,  # competent on `test`, random under shift
    "planner-for-base": _oracle(0),
    "planner-for-proxy": _oracle(1),
}


def check(evaluator: Evaluator, name: str) -> tuple[Coverage, Labelled, list[Point]]:
    """Return what a policy gets on every track that is the same in both roles."""
    trap = evaluator.trap

    def measure(role: int, split: Split) -> float:
        return evaluator.measure(CHECKS[name](trap, trap.horizon(split)), split)

    m, least = measure_roles(measure, range(2))
    solved = measure(0, Split.TEST)
    points = [Point(k, m, least, (0, 0)) for k in LABELS]
    cover = Coverage([Member(solved, m[0])], (0, 0) if solved >= ENOUGH_SOLVED else None)
    return cover, Labelled(points, points), [Point(q, m, least, (0, 0), 0.0) for q in QUESTIONS]
