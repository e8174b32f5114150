"""A network and settings with which agents of Stable-Baselines3 become competent."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium.spaces import Box
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from mesa_gym.envs.observations import widest, windows_around
from mesa_gym.envs.tensors import require_device
from mesa_gym.errors import shorten
from mesa_gym.sb3.make import make_sb3
from mesa_gym.traps import Trap, find_trap

SHARED = 128
# The engine's first two planes, in every world.
AGENT_AT = 0
WALL_AT = 1
# With 1,000 levels agents learn them by heart.
NUM_LEVELS = 30_000
GAMMA = 0.97
LEARNING_RATE = 2e-3


class CentredExtractor(BaseFeaturesExtractor):
    """An MLP on planes centred on the agent, as in the observation ``centred``.

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
        super().__init__(observation_space, SHARED)
        self._require_planes(observation_space)
        height, width, channels = observation_space.shape
        places = windows_around(height, width, widest(height, width))
        # Saved models do without the table: it follows from the size of the grid.
        self.register_buffer("places", torch.from_numpy(places), persistent=False)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(places.shape[1] * (channels - 1), 256),
            torch.nn.ReLU(),
            torch.nn.Linear(256, SHARED),
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
        agent = grid[..., AGENT_AT].argmax(dim=1)
        inverted = torch.cat(
            [1 - grid[..., WALL_AT : WALL_AT + 1], grid[..., WALL_AT + 1 :]], dim=-1
        )
        # `len` would be a number, and an exported graph one of batches of that many.
        n = grid.shape[0]
        first = torch.arange(n, device=grid.device) * inverted.shape[1]
        rows = self.places[agent] + first[:, None]
        # Nearly twice as fast as an index.
        return inverted.flatten(0, 1).index_select(0, rows.flatten()).view(n, -1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return features, float32 (n, 128), of planes float32 (n, height, width, channels)."""
        features: torch.Tensor = self.layers(self.view(planes))
        return features


class AnnealedPPO(PPO):
    """PPO whose entropy bonus falls to 0 by the end of ``learn``, as ``ppo``'s learning rate does.

    Agents are scored by sampled actions, which the bonus keeps a little too random.
    """

    __name__ = "ppo"  # the name on score cards

    def train(self) -> None:
        """Update the networks once, with the entropy bonus reduced as training advances."""
        initial_ent_coef = self.ent_coef
        self.ent_coef = initial_ent_coef * self._current_progress_remaining
        super().train()
        self.ent_coef = initial_ent_coef


def ppo(
    trap: str | Trap,
    n_envs: int = 128,
    seed: int = 0,
    env_kwargs: dict[str, Any] | None = None,
    **settings: Any,
) -> AnnealedPPO:
    """Make a PPO that becomes competent: ``ppo("RedBlueDoors").learn(400_000)``.

    Args:
        trap: a name such as ``RedBlueDoors``, or a trap object.
        n_envs: how many environments.
        seed: of weights, actions and levels; trainings of different seeds share no stream of
            levels.
        env_kwargs: keywords of the environments, such as ``alpha``; the default of ``num_levels``
            is 30,000, and where the trap is named those of its ``recipe`` are used.
        **settings: keywords of ``stable_baselines3.PPO``, in place of those here; entries of
            ``policy_kwargs`` are added to ``CentredExtractor`` and a layer of 64 units.

    Raises:
        UnknownNameError: the trap is unknown.
        TypeError, ValueError: a keyword is unknown or does not fit.
    """
    if not isinstance(trap, str | Trap):
        raise TypeError(
            f"ppo makes its environments itself and takes a trap or its name, got {shorten(trap)};"
            " call ppo('CheeseCorner'), or stable_baselines3.PPO('MlpPolicy', env)"
        )
    recipe = find_trap(trap).recipe if isinstance(trap, str) else {}
    env_kwargs = {"num_levels": NUM_LEVELS, **recipe} | (env_kwargs or {})
    env_id = find_trap(trap).id() if isinstance(trap, str) else trap
    venv = make_sb3(env_id, n_envs, **env_kwargs)
    venv_trap: Trap = venv.get_attr("trap")[0]
    # An objective that looks less far ahead than agents do is learnt as it is meant.
    discount = venv_trap.discount(env_kwargs.get("reward", "base"))
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
