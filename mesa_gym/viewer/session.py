"""A session of watching: panes under one clock. Nothing here draws, or reads keys."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import reduce
from typing import Any

import numpy as np

from mesa_gym.engine import Ints, State
from mesa_gym.errors import PolicyError
from mesa_gym.scoring.conflicts import next_conflict
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.actors import Human, PolicyPlayer
from mesa_gym.viewer.analysis import Analysis
from mesa_gym.viewer.compare import Choices, start_work
from mesa_gym.viewer.timeline import Pane, Seat, Timeline

RATE = 4.0  # steps a second at speed 1
SPEEDS = tuple(2.0**k for k in range(-2, 7))  # 0.25 to 64
BUDGET = 0.004  # seconds of a frame that may go into episodes and searches that are under way
PATIENCE = 0.03  # seconds for which a frame waits for work in a thread
FRAME = 1 / 60
FAILURES = (ValueError, ImportError, OSError, PolicyError)


class Session:
    """Panes under one clock.

    Attributes:
        trap: the rules.
        seats: who plays what, a pane each.
        panes: the episodes.
        level: the level's number, the same in all panes.
        salt: an evaluator's secret.
        focus: which pane keys and the panel are about.
        clock: time in steps; what is shown is ``cursor``.
        playing: whether the clock runs.
        speed: one of ``SPEEDS``.
        working: what is under way in a thread; "" for nothing.
        shown: the overlays that are on, by name.
        message: what the status line says.
        threaded: whether what takes long is done in a thread, as a window needs it; errors are
            then said in ``message`` and not raised.
        choices: what was chosen on the levels watched so far.
    """

    def __init__(
        self,
        trap: Trap,
        seats: list[Seat],
        level: int = 0,
        salt: str = "",
        start: State | None = None,
    ) -> None:
        """Make a session at the beginning of a level, or from another start in all panes.

        Raises:
            ValueError: the level is out of range, or a player cannot play it.
        """
        self.trap, self.salt = trap, salt
        self.speed, self.playing, self.threaded = 1.0, False, False
        self.shown: set[str] = set()
        self.message = ""
        self.choices = Choices()
        self._pieces: Iterator[None] | None = None
        self._work: tuple[Future[Any], Callable[[Any], None]] | None = None
        self.working = ""
        self._show(level, seats, self._made(level, seats, start))

    def _made(self, level: int, seats: list[Seat], start: State | None = None) -> list[Pane]:
        if not 0 <= level < LEVELS:
            raise ValueError(f"level {level}: expected 0 to 2**48 - 1")
        return [Pane(self.trap, seat, level, self.salt, start) for seat in seats]

    def _show(self, level: int, seats: list[Seat], panes: list[Pane]) -> None:
        if seats is not getattr(self, "seats", None):
            # Where plays differ, what matters most is to be seen under shift.
            plays = [seat.play for seat in seats]
            self.focus = plays.index(Split.SHIFT) if len({*plays}) > 1 else 0
        self.level, self.seats, self.panes, self.clock = level, seats, panes, 0.0

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
        """Let time pass: the clock runs, episodes grow, work under way goes on."""
        self._fetch()
        if self.playing:
            self.clock += seconds * RATE * self.speed
        self._grow(self.cursor + 1)
        if self.playing:
            self._follow_focus()
            if self.clock >= self.length:
                self.clock, self.playing = float(self.length), False
        deadline = time.perf_counter() + BUDGET
        while time.perf_counter() < deadline and self._advance():
            pass
        for pane in self.panes:
            self.choices.count(pane)

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has something to do; None if only a key gives it."""
        if self._pieces is not None or any(_growing(pane) for pane in self.panes):
            return 0.0
        waits = [PATIENCE] if self.working or self.choices.waiting else []
        if self.playing:
            waits.append(max(FRAME, (self.cursor + 1 - self.clock) / (RATE * self.speed)))
        return min(waits, default=None)

    def settle(self) -> None:
        """Let all episodes and work come to their end."""
        for pane in self.panes:
            pane.line.grow()
        while self._work is not None or self._pieces is not None:
            self._fetch(None)
            self._advance()
        for pane in self.panes:
            self.choices.count(pane)

    def _advance(self) -> bool:
        """Do a piece of all that is done in pieces; return whether there is any left."""
        growing = [self._grown(pane, len(pane.line) + 1) for pane in self.panes]
        if (pieces := self._pieces) is not None:
            try:
                next(pieces)
            except StopIteration:
                self._pieces = None if self._pieces is pieces else self._pieces
            except FAILURES as error:
                self._pieces, self.message = None, str(error)
        return self._pieces is not None or any(growing)

    def _grow(self, to: int) -> None:
        for pane in self.panes:
            self._grown(pane, to)

    def _grown(self, pane: Pane, to: int) -> bool:
        """Let an episode grow; where its policy fails, that is said, and the episode stays."""
        try:
            return pane.line.grow(to)
        except PolicyError as error:
            pane.line.actor = Human()
            self.message = str(error)
            print(error.trace, end="", file=sys.stderr)
            return False

    def _follow_focus(self) -> None:
        """Turn from a pane whose episode has ended to the shift, if that one goes on."""
        if _ended(self.pane, self.cursor) and self.pane.seat.play != Split.SHIFT:
            for number, pane in enumerate(self.panes):
                if pane.seat.play == Split.SHIFT and not _ended(pane, self.cursor):
                    self.focus = number
                    return

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

    def watch(self, seats: list[Seat]) -> None:
        """Watch others on the same level, from where an edited episode begins if one is in focus.

        Raises:
            ValueError: they cannot play it; as with any other error, all stays as it was.
        """
        pane = self.pane
        alike = all(seat.play == pane.seat.play for seat in seats)
        self._open(self.level, seats, pane.line.states[0] if pane.edited and alike else None)

    def reseed(self, seed: int) -> None:
        """Play the level again, all policies sampled with another seed."""
        self.choices = Choices()
        self.watch(
            [
                Seat(PolicyPlayer(seat.player.policy, seed), seat.play)
                if isinstance(seat.player, PolicyPlayer)
                else seat
                for seat in self.seats
            ]
        )

    def search_conflict(self) -> None:
        """Go to the next level on which base and proxy conflict."""
        split, level, common = self.pane.seat.split, self.level, self._playable()

        def found(at: int | None) -> None:
            if at is None:
                self.message = f"base and proxy conflict on none of the next {split} levels"
            else:
                self.go_to(at)
                self.message = f"base and proxy conflict on {split} level {at}"

        def search(work: Future[Any]) -> int | None:
            searching = next_conflict(self.trap, split, level, self.salt, common)
            return next((at for at in searching if at is not None or work.cancelled()), None)

        self._do("looking for a level where base and proxy conflict", search, found)

    def _playable(self) -> Ints | None:
        """Return the only levels that all players can play, ascending; None for all."""
        limits = [seat.player.levels(seat.play) for seat in self.seats]
        chosen = [levels for levels in limits if levels is not None]
        return reduce(np.intersect1d, chosen) if chosen else None

    def _open(self, level: int, seats: list[Seat], start: State | None = None) -> None:
        def make(_: Future[Any]) -> list[Pane]:
            panes = self._made(level, seats, start)
            for pane in panes if self.threaded else ():
                _prepare(pane.line)
            return panes

        self._do(f"preparing level {level}", make, lambda panes: self._show(level, seats, panes))

    def prepare(self) -> None:
        """Do ahead, in a thread, what the first picture of each pane would wait for."""
        for pane in self.panes:
            _prepare(pane.line)

    # -- work that takes longer than a frame -------------------------------------------------------

    def start_pieces(self, pieces: Iterator[None]) -> None:
        """Do some work piece by piece while time passes, in place of any other."""
        self._pieces = pieces

    def stop_work(self) -> bool:
        """Give up what is under way; return whether anything was."""
        there = self._pieces is not None or self._work is not None
        if self._work is not None:
            self._work[0].cancel()
        self._pieces, self._work, self.working = None, None, ""
        return there

    def _do(
        self, doing: str, work: Callable[[Future[Any]], Any], then: Callable[[Any], None]
    ) -> None:
        """Do some work, in place of any other, and something with what it gives."""
        self.stop_work()
        self.working = doing
        self._work = start_work(work, self.threaded), then
        self._fetch(PATIENCE)

    def _fetch(self, patience: float | None = 0.0) -> None:
        """Take what work in a thread gave, if it is done within some seconds."""
        if self._work is None or not wait_for([self._work[0]], patience).done:
            return
        (work, then), self._work, self.working = self._work, None, ""
        error = work.exception()
        if error is None:
            then(work.result())
        elif self.threaded and isinstance(error, FAILURES):
            self.message = str(error)
        else:
            raise error

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
        pane, cursor = self.pane, self.cursor

        def make(_: Future[Any]) -> Timeline:
            line = pane.line_from(state)
            if self.threaded:
                _prepare(line)
            return line

        def show(line: Timeline) -> None:
            pane.replace(cursor, line)
            self.playing, self.clock = False, 0.0

        self._do("preparing the edited level", make, show)

    def undo(self) -> None:
        """Take back the last change in the focused pane."""
        cursor = self.pane.undo()
        if cursor is None:
            self.message = "there is nothing to undo"
        else:
            self.playing = False
            self.seek(cursor)


def _ended(pane: Pane, cursor: int) -> bool:
    """Return whether the clock has passed the end of a pane's episode."""
    return pane.line.over and cursor >= len(pane.line)


def _growing(pane: Pane) -> bool:
    """Return whether an episode goes on of its own accord."""
    return not pane.line.over and not isinstance(pane.line.actor, Human)


def _prepare(line: Timeline) -> None:
    """Take an episode's first step and solve its level, as far as that is possible."""
    with suppress(PolicyError):  # it fails again, and is reported, when the episode is shown
        line.grow(1)
    if line.trap.solvable:
        Analysis(line).prepare()
