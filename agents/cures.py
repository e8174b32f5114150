"""Interventions that may reduce misgeneralization: PPO with one change, each with a control.

::

    mesa-gym sweep CheeseDish --vary alpha=.01 --algo ppo agents.cures:penalty --out runs/cures

Each needs ``alpha``, the share of training episodes that come from the shift, where the objectives
part; base is paid there. The row of the same ``alpha`` without the cure is what it is measured by.
A control gets as much as its cure does, of what says nothing of the goal. More ``alpha``, more
``num_levels``, more ``entropy`` and ``ppo-symmetric`` are cures too, which need no function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from agents import ppo
from agents.compiling import Array, jax, jnp
from agents.loop import Keep, Report, TrainedAgent
from agents.networks import DrawLevels, Learner, LearningMLP
from agents.ppo import PPO
from agents.run import Run
from mesa_gym.engine import State
from mesa_gym.envs.base import PREFIX
from mesa_gym.traps import LEVELS, Split

RECALL = 0.5  # of the monitor: how many of the payments of a proxy alone it sees
PENALTY = 1.0  # as much as a target pays
SCREENED = 8  # levels that are screened before an episode
LABELLED = 30  # levels of the shift, where few are had
# Cure -> its control.
CONTROLS = {
    "ppo": "alpha_at_random",
    "penalty": "penalty_at_random",
    "screening": "screening_at_random",
    "twins": "copies",
}


class ChangedEnv:
    """Base wrapper that changes rewards (``pay``) or levels (``pick``)."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, Any]:
        """Begin an episode in every environment."""
        return self.env.reset_to_level(self.pick(key, alpha))

    def step(self, key: Array, state: Any, action: Array, alpha: Array | None = None) -> Any:
        """Step every environment; after an end the next episode begins."""
        level, draw = self.pick(key, alpha), jax.random.fold_in(key, 1)
        obs, after, reward, done, infos = self.env.step_to_level(level, state, action)
        return obs, after, self.pay(draw, reward, infos), done, infos

    def pick(self, key: Array, alpha: Array | None = None) -> Array:
        """Return the levels of the next episodes, int32 (n,)."""
        return self.env.pick_levels(key, alpha)

    def pay(self, key: Array, reward: Array, infos: dict[str, Array]) -> Array:
        """Return the reward of a step, float32 (n,); infos have the payments of all objectives."""
        return reward

    def add_proxies(self, infos: dict[str, Array]) -> Array:
        """Return the summed reward of the proxies in a step, float32 (n,)."""
        rewards = [infos[PREFIX + name] for name in self.env.trap.proxies]
        return reduce(jnp.add, rewards)


class CoinEnv(ChangedEnv):
    """Shift levels with odd numbers, half of them, reward the proxy instead of base."""

    def pay(self, key: Array, reward: Array, infos: dict[str, Array]) -> Array:
        """Return the reward of base, or the summed reward of the proxies."""
        heads = (infos["split"] == Split.SHIFT.code) & (infos["level"] % 2 == 1)
        return jnp.where(heads, self.add_proxies(infos), reward)


class MonitoredEnv(ChangedEnv):
    """A monitor fines payments of a proxy alone, or as many steps at random.

    It sees the share ``recall`` of such payments; if it is ``blind``, its fines are dealt out among
    all environments at random.
    """

    def __init__(self, env: Any, recall: float, blind: bool) -> None:
        super().__init__(env)
        self.recall, self.blind = recall, blind

    def pay(self, key: Array, reward: Array, infos: dict[str, Array]) -> Array:
        """Return the payment less the fines."""
        see, deal = jax.random.split(key)
        alone = (self.add_proxies(infos) > 0) & (infos[PREFIX + self.env.trap.base] <= 0)
        fined = alone & jax.random.bernoulli(see, self.recall, alone.shape)
        if self.blind:
            fined = jax.random.permutation(deal, fined)
        return reward - PENALTY * fined


class ScreenedEnv(ChangedEnv):
    """Draws several levels and trains on the first shift level among them, if any."""

    def __init__(self, env: Any, blind: bool) -> None:
        super().__init__(env)
        self.blind = blind

    def pick(self, key: Array, alpha: Array | None = None) -> Array:
        """Return the chosen level among the candidates, int32 (n,)."""
        keys = jax.random.split(key, SCREENED)
        looked = jnp.stack([self.env.pick_levels(key, alpha) for key in keys])
        parts = looked >= self.env.num_levels * (1 + self.blind)  # none where blind
        return jnp.take_along_axis(looked, parts.argmax(axis=0)[None], axis=0)[0]


class FewLabelled(LearningMLP):
    """PPO's network, trained with a few shift levels and their twins or copies."""

    twins = True

    def make_env(self, count: int, draw: DrawLevels | None = None, **keywords: Any) -> Any:
        """Make ``count`` JAX environments that draw few levels of the shift."""
        return super().make_env(count, draw or self._draw, **keywords)

    def _draw(self, split: Split, numbers: Any, salt: str = "") -> State:
        """Return levels in an order of their own; a bank of them has no other."""
        trap = self.trap
        if np.min(numbers) < LEVELS:
            return trap.levels(split, numbers, salt)
        if self.twins and trap.exchange is None:
            raise ValueError(f"{trap!r} has no two targets to exchange; leave twins out there")
        labelled = trap.levels(split, LEVELS + np.asarray(numbers) % LABELLED, salt)
        first, second = (labelled.take(rows) for rows in np.array_split(np.arange(labelled.n), 2))
        return trap.joined([first, trap.twins(second) if self.twins else second])


class FewCopied(FewLabelled):
    """The control of ``FewLabelled``: copies of levels instead of twins."""

    twins = False


def make_cure(
    about: str,
    change: Callable[..., Any] = ChangedEnv,
    learner: type[Learner] = LearningMLP,
    **usual: Any,
) -> Callable[..., list[TrainedAgent]]:
    """Return an algorithm: PPO in a changed environment, or with a network that makes its own.

    ``change`` makes the environments, with options as keywords; ``usual`` are their defaults.
    """

    def train_cured(
        runs: Sequence[Run],
        report: Report | None = None,
        device: str | None = None,
        keep: Keep | None = None,
        **options: Any,
    ) -> list[TrainedAgent]:
        if not runs[0].alpha:
            raise ValueError(f"{runs[0].algo} needs levels of the shift; add alpha, as alpha=.01")

        def trainer(learner: Learner, env: Any, *args: Any) -> PPO:
            return PPO(learner, change(env, **usual | options), *args)

        return ppo.train(runs, report, device, keep=keep, make_learner=learner, trainer=trainer)

    train_cured.__doc__ = about
    return train_cured


alpha_at_random = make_cure("PPO; a coin says which objective a level of the shift pays.", CoinEnv)
penalty = make_cure(
    "PPO; a monitor fines half of the payments that a proxy alone makes.",
    MonitoredEnv, recall=RECALL, blind=False,
)  # fmt: skip
penalty_at_random = make_cure(
    "PPO; as many fines as of `penalty`, in the same step of other environments.",
    MonitoredEnv, recall=RECALL, blind=True,
)  # fmt: skip
screening = make_cure(
    "PPO; before an episode eight levels are looked at for one where the goals part.",
    ScreenedEnv, blind=False,
)  # fmt: skip
screening_at_random = make_cure(
    "PPO; before an episode eight levels are drawn, and the first is taken.",
    ScreenedEnv, blind=True,
)  # fmt: skip
twins = make_cure("PPO with 30 levels of the shift and their twins.", learner=FewLabelled)
copies = make_cure("PPO with 30 levels of the shift, and no twins.", learner=FewCopied)
