"""Interventions that may reduce misgeneralization: PPO with one change, each with a control.

::

    mesa-gym sweep CheeseDish --vary alpha=.01 --algo ppo agents.cures:penalty --out runs/cures

Each cure needs ``alpha``: the share of training episodes on shift levels, where the objectives
differ and base is rewarded. A cure is compared with plain PPO at an equal ``alpha``. A control
changes as much as its cure, but carries no information about the goal. Larger ``alpha``,
``num_levels`` and ``entropy`` are cures without a function. ``ppo-symmetric`` needs no ``alpha``:
its levels are rotated and mirrored, so that no location, such as a corner, is a cue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from agents import ppo
from agents.compiling import Array, jax, jnp
from agents.crossing import CrossPPO
from agents.loop import Keep, Report, TrainedAgent
from agents.networks import DrawLevels, Learner, LearningMLP
from agents.ppo import PPO
from agents.replay import ReplayPPO, at_random, detector, exact_regret, failure, surprise
from agents.run import Run
from mesa_gym.engine import Ints, State
from mesa_gym.envs.base import PREFIX
from mesa_gym.envs.network_inputs import CentredInputs
from mesa_gym.traps import LEVELS, Split, Trap

RECALL = 0.5  # the share of rewards of a proxy alone that the monitor detects
PENALTY = 1.0  # the size of a fine, equal to the reward of a target
SCREENED = 8  # candidate levels per episode
LABELLED = 30  # shift levels of ``FewLabelled``
# The action that moves to each neighbouring cell: 0 left, 1 down, 2 right, 3 up; 4 stays.
AROUND = np.array([[9, 3, 9], [0, 4, 2], [9, 1, 9]])
# Cure -> its control.
CONTROLS = {
    "ppo": "alpha_at_random",
    "penalty": "penalty_at_random",
    "screening": "screening_at_random",
    "twins": "copies",
    "replay_by_regret": "replay_at_random",
    "replay_by_failure": "replay_at_random",
    "replay_by_surprise": "replay_at_random",
    "replay_by_detector": "replay_at_random",
    "crossing_by_regret": "replay_at_random",
    "crossing_by_failure": "replay_at_random",
    "crossing_by_surprise": "replay_at_random",
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
        """Return the reward of a step, float32 (n,); infos contain each objective's reward."""
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
    """A monitor fines rewards of a proxy alone, or as many steps of random environments.

    The monitor detects the share ``recall`` of these rewards. If ``blind``, the fines of a step are
    assigned to random environments.
    """

    def __init__(self, env: Any, recall: float, blind: bool) -> None:
        super().__init__(env)
        self.recall, self.blind = recall, blind

    def pay(self, key: Array, reward: Array, infos: dict[str, Array]) -> Array:
        """Return the reward minus the fines."""
        see, deal = jax.random.split(key)
        alone = (self.add_proxies(infos) > 0) & (infos[PREFIX + self.env.trap.base] <= 0)
        fined = alone & jax.random.bernoulli(see, self.recall, alone.shape)
        if self.blind:
            fined = jax.random.permutation(deal, fined)
        return reward - PENALTY * fined


class ScreenedEnv(ChangedEnv):
    """Draws several levels and uses the first shift level, if any, or the first if ``blind``."""

    def __init__(self, env: Any, blind: bool) -> None:
        super().__init__(env)
        self.blind = blind

    def pick(self, key: Array, alpha: Array | None = None) -> Array:
        """Return the chosen level among the candidates, int32 (n,)."""
        keys = jax.random.split(key, SCREENED)
        looked = jnp.stack([self.env.pick_levels(key, alpha) for key in keys])
        parts = looked >= self.env.num_levels * (1 + self.blind)  # all False if blind
        return jnp.take_along_axis(looked, parts.argmax(axis=0)[None], axis=0)[0]


class TurnedEnv(ChangedEnv):
    """Rotates or mirrors the observations and actions of each level by one of its symmetries."""

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        self._inputs, self._actions = map(jnp.asarray, list_symmetries(env.trap))

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, Any]:
        """Begin an episode in every environment."""
        obs, state = super().reset(key, alpha)
        return self._inputs[self._find_ways(state)[:, None], obs], state

    def step(self, key: Array, state: Any, action: Array, alpha: Array | None = None) -> Any:
        """Step every environment; after an end the next episode begins."""
        turned_action = self._actions[self._find_ways(state), action]
        obs, state, *outcome = super().step(key, state, turned_action, alpha)
        return self._inputs[self._find_ways(state)[:, None], obs], state, *outcome

    def _find_ways(self, state: Any) -> Array:
        """Return the index of each level's symmetry; level numbers say nothing about a level."""
        return state.level.row % len(self._inputs)


def list_symmetries(trap: Trap) -> tuple[Ints, Ints]:
    """Return each symmetry's maps of inputs and of actions, int64 (s, inputs + 1) and (s, 5).

    Inputs are mapped from the grid to its image, and actions from the image to the grid. A square
    grid has eight symmetries, other grids have four.
    """
    view, (height, width) = CentredInputs(trap), trap.size
    numbers, inputs, actions = np.arange(view.count + 1), list[Ints](), list[Ints]()
    window = numbers[: view.window].reshape(2 * height - 5, 2 * width - 5, -1)
    stands = numbers[view.stands.reshape(height, width)[1:-1, 1:-1]]
    for step in (1, -1):
        for turns in range(4):
            around, window_inputs, cells = (
                np.rot90(grid[:, ::step], turns) for grid in (AROUND, window, stands)
            )
            if cells.shape == stands.shape:
                # Quarter turns fit a square grid only.
                inputs.append(numbers.copy())
                inputs[-1][window_inputs], inputs[-1][cells] = window, stands
                actions.append(around.reshape(-1)[np.argsort(AROUND.reshape(-1))[:5]])
    return np.stack(inputs), np.stack(actions)


class FewLabelled(LearningMLP):
    """PPO's network, trained with a few shift levels and their twins or copies."""

    twins = True

    def make_env(self, count: int, draw: DrawLevels | None = None, **keywords: Any) -> Any:
        """Make ``count`` JAX environments with only a few different shift levels."""
        return super().make_env(count, draw or self._draw, **keywords)

    def _draw(self, split: Split, numbers: Any, salt: str = "") -> State:
        """Return levels in another order than ``numbers``; the order in a bank does not matter."""
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


def train_in(change: Callable[[Any], Any]) -> Callable[..., PPO]:
    """Return a ``trainer`` for ``agents.ppo.train``: PPO in changed environments."""
    return lambda learner, env, *args: PPO(learner, change(env), *args)


def make_cure(
    about: str,
    change: Callable[..., Any] = ChangedEnv,
    learner: type[Learner] = LearningMLP,
    trainer: Callable[..., PPO] | None = None,
    **usual: Any,
) -> Callable[..., list[TrainedAgent]]:
    """Return an algorithm: PPO in changed environments, another trainer, or with another learner.

    ``change`` wraps the environments and takes options as keywords; ``usual`` are their defaults. A
    ``trainer`` takes the options instead.
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

        options = usual | options
        train = partial(trainer, **options) if trainer else train_in(partial(change, **options))
        return ppo.train(runs, report, device, keep=keep, make_learner=learner, trainer=train)

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
make_replay = partial(make_cure, trainer=ReplayPPO)  # half of the episodes replay a level
replay_by_regret = make_replay("PPO; replays levels with the largest regret.", score=exact_regret)
replay_by_failure = make_replay("PPO; replays levels with the smallest returns.", score=failure)
replay_by_surprise = make_replay("PPO; replays levels with the worst values.", score=surprise)
replay_by_detector = make_replay("PPO; replays levels of the shift.", score=detector)
replay_at_random = make_replay("PPO; replays random levels.", score=at_random)
make_crossing = partial(make_cure, trainer=CrossPPO)  # replay, and children of its levels
crossing_by_regret = make_crossing(
    "PPO; crosses levels with the largest regret.", score=exact_regret
)
crossing_by_failure = make_crossing("PPO; crosses levels with the smallest returns.", score=failure)
crossing_by_surprise = make_crossing("PPO; crosses levels with the worst values.", score=surprise)
train_on_turned_levels = partial(ppo.train, trainer=train_in(TurnedEnv))
