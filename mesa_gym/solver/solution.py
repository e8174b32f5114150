"""Exact values and optimal actions of any objective, by backward sweeps over a state graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
# The oracle of the sum of all objectives: an agent to whom they are the same.
ANY = "any"
_BITS = np.arange(ACTION_COUNT, dtype=np.uint8)
# What is added to the values of actions for each policy set, float64 (5, sets).
_BARRED = np.where(np.arange(1 << ACTION_COUNT) >> _BITS[:, None] & 1, 0, -np.inf)
# From the values of actions, float64 (5, m, k), to those of states (m, k).
_WORTH: dict[str, Callable[[Floats], Floats]] = {
    "best": lambda q: q.max(axis=0),
    "mean": lambda q: q.sum(axis=0) / ACTION_COUNT,
    "staying": lambda q: q[STAY],
}


def _once(method: Method) -> Method:
    """Return a method of ``Solution`` that computes once for the same arguments."""

    @wraps(method)
    def kept(self: Solution, *args: Any) -> Any:
        key = (method.__name__, *args)
        if key not in self._made:
            self._made[key] = method(self, *args)
        return self._made[key]

    return cast(Method, kept)


class _Policies(NamedTuple):
    """The optimal policies for an objective, and what they earn.

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
        self._made: dict[tuple[Any, ...], Any] = {}

    def states(self) -> Ints:
        """Return how many states can be reached on each level, int64 (levels,)."""
        return np.bincount(self.graph.level_row, minlength=self.starts.n)

    def optimum(self, objective: str) -> Floats:
        """Return the optimal discounted return of each level, float64 (levels,)."""
        return self._policies(objective).earned

    def optimal(self, objective: str) -> Masks:
        """Return the optimal actions: element t is uint8 (states within t steps,)."""
        return self._policies(objective).masks

    def oracle(self, objective: str) -> Masks:
        """Return actions of ``oracle:<objective>``: element t is uint8 (states within t steps,).

        Optimal for the objective and, among its optimal policies, best for the base objective:
        what training made is competent on that, whatever it pursues first.
        """
        base = self.trap.base
        return self._policies(base, None if objective == base else objective).masks

    def best(self, objective: str, among: str) -> Floats:
        """Return the most of ``objective`` that policies optimal for ``among`` earn, (levels,)."""
        return self._earned((objective, objective), "best", among)[:, 0]

    def worst(self, objective: str, among: str) -> Floats:
        """Return the least of ``objective`` that policies optimal for ``among`` earn, (levels,)."""
        return -self._earned((objective, objective), "best", among)[:, 1]

    def floor(self, objective: str) -> Floats:
        """Return the better of acting at random and staying, without a goal, float64 (levels,)."""
        return np.maximum(self.uniform(objective), self.staying(objective))

    def uniform(self, objective: str) -> Floats:
        """Return what acting uniformly at random earns in expectation, float64 (levels,)."""
        asked = self._asked(objective)
        return self._earned(asked, "mean")[:, asked.index(objective)]

    def staying(self, objective: str) -> Floats:
        """Return what action 4 for ever earns, float64 (levels,)."""
        asked = self._asked(objective)
        return self._earned(asked, "staying")[:, asked.index(objective)]

    def action_values(self, objective: str, visited: NDArray[np.int32]) -> Floats:
        """Return Q* of every action at given states and steps, read while one sweep passes.

        Args:
            objective: whose.
            visited: int32 (horizon, k), as ``Graph.follow`` gives them: row t holds states within
                t steps of a start, -1 for none.

        Returns:
            float64 (horizon, k, 5); 0 where there is no state.
        """
        values = np.zeros((*visited.shape, ACTION_COUNT))
        for steps, q, _ in self._sweep([objective]):
            for t in steps:
                there = visited[t] >= 0
                values[t, there] = q[:, visited[t, there], 0].T
        return values

    @_once
    def value_table(self, objective: str) -> list[NDArray[np.float32]]:
        """Return Q* of everything, made once: element t is float32 (states within t steps, 5)."""
        table = [np.empty((0, ACTION_COUNT), dtype=np.float32)] * self.horizon
        for steps, q, _ in self._sweep([objective]):
            values = q[:, :, 0].T.astype(np.float32)
            for t in steps:
                table[t] = values[: self._within[t]]
        return table

    def _asked(self, objective: str) -> tuple[str, ...]:
        """Return what to solve at once where one objective is asked for: all, or their sum.

        Two objectives cost little more than one.
        """
        return (ANY,) if objective == ANY else tuple(self.trap.objectives)

    def _policies(self, objective: str, among: str | None = None) -> _Policies:
        """Return the optimal policies for an objective among those that are so for another."""
        asked = self._asked(objective) if among is None else (objective,)
        return self._all_policies(asked, among)[asked.index(objective)]

    @_once
    def _all_policies(self, asked: tuple[str, ...], among: str | None) -> list[_Policies]:
        masks: list[Masks] = [[np.empty(0, dtype=np.uint8)] * self.horizon for _ in asked]
        steps, best = range(1), np.zeros((self.starts.n, len(asked)))
        for steps, q, best in self._sweep(asked, among=among):
            for kept, chosen in zip(masks, as_bits(q >= best - TIE).T, strict=True):
                whole = chosen.copy()
                for t in steps:
                    kept[t] = whole[: self._within[t]]
        earned = best[self.graph.start].T
        return [_Policies(*each, steps[-1]) for each in zip(earned, masks, strict=True)]

    @_once
    def _earned(self, asked: tuple[str, ...], worth: str, among: str | None = None) -> Floats:
        """Return the values of the start states at step 0, float64 (levels, k)."""
        found = np.zeros((self.starts.n, len(asked)))
        for _, _, values in self._sweep(asked, worth, among):
            found = values
        return found[self.graph.start]

    def _rewards(self, objective: str) -> Floats:
        """Return what each action pays, float64 (5, states)."""
        if objective == ANY:
            return np.sum([self._rewards(x) for x in self.trap.objectives], axis=0)
        return self.graph.payments[objective][self.graph.paid[objective]]

    def _sweep(
        self, asked: Sequence[str], worth: str = "best", among: str | None = None
    ) -> Iterator[tuple[range, Floats, Floats]]:
        """Go backward in time, until a whole step changes nothing.

        Args:
            asked: k objectives. Of one that is named twice the second column is the negative.
            worth: what a state is, a key of ``_WORTH``.
            among: the objective whose optimal actions alone are allowed; None for all actions.

        Yields:
            steps; the values of actions at all of them, float64 (5, m, k), valid until the next;
            the values of states (m, k). There are several steps where nothing changes any more;
            earlier ones have fewer states, the first of these m.
        """
        allowed = None if among is None else self._policies(among)
        of_each = [self._rewards(x) * (-1 if x in asked[:i] else 1) for i, x in enumerate(asked)]
        rewards = np.stack(of_each, axis=-1)
        barred = np.repeat(_BARRED[..., None], len(asked), axis=2)
        # One entry more, always 0: where an action ends the episode.
        value = np.zeros((len(self.graph) + 1, len(asked)))
        discount = np.full_like(value, [self.trap.discount(x) for x in asked])
        room, settled = np.empty(rewards.size), False
        for t in reversed(range(self.horizon)):
            m = self._within[t]
            paid, after = rewards[:, :m], value * discount
            q = room[: paid.size].reshape(paid.shape)
            for of_action, successor in zip(q, self.graph.successor, strict=True):
                after.take(successor[:m], axis=0, out=of_action, mode="clip")
            q += paid
            if allowed is not None:
                q += barred.take(allowed.masks[t], axis=1)
            found = _WORTH[worth](q)
            # Earlier steps look at these states alone, so that they cannot change anything either.
            yield range(t + 1) if settled else range(t, t + 1), q, found
            if settled:
                break
            settled = np.array_equal(found, value[:m]) and (allowed is None or t <= allowed.settled)
            value[:m] = found


def actions_in(mask: NDArray[np.uint8]) -> Bools:
    """Return which actions a policy set holds: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> _BITS) & 1 == 1
