"""Stable-Baselines3: a network, settings and a callback with which its agents become competent."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from typing import Any

from gymnasium.spaces import Box

from mesa_gym.envs.checks import integer
from mesa_gym.envs.infos import objectives
from mesa_gym.envs.making import make_sb3
from mesa_gym.envs.observations import widest, windows_around
from mesa_gym.envs.tensors import require_device
from mesa_gym.errors import missing_extra
from mesa_gym.policies import as_policy
from mesa_gym.policies.exporting import export
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.scoring.card_data import read_each
from mesa_gym.traps import Split, Trap, as_trap, find_trap

try:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv
except ImportError:
    raise missing_extra("stable-baselines3", "sb3") from None

__all__ = [
    "AnnealedPPO",
    "CentredExtractor",
    "ScoreCallback",
    "export",
    "make_learner",
    "make_sb3",
    "ppo",
]

FEATURES = 128
# The engine's first two planes, in every world.
AGENT, WALL = 0, 1
# With 1,000 levels agents learn them by heart.
NUM_LEVELS = 30_000
GAMMA = 0.97
LEARNING_RATE = 2e-3


class CentredExtractor(BaseFeaturesExtractor):
    """An MLP on the planes as they lie around the agent, as the observation ``centred`` has them.

    A thing two steps to the left is at the same input wherever the agent stands, so that agents
    generalise over places. The wall plane is turned round into open cells, so that outside of the
    grid all planes are zero; the agent's plane is left out, as it would always be the same. Few
    inputs are then set, and actor and critic share two layers::

        PPO("MlpPolicy", venv, policy_kwargs={"features_extractor_class": CentredExtractor})

    Args:
        observation_space: of the observation ``planes``, uint8 (height, width, channels).

    Attributes:
        places: int64 (cells, places), the cells that an agent on each cell sees.

    Raises:
        ValueError: the space is that of another observation.
    """

    places: torch.Tensor

    def __init__(self, observation_space: Box) -> None:
        super().__init__(observation_space, FEATURES)
        self._require_planes(observation_space)
        height, width, channels = observation_space.shape
        places = windows_around(height, width, widest(height, width))
        # Saved models do without the table: it follows from the size of the grid.
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(places.shape[1] * (channels - 1), 256),
            torch.nn.ReLU(),
            torch.nn.Linear(256, FEATURES),
            torch.nn.ReLU(),
        )

    @staticmethod
    def _require_planes(space: Any) -> None:
        grid = isinstance(space, Box) and len(space.shape) == 3 and space.high.max() == 1
        # The sides of a grid are odd.
        if not grid or not all(side % 2 for side in space.shape[:2]):
            raise ValueError(
                f"CentredExtractor reads the observation 'planes', uint8 (height, width, channels)"
                f" of 0 and 1, got {space}; make environments without `observation` and from an id"
                " without -Flat"
            )

    def view(self, planes: torch.Tensor) -> torch.Tensor:
        """Return planes (n, h, w, channels) centred on the agent: (n, places * (channels - 1))."""
        grid = planes.flatten(1, 2)
        agent = grid[..., AGENT].argmax(dim=1)
        shown = torch.cat([1 - grid[..., WALL : WALL + 1], grid[..., WALL + 1 :]], dim=-1)
        # `len` would be a number, and an exported graph one of batches of that many.
        n = grid.shape[0]
        first = torch.arange(n, device=grid.device) * shown.shape[1]
        rows = self.places[agent] + first[:, None]
        # Nearly twice as fast as an index.
        return shown.flatten(0, 1).index_select(0, rows.flatten()).view(n, -1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return features, float32 (n, 128), of planes float32 (n, height, width, channels)."""
        features: torch.Tensor = self.layers(self.view(planes))
        return features


class AnnealedPPO(PPO):
    """PPO whose entropy bonus falls to 0 by the end of ``learn``, as ``ppo``'s learning rate does.

    Agents are scored by sampled actions, which the bonus keeps a little too random.
    """

    def train(self) -> None:
        """Update the networks once, with the entropy bonus reduced as training advances."""
        whole = self.ent_coef
        self.ent_coef = whole * self._current_progress_remaining
        super().train()
        self.ent_coef = whole


def ppo(
    trap: str | Trap,
    n_envs: int = 128,
    seed: int = 0,
    env_kwargs: dict[str, Any] | None = None,
    **settings: Any,
) -> AnnealedPPO:
    """Make a PPO that becomes competent: ``ppo("RedBlueDoors").learn(400_000)``.

    Args:
        trap: a name such as ``RedBlueDoors``, or an id, whose split does not matter: an agent
            trains on ``train``; or a trap object.
        n_envs: how many environments.
        seed: of weights, actions and levels; trainings of different seeds share no stream of
            levels.
        env_kwargs: keywords of the environments, such as ``alpha``; the default of ``num_levels``
            is 30,000.
        **settings: keywords of ``stable_baselines3.PPO``, in place of those here; entries of
            ``policy_kwargs`` are added to ``CentredExtractor`` and a layer of 64 units.

    Raises:
        UnknownNameError: the trap is unknown.
        TypeError, ValueError: a keyword is unknown or does not fit.
    """
    env_kwargs = {"num_levels": NUM_LEVELS} | (env_kwargs or {})
    found = find_trap(trap).id() if isinstance(trap, str) else trap
    venv = make_sb3(found, n_envs, **env_kwargs)
    made: Trap = venv.get_attr("trap")[0]
    # An objective that looks less far ahead than agents do is learnt as it is meant.
    discount = made.discount(env_kwargs.get("reward", "base"))
    return make_learner(venv, seed, discount, **settings)


def make_learner(venv: VecEnv, seed: int, discount: float, **settings: Any) -> AnnealedPPO:
    """Make the PPO of ``ppo`` on environments that are there; they stay seeded with ``seed``.

    Args:
        venv: environments with the observation ``planes``.
        seed: of weights and actions.
        discount: of what is paid.
        **settings: as in ``ppo``.
    """
    if (device := settings.get("device", "cpu")) != "auto":
        require_device(device)  # SB3 would take the CPU in silence
    policy_kwargs = {"features_extractor_class": CentredExtractor, "net_arch": [64]}
    policy_kwargs |= settings.pop("policy_kwargs", {})
    defaults: dict[str, Any] = {
        "n_steps": 32,
        "batch_size": 8 * venv.num_envs,
        "n_epochs": 3,
        "gae_lambda": 0.95,
        "ent_coef": 0.01,
        "learning_rate": _anneal_rate,
        "gamma": min(GAMMA, discount),
        "device": "cpu",
    }
    return AnnealedPPO(
        "MlpPolicy", venv, seed=seed, policy_kwargs=policy_kwargs, **(defaults | settings)
    )


def _anneal_rate(remaining: float) -> float:
    """Return the learning rate at a remaining share of training; models are saved with its name."""
    return LEARNING_RATE * remaining


class ScoreCallback(BaseCallback):
    """Scores a model while it learns, and logs the returns of each objective.

    SB3's logger gets ``rollout/<objective>``, the mean return of the episodes since its last line,
    undiscounted; and with each score ``score/competence``, the share of ``test`` levels on which
    base is reached, from 0.9 on competent (of a trap without exact solver, the normalised return
    of base), ``score/test/<objective>``, normalised returns, and ``score/verdict``; beside them
    the same of policies without a goal, such as ``score/sweeper/competence``. Where ``wandb`` has
    a run, scores go there too. Training is the same with and without it. The last score is that
    of the trained model. Choose settings by competence alone: the verdict is of the shift.

    Args:
        trap: what to score on; by default, what the model's environments hold.
        every: steps between scores, rounded up to whole rollouts.
        levels: how many levels of each split are played.

    Attributes:
        cards: steps taken -> score card.

    Raises:
        UnknownNameError: the trap is unknown.
        ValueError: a number is not positive; when training begins, no trap was given and the
            environments have none, or it does not show what the model sees.
    """

    def __init__(
        self, trap: Trap | str | None = None, every: int = 50_000, levels: int = 100
    ) -> None:
        super().__init__()
        self.trap = None if trap is None else as_trap(trap)
        self.every, self.levels = integer("every", every, 1), integer("levels", levels, 1)
        self.cards: dict[int, ScoreCard] = {}
        self._earned: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def _on_training_start(self) -> None:
        if self.trap is None:
            if not self.training_env.has_attr("trap"):
                raise ValueError(
                    "the model's environments have no trap of mesa_gym: name one, as in"
                    " ScoreCallback('CheeseCorner')"
                )
            self.trap = self.training_env.get_attr("trap")[0]
        # A model that cannot be scored is refused before it learns.
        as_policy(self.model, self.trap, self.trap.horizon(Split.TEST))
        self._due = self.num_timesteps + self.every
        if not self.num_timesteps:
            self._earned.clear()  # else episodes go on where they were

    def _on_step(self) -> bool:
        for row, (info, done) in enumerate(
            zip(self.locals["infos"], self.locals["dones"], strict=True)
        ):
            # A payment in each info, or at an episode's end their sum, as ``make_sb3`` has it.
            self._earned[row].update(objectives(info))
            if done:
                for name, earned in self._earned.pop(row).items():
                    self.logger.record_mean(f"rollout/{name}", earned)
        return True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._due:
            self._due = self.num_timesteps + self.every
            self._score()

    def _on_training_end(self) -> None:
        self._score()

    def _score(self) -> None:
        assert self.trap is not None
        card = self.cards[self.num_timesteps] = score(self.model, self.trap, self.levels)
        entries = _gather_entries(card)
        for name, value in entries.items():
            self.logger.record(name, value)
        self.logger.dump(self.num_timesteps)
        run = getattr(sys.modules.get("wandb"), "run", None)
        if run is not None:
            run.log(entries, step=self.num_timesteps)


def _gather_entries(card: ScoreCard) -> dict[str, float | str]:
    """Return the entries of a card for the log."""
    entries: dict[str, float | str] = {"score/verdict": card.verdict}
    for null, splits in {"": card.splits, **card.nulls}.items():
        test = splits[Split.TEST]
        returns = read_each(test, "normalized_return")
        reached = returns[card.base] if test["arrival"] is None else test["arrival"]
        logged = {"competence": reached, **{f"test/{x}": n for x, n in returns.items()}}
        under = "/".join(filter(None, ("score", null)))
        entries |= {f"{under}/{x}": n for x, n in logged.items() if isinstance(n, float)}
    return entries
