"""Prioritised level replay on PPO, with the usual estimate of regret and with the exact regret.

Some levels are played again instead of new ones: those where the agent falls the furthest short
of what can be earned. Where a share ``alpha`` of new levels comes from the shift, those are such
levels for an agent that pursues a proxy, however rare they are.

Sources: prioritised level replay is by Jiang, Grefenstette & Rocktäschel (2021); its robust form,
in which the agent learns from replayed levels alone and new ones are only scored, by Jiang et al.
(2021, "Replay-Guided Adversarial Environment Design"). Abdel Sadek et al. (2025, "Mitigating Goal
Misgeneralization via Minimax Regret") found regret-based methods more robust against goal
misgeneralization than plain domain randomisation, PLR in its robust form among them. This follows
them: robust, as many levels kept, the same estimate of regret. Departures: an environment's level
is chosen again for each episode, where theirs all play levels for the same number of steps, which
may be several episodes; and kept levels are not mutated as well (their ACCEL), which would need
an editor for each trap.

Regret is what could be earned on a level minus what was earned in the last episode on it, both
discounted as the solver discounts, not as the learner does. What could be earned is

- ``plr``: the most that this agent ever earned there, a form of MaxMC (Jiang et al. 2021);
- ``plr-exact``: V*, by the solver. A level on which the agent has never earned anything has no
  regret by the first, and all there is by the second. (Abdel Sadek et al. have such an estimate
  too, from solvers written for their environments one by one.)

A level is solved when it was played for the first time, so that ``num_levels`` bounds the cost.
The learning curve is of the levels that were played, which are harder than PPO's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.actors import Actor
from agents.lesson import Lesson
from agents.level_buffer import LevelBuffer
from agents.level_supply import ReplaySupply
from agents.levels import start_states
from agents.networks import Network
from agents.ppo import ENVS, AnnealedPPO, make_model
from agents.sb3 import environments, taught
from mesa_gym.engine import Bools, Ints
from mesa_gym.envs.sb3 import TrapVecEnv
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import missing_extra
from mesa_gym.solver import solutions
from mesa_gym.traps import Trap

try:
    from stable_baselines3.common.buffers import RolloutBuffer
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.type_aliases import RolloutBufferSamples
    from stable_baselines3.common.vec_env import VecEnv
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

Floats = NDArray[np.float64]
# (level numbers, the most ever earned on each) -> what could be earned on each.
Worth = Callable[[Ints, Floats], Floats]
# A level's number, and the discounted return of an episode on it.
Episode = tuple[int, float]

MOST_KEPT = 4096
TEMPERATURE = 0.1
STALENESS = 0.1
REPLAYED = 0.8


def train(lesson: Lesson) -> Actor:
    """Train an agent with the estimated regret."""
    return _trained(lesson, lambda levels, best: best)


def train_exact(lesson: Lesson) -> Actor:
    """Train an agent with the exact regret.

    Raises:
        ValueError: the trap has no exact solver.
    """
    if not lesson.trap.solvable:
        raise ValueError(
            f"{lesson.trap!r} has no exact solver, which plr-exact needs; plr estimates regret"
        )
    return _trained(lesson, Optimum(lesson))


def _trained(lesson: Lesson, worth: Worth) -> Actor:
    buffer = LevelBuffer(lesson.trap, MOST_KEPT, TEMPERATURE, STALENESS)
    settings = Settings(lesson.trap, alpha=lesson.alpha, num_levels=lesson.num_levels)
    supply = ReplaySupply(settings, ENVS, buffer, REPLAYED, lesson.seed)

    def replaying(lesson: Lesson, n: int, network: Network) -> VecEnv:
        venv = environments(lesson, n, network)
        adapter = venv.unwrapped
        assert isinstance(adapter, TrapVecEnv)
        adapter.venv.supply = supply
        return venv

    model = make_model(lesson, replaying, ReplayPPO, rollout_buffer_class=ReplayedRollouts)
    return taught(model, lesson, callbacks=[Scoring(lesson, supply, worth)])


class Optimum:
    """V* of levels, each solved once: of the paid objective, within the training's time limit."""

    def __init__(self, lesson: Lesson) -> None:
        self.trap, self.objective, self.horizon = lesson.trap, lesson.objective, lesson.horizon
        self._known: dict[int, float] = {}

    def __call__(self, levels: Ints, best: Floats) -> Floats:
        """V* of each level, float64 (n,)."""
        new = np.array([level for level in levels.tolist() if level not in self._known], np.int64)
        if new.size:
            starts = start_states(self.trap, new)
            for rows, solution in solutions(self.trap, starts, self.horizon):
                values = solution.optimum(self.objective).tolist()
                self._known.update(zip(new[rows].tolist(), values, strict=True))
        return np.array([self._known[level] for level in levels.tolist()])


class ReplayedRollouts(RolloutBuffer):
    """Rollouts of which only the steps on kept levels are learnt from.

    Attributes:
        replayed: bool (steps, environments), which ones those are.
    """

    replayed: Bools

    def reset(self) -> None:
        """Begin a rollout."""
        self.replayed = np.zeros((self.buffer_size, self.n_envs), dtype=np.bool_)
        super().reset()

    def _get_samples(self, batch_inds: Ints, env: Any = None) -> RolloutBufferSamples:
        # As often as fills the usual batches: with sizes that vary, torch would prepare again for
        # each of them.
        learnt = self.replayed.T.reshape(-1).nonzero()[0]  # SB3 flattens the others so
        return super()._get_samples(learnt[batch_inds % len(learnt)], env)


class ReplayPPO(AnnealedPPO):
    """PPO on replayed levels."""

    def train(self) -> None:
        """One round of updates, if there is at least a batch of steps to learn from."""
        assert isinstance(self.rollout_buffer, ReplayedRollouts)
        if self.rollout_buffer.replayed.sum() >= self.batch_size:
            super().train()


class Scoring(BaseCallback):
    """Notes what episodes earned and, after each rollout, scores their levels.

    Args:
        lesson: what is trained.
        supply: what the environments play.
        worth: what could be earned.
    """

    def __init__(self, lesson: Lesson, supply: ReplaySupply, worth: Worth) -> None:
        super().__init__()
        self.supply, self.worth = supply, worth
        self.discount = lesson.trap.discount(lesson.reward)
        n = len(supply.replayed)
        self.replayed = np.zeros(n, dtype=np.bool_)
        self.earned, self.weight = np.zeros(n), np.ones(n)
        self.episodes: list[Episode] = []

    def _on_step(self) -> bool:
        assert isinstance(self.model, ReplayPPO)
        rollouts = self.model.rollout_buffer
        assert isinstance(rollouts, ReplayedRollouts)
        # The supply is an episode ahead where this step has ended one.
        rollouts.replayed[rollouts.pos] = self.replayed
        self.replayed = self.supply.replayed.copy()
        self.earned += self.weight * self.locals["rewards"]
        self.weight *= self.discount
        for row in self.locals["dones"].nonzero()[0].tolist():
            self.episodes.append((self.locals["infos"][row]["level"], float(self.earned[row])))
            self.earned[row], self.weight[row] = 0.0, 1.0
        return True

    def _on_rollout_end(self) -> None:
        if self.episodes:
            score(self.supply.settings.trap, self.supply.buffer, self.episodes, self.worth)
            self.episodes = []


def score(trap: Trap, buffer: LevelBuffer, episodes: list[Episode], worth: Worth) -> None:
    """Give a buffer the regrets of levels; where episodes were on one level, of their mean."""
    levels, which = np.unique([level for level, _ in episodes], return_inverse=True)
    returns = np.array([earned for _, earned in episodes])
    latest = np.bincount(which, returns) / np.bincount(which)
    best = np.full(len(levels), -np.inf)
    np.maximum.at(best, which, returns)
    known = (slots := buffer.find(levels)) >= 0
    best[known] = np.maximum(best[known], buffer.best[slots[known]])
    # Dynamics are deterministic, so that V* is never beaten except by rounding.
    regret = np.maximum(worth(levels, best) - latest, 0)
    buffer.record(levels, start_states(trap, levels), best, regret)
