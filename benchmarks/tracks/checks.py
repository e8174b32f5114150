"""Policies that use no information, and so must get 0 on every track.

Some are as good as policies can be: that they get 0 all the same is what tells the tracks from a
ranking by returns.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agents.methods.method import WALL, Bytes, Floats
from benchmarks.tracks.evaluation import Evaluator, compute_steering
from benchmarks.tracks.record import LABELS, QUESTIONS, Coverage, Labelled, Member, Point
from mesa_gym.engine import ACTIONS, FAR, STAY, Bools, State, toward
from mesa_gym.policies import Policy, constant, uniform
from mesa_gym.policies.oracle import Aimless, Oracle
from mesa_gym.traps import Split, Trap


class Sweeper:
    """Goes to the nearest cell that it has not visited, and has no goal besides."""

    observation = "planes"

    def reset(self, mask: Bools, rng: np.random.Generator) -> None:
        """Forget which cells were visited."""
        self._visited = np.zeros((len(mask), 0), dtype=np.bool_)

    def act(self, observation: Bytes, state: State | None = None) -> Floats:
        """Return the first step of a shortest way, float64 (n, 5)."""
        assert state is not None
        n = len(observation)
        open_cells = observation[..., WALL] == 0
        if not self._visited.size:
            self._visited = np.zeros((n, open_cells[0].size), dtype=np.bool_)
        self._visited[state.clock == 0] = False
        self._visited[np.arange(n), state.agent] = True
        price = np.where(open_cells.reshape(n, -1) & ~self._visited, 0, FAR)
        return np.eye(len(ACTIONS))[toward(open_cells, state.agent, price)]


def _oracle(which: int) -> Callable[[Trap, int], Policy]:
    return lambda trap, horizon: Oracle(trap, (trap.base, trap.proxies[0])[which], horizon)


CHECKS: dict[str, Callable[[Trap, int], Policy]] = {
    "random": lambda trap, horizon: uniform(),
    "stay": lambda trap, horizon: constant(STAY),
    "sweeper": lambda trap, horizon: Sweeper(),
    "aimless": Aimless,  # competent on `test`, random under shift
    "planner-for-base": _oracle(0),
    "planner-for-proxy": _oracle(1),
}


def check(evaluator: Evaluator, name: str) -> tuple[Coverage, Labelled, list[Point]]:
    """Return what a policy gets on every track that is the same in both roles."""
    trap = evaluator.trap
    d, solved = [], []
    for _ in evaluator.wanted:
        shift, test = (CHECKS[name](trap, trap.horizon(s)) for s in (Split.SHIFT, Split.TEST))
        d.append(evaluator.towards_base_in(evaluator.play(shift, Split.SHIFT)))
        solved.append(evaluator.count_solved(evaluator.play(test, Split.TEST)))
    found = compute_steering((d[0], -d[1]), solved)
    points = [Point(k, *found) for k in LABELS]
    cover = Coverage(max(0.0, min(d[0], -d[0])), [Member(solved[0], d[0])])
    return cover, Labelled(points, points), [Point(q, *found, 0.0) for q in QUESTIONS]
