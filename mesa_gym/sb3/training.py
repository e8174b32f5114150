"""A network and settings that make agents of Stable-Baselines3 competent."""

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
# The engine's first two planes, on every trap.
AGENT_AT = 0
WALL_AT = 1
# Agents memorize 1,000 levels.
NUM_LEVELS = 30_000
GAMMA = 0.97
LEARNING_RATE = 2e-3


class CentredExtractor(BaseFeaturesExtractor):
    """An MLP on planes centred on the agent, as in the observation ``centred``.

    An object two steps to the left always has the same inputs, so that agents generalise over
    locations. The wall plane is inverted to open cells, so that all planes are zero outside the
    grid. The agent's plane is constant and left out. Few inputs are then nonzero. Actor and critic
    share two layers::

        PPO("MlpPolicy", venv, policy_kwargs={"features_extractor_class": CentredExtractor})

    Args:
        observation_space: the space of ``planes``, uint8 (height, width, channels).

    Attributes:
        places: int64 (cells, places), the cells that are visible from each cell.

    Raises:
        ValueError: the space belongs to another observation.
    """

    places: torch.Tensor

    def __init__(self, observation_space: Box) -> None:
        super().__init__(observation_space, SHARED)
        self._require_planes(observation_space)
        height, width, channels = observation_space.shape
        places = windows_around(height, width, widest(height, width))
        # Saved models omit the table, because it follows from the size of the grid.
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
                f" of 0 and 1, got {space}; leave out `observation`, and use an id without -Flat"
            )

    def view(self, planes: torch.Tensor) -> torch.Tensor:
        """Return planes (n, h, w, channels) centred on the agent: (n, places * (channels - 1))."""
        grid = planes.flatten(1, 2)
        agent = grid[..., AGENT_AT].argmax(dim=1)
        inverted = torch.cat(
            [1 - grid[..., WALL_AT : WALL_AT + 1], grid[..., WALL_AT + 1 :]], dim=-1
        )
        # `len` would be a constant, and would fix the batch size of an exported graph.
        n = grid.shape[0]
        first = torch.arange(n, device=grid.device) * inverted.shape[1]
        rows = self.places[agent] + first[:, None]
        # `index_select` is nearly twice as fast as indexing.
        return inverted.flatten(0, 1).index_select(0, rows.flatten()).view(n, -1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return features, float32 (n, 128), of planes float32 (n, height, width, channels)."""
        return self.layers(self.view(planes))


class AnnealedPPO(PPO):
    """PPO whose entropy bonus anneals to 0 during ``learn``, like the learning rate of ``ppo``.

    Scores use sampled actions, which a constant bonus would keep slightly too random.
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
        n_envs: the number of environments.
        seed: the seed of weights, actions and levels; trainings with different seeds have different
            streams of levels.
        env_kwargs: keyword arguments of the environments, such as ``alpha``. The default of
            ``num_levels`` is 30,000; if ``trap`` is a name, its ``recipe`` adds other defaults.
        **settings: keyword arguments of ``stable_baselines3.PPO`` that override the defaults here;
            ``policy_kwargs`` are merged with ``CentredExtractor`` and a layer of 64 units.

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
    # An objective with a smaller discount than GAMMA is trained with its own discount.
    discount = venv_trap.discount(env_kwargs.get("reward", "base"))
    if (device := settings.get("device", "cpu")) != "auto":
        require_device(device)  # SB3 would silently use the CPU
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
    """Return the learning rate; saved models refer to this function by its name."""
    return LEARNING_RATE * remaining
