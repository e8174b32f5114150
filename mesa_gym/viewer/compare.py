"""The panes, an episode each, and what was chosen in them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future

import numpy as np

from mesa_gym.engine import State
from mesa_gym.scoring.plays import ALONE, TWINS, find_play, has_twins
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Actor, Decision, PolicyPlayer
from mesa_gym.viewer.seats import Seat
from mesa_gym.viewer.timeline import Analysis, Timeline
from mesa_gym.viewer.work import start_work

NONE, WAITING = "none", "..."
SWEEPER = PolicyPlayer("sweeper")  # has no goal: beside what an agent chose stands its choice


class Pane:
    """One episode on the screen: its player, its analysis, and what was changed by hand.

    Attributes:
        trap: the rules.
        seat: who plays what; where a goal is put by hand, not the session's.
        level: its number.
        salt: an evaluator's secret.
        line: the episode.
        mapped: whether it began as a map does, and not as the level.
    """

    def __init__(
        self, trap: Trap, seat: Seat, level: int, salt: str = "", start: State | None = None
    ) -> None:
        """Make an episode that has not begun, of a level or from a start, a batch of one.

        Raises:
            ValueError: the player cannot play this level, or the trap has no such play.
        """
        self.trap, self.seat, self.level, self.salt = trap, seat, level, salt
        self._play = find_play(trap, seat.play)
        self.mapped, self._whole, self._note = start is not None, None, ""
        if start is None:
            whole = trap.levels(seat.split, np.array([level]), salt)
            start, exists = self._play.change(whole)
            self._note = "" if exists[0] else ", unchanged"
            self._whole = whole if self._play.takes_away else None
        self.line = Timeline(trap, start, trap.horizon(seat.split), self._actor(start))
        self._analysis: Analysis | None = None

    @property
    def title(self) -> str:
        """Return what is played, by whom; what is most needed comes first."""
        note = ", from a map" if self.mapped else self._note
        return f"{self.seat.play}, level {self.level}{note}: {self.seat.player.name}"

    @property
    def analysis(self) -> Analysis | None:
        """Return what the exact solver knows of the episode; None without a solver."""
        if self.trap.solvable and (self._analysis is None or self._analysis.line is not self.line):
            self._analysis = Analysis(self.line, None if self.mapped else self._whole)
        return self._analysis

    @property
    def untouched(self) -> bool:
        """Return whether the episode began as the level does and its agent kept its own goal."""
        return not (self.mapped or self.line.steered)

    @property
    def secret(self) -> bool:
        """Return whether the objectives are still to be found out: a person has not chosen yet.

        In training objectives agree, so that nothing is chosen there. Where there is no exact
        solver, the first payment is the choice.
        """
        line = self.line
        if not self.seat.by_hand or not self.seat.split.shifted:
            return self.seat.by_hand
        if self.analysis is None:
            return not (line.over or any(any(step.paid.values()) for step in line.steps))
        return not (line.over or self.analysis.choice(len(line)))

    def name_choice(self, t: int) -> str:
        """Return what ``t`` steps chose, in words: a target that is taken away left a ghost."""
        chosen = (self.analysis and self.analysis.choice(t)) or NONE
        away = self._play.takes_away and not self.mapped and chosen in self.trap.alone
        return f"ghost of {chosen}" if away and self.seat.play != ALONE + chosen else chosen

    def time(self, cursor: int) -> int:
        """Return the step that is shown when the clock says ``cursor``: the last one at most."""
        return min(cursor, len(self.line))

    def state(self, cursor: int) -> State:
        """Return the state that is shown."""
        return self.line.states[self.time(cursor)]

    def act(self, cursor: int, action: int) -> None:
        """Take a step by hand from what is shown, in place of the future that was there.

        Raises:
            ValueError: the episode is over there.
        """
        t = self.time(cursor)
        line = self.line.branch(t, self._actor(self.line.states[0]))
        line.act(Decision(action))
        self.line = line

    def hand_over(self, cursor: int, seat: Seat) -> None:
        """Let another player go on from what is shown.

        Raises:
            ValueError: the episode is over there, or the player cannot play it.
        """
        t = self.time(cursor)
        if self.line.over and t == len(self.line):
            raise ValueError("the episode is over here: go back in time")
        line = self.line.branch(t, seat.player.actor(self.trap, seat.play, self.line.states[0]))
        line.begin()
        line.steered = True
        self.seat, self.line = seat, line

    def _actor(self, start: State) -> Actor:
        return self.seat.player.actor(self.trap, self.seat.play, start)


class WatchedChoices:
    """The objectives that were chosen on the levels that were watched."""

    def __init__(self) -> None:
        # By the players themselves: two may have the same name.
        self._counted: dict[Seat, dict[int, str | None]] = {}
        self._asked: dict[tuple[Seat, int], Future[str]] = {}

    def of(self, pane: Pane) -> dict[int, str | None]:
        """Return level -> the objective that the pane's player chose there, None for none."""
        return self._counted.setdefault(pane.seat, {})

    def count(self, pane: Pane) -> None:
        """Count what was chosen in an episode under shift, if it is over and as the level was."""
        counts = pane.seat.split is Split.SHIFT and pane.line.over and pane.untouched
        known = self.of(pane)
        if counts and pane.level not in known and pane.analysis is not None:
            known[pane.level] = pane.analysis.choice(len(pane.line))

    def on_twin(self, pane: Pane, threaded: bool) -> str:
        """Return what the pane's player chooses on the level's twin; "" without a twin."""
        player, trap = pane.seat.player, pane.trap
        shift = pane.seat.play == Split.SHIFT and pane.line.over and pane.untouched
        if not (shift and isinstance(player, PolicyPlayer) and has_twins(trap)):
            return ""
        return self._ask(pane, Seat(player, TWINS), pane.level, threaded)

    def of_sweeper(self, pane: Pane, threaded: bool) -> Counter[str]:
        """Return how often a sweeper, which has no goal, chose what on the levels watched."""
        seat = Seat(SWEEPER, pane.seat.play)
        return Counter(self._ask(pane, seat, level, threaded) for level in self.of(pane))

    def _ask(self, pane: Pane, seat: Seat, level: int, threaded: bool) -> str:
        """Return what a seat chooses on a level, ``WAITING`` until that is found in a thread."""

        def find(_: Future[str]) -> str:
            other = Pane(pane.trap, seat, level, pane.salt)
            other.line.grow()
            return (other.analysis and other.analysis.choice(len(other.line))) or NONE

        if (seat, level) not in self._asked:
            self._asked[seat, level] = start_work(find, threaded)
        work = self._asked[seat, level]
        return WAITING if not work.done() else "" if work.exception() else work.result()

    @property
    def waiting(self) -> bool:
        """Return whether a choice is still being found out."""
        return any(not work.done() for work in self._asked.values())
