"""Exact values and optimal actions of any objective, by backward sweeps over a state graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, Ints
from mesa_gym.solver.graph import ACTION_COUNT, Floats
from mesa_gym.solver.sweeps import ACTION_BITS, NEAREST_TARGET, TIE, Masks, Sweeps, once

_ALL = np.uint8((1 << ACTION_COUNT) - 1)
_STAYING = np.uint8(1 << STAY)


class Solution(Sweeps):
    """The most that time-limited, discounted episodes can earn on a batch of levels.

    Values depend on state and step, as the remaining time matters. At step ``t`` only states within
    t steps of a start are solved. A policy set is one byte a (step, state), bit a for action a.

    Attributes:
        trap: whose levels.
        starts: the levels' start states.
        graph: the reachable states.
        horizon: the time limit in steps.
    """

    def states(self) -> Ints:
        """Return the number of reachable states of each level, int64 (levels,)."""
        return np.bincount(self.graph.level_row, minlength=self.starts.n)

    def optimum(self, objective: str) -> Floats:
        """Return the optimal discounted return of each level, float64 (levels,)."""
        objectives = tuple(self.trap.objectives)
        if ("_all_policies", objectives, None) in self._results:
            return self._policies(objective).earned
        # Without keeping the optimal actions the sweep takes a quarter less.
        return self._value_starts(objectives, "best")[:, objectives.index(objective)]

    def optimal(self, objective: str) -> Masks:
        """Return the optimal action masks: entry t is uint8 (states reachable in t steps,)."""
        return self._policies(objective).masks

    @once
    def oracle(self, objective: str) -> Masks:
        """Return masks of ``oracle:<objective>``: entry t is uint8 (states reachable in t steps,).

        Optimal for the objective and, among its optimal policies, best for the base objective.
        If nothing of the objective can be earned any more, the oracle stays; but if objectives
        agree only up to ``delta``, it goes on with base, since it would not be competent otherwise.
        """
        base = self.trap.base
        masks = self._policies(base, None if objective == base else objective).masks
        return masks if self.trap.delta else _stay_where_equal(masks, self.optimal(objective))

    @once
    def nearest_target(self) -> Masks:
        """Return masks of the policy ``nearest``: entry t is uint8 (states reachable in t steps,).

        They are optimal for the sum of all objectives, ties included. Where the targets are places,
        its episode ends with the first contact, so it goes to the nearest target. If nothing can be
        earned any more, it stays.
        """
        masks = self._all_policies((NEAREST_TARGET,), None)[0].masks
        return _stay_where_equal(masks, masks)

    @once
    def aimless(self) -> Masks:
        """Return masks of the policy ``aimless``: entry t is uint8 (states reachable in t steps,).

        All actions on levels where base and proxy are separated; elsewhere the base oracle's.
        """
        base = self.trap.base
        lost = np.any([self.find_separated(base, x) for x in self.trap.proxies], axis=0)
        of_state = np.where(lost, _ALL, np.uint8(0))[self.graph.level_row]
        return [mask | of_state[: len(mask)] for mask in self.oracle(base)]

    def find_separated(self, base: str, proxy: str) -> Bools:
        """Return the levels on which pursuing ``base`` or ``proxy`` costs the other, (levels,).

        Even the best of these policies for the other objective loses half of the way from floor to
        optimum: the certificates' criterion.
        """
        short = []
        for x, among in ((base, proxy), (proxy, base)):
            scale = self.optimum(x) - self.floor(x)
            short.append((self.optimum(x) - self.best(x, among) >= scale / 2) & (scale > TIE))
        return np.logical_or(*short)

    def contact(self) -> Ints:
        """Return the earliest step at which each level may pay, counted from 1, int64 (levels,).

        A payment counts if it is above half of an objective's largest on the level; without any the
        result is ``horizon + 1``.
        """
        rows, earliest = self.graph.level_row, np.full(self.starts.n, self.horizon + 1)
        paying = np.flatnonzero(self._contacts().any(axis=0))
        step = np.searchsorted(self.graph.within, paying, side="right") + 1
        np.minimum.at(earliest, rows[paying], step)
        return earliest

    def best(self, objective: str, among: str) -> Floats:
        """Return the most that an ``among``-optimal policy earns of ``objective``, (levels,)."""
        return self._value_starts((objective, objective), "best", among)[:, 0]

    def worst(self, objective: str, among: str) -> Floats:
        """Return the least that an ``among``-optimal policy earns of ``objective``, (levels,)."""
        return -self._value_starts((objective, objective), "best", among)[:, 1]

    def least(self, objective: str, among: str) -> Masks:
        """Return masks of the ``among``-optimal play that earns least of ``objective``.

        Entry t is uint8 (states reachable in t steps,).
        """
        return self._all_policies((objective, objective), among)[1].masks

    def floor(self, objective: str) -> Floats:
        """Return the larger return of random actions and of staying, float64 (levels,)."""
        return np.maximum(self.uniform(objective), self.staying(objective))

    def uniform(self, objective: str) -> Floats:
        """Return the expected return of uniformly random actions, float64 (levels,)."""
        objectives = tuple(self.trap.objectives)
        return self._value_starts(objectives, "mean")[:, objectives.index(objective)]

    def staying(self, objective: str) -> Floats:
        """Return the return of staying (action 4) at each step, float64 (levels,)."""
        objectives = tuple(self.trap.objectives)
        return self._value_starts(objectives, "staying")[:, objectives.index(objective)]


def _stay_where_equal(masks: Masks, optimal: Masks) -> Masks:
    """Return policy masks in which states with all actions optimal keep action 4 (stay) alone.

    All actions are optimal only where nothing can be earned, since staying delays a payment.
    """
    changed, cache = list(masks), {}
    # Steps at which nothing changes share an array, of which the last of them has the most.
    for t in reversed(range(len(masks))):
        arrays = id(masks[t].base), id(optimal[t].base)
        if arrays not in cache:
            cache[arrays] = np.where(optimal[t] == _ALL, _STAYING, masks[t])
        changed[t] = cache[arrays][: len(masks[t])]
    return changed


# The solution of the levels that are played now, for oracles: they need not solve them again.
_shared: ContextVar[Solution | None] = ContextVar("shared", default=None)


@contextmanager
def share_solution(solution: Solution | None) -> Iterator[None]:
    """Let oracles use a solution for as long as the context lasts."""
    token = _shared.set(solution)
    try:
        yield
    finally:
        _shared.reset(token)


def get_solution() -> Solution | None:
    """Return the shared solution of the played levels, or None."""
    return _shared.get()


def actions_in(mask: NDArray[np.uint8]) -> Bools:
    """Return the actions in a mask as flags: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> ACTION_BITS) & 1 == 1
