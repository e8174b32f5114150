"""A pane: one player in one episode, with all that can be known of it."""

from __future__ import annotations

from dataclasses import dataclass

from mesa_gym.engine import State
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Decision
from mesa_gym.viewer.insight import Insight
from mesa_gym.viewer.players import Player
from mesa_gym.viewer.timeline import Timeline

MOST_UNDONE = 100


@dataclass(frozen=True)
class Seat:
    """A player on a split: what a pane shows whatever the level."""

    player: Player
    split: Split


class Pane:
    """One episode on the screen.

    Attributes:
        trap: the rules.
        seat: who plays on which split.
        level: its number.
        salt: an evaluator's secret.
        line: the episode.
        edited: whether it began elsewhere than the level does.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode that has not begun.

        Args:
            trap: the rules.
            seat: who plays on which split.
            level: its number.
            salt: an evaluator's secret.
            start: another state to begin with, a batch of one.

        Raises:
            ValueError: the player cannot play this level.
        """
        self.trap, self.seat, self.level, self.salt = trap, seat, level, salt
        self.edited = start is not None
        first = trap.levels(seat.split, [level], salt) if start is None else start
        self.line = self._line(first)
        self._past: list[tuple[Timeline, bool, int]] = []
        self._insight: tuple[Timeline, Insight] | None = None

    @property
    def title(self) -> str:
        """Return who plays what."""
        edited = ", edited" if self.edited else ""
        return f"{self.seat.player.name} on {self.seat.split.value}, level {self.level}{edited}"

    @property
    def insight(self) -> Insight | None:
        """Return what the exact solver knows of the episode; None without a solver."""
        if not self.trap.solvable:
            return None
        if self._insight is None or self._insight[0] is not self.line:
            self._insight = self.line, Insight(self.line)
        return self._insight[1]

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
        actor = self.seat.player.actor(self.trap, self.seat.split, self.line.states[0])
        line = self.line.branch(t, actor)
        line.act(Decision(action))
        # A person who plays need not undo every single step.
        if t < len(self.line):
            self._remember(cursor)
        self.line = line

    def replace(self, cursor: int, state: State) -> None:
        """Go on from another state, a batch of one, as if the episode began there."""
        self._remember(cursor)
        self.line, self.edited = self._line(state), True

    def undo(self) -> int | None:
        """Take back the last change; returns the step that was shown then, None without one."""
        if not self._past:
            return None
        self.line, self.edited, cursor = self._past.pop()
        return cursor

    def _remember(self, cursor: int) -> None:
        self._past = [*self._past[1 - MOST_UNDONE :], (self.line, self.edited, cursor)]

    def _line(self, start: State) -> Timeline:
        actor = self.seat.player.actor(self.trap, self.seat.split, start)
        return Timeline(self.trap, start, self.trap.horizon(self.seat.split), actor)
