"""Prioritised level replay on PPO: levels on which the agent falls short come again more often.

Prioritised level replay is by Jiang, Grefenstette & Rocktäschel (2021). Where a share ``alpha`` of
new levels is of the shift, those on which an agent that pursues a proxy falls short are such
levels, however rare they are; Abdel Sadek et al. (2025, "Mitigating Goal Misgeneralization via
Minimax Regret") found methods of this kind more robust against goal misgeneralization.

A level's regret is what could be earned on it minus what was earned in the last episode on it,
discounted as the solver discounts. What could be earned is what the solver says (``plr``), or where
``estimated`` is asked for the best return of any episode on it so far. Departures: a level's chance
is in proportion to a power of its regret in place of one of its rank, the agent learns from new
levels too, and levels are not mutated.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from agents import ppo
from agents.compiling import jax, jnp
from agents.results import Report, TrainedAgent
from agents.run import Run
from mesa_gym.solver import level_values
from mesa_gym.traps import LEVELS, Split

Array = jax.Array
REPLAYED = 0.8  # share of episodes, once some levels were played
POWER = 4.0  # of the regret


class Replayed(NamedTuple):
    """The state of environments with replay.

    Attributes:
        inner: of the environments.
        regret: of each level in its last episode, float32 (levels,); 0 before the first, and
            while it is played again.
        best: the most that could be earned on each level, as far as is known.
        earned, weight: the discounted return of each episode so far, and what is paid next counts.
    """

    inner: Any
    regret: Array
    best: Array
    earned: Array
    weight: Array


class ReplayEnv:
    """Environments that play levels again on which the agent fell short.

    Args:
        env: a ``JaxEnv``, or what shows one.
        discount: of returns.
        best: what can be earned on each level, float (levels,); None to estimate it.
    """

    def __init__(self, env: Any, discount: float, best: Any) -> None:
        self.env, self.num_envs, self.trap = env, env.num_envs, env.trap
        self._discount, self._estimated = discount, best is None
        count = env.num_levels * (2 if env.settings.alpha else 1)
        self._best = jnp.zeros(count) if best is None else jnp.asarray(best, jnp.float32)

    def reset(self, key: Array) -> tuple[Array, Replayed]:
        """Begin an episode in every environment, on new levels."""
        seen, inner = self.env.reset(key)
        zeros, ones = jnp.zeros(self.num_envs), jnp.ones(self.num_envs)
        return seen, Replayed(inner, jnp.zeros_like(self._best), self._best, zeros, ones)

    def step(self, key: Array, state: Replayed, action: Array) -> Any:
        """Take a step; an episode that ends is followed by a new level, or by one with regret."""
        new, again, which = jax.random.split(key, 3)
        regret = state.regret
        # Levels with more regret take up more of a line, on which places are drawn.
        ends = jnp.cumsum(jnp.maximum(regret, 0) ** POWER)
        drawn = jax.random.uniform(which, (self.num_envs,)) * ends[-1]
        kept = jnp.clip(jnp.searchsorted(ends, drawn, side="right"), 0, len(ends) - 1)
        replays = (jax.random.uniform(again, (self.num_envs,)) < REPLAYED) & (ends[-1] > 0)
        level = jnp.where(replays, kept, self.env.pick_levels(new))
        played = state.inner.level.row
        seen, inner, reward, done, infos = self.env.step_to_level(level, state.inner, action)
        earned = state.earned + state.weight * reward
        best = state.best
        at = jnp.where(done, played, len(best))  # of what goes on, nothing is kept
        if self._estimated:
            best = best.at[at].max(earned, mode="drop")
        regret = regret.at[at].set(best[played] - earned, mode="drop")
        # A level waits until it is played to its end: else most environments would play one.
        begun = jnp.where(done & replays, kept, len(best))
        regret = regret.at[begun].set(0, mode="drop")
        weight = jnp.where(done, 1, state.weight * self._discount)
        after = Replayed(inner, regret, best, jnp.where(done, 0, earned), weight)
        return seen, after, reward, done, infos


def train(
    run: Run,
    seeds: Sequence[int],
    report: Report | None = None,
    device: str | None = None,
    *,
    estimated: bool = False,
) -> list[TrainedAgent]:
    """Prioritised level replay (Jiang et al. 2021) on PPO, by the exact regret.

    Args:
        run, seeds, report, device: as of ``agents.ppo.train``.
        estimated: whether the best return so far stands for what the solver says.

    Raises:
        ValueError: the trap has no exact solver.
    """
    made = run.environment()
    if not estimated and not made.trap.solvable:
        raise ValueError(
            f"{made.trap!r} has no exact solver, which plr needs; use agents.plr.train with"
            " estimated=True"
        )
    return ppo.train(run, seeds, report, device, view=partial(view_replayed, estimated=estimated))


def view_replayed(env: Any, estimated: bool) -> ReplayEnv:
    """Return environments with replay, whose levels the solver has valued."""
    made = env.settings
    discount = made.trap.discount(made.reward)
    if estimated:
        return ReplayEnv(env, discount, None)
    numbers, best = np.arange(env.num_levels), []
    for shifted in (False, True) if made.alpha else (False,):
        split = Split.SHIFT if shifted else made.split
        values = level_values(made.trap, split, numbers + LEVELS * shifted, made.max_steps)
        best.append(values.optimum[made.reward])
    return ReplayEnv(env, discount, np.concatenate(best))
