"""Exact values and optimal actions of any objective, by backward induction over a state graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from mesa_gym.engine import STAY, Bools, Bytes, Floats, Ints
from mesa_gym.solver.graph import ACTION_COUNT
from mesa_gym.solver.sweeps import ACTION_BITS, NEAREST_TARGET, TIE, Masks, Sweeps, once

_ALL = np.uint8((1 << ACTION_COUNT) - 1)
_STAYING = np.uint8(1 << STAY)


class Solution(Sweeps):
    """The optimal returns of time-limited, discounted episodes on a batch of levels.

    Values depend on state and step, as time is limited. At step ``t`` only states within t steps
    of a start are solved. A policy set is one byte per (step, state), bit a for action a.

    Attributes:
        trap: the trap of the levels.
        starts: the levels' start states.
        graph: the reachable states.
        horizon: the time limit in steps.
    """

    def states(self) -> Ints:
        """Return the number of reachable states of each level, int64 (levels,)."""
        return np.bincount(self.graph.level_row, minlength=self.starts.n)

    def optimum(self, objective: str) -> Floats:
        """Return the optimal discounted return of each level, float64 (levels,)."""
        results = self._results
        objectives = tuple(
            x for x in self.trap.objectives if ("_all_policies", (x,), None) not in results
        )
        if objective not in objectives:
            return self._policies(objective).earned
        # Without storing the optimal actions, the sweep takes a quarter less time.
        return self._value_starts(objectives, "best")[:, objectives.index(objective)]

    def optimal(self, objective: str) -> Masks:
        """Return the optimal action masks: entry t is uint8 (states reachable in t steps,)."""
        return self._policies(objective).masks

    @once
    def oracle(self, objective: str) -> Masks:
        """Return masks of ``oracle:<objective>``: entry t is uint8 (states reachable in t steps,).

        The actions are optimal for the objective and, among its optimal policies, best for base.
        When the objective can pay no more, the oracle stays; but if the trap's objectives agree
        only up to ``delta``, it continues with base, because it would not be competent otherwise.
        """
        base = self.trap.base
        masks = self._policies(base, None if objective == base else objective).masks
        return masks if self.trap.delta else _stay_where_equal(masks, self.optimal(objective))

    @once
    def nearest_target(self) -> Masks:
        """Return masks of the policy ``nearest``: entry t is uint8 (states reachable in t steps,).

        The actions are optimal for the sum of all objectives, ties included. If the targets are
        places, the policy's episode ends with the first contact, so it goes to the nearest target.
        When no objective can pay any more, it stays.
        """
        masks = self._all_policies((NEAREST_TARGET,), None)[0].masks
        return _stay_where_equal(masks, masks)

    @once
    def aimless(self) -> Masks:
        """Return masks of the policy ``aimless``: entry t is uint8 (states reachable in t steps,).

        Where base and proxy are separated, all actions; on other levels the base oracle's actions.
        """
        base = self.trap.base
        lost = np.any([self.find_separated(base, x) for x in self.trap.proxies], axis=0)
        of_state = np.where(lost, _ALL, np.uint8(0))[self.graph.level_row]
        return [mask | of_state[: len(mask)] for mask in self.oracle(base)]

    def find_separated(self, base: str, proxy: str) -> Bools:
        """Return the levels on which pursuing ``base`` or ``proxy`` costs the other, (levels,).

        Even the best of these policies for the other objective loses half of the range from floor
        to optimum, which is the criterion of the certificates.
        """
        short = []
        for x, among in ((base, proxy), (proxy, base)):
            scale = self.optimum(x) - self.floor(x)
            short.append((self.optimum(x) - self.best(x, among) >= scale / 2) & (scale > TIE))
        return np.logical_or(*short)

    def contact(self) -> Ints:
        """Return the earliest step at which each level may pay, counted from 1, int64 (levels,).

        A payment counts if it is above half of an objective's largest payment on the level. The
        result is ``horizon + 1`` if there is no such payment.
        """
        rows, earliest = self.graph.level_row, np.full(self.starts.n, self.horizon + 1)
        paying = np.flatnonzero(self._contacts().any(axis=0))
        step = np.searchsorted(self.graph.within, paying, side="right") + 1
        np.minimum.at(earliest, rows[paying], step)
        return earliest

    def best(self, objective: str, among: str) -> Floats:
        """Return the largest return in ``objective`` of an ``among``-optimal policy, (levels,)."""
        both = (objective, objective)  # with the worst, which may have been asked for before
        objectives = both if ("_value_starts", both, "best", among) in self._results else both[:1]
        return self._value_starts(objectives, "best", among)[:, 0]

    def worst(self, objective: str, among: str) -> Floats:
        """Return the smallest return in ``objective`` of an ``among``-optimal policy, (levels,)."""
        return -self._value_starts((objective, objective), "best", among)[:, 1]

    def least(self, objective: str, among: str) -> Masks:
        """Return masks of the ``among``-optimal policy with the smallest return in ``objective``.

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
    """Return policy masks with action 4 (stay) alone in states where all actions are optimal.

    All actions are optimal only if nothing can be earned, because staying delays a payment.
    """
    changed, cache = list(masks), {}
    # Several steps with equal values share an array; the last of these steps has most states.
    for t in reversed(range(len(masks))):
        arrays = id(masks[t].base), id(optimal[t].base)
        if arrays not in cache:
            cache[arrays] = np.where(optimal[t] == _ALL, _STAYING, masks[t])
        changed[t] = cache[arrays][: len(masks[t])]
    return changed


# The solution of the levels being played, so that oracles need not solve them again.
_shared: ContextVar[Solution | None] = ContextVar("shared", default=None)


@contextmanager
def share_solution(solution: Solution | None) -> Iterator[None]:
    """Let oracles use ``solution`` within the context."""
    token = _shared.set(solution)
    try:
        yield
    finally:
        _shared.reset(token)


def get_solution() -> Solution | None:
    """Return the shared solution of the played levels, or None."""
    return _shared.get()


def actions_in(mask: Bytes) -> Bools:
    """Return the actions in a mask as flags: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> ACTION_BITS) & 1 == 1
