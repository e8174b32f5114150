"""Prioritised level replay on PPO, by the exact regret.

Levels on which the agent falls the furthest short of what can be earned are played again more often
than new ones come. Where a share ``alpha`` of new levels is of the shift, those are such levels for
an agent that pursues a proxy, however rare they are.

Prioritised level replay is by Jiang, Grefenstette & Rocktäschel (2021). Abdel Sadek et al. (2025,
"Mitigating Goal Misgeneralization via Minimax Regret") found regret-based methods more robust
against goal misgeneralization than plain domain randomisation. Departures: regret is exact, what
the solver says can be earned on a level minus what was earned in the last episode on it, both
discounted as the solver discounts; the agent learns from new levels too, not from replayed ones
alone; kept levels are not mutated, which would need an editor for each trap.

The learning curve is of the levels that were played, which are harder than PPO's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.lesson import Lesson
from agents.levels import start_states
from agents.playing import Variation
from agents.ppo import train_apart
from mesa_gym.engine import Bools, Ints, State
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import Store, Supply
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.solver import solutions
from mesa_gym.trained.networks import Network
from mesa_gym.traps import Trap

Floats = NDArray[np.float64]

MOST_KEPT = 4096
TEMPERATURE = 0.1
STALENESS = 0.1
REPLAYED = 0.8  # share of episodes, once there are as many kept levels as environments


def train(lesson: Lesson) -> list[Network]:
    """Train one agent a seed.

    Raises:
        ValueError: the trap has no exact solver.
    """
    if not lesson.trap.solvable:
        raise ValueError(f"{lesson.trap!r} has no exact solver, which plr-exact needs")
    return train_apart(lesson, Replay)


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

    Attributes:
        level, score: int64 and float64 (most,); only the first ``len`` entries hold.
        chosen: int64 (most,), the number of the choice that it was last chosen in, or came in at.
        playing: bool (most,), chosen and not scored since.
    """

    def __init__(self, trap: Trap, most: int = MOST_KEPT) -> None:
        self.level, self.chosen = np.zeros((2, most), dtype=np.int64)
        self.score = np.zeros(most)
        self.playing = np.zeros(most, dtype=np.bool_)
        self._store = Store(trap, most)
        self._slots: dict[int, int] = {}
        self._choices = 0

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
        age = self._choices - self.chosen[free]
        # Of equal scores the one that was chosen longest ago ranks first.
        order = np.lexsort((-age, -self.score[free]))
        weight = np.empty(len(free))
        weight[order] = (1 / np.arange(1, len(free) + 1)) ** (1 / TEMPERATURE)
        by_rank = weight / weight.sum()
        by_age = age / age.sum() if age.any() else by_rank
        return (1 - STALENESS) * by_rank + STALENESS * by_age

    def choose(self, count: int, rng: np.random.Generator) -> Ints:
        """Choose slots of ``count`` different levels, which are out of the running from now on."""
        slots = rng.choice(self.free(), count, replace=False, p=self.probabilities())
        self._choices += 1
        self.chosen[slots] = self._choices
        self.playing[slots] = True
        return slots

    def record(self, levels: Ints, starts: State, score: Floats) -> None:
        """Keep new scores: of levels that are here, and of others while there is room.

        Without room a level replaces the free one of the least score, if its own is greater.

        Args:
            levels: int64 (n,), different numbers.
            starts: their start states.
            score: float64 (n,).
        """
        # Those that are here first, as they make room; then the best, so that none comes in only to
        # go at once.
        new = ~np.isin(levels, list(self._slots))
        for row in np.lexsort((-score, new)):
            number = int(levels[row])
            slot = self._slots.get(number)
            if slot is None:
                if (slot := self._room(float(score[row]))) is None:
                    continue
                self._slots[number] = slot
                self._store.put(np.array([slot]), starts.take(np.array([row])))
                self.level[slot], self.chosen[slot] = number, self._choices
            self.score[slot], self.playing[slot] = score[row], False

    def _room(self, score: float) -> int | None:
        """Return a slot for a level of that score."""
        if len(self) < len(self.level):
            return len(self)
        free = self.free()
        if not free.size or self.score[free].min() >= score:
            return None
        least = int(free[self.score[free].argmin()])
        del self._slots[int(self.level[least])]
        return least


class ReplaySupply(Supply):
    """A supply of new levels that has kept ones played again; new ones come in the usual order."""

    def __init__(self, settings: Settings, n: int, buffer: LevelBuffer, seed: int) -> None:
        super().__init__(settings, n)
        self.buffer = buffer
        self._n = n
        self._rng = np.random.default_rng([seed, 1])

    def take(self, rows: Ints) -> Ints:
        """Return where the next episode of each given environment begins, as ``Supply`` does."""
        again = self._rng.random(len(rows)) < REPLAYED
        # A kept level for each environment at least: else all would play the first few.
        room = len(self.buffer.free()) if len(self.buffer) >= self._n else 0
        again[again.nonzero()[0][room:]] = False
        where = np.empty(len(rows), dtype=np.int64)
        if again.any():
            kept = self.buffer.choose(int(again.sum()), self._rng)
            where[again] = self.place(rows[again], self.buffer.starts.take(kept))
        if not again.all():
            where[~again] = super().take(rows[~again])
        return where


class Replay(Variation):
    """Has kept levels played again, and scores after each rollout what was played.

    A subclass may score levels otherwise than by their exact regret.

    Args:
        lesson: of one agent.
    """

    def __init__(self, lesson: Lesson) -> None:
        n = lesson.settings.environments
        self.lesson, self.buffer = lesson, LevelBuffer(lesson.trap, max(MOST_KEPT, n))
        self.discount = lesson.trap.discount(lesson.reward)
        self._earned, self._weight = np.zeros(n), np.ones(n)
        self._episodes: list[tuple[Ints, Floats]] = []
        self._optima: dict[int, float] = {}
        self._steps = 0

    def begin(self, venv: TrapVectorEnv) -> None:
        """Put the supply in place."""
        (seed,), n = self.lesson.seeds, len(self._earned)
        venv.supply = ReplaySupply(venv.settings, n, self.buffer, seed)

    def note(self, levels: Ints, rewards: Floats, done: Bools) -> None:
        """Add up what episodes earn."""
        self._earned += self._weight * rewards
        self._weight *= self.discount
        self._episodes.append((levels[done], self._earned[done]))
        self._earned[done], self._weight[done] = 0.0, 1.0
        self._steps += 1
        if self._steps % self.lesson.settings.rollout_length == 0:
            numbers, earned = map(np.concatenate, zip(*self._episodes, strict=True))
            self._episodes = []
            self.score(numbers, earned)

    def score(self, numbers: Ints, earned: Floats) -> None:
        """Score levels; where several episodes were on one level, by the mean of their returns."""
        levels, which = np.unique(numbers, return_inverse=True)
        if not levels.size:
            return
        mean = np.bincount(which, earned) / np.bincount(which)
        starts = start_states(self.lesson.trap, levels)
        self.buffer.record(levels, starts, self.priority(levels, starts, mean))

    def priority(self, levels: Ints, starts: State, earned: Floats) -> Floats:
        """Return the scores of different levels, float64 (n,): their exact regret.

        Args:
            levels: int64 (n,), their numbers.
            starts: their start states.
            earned: the mean of the returns just earned on each, float64 (n,).
        """
        # Dynamics are deterministic, so that the optimum is never beaten except by rounding.
        return np.maximum(self.optima(levels, starts) - earned, 0)

    def optima(self, levels: Ints, starts: State) -> Floats:
        """Return what can be earned on each level, solved once: float64 (n,)."""
        trap, limit = self.lesson.trap, self.lesson.horizon
        new = np.array([row for row, x in enumerate(levels.tolist()) if x not in self._optima])
        if new.size:
            for rows, solution in solutions(trap, starts.take(new), limit):
                values = solution.optimum(self.lesson.objective).tolist()
                self._optima.update(zip(levels[new[rows]].tolist(), values, strict=True))
        return np.array([self._optima[level] for level in levels.tolist()])
