"""The levels that are worth playing again, and how likely each of them is to be next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesa_gym.engine import Ints, State
from mesa_gym.envs.supply import Store
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]


class LevelBuffer:
    """A bounded set of levels with scores, as prioritised level replay keeps it.

    A level's chance mixes two (Jiang, Grefenstette & Rocktäschel 2021, section 3): one of its
    rank by score, (1 / rank) ** (1 / temperature), and one in proportion to how long ago it was
    chosen last, since scores are of the agent as it was then. A level that was chosen is out
    of the running until it was scored again: with many environments and a low temperature, all
    would play the same one.

    Args:
        trap: whose levels are kept.
        most: how many levels are kept.
        temperature: above 0; the lower, the more the first ranks are preferred.
        staleness: the share of the second chance, 0 to 1.

    Attributes:
        level, score, best: int64 and float64 (most,): numbers, scores, and the most that was
            ever earned on each level; only the first ``len`` entries hold.
        chosen: int64 (most,), the number of the choice that it was last chosen in, or came in at.
        playing: bool (most,), chosen and not scored since.
        choices: how many choices there were.
    """

    def __init__(self, trap: Trap, most: int, temperature: float, staleness: float) -> None:
        self.temperature, self.staleness = temperature, staleness
        self.level = np.zeros(most, dtype=np.int64)
        self.score, self.best = np.zeros(most), np.zeros(most)
        self.chosen = np.zeros(most, dtype=np.int64)
        self.playing = np.zeros(most, dtype=np.bool_)
        self._store = Store(trap, most)
        self._slots: dict[int, int] = {}
        self.choices = 0

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def starts(self) -> State:
        """The levels' start states, one a slot."""
        return self._store.state

    def free(self) -> Ints:
        """Return the slots of the levels that can be chosen."""
        return (~self.playing[: len(self)]).nonzero()[0]

    def probabilities(self) -> Floats:
        """Return the chance of each free level, float64, in the order of ``free``."""
        free = self.free()
        age = self.choices - self.chosen[free]
        # Of equal scores the one that was chosen longest ago ranks first.
        order = np.lexsort((-age, -self.score[free]))
        weight = np.empty(len(free))
        weight[order] = (1 / np.arange(1, len(free) + 1)) ** (1 / self.temperature)
        by_rank = weight / weight.sum()
        by_age = age / age.sum() if age.any() else by_rank
        return (1 - self.staleness) * by_rank + self.staleness * by_age

    def choose(self, count: int, rng: np.random.Generator) -> Ints:
        """Return slots of ``count`` different levels, which are out of the running from now on."""
        slots = rng.choice(self.free(), count, replace=False, p=self.probabilities())
        self.choices += 1
        self.chosen[slots] = self.choices
        self.playing[slots] = True
        return slots

    def find(self, levels: Ints) -> Ints:
        """Return the slot of each level number, -1 where it is not kept."""
        return np.array([self._slots.get(level, -1) for level in levels.tolist()], dtype=np.int64)

    def record(self, levels: Ints, starts: State, best: Floats, score: Floats) -> None:
        """Keep new scores: of levels that are here, and of others while there is room.

        Without room a level replaces the one of the least score, if its own is greater.

        Args:
            levels: int64 (n,), different numbers.
            starts: their start states.
            best, score: float64 (n,), as the attributes.
        """
        slots = self.find(levels)
        known, new = (slots >= 0).nonzero()[0], (slots < 0).nonzero()[0]
        self.best[slots[known]], self.score[slots[known]] = best[known], score[known]
        self.playing[slots[known]] = False
        # The best first, so that none comes in only to go at once.
        for row in new[np.argsort(-score[new], kind="stable")]:
            slot = self._room(float(score[row]))
            if slot < 0:
                break
            self._slots[int(levels[row])] = slot
            self._store.put(np.array([slot]), starts.take(np.array([row])))
            self.level[slot], self.chosen[slot] = levels[row], self.choices
            self.best[slot], self.score[slot] = best[row], score[row]

    def _room(self, score: float) -> int:
        """Return a slot for a level of that score, -1 for none."""
        if len(self) < len(self.level):
            return len(self)
        free = self.free()
        least = free[self.score[free].argmin()] if free.size else None
        if least is None or self.score[least] >= score:
            return -1
        del self._slots[int(self.level[least])]
        return int(least)
