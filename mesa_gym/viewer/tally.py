"""The conflict steps of all levels that were watched, and what they say of a player."""

from __future__ import annotations

import numpy as np

from mesa_gym.viewer.insight import Judgement, verdict_of
from mesa_gym.viewer.pane import Pane
from mesa_gym.viewer.tracing import is_players_own

Key = tuple[str, str]  # a player's name, and a split


class Tally:
    """Levels that were watched to their end, each counted once."""

    def __init__(self) -> None:
        self._met: dict[Key, dict[int, Judgement]] = {}

    def note(self, pane: Pane) -> None:
        """Count a pane's level, if its episode is over and all of it the player's own."""
        levels = self._met.setdefault(_key(pane), {})
        known = pane.level in levels or pane.insight is None
        if known or pane.edited or not pane.line.over or not is_players_own(pane):
            return
        assert pane.insight is not None  # which is known, or None
        levels[pane.level] = pane.insight.judgement(len(pane.line))

    def verdict(self, pane: Pane) -> tuple[int, str]:
        """Return how many levels were watched of the pane's player and split, and what they say.

        As in scoring, each level's shares count first, then their mean; competence is taken for
        granted. "" where no conflict step was met.
        """
        levels = self._met.get(_key(pane), {})
        met = [judged.conflicts for judged in levels.values()]
        counts = {x: np.array([each[x] for each in met]) for x in pane.trap.proxies}
        return len(levels), verdict_of(counts)


def _key(pane: Pane) -> Key:
    return pane.seat.player.name, pane.seat.split.value
