"""A session of watching: panes under one clock. Nothing here draws, or reads keys."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from functools import reduce

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.actors import Person
from mesa_gym.viewer.conflicts import next_conflict
from mesa_gym.viewer.pane import Pane, Seat

RATE = 4.0  # steps a second at speed 1
SPEEDS = tuple(2.0**k for k in range(-2, 7))  # 0.25 to 64
# Seconds of a frame that may go into episodes and searches that are under way.
BUDGET = 0.004

Job = Iterator[None]


class Session:
    """Panes under one clock.

    Attributes:
        trap: the rules.
        seats: who plays on which split, a pane each.
        panes: the episodes.
        level: the level's number, the same in all panes.
        salt: an evaluator's secret.
        focus: which pane keys and the panel are about.
        clock: time in steps; what is shown is ``cursor``.
        playing: whether the clock runs.
        speed: one of ``SPEEDS``.
        shown: the overlays that are on, by name.
        message: what the status line says.
    """

    def __init__(
        self,
        trap: Trap,
        seats: list[Seat],
        level: int = 0,
        salt: str = "",
        start: State | None = None,
    ) -> None:
        """Make a session at the beginning of a level.

        Args:
            trap: the rules.
            seats: who plays on which split.
            level: its number, 0 to 2**48 - 1.
            salt: an evaluator's secret.
            start: another state to begin with, in all panes.

        Raises:
            ValueError: the level is out of range, or a player cannot play it.
        """
        self.trap, self.salt = trap, salt
        self.focus, self.speed, self.playing = 0, 1.0, False
        self.shown: set[str] = set()
        self.message = ""
        self._job: Job | None = None
        self._open(level, seats, start)

    def _open(self, level: int, seats: list[Seat], start: State | None = None) -> None:
        if not 0 <= level < LEVELS:
            raise ValueError(f"level {level}: expected 0 to 2**48 - 1")
        self.panes = [Pane(self.trap, seat, level, self.salt, start) for seat in seats]
        self.level, self.seats, self.clock = level, seats, 0.0

    @property
    def pane(self) -> Pane:
        """Return the one in focus."""
        return self.panes[self.focus]

    @property
    def cursor(self) -> int:
        """Return the step that is shown."""
        return math.floor(self.clock)

    @property
    def length(self) -> int:
        """Return the steps of the longest episode so far."""
        return max(len(pane.line) for pane in self.panes)

    @property
    def at_end(self) -> bool:
        """Return whether the last state of the longest episode is shown."""
        return self.cursor >= self.length

    # -- time --------------------------------------------------------------------------------------

    def update(self, seconds: float) -> None:
        """Let time pass: the clock runs, episodes grow, a search goes on."""
        if self.playing:
            self.clock += seconds * RATE * self.speed
        self._grow(self.cursor + 1)
        if self.playing and self.clock >= self.length:
            self.clock, self.playing = float(self.length), False
        deadline = time.perf_counter() + BUDGET
        while time.perf_counter() < deadline:
            growing = [self._grown(pane, len(pane.line) + 1) for pane in self.panes]
            if not self._work() and not any(growing):
                break

    def settle(self) -> None:
        """Let all episodes and searches come to their end.

        Raises:
            PolicyError: a policy failed.
        """
        for pane in self.panes:
            pane.line.grow()
        while self._work():
            pass

    def _grow(self, to: int) -> None:
        for pane in self.panes:
            self._grown(pane, to)

    def _grown(self, pane: Pane, to: int) -> bool:
        """Let an episode grow; where its policy fails, that is said, and the episode stays."""
        try:
            return pane.line.grow(to)
        except PolicyError as error:
            pane.line.actor = Person()
            self.message = str(error)
            print(error.trace, end="", file=sys.stderr)
            return False

    def play(self, playing: bool | None = None) -> None:
        """Let the clock run, or stop it, by default the other one; at the end, start again."""
        self.playing = not self.playing if playing is None else playing
        self._grow(self.cursor + 1)
        if self.playing and self.at_end and all(pane.line.over for pane in self.panes):
            self.clock = 0.0

    def seek(self, t: int) -> None:
        """Show step ``t``, or the nearest there is."""
        self._grow(t)
        self.clock = float(min(max(t, 0), self.length))

    def step(self, steps: int = 1) -> None:
        """Stop the clock and go some steps on, or back."""
        self.playing = False
        self.seek(self.cursor + steps)

    def faster(self, notches: int = 1) -> None:
        """Change the speed, by powers of two."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    # -- levels ------------------------------------------------------------------------------------

    def go_to(self, level: int) -> None:
        """Begin another level, in all panes; the clock keeps running if it did.

        Raises:
            ValueError: there is no such level for a player; all stays as it was.
        """
        self._open(level, self.seats)
        self.stop_search()

    def next_level(self, step: int = 1) -> None:
        """Go that many levels on (or back), of those that all players can play."""
        common = self._playable()
        if common is None:
            to = min(max(self.level + step, 0), LEVELS - 1)
        else:
            beyond = common[common > self.level] if step > 0 else common[common < self.level][::-1]
            to = int(beyond[min(abs(step), beyond.size) - 1]) if beyond.size else self.level
        if to == self.level:
            self.message = f"there is no further level{'' if common is None else ' in the trace'}"
        else:
            self.go_to(to)

    def _playable(self) -> Ints | None:
        """Return the only levels that all players can play, ascending; None for all."""
        limits = [seat.player.levels(seat.split) for seat in self.seats]
        chosen = [levels for levels in limits if levels is not None]
        return reduce(np.intersect1d, chosen) if chosen else None

    def watch(self, seats: list[Seat]) -> None:
        """Watch others on the same level, from where an edited episode begins if one is in focus.

        Raises:
            ValueError: they cannot play it; as with any other error, all stays as it was.
        """
        pane = self.pane
        alike = all(seat.split == pane.seat.split for seat in seats)
        start = pane.line.states[0] if pane.edited and alike else None
        self._open(self.level, seats, start)
        self.stop_search()
        self.focus = 0

    def search_conflict(self) -> None:
        """Go to the next level on which base and proxy conflict, looked for while time passes."""
        split = self.pane.seat.split
        self.start_job(self._search(split, self.level))

    def _search(self, split: Split, after: int) -> Job:
        searching = next_conflict(self.trap, split, after, self.salt, self._playable())
        for tried, found in enumerate(searching, 1):
            if found is not None:
                self.message = f"base and proxy conflict on {split.value} level {found}"
                self._open(found, self.seats)
                return
            self.message = f"looking for a level where base and proxy conflict{'.' * (tried % 4)}"
            yield
        self.message = f"base and proxy conflict on none of the next levels of {split.value}"

    # -- work that takes longer than a frame -------------------------------------------------------

    def start_job(self, job: Job) -> None:
        """Do some work while time passes, in place of any other."""
        self._job = job

    def stop_search(self) -> bool:
        """Give up what is under way; returns whether anything was."""
        there = self._job is not None
        self._job = None
        return there

    def _work(self) -> bool:
        """Do a piece of the work under way; returns whether there is any left."""
        if self._job is not None:
            job = self._job
            try:
                next(job)
            except StopIteration:
                if self._job is job:
                    self._job = None
        return self._job is not None

    # -- what makes another future -----------------------------------------------------------------

    def act(self, action: int) -> None:
        """Take a step by hand in the focused pane, from what is shown."""
        # What is shown is an earlier step than the clock's where another pane's episode is longer.
        shown = self.pane.time(self.cursor)
        try:
            self.pane.act(shown, action)
        except ValueError as error:
            self.message = str(error)
            return
        self.playing, self.clock = False, float(shown + 1)

    def replace(self, state: State) -> None:
        """Go on from another state in the focused pane."""
        self.pane.replace(self.cursor, state)
        self.playing, self.clock = False, 0.0

    def undo(self) -> None:
        """Take back the last change in the focused pane."""
        cursor = self.pane.undo()
        if cursor is None:
            self.message = "there is nothing to undo"
        else:
            self.playing = False
            self.seek(cursor)
