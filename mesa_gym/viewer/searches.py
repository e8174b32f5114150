"""The search for oracles' ways, which takes time."""

from __future__ import annotations

import time
from concurrent.futures import Future

from mesa_gym.policies import name_pursuer
from mesa_gym.viewer.actors import PolicyPlayer
from mesa_gym.viewer.pane import Pane
from mesa_gym.viewer.timeline import Timeline
from mesa_gym.viewer.work import FRAME_TURN, start_work


class PathSearch:
    """A search for the way of each objective's oracle from one timeline's start.

    Attributes:
        line: the timeline that the pane had when the search was made.
        paths: objective -> the oracle's episode, as far as it is known.
    """

    def __init__(self, pane: Pane) -> None:
        self.line, self._trap, self._play = pane.line, pane.trap, pane.seat.play
        self.paths: dict[str, Timeline] = {}
        self._work: Future[None] | None = None
        self._begun = False

    def look(self, threaded: bool) -> bool:
        """Begin a search, or take its result; return whether it goes on.

        Raises:
            PolicyError: a policy failed; it is not asked again.
        """
        if not self._begun:
            self._begun, self._work = True, start_work(self._find_paths, threaded)
        if self._work is not None and self._work.done():
            work, self._work = self._work, None
            work.result()
        return self._work is not None

    def _find_paths(self, _: Future[None]) -> None:
        start = self.line.states[0]
        for x in self._trap.objectives:
            oracle = PolicyPlayer(name_pursuer(self._trap, x))
            actor = oracle.actor(self._trap, self._play, start)
            line = Timeline(self._trap, start, self.line.horizon, actor)
            while line.grow(len(line) + 1):
                time.sleep(FRAME_TURN)
            self.paths = {**self.paths, x: line}
