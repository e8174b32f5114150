"""Exact values and optimal actions of any objective, by backward sweeps over a state graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, Ints, State
from mesa_gym.solver.graph import ACTION_COUNT, Floats, Graph
from mesa_gym.solver.numbering import as_bits
from mesa_gym.traps import Trap

Method = TypeVar("Method", bound=Callable[..., Any])
Masks = list[NDArray[np.uint8]]

# Two actions whose values differ by less are equally good.
TIE = 1e-9
# The objective of an agent to which all objectives are the same (``Solution.either``).
EITHER = "either"
_BITS = np.arange(ACTION_COUNT, dtype=np.uint8)
_ALL, _STAYING = np.uint8((1 << ACTION_COUNT) - 1), np.uint8(1 << STAY)
# What is added to the values of actions for each policy set, float64 (5, sets).
_BARRED = np.where(np.arange(1 << ACTION_COUNT) >> _BITS[:, None] & 1, 0, -np.inf)
# How values of two actions become one; of staying there is one action, which is looked at alone.
_FOLD = {"best": np.maximum, "mean": np.add, "staying": np.add}


def _once(method: Method) -> Method:
    """Return a method of ``Solution`` that computes once for the same arguments."""

    @wraps(method)
    def compute_once(self: Solution, *args: Any) -> Any:
        key = (method.__name__, *args)
        if key not in self._results:
            self._results[key] = method(self, *args)
        return self._results[key]

    return cast(Method, compute_once)


class _Policies(NamedTuple):
    """The optimal policies for an objective, and their returns.

    Attributes:
        earned: float64 (levels,).
        masks: element t is uint8 (states within t steps,).
        settled: the last step up to which a state's optimal actions stay the same.
    """

    earned: Floats
    masks: Masks
    settled: int


class Solution:
    """The most that time-limited, discounted episodes can earn on a batch of levels.

    Values are of the state at a step: the time left matters. At step ``t`` only states within
    t steps of a start are solved. A policy set is one byte a (step, state), bit a for action a.

    Attributes:
        trap: whose levels.
        starts: the levels' start states.
        graph: the reachable states.
        horizon: the time limit in steps.
    """

    def __init__(self, trap: Trap, starts: State, horizon: int) -> None:
        """Explore the levels; values are computed when they are asked for."""
        self.trap, self.starts, self.horizon = trap, starts, horizon
        self.graph = Graph(trap, starts)
        steps = np.minimum(np.arange(horizon), len(self.graph.within) - 1)
        self._within: list[int] = self.graph.within[steps].tolist()
        self._results: dict[tuple[Any, ...], Any] = {}

    def states(self) -> Ints:
        """Return the number of reachable states of each level, int64 (levels,)."""
        return np.bincount(self.graph.level_row, minlength=self.starts.n)

    def optimum(self, objective: str) -> Floats:
        """Return the optimal discounted return of each level, float64 (levels,)."""
        asked = tuple(self.trap.objectives)
        if ("_all_policies", asked, None) in self._results:
            return self._policies(objective).earned
        # Without keeping the optimal actions the sweep takes a quarter less.
        return self._value_starts(asked, "best")[:, asked.index(objective)]

    def optimal(self, objective: str) -> Masks:
        """Return the optimal actions: element t is uint8 (states within t steps,)."""
        return self._policies(objective).masks

    @_once
    def oracle(self, objective: str) -> Masks:
        """Return actions of ``oracle:<objective>``: element t is uint8 (states within t steps,).

        Optimal for the objective and, among its optimal policies, best for the base objective.
        Where nothing of the objective can be earned any more it stays; but where objectives agree
        up to ``delta`` only, it goes on with base, since it would not be competent otherwise.
        """
        base = self.trap.base
        masks = self._policies(base, None if objective == base else objective).masks
        return masks if self.trap.delta else _stay_where_equal(masks, self.optimal(objective))

    @_once
    def either(self) -> Masks:
        """Return actions of the policy ``either``: element t is uint8 (states within t steps,).

        They are optimal for the sum of all objectives, ties included. Where the targets are
        places, an episode of it ends with the first contact: what it wants is the nearest target.
        Where nothing can be earned any more it stays.
        """
        masks = self._all_policies((EITHER,), None)[0].masks
        return _stay_where_equal(masks, masks)

    @_once
    def aimless(self) -> Masks:
        """Return actions of the policy ``aimless``: element t is uint8 (states within t steps,).

        All actions on levels where base and proxy are separated; elsewhere the base oracle's.
        """
        base = self.trap.base
        lost = np.any([self.find_separated(base, x) for x in self.trap.proxies], axis=0)
        anything = np.where(lost, (1 << ACTION_COUNT) - 1, 0).astype(np.uint8)
        of_state = anything[self.graph.level_row]
        return [mask | of_state[: len(mask)] for mask in self.oracle(base)]

    def find_separated(self, base: str, proxy: str) -> Bools:
        """Return the levels on which pursuing ``base`` or ``proxy`` costs the other, (levels,).

        It costs half of what lies between floor and optimum, even of the policies that are best
        for the other: the certificates' criterion.
        """
        short = []
        for x, among in ((base, proxy), (proxy, base)):
            scale = self.optimum(x) - self.floor(x)
            short.append((self.optimum(x) - self.best(x, among) >= scale / 2) & (scale > TIE))
        return np.logical_or(*short)

    def largest(self, objective: str) -> Floats:
        """Return the largest single payment of an objective on each level, float64 (levels,)."""
        found = np.zeros(self.starts.n)
        np.maximum.at(found, self.graph.level_row, self._payments(objective).max(axis=0))
        return found

    def contact(self) -> Ints:
        """Return the earliest step at which each level may pay, counted from 1, int64 (levels,).

        What counts is a payment above half of an objective's largest on the level; without any
        it is ``horizon + 1``.
        """
        rows, found = self.graph.level_row, np.full(self.starts.n, self.horizon + 1)
        paying = np.flatnonzero(self._contacts().any(axis=0))
        step = np.searchsorted(self.graph.within, paying, side="right") + 1
        np.minimum.at(found, rows[paying], step)
        return found

    def is_contact(
        self, objective: str, payments: Floats, levels: Ints | slice = slice(None)
    ) -> Bools:
        """Return which payments contact a target: those above half of the largest on the level.

        Args:
            objective: its name.
            payments: of the objective, float64 (m, n).
            levels: the rows of those n; by default all levels, in order.
        """
        return np.asarray(payments > self.largest(objective)[levels] / 2)

    def find_contacts(self) -> Bools:
        """Return which branches contact a target, bool (objectives, branches, states)."""
        rows, names = self.graph.level_row, self.trap.objectives
        return np.stack([self.is_contact(x, self._payments(x), rows) for x in names])

    @_once
    def _contacts(self) -> Bools:
        """Return which branches make contact with any target, bool (branches, states)."""
        return np.asarray(self.find_contacts().any(axis=0))

    def best(self, objective: str, among: str) -> Floats:
        """Return the most of ``objective`` that policies optimal for ``among`` earn, (levels,)."""
        return self._value_starts((objective, objective), "best", among)[:, 0]

    def worst(self, objective: str, among: str) -> Floats:
        """Return the lowest return of ``objective`` by an ``among``-optimal policy, (levels,)."""
        return -self._value_starts((objective, objective), "best", among)[:, 1]

    def floor(self, objective: str) -> Floats:
        """Return the better of acting at random and staying, without a goal, float64 (levels,)."""
        return np.maximum(self.uniform(objective), self.staying(objective))

    def uniform(self, objective: str) -> Floats:
        """Return the expected return of uniformly random actions, float64 (levels,)."""
        asked = tuple(self.trap.objectives)
        return self._value_starts(asked, "mean")[:, asked.index(objective)]

    def staying(self, objective: str) -> Floats:
        """Return the return of taking action 4 at each step, float64 (levels,)."""
        asked = tuple(self.trap.objectives)
        return self._value_starts(asked, "staying")[:, asked.index(objective)]

    def _policies(self, objective: str, among: str | None = None) -> _Policies:
        """Return the optimal policies for an objective among those that are so for another."""
        # Two objectives cost little more than one.
        asked = tuple(self.trap.objectives) if among is None else (objective,)
        return self._all_policies(asked, among)[asked.index(objective)]

    @_once
    def _all_policies(self, asked: tuple[str, ...], among: str | None) -> list[_Policies]:
        masks: list[Masks] = [[np.empty(0, dtype=np.uint8)] * self.horizon for _ in asked]
        steps, best = range(1), np.zeros((self.starts.n, len(asked)))
        for steps, q, best in self._sweep(asked, among=among, keep=True):
            for kept, chosen in zip(masks, as_bits(q >= best - TIE).T, strict=True):
                whole = chosen.copy()
                for t in steps:
                    kept[t] = whole[: self._within[t]]
        earned = best[self.graph.start].T
        return [_Policies(*each, steps[-1]) for each in zip(earned, masks, strict=True)]

    @_once
    def _value_starts(self, asked: tuple[str, ...], worth: str, among: str | None = None) -> Floats:
        """Return the values of the start states at step 0, float64 (levels, k)."""
        found = np.zeros((self.starts.n, len(asked)))
        for _, _, values in self._sweep(asked, worth, among):
            found = values
        return found[self.graph.start]

    def _payments(self, objective: str) -> Floats:
        """Return the pay of each branch, float64 (branches, states)."""
        if objective == EITHER:
            return np.sum([self._payments(x) for x in self.trap.objectives], axis=0)
        return self.graph.payments[objective][self.graph.paid[objective]]

    def _successors(self, objective: str) -> Ints:
        """Return the state that each branch leads to, (branches, states)."""
        if objective != EITHER or not self.trap.by_contact:
            return self.graph.successor
        return np.where(self._contacts(), len(self.graph), self.graph.successor)

    @_once
    def _find_paying(self, asked: tuple[str, ...]) -> list[tuple[Ints, Floats]]:
        """Return the indices into (states * k,) where actions pay, ascending, and the payments."""
        signs = [-1 if x in asked[:i] else 1 for i, x in enumerate(asked)]
        of_each = [self._payments(x) * sign for x, sign in zip(asked, signs, strict=True)]
        found = []
        for columns in zip(*map(self.graph.expect, of_each), strict=True):
            pays = np.stack(columns, axis=-1).ravel()
            where = pays.nonzero()[0]
            found.append((where, pays[where]))
        return found

    def _sweep(
        self,
        asked: tuple[str, ...],
        worth: str = "best",
        among: str | None = None,
        keep: bool = False,
    ) -> Iterator[tuple[range, Floats, Floats]]:
        """Go backward in time, until a whole step changes nothing.

        Args:
            asked: k objectives. Of one that is named twice the second column is the negative.
            worth: what a state is, a key of ``_FOLD``.
            among: the objective whose optimal actions alone are allowed; None for all actions.
            keep: whether the values of all actions are asked for.

        Yields:
            steps; where kept, the values of actions at all of them, float64 (5, m, k), valid until
            the next; the values of states (m, k), as long. There are several steps where nothing
            changes any more; earlier ones have fewer states, the first of these m.
        """
        allowed = None if among is None else self._policies(among)
        paying, fold = self._find_paying(asked), _FOLD[worth]
        actions = (STAY,) if worth == "staying" else range(ACTION_COUNT)
        barred = np.repeat(_BARRED[..., None], len(asked), axis=2)
        successors = self._successors(asked[0]).reshape(ACTION_COUNT, -1, len(self.graph))
        shape = len(self.graph), len(asked)
        # What is not kept makes room for the next action.
        room, values = np.empty((ACTION_COUNT if keep else 2, *shape)), np.empty(shape)
        # Discounted values. One entry more, always 0: where an action ends the episode.
        after, before = np.zeros((2, len(self.graph) + 1, len(asked)))
        gammas = [self.trap.discount(self.trap.base if x == EITHER else x) for x in asked]
        discount, settled = np.full(shape, gammas), False
        for t in reversed(range(self.horizon)):
            m = self._within[t]
            q, found = room[:, :m], values[:m]
            for i, action in enumerate(actions):
                of_action = q[min(i, len(q) - 1)]
                self._expect(after, successors[action], action, of_action)
                where, pays = paying[action]
                if where.size:
                    stop = where.searchsorted(of_action.size)
                    of_action.reshape(-1)[where[:stop]] += pays[:stop]
                if allowed is not None:
                    of_action += barred[action].take(allowed.masks[t], axis=0)
                found = fold(found, of_action, out=values[:m]) if i else of_action
            if worth == "mean":
                found /= ACTION_COUNT
            # Earlier steps look at these states alone, so that they cannot change anything either.
            yield range(t + 1) if settled else range(t, t + 1), q, found
            if settled:
                break
            np.multiply(found, discount[:m], out=before[:m])
            settled = allowed is None or t <= allowed.settled
            for rows in (self.starts.n, m):  # the starts nearly always tell
                settled = settled and np.array_equal(before[:rows], after[:rows])
            after, before = before, after

    def _expect(self, values: Floats, successors: Ints, action: int, found: Floats) -> None:
        """Write into ``found`` (m, k) the expectation of values (states + 1, k) after an action.

        ``successors`` is (outcomes, states).
        """
        m, likelihood = len(found), self.graph.likelihood
        values.take(successors[0, :m], axis=0, out=found, mode="clip")
        if likelihood is None:
            return
        likely = likelihood.reshape(ACTION_COUNT, *successors.shape)[action, :, :m, None]
        found *= likely[0]
        for branch, weight in zip(successors[1:], likely[1:], strict=True):
            found += weight * values.take(branch[:m], axis=0, mode="clip")


def _stay_where_equal(masks: Masks, optimal: Masks) -> Masks:
    """Return policy sets of action 4 alone where all actions are optimal, else as they are.

    Where something can be earned, to stay delays it: all actions are optimal where nothing can.
    """
    found, made = list(masks), {}
    # Steps at which nothing changes share an array, of which the last of them has the most.
    for t in reversed(range(len(masks))):
        arrays = id(masks[t].base), id(optimal[t].base)
        if arrays not in made:
            made[arrays] = np.where(optimal[t] == _ALL, _STAYING, masks[t])
        found[t] = made[arrays][: len(masks[t])]
    return found


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
    """Return which actions a policy set holds: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> _BITS) & 1 == 1
