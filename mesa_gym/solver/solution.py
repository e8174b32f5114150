"""Exact values and optimal actions of any objective, by backward sweeps over a state graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import STAY, Bools, State
from mesa_gym.solver.graph import ACTION_COUNT, Floats, Graph
from mesa_gym.solver.numbering import as_bits
from mesa_gym.traps import Trap

T = TypeVar("T")
Masks = list[NDArray[np.uint8]]
# Maps steps, and the values of actions float64 (5, m, k) at all of them, to values of states
# (m, k). There are several steps where nothing changes any more; earlier ones have fewer states.
Choose = Callable[[range, Floats], Floats]

# Two actions whose values differ by less are equally good.
TIE = 1e-9
# The oracle of the sum of all objectives: an agent to whom they are the same.
ANY = "any"
_BITS = np.arange(ACTION_COUNT, dtype=np.uint8)
# What is added to the values of actions for each policy set, float64 (5, sets).
_BARRED = np.where(np.arange(1 << ACTION_COUNT) >> _BITS[:, None] & 1, 0, -np.inf)


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
        self._made: dict[tuple[str, ...], Any] = {}

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
        return self._most_and_least(objective, among)[:, 0]

    def worst(self, objective: str, among: str) -> Floats:
        """Return the least of ``objective`` that policies optimal for ``among`` earn, (levels,)."""
        return -self._most_and_least(objective, among)[:, 1]

    def floor(self, objective: str) -> Floats:
        """Return the better of acting at random and staying, without a goal, float64 (levels,)."""
        return np.maximum(self.uniform(objective), self.staying(objective))

    def uniform(self, objective: str) -> Floats:
        """Return what acting uniformly at random earns in expectation, float64 (levels,)."""
        asked = self._asked(objective)

        def mean(steps: range, q: Floats) -> Floats:
            return q.sum(axis=0) / ACTION_COUNT

        earned = self._once(lambda: self._sweep(asked, mean)[0], "uniform", *asked)
        return earned[:, asked.index(objective)]

    def staying(self, objective: str) -> Floats:
        """Return what action 4 for ever earns, float64 (levels,)."""
        return self._sweep([objective], lambda steps, q: q[STAY])[0][:, 0]

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

        def read(steps: range, q: Floats) -> Floats:
            for t in steps:
                there = visited[t] >= 0
                values[t, there] = q[:, visited[t, there], 0].T
            return q.max(axis=0)

        self._sweep([objective], read)
        return values

    def value_table(self, objective: str) -> list[NDArray[np.float32]]:
        """Return Q* of everything, made once: element t is float32 (states within t steps, 5)."""
        table = [np.empty((0, ACTION_COUNT), dtype=np.float32)] * self.horizon

        def keep(steps: range, q: Floats) -> Floats:
            self._keep(table, steps, q[:, :, 0].T.astype(np.float32))
            return q.max(axis=0)

        return self._once(lambda: (self._sweep([objective], keep), table)[1], "table", objective)

    def _policies(self, objective: str, among: str | None = None) -> _Policies:
        """Return the optimal policies for an objective among those that are so for another."""
        # Two objectives cost little more than one.
        asked = self._asked(objective) if among is None else [objective]

        def solve() -> list[_Policies]:
            masks: list[Masks] = [[np.empty(0, dtype=np.uint8)] * self.horizon for _ in asked]

            def choose(steps: range, q: Floats) -> Floats:
                best: Floats = q.max(axis=0)
                for kept, chosen in zip(masks, as_bits(q >= best - TIE).T, strict=True):
                    self._keep(kept, steps, chosen.copy())
                return best

            earned, settled = self._sweep(asked, choose, among)
            return [_Policies(*each, settled) for each in zip(earned.T, masks, strict=True)]

        found = self._once(solve, "policies", *asked, "among", str(among))
        return found[asked.index(objective)]

    def _most_and_least(self, objective: str, among: str) -> Floats:
        """Return the most that policies optimal for ``among`` earn, and minus the least."""

        def best(steps: range, q: Floats) -> Floats:
            return q.max(axis=0)

        return self._once(
            lambda: self._sweep([objective] * 2, best, among, (1, -1))[0], "most", objective, among
        )

    def _asked(self, objective: str) -> list[str]:
        """Return what to solve at once where one objective is asked for: all, or their sum."""
        return [ANY] if objective == ANY else list(self.trap.objectives)

    def _once(self, make: Callable[[], T], *key: str) -> T:
        """Return what was made before under a key, or make it."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _keep(self, kept: list[NDArray[Any]], steps: range, values: NDArray[Any]) -> None:
        for t in steps:
            kept[t] = values[: self._within[t]]

    def _rewards(self, objective: str) -> Floats:
        """Return what each action pays, float64 (5, states)."""
        if objective == ANY:
            return np.sum([self._rewards(x) for x in self.trap.objectives], axis=0)
        return self.graph.payments[objective][self.graph.paid[objective]]

    def _sweep(
        self,
        objectives: Sequence[str],
        choose: Choose,
        among: str | None = None,
        signs: Sequence[int] = (1,),
    ) -> tuple[Floats, int]:
        """Go backward in time, until a whole step changes nothing.

        Args:
            objectives: k names.
            choose: what the states are worth.
            among: the objective whose optimal actions alone are allowed; None for all actions.
            signs: of the objectives' payments, one for all or k.

        Returns:
            float64 (levels, k), the values of the start states at step 0, and the last step up
            to which nothing changes.
        """
        allowed = None if among is None else self._policies(among)
        rewards = np.stack([self._rewards(x) for x in objectives], axis=-1) * signs
        barred = np.repeat(_BARRED[..., None], len(objectives), axis=2)
        # One entry more, always 0: where an action ends the episode.
        value = np.zeros((len(self.graph) + 1, len(objectives)))
        discount = np.full_like(value, [self.trap.discount(x) for x in objectives])
        room, settled, t = np.empty(rewards.size), False, 0
        for t in reversed(range(self.horizon)):
            m = self._within[t]
            paid, after = rewards[:, :m], value * discount
            q = room[: paid.size].reshape(paid.shape)
            for of_action, successor in zip(q, self.graph.successor, strict=True):
                after.take(successor[:m], axis=0, out=of_action, mode="clip")
            q += paid
            if allowed is not None:
                q += barred.take(allowed.masks[t], axis=1)
            found = choose(range(t + 1) if settled else range(t, t + 1), q)
            # Earlier steps look at these states alone, so that they cannot change anything either.
            if settled:
                break
            settled = np.array_equal(found, value[:m]) and (allowed is None or t <= allowed.settled)
            value[:m] = found
        return value[self.graph.start], t


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


def actions_in(mask: NDArray[np.uint8]) -> Bools:
    """Return which actions a policy set holds: uint8 (n,) -> bool (n, 5)."""
    return (mask[:, None] >> _BITS) & 1 == 1
