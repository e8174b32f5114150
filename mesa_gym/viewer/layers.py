"""Overlays that take time to find, piece by piece: oracles' paths and visits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.policies import pursuing
from mesa_gym.scoring import Asking
from mesa_gym.viewer.actors import PolicyPlayer, inform
from mesa_gym.viewer.overlays import ORACLES, VISITS
from mesa_gym.viewer.timeline import Pane, Timeline

EPISODES = 100


class Layers:
    """All that is known of one pane's episode besides the episode itself.

    It is of the timeline that the pane had when it was made, from whose start all is seen.

    Attributes:
        line: that timeline.
        paths: objective -> the oracle's episode, as far as it is known.
        visits: int64 (cells,), how often the agent was there; None where no policy plays.
        played: episodes behind ``visits`` that have come to an end.
        version: grows with all that is found, so that a drawing can be seen to be out of date.
    """

    def __init__(self, pane: Pane) -> None:
        self._pane, self.line = pane, pane.line
        self.paths: dict[str, Timeline] = {}
        self.visits: Ints | None = None
        self.played = 0
        self.version = 0
        self._works = {
            ORACLES.name: self._find_paths(),
            VISITS.name: self._count_visits(),
        }

    def work(self, shown: set[str]) -> bool:
        """Do a small piece of what the overlays that are on still need.

        Returns:
            Whether there was anything to do.

        Raises:
            PolicyError: the policy failed; what it was asked for is not looked for again.
        """
        for name in [name for name in self._works if name in shown]:
            work = self._works.pop(name)
            with suppress(StopIteration):
                next(work)
                self._works[name] = work
            self.version += 1
            return True
        return False

    def _find_paths(self) -> Iterator[None]:
        trap, start = self._pane.trap, self.line.states[0]
        for x in trap.objectives:
            actor = PolicyPlayer(pursuing(trap, x)).actor(trap, self._pane.seat.play, start)
            line = self.paths[x] = Timeline(trap, start, self.line.horizon, actor)
            while line.grow(len(line) + 1):
                yield

    def _count_visits(self) -> Iterator[None]:
        trap, player = self._pane.trap, self._pane.seat.player
        if not isinstance(player, PolicyPlayer):
            return
        state = starts = self.line.states[0].take(np.zeros(EPISODES, dtype=np.int64))
        policy = player.make(trap, self.line.horizon)
        inform(policy, self._pane.trap, self.line.states[0], self.line.horizon)
        seeds, split = np.arange(EPISODES), self._pane.seat.play
        asking = Asking(policy, trap, starts.level.key, seeds, player.agent, split)
        asking.begin()
        alive = np.ones(EPISODES, dtype=np.bool_)
        self.visits = np.bincount(state.agent, minlength=trap.cells)
        for t in range(self.line.limit):
            actions = asking.sampled(asking.probabilities(state, t), t)
            state, _, ended = trap.step(state, actions)
            self.visits = self.visits + np.bincount(state.agent[alive], minlength=trap.cells)
            alive &= ~ended
            self.played = EPISODES - int(alive.sum())
            if not alive.any():
                break
            # Rows whose episode is over go on from their start, uncounted: all states stay valid.
            state = state.replaced(~alive, starts)
            yield
        self.played = EPISODES
