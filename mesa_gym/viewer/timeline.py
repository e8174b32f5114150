"""One episode as a line of states, along which one can go to and fro, and who plays it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import State
from mesa_gym.scoring.rollout import PLAYS, TWINS, has_twins, starts_of
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Actor, Decision, Player
from mesa_gym.viewer.analysis import Analysis

MOST_UNDONE = 100


@dataclass(frozen=True)
class Step:
    """A step from one state to the next.

    Attributes:
        decision: the action, and what is known of how it was chosen.
        paid: objective -> its payment.
    """

    decision: Decision
    paid: dict[str, float]


class Timeline:
    """An episode from a given state to its end.

    The states are kept, so that rewinding is looking up; nothing that was shown is ever computed
    again. ``t`` counts steps from the line's own start.

    Attributes:
        trap: the rules.
        actor: acts from the last state on.
        states: batches of one; ``states[t]`` is after t steps.
        steps: ``steps[t]`` leads from ``states[t]`` to ``states[t + 1]``.
        horizon: the time limit of the split.
        limit: the same, in steps from the line's start.
        terminated: whether the last step ended the episode.
    """

    def __init__(self, trap: Trap, start: State, horizon: int, actor: Actor) -> None:
        """Make an episode that has not begun; the start's clock says what time has passed."""
        self.trap, self.actor = trap, actor
        self.states: list[State] = [start]
        self.steps: list[Step] = []
        self.horizon = horizon
        self.limit = max(0, horizon - int(start.clock[0]))
        self.terminated = False
        self._begun = False

    def __len__(self) -> int:
        """Return the steps so far."""
        return len(self.steps)

    @property
    def over(self) -> bool:
        """Return whether the episode has ended, by the trap's rules or by the time limit."""
        return self.terminated or len(self) >= self.limit

    def grow(self, to: int | None = None) -> bool:
        """Let the actor act until there are ``to`` steps; by default to the episode's end.

        Returns:
            Whether there may be more steps to come of the actor's own accord.
        """
        while not self.over and (to is None or len(self) < to):
            if not self._begun:
                self.actor.begin(self.states, self.horizon)
                self._begun = True
            decision = self.actor.decide(self.states[-1], len(self))
            if decision is None:
                return False
            self.act(decision)
        return not self.over

    def act(self, decision: Decision) -> None:
        """Take a step from the last state.

        Raises:
            ValueError: the episode is over.
        """
        if self.over:
            raise ValueError("the episode is over: go back in time to act, or to another level")
        after, paid, ended = self.trap.step(self.states[-1], np.array([decision.action]))
        self.steps.append(Step(decision, {x: float(pay[0]) for x, pay in paid.items()}))
        self.states.append(after)
        self.terminated = bool(ended[0])

    def branch(self, t: int, actor: Actor) -> Timeline:
        """Return a line with the same first ``t`` steps; an actor sees them and goes on."""
        line = Timeline(self.trap, self.states[0], self.horizon, actor)
        line.states, line.steps = self.states[: t + 1], self.steps[:t]
        line.terminated = self.terminated and t >= len(self)
        return line

    def earned(self, objective: str, t: int) -> float:
        """Return the discounted return of the first ``t`` steps."""
        discount = self.trap.discount(objective)
        return float(sum(discount**i * s.paid[objective] for i, s in enumerate(self.steps[:t])))

    def payments(self, objective: str) -> list[tuple[int, float]]:
        """Return when and what an objective paid: steps that led to a payment other than 0."""
        paid = [step.paid[objective] for step in self.steps]
        return [(t + 1, pay) for t, pay in enumerate(paid) if pay]

    def actions(self, t: int | None = None) -> NDArray[np.int8]:
        """Return the actions of the first ``t`` steps (all of them by default), int8 (t,)."""
        return np.array([step.decision.action for step in self.steps[:t]], dtype=np.int8)

    def cells(self, t: int) -> list[int]:
        """Return where the agent was, from the start to ``states[t]``."""
        return [int(state.agent[0]) for state in self.states[: t + 1]]


@dataclass(frozen=True)
class Seat:
    """A player and what it plays, whatever the level.

    Attributes:
        player: who.
        play: a split, or "twins": the levels of shift with the targets exchanged.
    """

    player: Player
    play: str

    @property
    def split(self) -> Split:
        """Return the split of the levels."""
        return PLAYS[self.play]


class Pane:
    """One episode on the screen: who plays it, what is known of it, and what was changed.

    Attributes:
        trap: the rules.
        seat: who plays what.
        level: its number.
        salt: an evaluator's secret.
        line: the episode.
        edited: whether it began elsewhere than the level does.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode that has not begun, of a level or from a start, a batch of one.

        Raises:
            ValueError: the player cannot play this level, or the trap has no twins.
        """
        if seat.play == TWINS and not has_twins(trap):
            raise ValueError(f"{trap.name()} has no twins: no two targets can be exchanged")
        self.trap, self.seat, self.level, self.salt = trap, seat, level, salt
        self.edited = start is not None
        number = np.array([level])
        self.line = self.line_from(
            starts_of(trap, seat.play, number, salt) if start is None else start
        )
        self._past: list[tuple[Timeline, bool, int]] = []
        self._analysis: tuple[Timeline, Analysis] | None = None

    @property
    def title(self) -> str:
        """Return what is played, by whom; what is most needed comes first."""
        edited = ", edited" if self.edited else ""
        return f"{self.seat.play}, level {self.level}{edited}: {self.seat.player.name}"

    @property
    def analysis(self) -> Analysis | None:
        """Return what the exact solver knows of the episode; None without a solver."""
        if not self.trap.solvable:
            return None
        if self._analysis is None or self._analysis[0] is not self.line:
            self._analysis = self.line, Analysis(self.line)
        return self._analysis[1]

    def time(self, cursor: int) -> int:
        """Return the step that is shown when the clock says ``cursor``: the last one at most."""
        return min(cursor, len(self.line))

    def state(self, cursor: int) -> State:
        """Return the state that is shown."""
        return self.line.states[self.time(cursor)]

    # -- what makes another future -----------------------------------------------------------------

    def act(self, cursor: int, action: int) -> None:
        """Take a step by hand from what is shown; the future that was there can be had back.

        Raises:
            ValueError: the episode is over there.
        """
        t = self.time(cursor)
        line = self.line.branch(t, self._actor(self.line.states[0]))
        line.act(Decision(action))
        # A person who plays need not undo every single step.
        if t < len(self.line):
            self._remember(cursor)
        self.line = line

    def replace(self, cursor: int, line: Timeline) -> None:
        """Go on with another episode, which ``line_from`` made."""
        self._remember(cursor)
        self.line, self.edited = line, True

    def undo(self) -> int | None:
        """Take back the last change; returns the step that was shown then, None without one."""
        if not self._past:
            return None
        self.line, self.edited, cursor = self._past.pop()
        return cursor

    def _remember(self, cursor: int) -> None:
        self._past = [*self._past[1 - MOST_UNDONE :], (self.line, self.edited, cursor)]

    def _actor(self, start: State) -> Actor:
        return self.seat.player.actor(self.trap, self.seat.play, start)

    def line_from(self, start: State) -> Timeline:
        """Return an episode of the pane's player that begins with a state, a batch of one."""
        return Timeline(self.trap, start, self.trap.horizon(self.seat.split), self._actor(start))
