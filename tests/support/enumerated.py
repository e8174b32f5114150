"""The states of one level by plain search, one at a time, and what policies earn there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from mesa_gym.engine import State, combined
from mesa_gym.traps import Trap

# By the number of steps left, for each state.
Values = list[list[float]]
Sets = list[list[set[int]]]
TIE = 1e-9


@dataclass(frozen=True)
class Enumerated:
    """Every state of a level, the start first.

    Attributes:
        trap: the rules.
        states: a batch of all states.
        after: for each state and action the state that follows; None where the episode ends.
        paid: objective -> for each state and action what it pays.
        depth: the fewest steps to each state.
    """

    trap: Trap
    states: State
    after: list[list[int | None]]
    paid: dict[str, list[list[float]]]
    depth: list[int]

    def q(self, values: Values, objective: str, i: int, left: int) -> list[float]:
        """The value of each action with so many steps left, from values with fewer."""
        gamma = self.trap.discount(objective)
        return [
            pay + (0.0 if to is None else gamma * values[left - 1][to])
            for to, pay in zip(self.after[i], self.paid[objective][i], strict=True)
        ]

    def earned(
        self, objective: str, horizon: int, choose: Callable = max, sets: Sets | None = None
    ) -> tuple[Values, Sets]:
        """What is earned when of the allowed actions' values one counts, and the best actions."""
        count = len(self.after)
        values, best = [[0.0] * count], [[set[int]()] * count]
        for left in range(1, horizon + 1):
            qs = [self.q(values, objective, i, left) for i in range(count)]
            allowed = sets[left] if sets else [range(5)] * count
            values.append([choose([q[a] for a in s]) for q, s in zip(qs, allowed, strict=True)])
            best.append([{a for a in range(5) if q[a] >= max(q) - TIE} for q in qs])
        return values, best


def enumerate_level(trap: Trap, start: State) -> Enumerated:
    """Search a level from a batch of one, stepping states without a batch axis."""
    alone = trap.bound(batched=False)
    states, depth = [start.single(0)], [0]
    known = {contents(states[0]): 0}
    after: list[list[int | None]] = []
    paid: dict[str, list[list[float]]] = {x: [] for x in trap.objectives}
    for state in states:
        steps = [alone.step(state, np.int64(action)) for action in range(5)]
        for step in steps:
            if not step.ended and contents(step.state) not in known:
                known[contents(step.state)] = len(states)
                depth.append(depth[len(after)] + 1)
                states.append(step.state)
        after.append([None if s.ended else known[contents(s.state)] for s in steps])
        for x, pays in paid.items():
            pays.append([float(step.paid[x]) for step in steps])
    batch = combined(lambda *arrays: np.stack(arrays, axis=-1), *states)
    return Enumerated(trap, batch, after, paid, depth)


def contents(state: State) -> tuple[object, ...]:
    """All that a step may change, except the clock."""
    parts: Iterable[dict] = (state.at, state.there, state.held, state.vars)
    return int(state.agent), *(np.asarray(a).tobytes() for part in parts for a in part.values())
