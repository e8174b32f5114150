"""A session of watching: panes under one clock. Nothing here draws, or reads keys."""

from __future__ import annotations

import copy
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
from mesa_gym.engine.map_grid import place
from mesa_gym.errors import PolicyError
from mesa_gym.traps import LEVELS, Split, Trap
from mesa_gym.viewer.actors import NO_GOAL, Human, Player, PolicyPlayer, send_player
from mesa_gym.viewer.app import FAILURES, TURN, start_work
from mesa_gym.viewer.compare import Pane, Seat, WatchedChoices
from mesa_gym.viewer.conflicts import next_conflict
from mesa_gym.viewer.overlays import Overlay, overlays_of

RATE = 4.0  # steps a second at speed 1
SPEEDS = tuple(2.0**k for k in range(-2, 7))  # 0.25 to 64
BUDGET = 0.004  # seconds of a frame that may go into what is done in pieces
PATIENCE = 0.03  # seconds for which a frame waits for work in a thread
FRAME = 1 / 60


class Session:
    """Panes under one clock.

    Attributes:
        trap: the rules.
        seats: who plays what, a pane each.
        panes: the episodes.
        level: the level's number, the same in all panes.
        salt: an evaluator's secret.
        focus: which pane keys and the panel are about.
        clock: time in steps, as it is wished; what is shown is ``cursor``.
        playing: whether the clock runs, at ``speed``, one of ``SPEEDS``.
        shown: the overlays that are on, by name.
        message: what the status line says.
        threaded: whether policies act, and what else takes long is done, in a thread, as a window
            needs it; errors are then said in ``message`` and not raised.
        choices: what was chosen on the levels watched so far.
        pieces: work that is done piece by piece while time passes; None for none.
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
        self.message, self._doing = "", ""
        self.choices = WatchedChoices()
        self.pieces: Iterator[None] | None = None
        self._work: tuple[Future[Any], Callable[[Any], None]] | None = None
        self._grower: Future[None] | None = None
        self._show(level, seats, self._make_panes(level, seats, start))

    def _make_panes(self, level: int, seats: list[Seat], start: State | None = None) -> list[Pane]:
        if not 0 <= level < LEVELS:
            raise ValueError(f"level {level}: expected 0 to 2**48 - 1")
        panes = [Pane(self.trap, seat, level, self.salt, start) for seat in seats]
        for pane in panes:
            with suppress(PolicyError):  # it fails again, and is reported, when it is to act
                pane.line.begin()
        return panes

    def _show(self, level: int, seats: list[Seat], panes: list[Pane]) -> None:
        if seats is not getattr(self, "seats", None):
            # Where plays differ, what matters most is to be seen under shift.
            plays = [seat.play for seat in seats]
            self.focus = plays.index(Split.SHIFT) if Split.SHIFT in plays else 0
        self.level, self.seats, self.panes, self.clock = level, seats, panes, 0.0

    def copy_episodes(self) -> Session:
        """Return the same episodes under a clock of their own, with nothing else under way."""
        session = copy.copy(self)
        session.panes, session.message = list(self.panes), ""
        session.forget_work()
        return session

    @property
    def pane(self) -> Pane:
        """Return the one in focus."""
        return self.panes[self.focus]

    @property
    def overlays(self) -> dict[str, Overlay]:
        """Return the overlays that there are, by name, for the trap and those who play."""
        plans = any(pane.seat.player.planning is not None for pane in self.panes)
        return overlays_of(self.trap, plans)

    @property
    def cursor(self) -> int:
        """Return the step that is shown."""
        return min(math.floor(self.clock), self.length)

    @property
    def length(self) -> int:
        """Return the steps of the longest episode so far."""
        return max(len(pane.line) for pane in self.panes)

    @property
    def growing(self) -> bool:
        """Return whether a policy has not come to the end of its episode."""
        return any(pane.line.growing for pane in self.panes)

    @property
    def pending_work(self) -> str:
        """Return what is under way in a thread that a person waits for; "" for nothing."""
        if not self._doing and self.clock > self.length and self.growing:
            return "waiting for the policy"
        return self._doing

    # -- time --------------------------------------------------------------------------------------

    def update(self, seconds: float) -> None:
        """Let time pass: the clock runs, episodes grow, work under way goes on."""
        self._fetch()
        if self.playing:
            self.clock += seconds * RATE * self.speed
        growing = self._grow(math.floor(self.clock) + 1)
        if self.playing:
            self._follow_focus()
            self.playing = growing or self.clock < self.length
        if self.clock > self.length:
            # Where a policy is slow, its next step is shown as soon as it is there.
            ahead = growing and self.playing
            self.clock = min(self.clock, self.length + 1.0) if ahead else self._within(self.clock)
        deadline = time.perf_counter() + BUDGET
        while self.pieces is not None and time.perf_counter() < deadline:
            self._advance(self.pieces)
        for pane in self.panes:
            self.choices.count(pane)

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has something to do; None if only a key gives it."""
        if self.pieces is not None:
            return 0.0
        waits = [PATIENCE] if self.pending_work or self.growing or self.choices.waiting else []
        if self.playing:
            waits.append(max(FRAME, (self.cursor + 1 - self.clock) / (RATE * self.speed)))
        return min(waits, default=None)

    def settle(self) -> Iterator[None]:
        """Let all episodes and work come to their end, in pieces."""
        while self.growing or self._work is not None:
            self._grow(sys.maxsize)
            self._fetch()
            time.sleep(BUDGET)
            yield
        for pane in self.panes:
            self.choices.count(pane)
            self.choices.on_twin(pane, self.threaded)
            self.choices.of_sweeper(pane, self.threaded)
        while self.choices.waiting:
            time.sleep(BUDGET)
            yield

    def _advance(self, pieces: Iterator[None]) -> None:
        try:
            next(pieces)
        except StopIteration:
            self.pieces = None if self.pieces is pieces else self.pieces
        except FAILURES as error:
            self.pieces, self.message = None, str(error)

    def _grow(self, to: int) -> bool:
        """Let policies act, up to some step, or in a thread; return whether they go on."""
        if not self.threaded:
            for pane in self.panes:
                self._grow_pane(pane, to)
        elif self.growing and (self._grower is None or self._grower.done()):
            if self._grower is not None:
                self._grower.result()
            self._grower = start_work(self._grow_all)
        return self.growing

    def _grow_all(self, _: Future[None]) -> None:
        while self.growing:
            for pane in self.panes:
                self._grow_pane(pane, len(pane.line) + 1)
            time.sleep(TURN)

    def _grow_pane(self, pane: Pane, to: int) -> None:
        """Let an episode grow; where its policy fails, show the error and keep the episode."""
        line = pane.line
        try:
            line.grow(to)
        except PolicyError as error:
            if not self.threaded:
                raise
            line.actor = Human()
            self.message = str(error)
            print(error.trace, end="", file=sys.stderr)

    def _within(self, t: float) -> float:
        """Return the nearest time that there is, or that there will be."""
        growing = [pane.line.limit for pane in self.panes if pane.line.growing]
        return float(min(max(t, 0), max(self.length, *growing, 0)))

    def _follow_focus(self) -> None:
        """Turn from a pane whose episode has ended to the shift, if that one goes on."""

        def has_ended(pane: Pane) -> bool:
            return pane.line.over and self.cursor >= len(pane.line)

        if has_ended(self.pane) and self.pane.seat.play != Split.SHIFT:
            going = [n.seat.play == Split.SHIFT and not has_ended(n) for n in self.panes]
            self.focus = going.index(True) if any(going) else self.focus

    def play(self, playing: bool | None = None) -> None:
        """Let the clock run, or stop it, by default the other one; at the end, start again."""
        self.playing = not self.playing if playing is None else playing
        self._grow(self.cursor + 1)
        over = all(pane.line.over for pane in self.panes)
        if self.playing and over and self.cursor >= self.length:
            self.clock = 0.0

    def seek(self, t: int) -> None:
        """Show step ``t``, or the nearest there is; where a policy is slow, as soon as it is."""
        self._grow(t)
        self.clock = self._within(t)

    def step(self, steps: int = 1) -> None:
        """Stop the clock and go some steps on, or back."""
        self.playing = False
        self.seek(self.cursor + steps)

    def change_speed(self, notches: int = 1) -> None:
        """Change the speed, by powers of two."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    # -- levels ------------------------------------------------------------------------------------

    def go_to(
        self, level: int, seats: list[Seat] | None = None, start: State | None = None
    ) -> None:
        """Begin another level, in all panes; the clock keeps running if it did.

        Args:
            level: its number.
            seats: who plays what; by default as before.
            start: where all panes begin; by default as the level does.

        Raises:
            ValueError: there is no such level for a player; all stays as it was.
        """
        playing = self.seats if seats is None else seats

        def make(_: Future[Any]) -> list[Pane]:
            panes = self._make_panes(level, playing, start)
            if self.threaded:
                _prepare(panes)
            return panes

        self.work(f"preparing level {level}", make, lambda panes: self._show(level, playing, panes))

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
        self.go_to(self.level, seats, pane.line.states[0] if pane.edited and alike else None)

    def reseed(self, seed: int) -> None:
        """Play the level again, all policies sampled with another seed."""

        def again(player: Player) -> Player:
            if isinstance(player, PolicyPlayer):
                return PolicyPlayer(player.policy, seed)
            return player

        self.choices = WatchedChoices()
        self.watch([Seat(again(seat.player), seat.play) for seat in self.seats])

    def search_conflict(self) -> None:
        """Go to the next level on which base and proxy conflict."""
        split, level, common = self.pane.seat.split, self.level, self._playable()

        def go_there(at: int | None) -> None:
            if at is None:
                self.message = f"base and proxy conflict on none of the next {split} levels"
            else:
                self.go_to(at)
                self.message = f"base and proxy conflict on {split} level {at}"

        def search(work: Future[Any]) -> int | None:
            searching = next_conflict(self.trap, split, level, self.salt, common)
            return next((at for at in searching if at is not None or work.cancelled()), None)

        self.work("looking for a level where base and proxy conflict", search, go_there)

    def _playable(self) -> Ints | None:
        """Return the only levels that all players can play, ascending; None for all."""
        limits = [seat.player.levels(seat.play) for seat in self.seats]
        chosen = [levels for levels in limits if levels is not None]
        return reduce(np.intersect1d, chosen) if chosen else None

    def prepare(self) -> None:
        """Do ahead, in a thread, what the first picture of each pane would wait for."""
        _prepare(self.panes)

    # -- work that takes longer than a frame -------------------------------------------------------

    def stop_work(self) -> bool:
        """Give up what is under way; return whether anything was."""
        there = self.pieces is not None or self._work is not None
        if self._work is not None:
            self._work[0].cancel()
        self.forget_work()
        return there

    def forget_work(self) -> None:
        """Have nothing under way, whatever goes on elsewhere."""
        self.pieces, self._work, self._doing = None, None, ""

    def work(
        self, doing: str, work: Callable[[Future[Any]], Any], then: Callable[[Any], None]
    ) -> None:
        """Do some work, in place of any other, and something with what it gives.

        Args:
            doing: what the status line says meanwhile.
            work: is given its future, which is cancelled where it is given up.
            then: takes what it gives, if it has not been given up.
        """
        self.stop_work()
        self._doing = doing
        self._work = start_work(work, self.threaded), then
        self._fetch(PATIENCE)

    def _fetch(self, patience: float = 0.0) -> None:
        """Take what work in a thread gave, if it is done within some seconds."""
        if self._work is None or not wait_for([self._work[0]], patience).done:
            return
        (work, then), self._work, self._doing = self._work, None, ""
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

    def move_goal(self, cell: int | None) -> None:
        """Send the focused pane's planner to a cell; one that is sent there has its own goal again.

        Raises:
            PolicyError: the planner failed.
            ValueError: the player does not plan, the cell is wall, or the episode is over.
        """
        pane, seat, shown = self.pane, self.seats[self.focus], self.pane.time(self.cursor)
        said = "the agent has its own goal again"
        if cell is None:
            raise ValueError(NO_GOAL)
        if pane.seat.player.goal != cell:
            seat = Seat(send_player(seat.player, self.trap, pane.state(shown), cell), seat.play)
            where = place(self.trap, cell)
            said = f"the goal is now {where}; Shift+click there again takes it back"
        pane.hand_over(shown, seat)
        self.clock = float(shown)
        self.play(True)
        self.message = said

    def replace(self, state: State) -> None:
        """Go on from another state in the focused pane."""
        pane, cursor = self.pane, self.cursor

        def make(_: Future[Any]) -> Pane:
            edited = Pane(self.trap, pane.seat, pane.level, pane.salt, state)
            if self.threaded:
                _prepare([edited])
            return edited

        def show(edited: Pane) -> None:
            pane.replace(cursor, edited)
            self.playing, self.clock = False, 0.0

        self.work("preparing the edited level", make, show)

    def undo(self) -> None:
        """Take back the last change in the focused pane."""
        cursor = self.pane.undo()
        if cursor is None:
            self.message = "there is nothing to undo"
        else:
            self.playing = False
            self.seek(cursor)


def _prepare(panes: list[Pane]) -> None:
    """Take the first step of episodes and solve their levels, as far as that is possible."""
    for pane in panes:
        with suppress(PolicyError):  # it fails again, and is reported, when it is to act
            pane.line.grow(1)
        if pane.analysis is not None:
            pane.analysis.prepare()
