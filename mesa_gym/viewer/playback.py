"""Session: panes with one clock, their levels, and steps by hand."""

from __future__ import annotations

import time
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress

from mesa_gym.engine import State
from mesa_gym.errors import PolicyError
from mesa_gym.threads import start_work
from mesa_gym.traps import LEVELS, Trap
from mesa_gym.viewer.app import PATIENCE, TOLD_ERRORS
from mesa_gym.viewer.clock import Clock
from mesa_gym.viewer.overlays import Overlay, overlays_of
from mesa_gym.viewer.seats import Pane, Seat, common_levels, find_shift


class Session:
    """Panes with one clock.

    Attributes:
        trap: the trap.
        seats: the player and the play of each pane.
        panes: the panes, with one episode each.
        level: the number of the level in all panes.
        salt: the evaluator's secret, which changes the levels.
        focus: the index of the pane to which keys and the panel refer.
        clock: the time of all panes.
        shown: the overlays that are on, by name.
        message: the text of the status line.
    """

    def __init__(
        self,
        trap: Trap,
        seats: list[Seat],
        level: int = 0,
        salt: str = "",
        start: State | None = None,
    ) -> None:
        """Make a session whose panes begin at the start of a level, or at ``start``.

        Raises:
            ValueError: the level is out of range, or a player cannot play it.
        """
        self.trap, self.salt, self.message = trap, salt, ""
        self.shown: set[str] = set()
        self.level, self.seats, self.focus = level, seats, find_shift(seats)
        self.panes = self._make_panes(level, seats, start)
        self.clock = Clock(self.panes, self.tell)
        # The level in preparation, its seats, and the future of its panes.
        self._pending: tuple[int, list[Seat], Future[list[Pane]]] | None = None

    def tell(self, message: str) -> None:
        """Show ``message`` in the status line."""
        self.message = message

    def _make_panes(self, level: int, seats: list[Seat], start: State | None = None) -> list[Pane]:
        if not 0 <= level < LEVELS:
            raise ValueError(f"level {level}: expected 0 to 2**48 - 1")
        panes = [Pane(self.trap, seat, level, self.salt, start) for seat in seats]
        for pane in panes:
            with suppress(PolicyError):  # the policy fails again when it acts; this is reported
                pane.line.begin()
        return panes

    def _show(self, level: int, seats: list[Seat], panes: list[Pane]) -> None:
        if seats is not self.seats:
            self.focus = find_shift(seats)
        self.level, self.seats, self.panes = level, seats, panes
        self.clock.panes, self.clock.time = panes, 0.0

    @property
    def pane(self) -> Pane:
        """Return the focused pane."""
        return self.panes[self.focus]

    @property
    def overlays(self) -> dict[str, Overlay]:
        """Return the overlays of the trap, by name."""
        return overlays_of(self.trap)

    @property
    def shown_overlays(self) -> list[Overlay]:
        """Return the overlays that are on, in the order of the legend."""
        return [overlay for name, overlay in self.overlays.items() if name in self.shown]

    @property
    def pending_work(self) -> str:
        """Return the name of the work in a thread that a person waits for, or ""."""
        if self._pending is not None:
            return f"preparing level {self._pending[0]}"
        return "waiting for the policy" if self.clock.late else ""

    # -- time --------------------------------------------------------------------------------------

    def update(self, seconds: float) -> None:
        """Advance the clock and the episodes by ``seconds``; fetch finished work of threads."""
        self._fetch()
        self.clock.run(seconds)

    def wait(self) -> float | None:
        """Return the seconds until ``update`` has work; None if only an event can cause work."""
        waits = [PATIENCE if self.pending_work else None, self.clock.wait()]
        return min((seconds for seconds in waits if seconds is not None), default=None)

    def settle(self) -> None:
        """Finish all episodes and threads."""
        while self.clock.growing or self._pending is not None:
            self.clock.grow(max(pane.line.limit for pane in self.panes))
            self._fetch()
            time.sleep(PATIENCE)

    # -- levels ------------------------------------------------------------------------------------

    def go_to(
        self, level: int, seats: list[Seat] | None = None, start: State | None = None
    ) -> None:
        """Show another level in all panes once it is prepared; a running clock keeps running.

        By default the seats stay, and the episodes begin at the level's start.

        Raises:
            ValueError: a player cannot play the level; then nothing changes.
        """
        playing = self.seats if seats is None else seats

        def make() -> list[Pane]:
            panes = self._make_panes(level, playing, start)
            if self.clock.threaded:
                prepare(panes)
            return panes

        self.stop()
        self._pending = level, playing, start_work(make, self.clock.threaded)
        self._fetch(PATIENCE)

    def stop(self) -> bool:
        """Cancel the level in preparation; return whether there was one."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending[2].cancel()
        return pending is not None

    def _fetch(self, patience: float = 0.0) -> None:
        """Show the level that was prepared if it is ready within ``patience`` seconds."""
        if self._pending is None or not wait_for([self._pending[2]], patience).done:
            return
        (level, seats, work), self._pending = self._pending, None
        error = work.exception()
        if error is None:
            self._show(level, seats, work.result())
        elif self.clock.threaded and isinstance(error, TOLD_ERRORS):
            self.message = str(error)
        else:
            raise error

    def next_level(self, step: int = 1) -> None:
        """Go ``step`` levels forward (or back) among the levels that all players can play."""
        common = common_levels(self.seats)
        if common is None:
            to = min(max(self.level + step, 0), LEVELS - 1)
        else:
            beyond = common[common > self.level] if step > 0 else common[common < self.level][::-1]
            to = int(beyond[min(abs(step), beyond.size) - 1]) if beyond.size else self.level
        if to == self.level:
            self.message = (
                f"there is no further level{'' if common is None else ' that was recorded'}"
            )
        else:
            self.go_to(to)

    def watch(self, seats: list[Seat]) -> None:
        """Show other players on the current level, or on the map of the focused pane.

        Raises:
            ValueError: a player cannot play the level; then nothing changes.
        """
        pane = self.pane
        same_play = all(seat.play == pane.seat.play for seat in seats)
        self.go_to(self.level, seats, pane.line.states[0] if pane.mapped and same_play else None)

    # -- steps by hand -----------------------------------------------------------------------------

    def act(self, action: int) -> None:
        """Take a step by hand in the focused pane, from the shown state."""
        # If another pane's episode is longer, this pane's step may be earlier than the clock's.
        time = self.pane.time(self.clock.cursor)
        try:
            self.pane.act(time, action)
        except ValueError as error:
            self.message = str(error)
            return
        self.clock.playing, self.clock.time = False, float(time + 1)


def prepare(panes: list[Pane]) -> None:
    """Prepare each pane's first picture: take its first step, and solve its level."""
    for pane in panes:
        with suppress(PolicyError):  # the policy fails again when it acts; this is reported
            pane.line.grow(1)
        if pane.analysis is not None:
            pane.analysis.prepare()
