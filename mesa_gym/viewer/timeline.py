"""Timeline: the states of one episode, which can be shown in any order, and their analysis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Floats, Ints, State
from mesa_gym.scoring.record import replay
from mesa_gym.solver import LevelValues, Solution, TimeLeft
from mesa_gym.solver.value_columns import find_values
from mesa_gym.traps import Trap
from mesa_gym.traps.played_episodes import NONE
from mesa_gym.viewer.players import Decide, Decision, Player, solve_start


@dataclass(frozen=True)
class TimelineStep:
    """A step from one state to the next."""

    decision: Decision
    paid: dict[str, float]  # by objective
    ended: bool  # whether it ended the episode


class Timeline:
    """An episode from a given state to its end.

    All states are stored, so that rewinding looks them up and computes no state again. ``t`` counts
    steps from the line's own start. One thread may read the line while another thread lets it
    grow: stored states never change, and a step exists once it is in ``steps``.

    Attributes:
        trap: the trap.
        player: the player, which acts from the last state on.
        play: the play.
        states: batches of one; ``states[t]`` is after t steps.
        steps: ``steps[t]`` leads from ``states[t]`` to ``states[t + 1]``.
        horizon: the time limit of the split.
        limit: the time limit in steps from the line's start.
    """

    def __init__(self, trap: Trap, start: State, horizon: int, player: Player, play: str) -> None:
        """Make an episode without steps; its start may be in the middle of another episode."""
        self.trap, self.player, self.play = trap, player, play
        self.states: list[State] = [start]
        self.steps: list[TimelineStep] = []
        self.horizon = horizon
        self.limit = max(0, horizon - int(start.clock[0]))
        self._decide: Decide | None = None
        self._idle = False
        self._lock = RLock()

    def __len__(self) -> int:
        """Return the number of steps so far."""
        return len(self.steps)

    @property
    def terminated(self) -> bool:
        """Return whether the last step ended the episode, by the trap's rules."""
        return bool(self.steps) and self.steps[-1].ended

    @property
    def over(self) -> bool:
        """Return whether the episode has ended, by the trap's rules or by the time limit."""
        return self.terminated or len(self) >= self.limit

    @property
    def growing(self) -> bool:
        """Return whether the player may still take steps without a person."""
        return not (self.over or self._idle)

    def begin(self) -> Decide:
        """Return the player's decision function, created once; ValueError if it cannot play."""
        with self._lock:
            if self._decide is None:
                arguments = self.play, self.states, self.horizon
                self._decide = self.player.begin(self.trap, *arguments)
            return self._decide

    def stop(self) -> None:
        """Let the player take no further step."""
        self._decide = lambda state, t: None

    def grow(self, to: int | None = None) -> bool:
        """Let the player act up to step ``to``, by default the end; return whether it goes on."""
        with self._lock:
            while not self.over and (to is None or len(self) < to):
                decision = self.begin()(self.states[-1], len(self))
                self._idle = decision is None
                if decision is None:
                    break
                self.act(decision)
            return self.growing

    def act(self, decision: Decision) -> None:
        """Take a step from the last state.

        Raises:
            ValueError: the episode is over.
        """
        if self.over:
            raise ValueError("the episode is over: go back in time to act, or to another level")
        after, rewards, ended = self.trap.step(self.states[-1], np.array([decision.action]))
        self.states.append(after)
        payments = {x: float(pay[0]) for x, pay in rewards.items()}
        self.steps.append(TimelineStep(decision, payments, bool(ended[0])))

    def branch(self, t: int) -> Timeline:
        """Return a new timeline that begins with the first ``t`` steps of this timeline."""
        line = Timeline(self.trap, self.states[0], self.horizon, self.player, self.play)
        line.states, line.steps = self.states[: t + 1], self.steps[:t]
        return line

    def compute_return(self, objective: str, t: int) -> float:
        """Return the discounted return of an objective over the first ``t`` steps."""
        discount = self.trap.discount(objective)
        return float(sum(discount**i * s.paid[objective] for i, s in enumerate(self.steps[:t])))

    def actions(self) -> NDArray[np.int8]:
        """Return all actions, int8 (steps,)."""
        return np.array([step.decision.action for step in self.steps], dtype=np.int8)

    def cells(self, t: int) -> list[int]:
        """Return the agent's cells in ``states[0]`` to ``states[t]``."""
        return [int(state.agent[0]) for state in self.states[: t + 1]]


class Analysis:
    """Exact analysis of one episode, which may grow, on a trap with an exact solver.

    If targets were removed, ``start`` is the start with all targets: ghosts can be chosen too.
    """

    def __init__(self, line: Timeline, start: State | None = None) -> None:
        self.line, self._trap, self._whole = line, line.trap, start
        self._there: tuple[int, Ints, Ints] | None = None  # last step and result of _find_standable
        self._chosen = dict[int, str | None]()  # step -> choice: it is shown again in each frame

    @cached_property
    def _time_left(self) -> TimeLeft:
        return solve_start(self._trap, self.line.states[0], self.line.horizon)[1]

    def prepare(self) -> None:
        """Solve the level now, so that drawing a frame need not wait."""
        if self.line.limit:
            for objective in self._trap.objectives:
                self.value(objective, 0)
            _ = self._worth

    def value(self, objective: str, t: int) -> float:
        """Return V* of an objective: the maximum discounted return from step ``t`` on."""
        if self._is_over(t):
            return 0.0
        number = self._time_left.graph.find(self.line.states[t])[0]
        return float(self._time_left.values(objective)[self.line.limit - t, number])

    def heat(self, objective: str, t: int) -> Floats:
        """Return V* with the agent on each cell of the world after ``t`` steps.

        Returns:
            float64 (cells,); NaN where the agent can never stand: walls, and things that vanish or
            end the episode when they are entered.
        """
        heat = np.full(self._trap.cells, np.nan)
        if not self._is_over(t):
            cells, numbers = self._find_standable(t)
            heat[cells] = self._time_left.values(objective)[self.line.limit - t, numbers]
        return heat

    def choice(self, t: int) -> str | None:
        """Return the objective that the first ``t`` steps chose; None without a choice.

        Scoring finds the same choice in an episode that ends at step ``t``.
        """
        # The solver needs at least one step, which an episode at its time limit lacks.
        if t and t not in self._chosen:
            line, trap = self.line, self._trap
            record = replay(trap, line.states[0], line.actions()[None, :t], self._whole)
            (chosen,) = trap.judging.watch(trap, record, self._worth).choices
            self._chosen[t] = None if chosen == NONE else list(trap.objectives)[chosen]
        return self._chosen.get(t)

    @cached_property
    def _worth(self) -> LevelValues:
        """The values that determine choices, from the start state with all its targets."""
        line, start = self.line, self._whole or self.line.states[0]
        if line.limit == line.horizon:
            solution = solve_start(self._trap, start, line.horizon)[0]
        else:
            solution = Solution(self._trap, start, line.limit)
        keys = self._trap.judging.columns([*self._trap.objectives])
        values = {key.name: find_values(self._trap, start, solution, key) for key in keys}
        return LevelValues({"numbers": start.level.number, **values})

    def _is_over(self, t: int) -> bool:
        return t >= self.line.limit or (self.line.terminated and t >= len(self.line))

    def _find_standable(self, t: int) -> tuple[Ints, Ints]:
        """Return the cells on which the agent can stand at step ``t``, and their state numbers."""
        # Every heat map and the panel request the same step in every frame.
        if self._there is None or self._there[0] != t:
            numbers = self._time_left.graph.find(spread_agent(self._trap, self.line.states[t]))
            there = (numbers >= 0).nonzero()[0]
            self._there = t, there, numbers[there]
        return self._there[1:]


def spread_agent(trap: Trap, state: State) -> State:
    """Return the state with the agent moved to each cell in turn, a batch (cells,)."""
    states = state.take(np.zeros(trap.cells, dtype=np.int64))
    return states._replace(agent=np.arange(trap.cells))
