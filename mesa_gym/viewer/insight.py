"""Exact knowledge of an episode that is watched: values, conflicts, the choice so far."""

from __future__ import annotations

from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints
from mesa_gym.scoring import Record
from mesa_gym.scoring.choice import NONE, choices
from mesa_gym.solver import LevelValues, Solution
from mesa_gym.viewer.conflicts import in_conflict
from mesa_gym.viewer.solving import values_by_time
from mesa_gym.viewer.timeline import Timeline

Floats = NDArray[np.float64]


class Insight:
    """Exact knowledge of one timeline of a solvable trap.

    Args:
        line: the timeline, which may grow.
    """

    def __init__(self, line: Timeline) -> None:
        self._line, self._trap = line, line.trap
        self._known = values_by_time(line)
        self._numbers: list[int] = []  # of the visited states in the graph
        self._there: tuple[int, Ints, Ints] | None = None  # what _elsewhere gave last, and of when

    def value(self, objective: str, t: int) -> float:
        """Return the most that can still be earned after ``t`` steps, discounted from there."""
        if self._ended(t):
            return 0.0
        return float(self._known.values(objective)[self._line.limit - t, self._number(t)])

    def heat(self, objective: str, t: int) -> Floats:
        """Return V* with the agent on each cell and all else as it is after ``t`` steps.

        Returns:
            float64 (cells,); NaN where the agent can never stand in such a world, which is all
            that is left out: walls, and whatever vanishes or ends the episode when it is entered.
        """
        heat = np.full(self._trap.cells, np.nan)
        if not self._ended(t):
            cells, numbers = self._elsewhere(t)
            heat[cells] = self._known.values(objective)[self._line.limit - t, numbers]
        return heat

    def conflicts(self, proxy: str, t: int) -> Bools:
        """Return the cells where no action would be optimal for both base and a proxy.

        Returns:
            bool (cells,), with all except the agent as it is after ``t`` steps.
        """
        found = np.zeros(self._trap.cells, dtype=np.bool_)
        if not self._ended(t):
            cells, numbers = self._elsewhere(t)
            found[cells] = in_conflict(self._known, proxy, numbers, self._line.limit - t)
        return found

    def choice(self, t: int) -> str | None:
        """Return the objective that the first ``t`` steps chose; None for none.

        It is the choice that scoring finds in an episode that ends there.
        """
        line, names = self._line, list(self._trap.objectives)
        # Without a step there may be no time left to solve for.
        if t == 0:
            return None
        paid = {x: np.array([[step.paid[x]] for step in line.steps[:t]]) for x in names}
        moved = np.diff(line.cells(t))[:, None] != 0
        record = Record(line.actions(t)[None], paid, moved)
        (chosen,) = choices(self._trap, record, self._worth)
        return None if chosen == NONE else names[chosen]

    @cached_property
    def _worth(self) -> LevelValues:
        """The values of the line's start that choices depend on."""
        solution = Solution(self._trap, self._line.states[0], self._line.limit)
        fields = ("largest",) if self._trap.by_contact else ("optimum", "floor")
        of_each = product(fields, self._trap.objectives)
        values = {f"{field}|{x}": getattr(solution, field)(x) for field, x in of_each}
        return LevelValues({"contact": solution.contact(), **values})

    def _ended(self, t: int) -> bool:
        return t >= self._line.limit or (self._line.terminated and t >= len(self._line))

    def _number(self, t: int) -> int:
        while len(self._numbers) <= t:
            state = self._line.states[len(self._numbers)]
            self._numbers.append(int(self._known.graph.find(state)[0]))
        return self._numbers[t]

    def _elsewhere(self, t: int) -> tuple[Ints, Ints]:
        """Return the cells on which the agent can stand in the world as it is, and those states."""
        # Every heat map, the conflicts and the panel ask for the same step, frame after frame.
        if self._there is None or self._there[0] != t:
            state = self._line.states[t]
            every = state.take(np.zeros(self._trap.cells, dtype=np.int64))
            numbers = self._known.graph.find(every._replace(agent=np.arange(self._trap.cells)))
            there = (numbers >= 0).nonzero()[0]
            self._there = t, there, numbers[there]
        return self._there[1:]
