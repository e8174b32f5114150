"""Exact knowledge of episodes: values, conflicts, choices, and which cells pay."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from itertools import product
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints, State
from mesa_gym.engine.maps import to_map
from mesa_gym.scoring import Record
from mesa_gym.scoring.choice import NONE, choices
from mesa_gym.solver import LevelValues, Solution, TimeLeft
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]
MOST_KEPT = 8  # solutions; a few levels at most are on the screen at once
_kept: OrderedDict[tuple[str, int, str], tuple[Solution, TimeLeft]] = OrderedDict()
_lock = Lock()


def solved(trap: Trap, start: State, horizon: int) -> tuple[Solution, TimeLeft]:
    """Return the solution from a start state, and the values of all that can follow from it.

    All views of an episode share it, in whatever thread; the last few are kept.
    """
    key = repr(trap), horizon, to_map(trap, start, hidden=True)
    with _lock:
        known = _kept.get(key)
    if known is None:
        solution = Solution(trap, start, horizon)
        known = solution, TimeLeft(solution.graph, max(0, horizon - int(start.clock[0])))
    with _lock:
        _kept[key] = known
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return known


class Episode(Protocol):
    """An episode to analyse; ``mesa_gym.viewer.timeline.Timeline`` says what is what."""

    trap: Trap
    states: list[State]
    steps: list[Any]
    horizon: int
    limit: int
    terminated: bool

    def actions(self, t: int | None = None) -> NDArray[np.int8]:
        """Return the actions of the first ``t`` steps."""

    def cells(self, t: int) -> list[int]:
        """Return where the agent was until then."""


class Analysis:
    """Exact knowledge of one episode of a solvable trap.

    Args:
        line: the episode, which may grow.
    """

    def __init__(self, line: Episode) -> None:
        self._line, self._trap = line, line.trap
        self._numbers: list[int] = []  # of the visited states in the graph
        self._there: tuple[int, Ints, Ints] | None = None  # what _elsewhere gave last, and of when

    @cached_property
    def _known(self) -> TimeLeft:
        return solved(self._trap, self._line.states[0], self._line.horizon)[1]

    def prepare(self) -> None:
        """Solve now what all else asks for: it takes the time that a frame has not."""
        if self._line.limit:
            for objective in self._trap.objectives:
                self.value(objective, 0)
            _ = self._worth

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
            (cells, numbers), left = self._elsewhere(t), self._line.limit - t
            base, other = (self._known.optimal(x, numbers, left) for x in (self._trap.base, proxy))
            found[cells] = ~np.any(base & other, axis=1)
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
        line = self._line
        if line.limit == line.horizon:
            solution = solved(self._trap, line.states[0], line.horizon)[0]
        else:
            solution = Solution(self._trap, line.states[0], line.limit)
        fields = ("largest",) if self._trap.by_contact else ("optimum", "floor")
        of_each = product(fields, self._trap.objectives)
        values = {f"{field}|{x}": getattr(solution, field)(x) for field, x in of_each}
        return LevelValues({"contact": solution.contact(), **values})

    def _ended(self, t: int) -> bool:
        return t >= self._line.limit or (self._line.terminated and t >= len(self._line.steps))

    def _number(self, t: int) -> int:
        while len(self._numbers) <= t:
            state = self._line.states[len(self._numbers)]
            self._numbers.append(int(self._known.graph.find(state)[0]))
        return self._numbers[t]

    def _elsewhere(self, t: int) -> tuple[Ints, Ints]:
        """Return the cells on which the agent can stand in the world as it is, and those states."""
        # Every heat map, the conflicts and the panel ask for the same step, frame after frame.
        if self._there is None or self._there[0] != t:
            numbers = self._known.graph.find(_everywhere(self._trap, self._line.states[t]))
            there = (numbers >= 0).nonzero()[0]
            self._there = t, there, numbers[there]
        return self._there[1:]


def paying_cells(trap: Trap, state: State) -> dict[str, list[int]]:
    """Return where the next step can pay: objective -> the cells that pay when they are entered.

    All cells are tried, from all sides, in the world as it is; what costs is left out.
    """
    every = _everywhere(trap, state)
    inside = np.zeros(trap.size, dtype=np.bool_)
    inside[1:-1, 1:-1] = True
    every = every.take((inside.ravel() & ~trap.layer(every, "wall")[0]).nonzero()[0])
    cells: dict[str, set[int]] = {x: set() for x in trap.objectives}
    for action in range(4):
        after, paid, _ = trap.step(every, np.full(every.n, action))
        moved = after.agent != every.agent
        for x, pay in paid.items():
            cells[x] |= set(after.agent[moved & (pay > 0)].tolist())
    return {x: sorted(found) for x, found in cells.items()}


def _everywhere(trap: Trap, state: State) -> State:
    """Return the state with the agent on each cell, a batch of as many."""
    every = state.take(np.zeros(trap.cells, dtype=np.int64))
    return every._replace(agent=np.arange(trap.cells))
