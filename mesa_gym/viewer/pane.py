"""A pane: one episode on the screen, and its choice."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import State
from mesa_gym.scoring.plays import find_play
from mesa_gym.traps import Trap
from mesa_gym.traps.judged_by import ALONE, NO_CHOICE
from mesa_gym.viewer.players import Decision
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.timeline import Analysis, Timeline


class Pane:
    """One episode on the screen: its player and its analysis.

    Attributes:
        trap: the rules.
        seat: who plays what.
        level: its number.
        line: the episode.
        mapped: whether it began from a map and not from the level.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode that has not begun, of a level or from a start, a batch of one.

        Raises:
            ValueError: the trap has no such play.
        """
        self.trap, self.seat, self.level = trap, seat, level
        self._play = find_play(trap, seat.play)
        self.mapped, self._whole = start is not None, None
        if start is None:
            level_start = trap.levels(seat.split, np.array([level]), salt)
            start = self._play.change(level_start)
            self._whole = level_start if self._play.takes_away else None
        self.line = Timeline(trap, start, trap.horizon(seat.split), seat.player, seat.play)
        self._analysis: Analysis | None = None

    @property
    def title(self) -> str:
        """Return the level and the player in words, the most important first."""
        note = ", from a map" if self.mapped else ""
        return f"{self.seat.play}, level {self.level}{note}: {self.seat.player.name}"

    @property
    def analysis(self) -> Analysis | None:
        """Return the exact solver's analysis of the episode; None without a solver."""
        if self.trap.solvable and (self._analysis is None or self._analysis.line is not self.line):
            self._analysis = Analysis(self.line, None if self.mapped else self._whole)
        return self._analysis

    def name_choice(self, t: int) -> str:
        """Return the objective chosen by step ``t``, "ghost of ..." if its target was removed."""
        chosen = (self.analysis and self.analysis.choice(t)) or NO_CHOICE
        away = self._play.takes_away and not self.mapped and chosen in self.trap.alone
        return f"ghost of {chosen}" if away and self.seat.play != ALONE + chosen else chosen

    def time(self, cursor: int) -> int:
        """Return the pane's step at the clock's ``cursor``: at most the episode's last step."""
        return min(cursor, len(self.line))

    def state(self, cursor: int) -> State:
        """Return the pane's state at the clock's ``cursor``."""
        return self.line.states[self.time(cursor)]

    def act(self, cursor: int, action: int) -> None:
        """Take a step by hand from the shown state; it replaces the episode's future.

        Raises:
            ValueError: the episode is over there.
        """
        line = self.line.branch(self.time(cursor))
        line.act(Decision(action))
        self.line = line
