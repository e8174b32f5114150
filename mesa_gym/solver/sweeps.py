"""Backward induction over a state graph: values of states, and optimal actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, Bytes, Floats, Ints, State
from mesa_gym.solver.graph import ACTION_COUNT, Graph
from mesa_gym.solver.numbering import as_bits
from mesa_gym.traps import Trap

Method = TypeVar("Method", bound=Callable[..., Any])
Masks = list[Bytes]

# Actions whose values differ by less are considered equally good.
TIE = 1e-9
# The objective of an agent that values all objectives equally (``Solution.nearest_target``). It is
# not an identifier, so that no trap can have an objective of this name.
NEAREST_TARGET = "nearest target"
ACTION_BITS = np.arange(ACTION_COUNT, dtype=np.uint8)
# The summands for action values that bar actions outside a policy set, float64 (5, sets).
_BARRED = np.where(np.arange(1 << ACTION_COUNT) >> ACTION_BITS[:, None] & 1, 0, -np.inf)
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio, as in splitmix64
# Functions that combine the values of two actions; for staying only one action is computed.
_FOLD = {"best": np.maximum, "mean": np.add, "staying": np.add}


def once(method: Method) -> Method:
    """Return a method of ``Sweeps`` that caches each result by the method's arguments."""

    @wraps(method)
    def compute_once(self: Sweeps, *args: Any) -> Any:
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
        settled: the optimal actions of a state are constant up to this step.
    """

    earned: Floats
    masks: Masks
    settled: int


class _Chances(NamedTuple):
    """The k distinct random transitions that may follow an action.

    Attributes:
        after: int64 (outcomes, k), the next states; None without random outcomes.
        weights: float64 (outcomes, k), their probabilities.
        which: int64 (5, states), the transition that follows an action; without random outcomes,
            the next state.
        state: int64 (k,), ascending: the first state in which the transition may happen.
    """

    after: Ints | None
    weights: Floats | None
    which: Ints
    state: Ints | None

    def expect(self, values: Floats, m: int) -> Floats:
        """Return the expected successor values, for ``which``, from values (states + 1, columns).

        Only the values that the first ``m`` states need are computed.
        """
        if self.after is None or self.weights is None or self.state is None:
            return values
        k = int(self.state.searchsorted(m))
        expectation: Floats = values.take(self.after[0, :k], axis=0, mode="clip")
        expectation *= self.weights[0, :k, None]
        for after, weight in zip(self.after[1:], self.weights[1:], strict=True):
            expectation += weight[:k, None] * values.take(after[:k], axis=0, mode="clip")
        return expectation


class Sweeps:
    """The values of a batch of levels, each computed on first use.

    A policy set is one byte per (step, state), bit a for action a.
    """

    def __init__(self, trap: Trap, starts: State, horizon: int) -> None:
        """Explore the levels; values are computed later."""
        self.trap, self.starts, self.horizon = trap, starts, horizon
        self.graph = Graph(trap, starts)
        steps = np.minimum(np.arange(horizon), len(self.graph.within) - 1)
        self._within: list[int] = self.graph.within[steps].tolist()
        self._results: dict[tuple[Any, ...], Any] = {}

    def _policies(self, objective: str, among: str | None = None) -> _Policies:
        """Return the best policies for ``objective`` among the optimal policies of ``among``."""
        return self._all_policies((objective,), among)[0]

    @once
    def _all_policies(self, objectives: tuple[str, ...], among: str | None) -> list[_Policies]:
        masks: list[Masks] = [[np.empty(0, dtype=np.uint8)] * self.horizon for _ in objectives]
        steps, best = range(1), np.zeros((self.starts.n, len(objectives)))
        for steps, q, best in self._sweep(objectives, among=among, keep=True):
            for kept, chosen in zip(masks, as_bits(q >= best - TIE).T, strict=True):
                all_chosen = chosen.copy()
                for t in steps:
                    kept[t] = all_chosen[: self._within[t]]
        earned = best[self.graph.start].T
        return [_Policies(*arrays, steps[-1]) for arrays in zip(earned, masks, strict=True)]

    @once
    def _value_starts(
        self, objectives: tuple[str, ...], worth: str, among: str | None = None
    ) -> Floats:
        """Return the values of the start states at step 0, float64 (levels, objectives)."""
        start_values = np.zeros((self.starts.n, len(objectives)))
        for _, _, values in self._sweep(objectives, worth, among):
            start_values = values
        return start_values[self.graph.start]

    @once
    def _find_paying(self, objectives: tuple[str, ...]) -> list[tuple[Ints, Floats]]:
        """Return for each action its payments, with their flat indices (state, objective)."""
        signs = [-1 if x in objectives[:i] else 1 for i, x in enumerate(objectives)]
        of_each = [self._payments(x) * sign for x, sign in zip(objectives, signs, strict=True)]
        payments = []
        for columns in zip(*map(self.graph.expect, of_each), strict=True):
            pays = np.stack(columns, axis=-1).ravel()
            where = pays.nonzero()[0]
            payments.append((where, pays[where]))
        return payments

    def _sweep(
        self,
        objectives: tuple[str, ...],
        worth: str = "best",
        among: str | None = None,
        keep: bool = False,
    ) -> Iterator[tuple[range, Floats, Floats]]:
        """Iterate backward in time until a step leaves all values unchanged.

        Args:
            objectives: k objectives. If one is named twice, its second column is negated.
            worth: how action values determine a state's value, a key of ``_FOLD``.
            among: the objective whose optimal actions alone are allowed; None for all actions.
            keep: whether to return the values of all actions too.

        Yields:
            A range of steps; with ``keep``, the action values at these steps, float64 (5, m, k),
            valid until the next iteration; the state values (m, k), valid as long. In a range of
            several steps, values are constant; earlier steps have fewer states, the first of m.
        """
        allowed = None if among is None else self._policies(among)
        paying, fold = self._find_paying(objectives), _FOLD[worth]
        actions = (STAY,) if worth == "staying" else range(ACTION_COUNT)
        barred = np.repeat(_BARRED[..., None], len(objectives), axis=2)
        # Episodes for ``NEAREST_TARGET`` end with the first contact.
        chances = self._find_chances(objectives[0] == NEAREST_TARGET and self.trap.judging.places)
        shape = len(self.graph), len(objectives)
        # Without `keep`, two buffers are used in turn.
        room, values = np.empty((ACTION_COUNT if keep else 2, *shape)), np.empty(shape)
        # Discounted values, plus one entry that is always 0: the end of the episode.
        after, before = np.zeros((2, len(self.graph) + 1, len(objectives)))
        gammas = [
            self.trap.discount(self.trap.base if x == NEAREST_TARGET else x) for x in objectives
        ]
        discount, settled = np.full(shape, gammas), False
        for t in reversed(range(self.horizon)):
            m = self._within[t]
            q, next_values, expected = room[:, :m], values[:m], chances.expect(after, m)
            masks = None if allowed is None else allowed.masks[t].astype(np.intp)
            for i, action in enumerate(actions):
                of_action = q[min(i, len(q) - 1)]
                expected.take(chances.which[action, :m], axis=0, out=of_action, mode="clip")
                where, pays = paying[action]
                if where.size:
                    stop = where.searchsorted(of_action.size)
                    of_action.reshape(-1)[where[:stop]] += pays[:stop]
                if masks is not None:
                    of_action += barred[action].take(masks, axis=0, mode="clip")
                next_values = fold(next_values, of_action, out=values[:m]) if i else of_action
            if worth == "mean":
                next_values /= ACTION_COUNT
            # Earlier steps read only these states, so their values cannot change either.
            yield range(t + 1) if settled else range(t, t + 1), q, next_values
            if settled:
                break
            np.multiply(next_values, discount[:m], out=before[:m])
            settled = allowed is None or t <= allowed.settled
            for rows in (self.starts.n, m):  # comparing the starts first is faster
                settled = settled and np.array_equal(before[:rows], after[:rows])
            after, before = before, after

    @once
    def _find_chances(self, ends_at_contact: bool) -> _Chances:
        """Return the random transitions, with episodes that may end with the first contact."""
        likelihood, n, after = self.graph.likelihood, len(self.graph), self.graph.successor
        if ends_at_contact:
            after = np.where(self._contacts(), n, after)
        if likelihood is None:
            return _Chances(None, None, after, None)

        def spread(branches: NDArray[Any]) -> NDArray[Any]:  # (outcomes, states * 5)
            of_each = branches.reshape(ACTION_COUNT, -1, n).transpose(1, 2, 0)
            return of_each.reshape(len(of_each), -1)

        after, weights = spread(after), spread(likelihood)
        # Many actions in different states have equal transitions, so each is stored once.
        mixed = np.zeros(after.shape[1], dtype=np.uint64)
        for row in (*after.view(np.uint64), *weights.view(np.uint64)):
            mixed = (mixed ^ row) * _MIXER
            mixed ^= mixed >> np.uint64(29)
        _, first, group = np.unique(mixed, return_index=True, return_inverse=True)
        if any((row[first][group] != row).any() for row in (*after, *weights)):
            first = group = np.arange(after.shape[1])  # hash collision: store every transition
        order, place = np.argsort(first), np.empty_like(first)
        place[order], first = np.arange(len(order)), first[order]
        group_index = place[group].reshape(n, ACTION_COUNT).T.copy()
        return _Chances(after[:, first], weights[:, first], group_index, first // ACTION_COUNT)

    def largest(self, objective: str) -> Floats:
        """Return the largest single payment of an objective on each level, float64 (levels,)."""
        largest = np.zeros(self.starts.n)
        np.maximum.at(largest, self.graph.level_row, self._payments(objective).max(axis=0))
        return largest

    @once
    def _contacts(self) -> Bools:
        """Return which branches contact the target of any objective, bool (branches, states).

        A contact pays more than half of an objective's largest payment on the level.
        """
        rows, names = self.graph.level_row, self.trap.objectives
        return np.any([self._payments(x) > self.largest(x)[rows] / 2 for x in names], axis=0)

    def _payments(self, objective: str) -> Floats:
        """Return an objective's payment on each branch, float64 (branches, states)."""
        if objective == NEAREST_TARGET:
            return np.sum([self._payments(x) for x in self.trap.objectives], axis=0)
        return self.graph.payments[objective][self.graph.paid[objective]]
