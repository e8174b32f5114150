"""The clock that all panes share: time in steps, and the growth of their episodes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from mesa_gym.errors import PolicyError
from mesa_gym.terminal import say
from mesa_gym.threads import start_work
from mesa_gym.viewer.app import FRAME_TURN, PATIENCE
from mesa_gym.viewer.seats import Pane

STEPS_A_SECOND = 4.0  # steps per second at speed 1
SPEEDS = tuple(2.0**k for k in range(-2, 7))  # 0.25 to 64
FRAME = 1 / 60


class Clock:
    """The time of all panes; their players take steps to keep up with it.

    ``tell`` is called with the error message of a policy that failed in a thread.

    Attributes:
        panes: the panes, which may be replaced.
        time: the requested time in steps; ``cursor`` is the step that is shown.
        playing: whether the clock runs, at ``speed``, one of ``SPEEDS``.
        threaded: whether policies act in a thread, as a window needs; their errors are then passed
            to ``tell`` instead of raised.
    """

    def __init__(self, panes: Sequence[Pane], tell: Callable[[str], None]) -> None:
        self.panes, self._tell, self.threaded = panes, tell, False
        self.time, self.speed, self.playing = 0.0, 1.0, False
        self._grower: Future[None] | None = None

    @property
    def cursor(self) -> int:
        """Return the index of the step on screen."""
        return min(math.floor(self.time), self.length)

    @property
    def length(self) -> int:
        """Return the number of steps in the longest episode so far."""
        return max(len(pane.line) for pane in self.panes)

    @property
    def growing(self) -> bool:
        """Return whether a policy's episode is unfinished."""
        return any(pane.line.growing for pane in self.panes)

    @property
    def late(self) -> bool:
        """Return whether the requested step waits for a policy."""
        return self.time > self.length and self.growing

    def run(self, seconds: float) -> None:
        """Advance the clock by ``seconds`` if it runs, and let policies act."""
        if self.playing:
            self.time += seconds * STEPS_A_SECOND * self.speed
        growing = self.grow(math.floor(self.time) + 1)
        if self.playing:
            self.playing = growing or self.time < self.length
        if self.time > self.length:
            # A slow policy's next step is shown as soon as it is taken.
            ahead = growing and self.playing
            self.time = min(self.time, self.length + 1.0) if ahead else self._within(self.time)

    def wait(self) -> float | None:
        """Return the seconds until ``run`` has work; None if only an event can cause work."""
        waits = [PATIENCE] if self.growing else []
        if self.playing:
            waits.append(max(FRAME, (self.cursor + 1 - self.time) / (STEPS_A_SECOND * self.speed)))
        return min(waits, default=None)

    def play(self, playing: bool | None = None) -> None:
        """Start or stop the clock, or toggle it by default; at the end it restarts."""
        self.playing = not self.playing if playing is None else playing
        self.grow(self.cursor + 1)
        over = all(pane.line.over for pane in self.panes)
        if self.playing and over and self.cursor >= self.length:
            self.time = 0.0

    def seek(self, t: int) -> None:
        """Show step ``t`` or the nearest existing one, once a slow policy has acted."""
        self.grow(t)
        self.time = self._within(t)

    def step(self, steps: int = 1) -> None:
        """Stop the clock and move ``steps`` steps forward, or back if negative."""
        self.playing = False
        self.seek(self.cursor + steps)

    def change_speed(self, notches: int = 1) -> None:
        """Change the speed by ``notches`` places in ``SPEEDS``, a factor of two each."""
        at = SPEEDS.index(self.speed) + notches
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def _within(self, t: float) -> float:
        """Return ``t`` limited to the steps that the episodes have or may still get."""
        growing = [pane.line.limit for pane in self.panes if pane.line.growing]
        return float(min(max(t, 0), max(self.length, *growing, 0)))

    # -- growing -----------------------------------------------------------------------------------

    def grow(self, to: int) -> bool:
        """Let policies act up to step ``to``, in a thread to the end; return ``growing``."""
        if not self.threaded:
            for pane in self.panes:
                self._grow_pane(pane, to)
        elif self.growing and (self._grower is None or self._grower.done()):
            if self._grower is not None:
                self._grower.result()
            self._grower = start_work(self._grow_all)
        return self.growing

    def _grow_all(self) -> None:
        while self.growing:
            for pane in self.panes:
                self._grow_pane(pane, len(pane.line) + 1)
            time.sleep(FRAME_TURN)

    def _grow_pane(self, pane: Pane, to: int) -> None:
        """Let a pane's policy act up to step ``to``; in a thread, show its error and stop it."""
        line = pane.line
        try:
            line.grow(to)
        except PolicyError as error:
            if not self.threaded:
                raise
            line.stop()
            self._tell(str(error))
            say(error.trace, end="")
