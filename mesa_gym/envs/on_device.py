"""Settings and spaces, which environments on a device have in common."""

from __future__ import annotations

from typing import Any

from gymnasium.spaces import Discrete
from gymnasium.vector.utils import batch_space

from mesa_gym.engine import ACTIONS
from mesa_gym.envs.checks import integer
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import Trap

SHAPES = ("planes", "centred", "flat", "chw")  # the observations that move planes alone


class DeviceEnv:
    """n environments of a trap: their settings and spaces.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: how many environments.
        num_levels: how many levels there are (with ``alpha``, as many of the shift's too).
        keywords: as for ``TrapEnv``.

    Raises:
        ValueError: a keyword does not fit, the observation is none of ``SHAPES``, or the trap's
            planes are mixed.
    """

    def __init__(
        self, trap: str | type[Trap] | Trap, num_envs: int, num_levels: int, keywords: Any
    ) -> None:
        self.num_envs = integer("num_envs", num_envs, 1)
        self.num_levels = integer("num_levels", num_levels, 1)  # None is not allowed
        self.settings = Settings(trap, num_levels=self.num_levels, **keywords)
        if self.settings.observation.name not in SHAPES:
            raise ValueError(
                f"observation {self.settings.observation.name!r} is not offered on a device; it"
                f" offers {', '.join(SHAPES)}"
            )
        self.trap = self.settings.trap
        self.single_observation_space = self.settings.observation.space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.single_action_space = Discrete(len(ACTIONS))
        self.action_space = batch_space(self.single_action_space, self.num_envs)
