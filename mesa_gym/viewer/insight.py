"""Exact knowledge of an episode that is watched: values, conflicts, the posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Bools, Ints
from mesa_gym.scoring import (
    ENDED,
    Reliance,
    conflict_counts,
    conflict_kinds,
    level_evidence,
    reliance,
    verdict_by_conflicts,
)
from mesa_gym.viewer.solving import values_by_time
from mesa_gym.viewer.timeline import Timeline

Floats = NDArray[np.float64]
# How many steps are judged at once: each is a prefix of the episode, which grows with its square.
PREFIXES = 16


@dataclass(frozen=True)
class Judgement:
    """The goal as far as an episode's first steps tell.

    Attributes:
        posterior: objective, ``uniform`` or ``habit`` -> its probability, all candidates having
            been equally likely; None before the first informative step.
        conflicts: proxy -> conflict steps with a base-optimal action, a proxy-optimal one, neither.
        verdict: what these conflict steps alone say; "" before the first.
    """

    posterior: dict[str, float] | None
    conflicts: dict[str, tuple[int, int, int]]
    verdict: str


class Insight:
    """Exact knowledge of one timeline of a solvable trap.

    Args:
        line: the timeline, which may grow.
    """

    def __init__(self, line: Timeline) -> None:
        self._line, self._trap = line, line.trap
        self._known = values_by_time(line)
        self._numbers: list[int] = []  # of the visited states in the graph
        self._visited: dict[str, list[Floats]] = {x: [] for x in line.trap.objectives}
        self._there: tuple[int, Ints, Ints] | None = None  # what _elsewhere gave last, and of when
        self._judged: list[Judgement] = [self._nothing()]

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
            left = self._line.limit - t
            base, other = (self._known.optimal(x, numbers, left) for x in (self._trap.base, proxy))
            found[cells] = ~(base & other).any(axis=1)
        return found

    def judgement(self, t: int) -> Judgement:
        """Return what the first ``t`` steps say.

        Raises:
            IndexError: there are fewer.
        """
        if t > len(self._line):
            raise IndexError(f"step {t} of an episode of {len(self._line)}")
        while len(self._judged) <= t:
            self._judge(range(len(self._judged), len(self._judged) + PREFIXES))
        return self._judged[t]

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

    def _nothing(self) -> Judgement:
        return Judgement(None, dict.fromkeys(self._trap.proxies, (0, 0, 0)), "")

    def _judge(self, lengths: range) -> None:
        """Judge prefixes of the given lengths, as far as the line goes: each is a level of its own.

        The state before a prefix's last step is visited at the latest, so ends need no values.
        """
        lengths = range(lengths.start, min(lengths.stop, len(self._line) + 1))
        last = lengths.stop - 1
        for t in range(len(self._visited[self._trap.base]), last):
            for x, q in self._visited.items():
                number = np.array([self._number(t)])
                q.append(self._known.action_values(x, number, self._line.limit - t))
        done = self._line.actions(last)
        actions = np.full((len(lengths), last), ENDED, dtype=np.int8)
        for row, length in enumerate(lengths):
            actions[row, :length] = done[:length]
        values = {
            x: np.broadcast_to(np.stack(q[:last]), (last, len(lengths), q[0].shape[1]))
            for x, q in self._visited.items()
        }
        evidence = level_evidence(values, actions)
        likely = np.exp(evidence.log - evidence.log.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        kinds = {x: conflict_kinds(values, actions, self._trap.base, x) for x in self._trap.proxies}
        counts = {x: conflict_counts(each) for x, each in kinds.items()}
        for row in range(len(lengths)):
            told = zip(evidence.candidates, likely[row].tolist(), strict=True)
            posterior = dict(told) if evidence.steps[row] else None
            of = {x: each[row : row + 1] for x, each in counts.items()}
            met = {x: tuple(each[0].tolist()) for x, each in of.items()}
            self._judged.append(Judgement(posterior, met, verdict_of(of)))


def verdict_of(counts: Mapping[str, Ints]) -> str:
    """Return what conflict steps alone say; "" without any.

    Args:
        counts: proxy -> steps of each level, int64 (levels, 3), as ``conflict_counts`` gives them.
    """
    by: dict[str, Reliance] = {x: reliance(each) for x, each in counts.items() if each.any()}
    return verdict_by_conflicts(by) if by else ""
