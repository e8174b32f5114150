"""What environments on a device have in common: settings, spaces, the end of a step."""

from __future__ import annotations

from typing import Any

from mesa_gym.envs.base import set_spaces
from mesa_gym.envs.checks import integer
from mesa_gym.envs.infos import PREFIX
from mesa_gym.envs.levels_in_memory import split_codes
from mesa_gym.envs.settings import Settings
from mesa_gym.traps import Trap

SHAPES = ("planes", "centred", "flat", "chw")  # the observations that move planes alone


class DeviceEnv:
    """n environments of a trap: their settings and spaces, and what a step pays and ends.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: how many environments.
        num_levels: how many levels there are (with ``alpha``, as many of the shift's too).
        keywords: as for ``TrapEnv``.

    Raises:
        ValueError: a keyword does not fit, the observation is none of ``SHAPES``, or the trap's
            planes are mixed.
    """

    single_observation_space: Any
    observation_space: Any
    single_action_space: Any
    action_space: Any

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
        set_spaces(self, self.settings.observation.space, self.num_envs)
        self._payments = [PREFIX + name for name in self.trap.objectives]

    def _judge(self, clock: Any, paid: dict[str, Any], ended: Any) -> tuple[Any, Any, Any]:
        """Return rewards, which episodes reached the time limit, and which are over, (n,) each."""
        late = clock >= self.settings.max_steps
        return paid[self.settings.reward] + self.settings.step_reward, late, ended | late

    def _tell(self, level: Any, shifted: Any, paid: dict[str, Any]) -> dict[str, Any]:
        """Return infos of levels by number; ``shifted`` is 1 where ``alpha`` drew the shift."""
        infos = dict(zip(self._payments, paid.values(), strict=True))
        return {"level": level, "split": split_codes(self.settings, shifted), **infos}
